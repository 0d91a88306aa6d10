"""The suite catches every kind of broken runner, and lets a sound one pass."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from outlast.runners import Event, InlineRunner, LocalRunner, Runner
from outlast.runners.base import Function, Spec
from outlast.testing import RunnerContract, check_runner
from tests.testing.caught import assert_breaks


class LosesAJob(InlineRunner):
    def run(self, function: Function, specs: Sequence[Spec]) -> Iterator[Event]:
        return super().run(function, specs[:-1])


class RunsTwice(InlineRunner):
    def run(self, function: Function, specs: Sequence[Spec]) -> Iterator[Event]:
        for event in super().run(function, specs):
            if event.kind == "started":
                function(dict(specs[event.index]))
            yield event


class MixesUpJobs(InlineRunner):
    def run(self, function: Function, specs: Sequence[Spec]) -> Iterator[Event]:
        for event in super().run(function, specs):
            yield replace(event, index=len(specs) - 1 - event.index)


class HidesFailures(InlineRunner):
    def run(self, function: Function, specs: Sequence[Spec]) -> Iterator[Event]:
        for event in super().run(function, specs):
            yield event if event.kind == "started" else Event(event.index, "ok")


class ForgetsTheTraceback(InlineRunner):
    def run(self, function: Function, specs: Sequence[Spec]) -> Iterator[Event]:
        for event in super().run(function, specs):
            failure = event.failure and event.failure.model_copy(update={"traceback": ""})
            yield replace(event, failure=failure)


class CallsACrashAFailure(LocalRunner):
    def run(self, function: Function, specs: Sequence[Spec]) -> Iterator[Event]:
        for event in super().run(function, specs):
            yield replace(event, kind="failed") if event.kind == "crashed" else event


class AlwaysHasSomething(InlineRunner):
    def run(self, function: Function, specs: Sequence[Spec]) -> Iterator[Event]:
        yield from super().run(function, specs)
        if not specs:
            yield Event(0, "ok")


class RemembersJobs(InlineRunner):
    def __init__(self, n_jobs: int = 1) -> None:
        super().__init__(n_jobs)
        self.done: set[int] = set()

    def run(self, function: Function, specs: Sequence[Spec]) -> Iterator[Event]:
        for event in super().run(function, specs):
            if event.index not in self.done:
                yield event
        self.done |= set(range(len(specs)))


class HandsOutTheOriginal(Runner):
    name = "original"

    def run(self, function: Function, specs: Sequence[Spec]) -> Iterator[Event]:
        for index, spec in enumerate(specs):
            yield Event(index, "started")
            function(spec)
            yield Event(index, "ok")


class LeavesThreadsBehind(Runner):
    name = "threads"

    def run(self, function: Function, specs: Sequence[Spec]) -> Iterator[Event]:
        for index, spec in enumerate(specs):
            threading.Thread(target=function, args=(dict(spec),)).start()
            yield Event(index, "started")


BROKEN: list[tuple[type[Runner], str, str]] = [
    (LosesAJob, "every_job_starts_and_ends_once", "job 4 had the events .. instead of"),
    (RunsTwice, "every_job_starts_and_ends_once", "job 0 ran 2 times"),
    (MixesUpJobs, "jobs_start_in_the_order_given", r"in the order \[4, 3, 2, 1, 0\]"),
    (HidesFailures, "a_failure_is_reported_and_the_others_go_on", "call the function by attempt"),
    (ForgetsTheTraceback, "a_failure_is_reported_and_the_others_go_on", "lead to the raising line"),
    (CallsACrashAFailure, "a_process_that_dies_takes_only_its_own_job", "watch each process"),
    (AlwaysHasSomething, "nothing_to_do_is_fine", "no job was given"),
    (RemembersJobs, "a_runner_can_be_used_again", r"jobs \[\] of \[0, 1\] ended"),
    (HandsOutTheOriginal, "specifications_arrive_as_they_are", "hand out a copy"),
    (LeavesThreadsBehind, "closing_early_ends_all_running_work", r"job\(s\) \[0\] went on"),
]


@pytest.mark.parametrize(("kind", "rule", "words"), BROKEN)
def test_a_broken_runner_is_caught(kind: type[Runner], rule: str, words: str) -> None:
    made = kind(2)

    class Given(RunnerContract):
        def runner(self) -> Runner:
            return made

    assert_breaks(Given(), rule, words)


def test_every_rule_is_known_to_catch_something() -> None:
    assert {f"test_{rule}" for _, rule, _ in BROKEN} == set(RunnerContract().rules())


def test_the_function_names_every_broken_rule() -> None:
    told = "runner 'inline' breaks 1 of 8 rules:\n- test_nothing_to_do_is_fine"
    with pytest.raises(AssertionError, match=told):
        check_runner(AlwaysHasSomething())
