"""The suite catches every kind of broken runner, and lets a sound one pass."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from outlast.records import Failure
from outlast.runners import NO_LIMITS, Event, InlineRunner, Limits, LocalRunner, Runner
from outlast.runners.base import Function, Spec
from outlast.testing import RunnerContract, check_runner
from tests.testing.caught import assert_breaks


class LosesAJob(InlineRunner):
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        return super().run(function, specs[:-1], limits)


class RunsTwice(InlineRunner):
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        for event in super().run(function, specs, limits):
            if event.kind == "started":
                function(dict(specs[event.index]))
            yield event


class MixesUpJobs(InlineRunner):
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        for event in super().run(function, specs, limits):
            yield replace(event, index=len(specs) - 1 - event.index)


class HidesFailures(InlineRunner):
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        for event in super().run(function, specs, limits):
            yield event if event.kind == "started" else Event(event.index, "ok")


class ForgetsTheTraceback(InlineRunner):
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        for event in super().run(function, specs, limits):
            failure = event.failure and event.failure.model_copy(update={"traceback": ""})
            yield replace(event, failure=failure)


class CallsACrashAFailure(LocalRunner):
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        for event in super().run(function, specs, limits):
            yield replace(event, kind="failed") if event.kind == "crashed" else event


class AlwaysHasSomething(InlineRunner):
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        yield from super().run(function, specs, limits)
        if not specs:
            yield Event(0, "ok")


class RemembersJobs(InlineRunner):
    def __init__(self, n_jobs: int = 1) -> None:
        super().__init__(n_jobs)
        self.done: set[int] = set()

    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        for event in super().run(function, specs, limits):
            if event.index not in self.done:
                yield event
        self.done |= set(range(len(specs)))


class HandsOutTheOriginal(Runner):
    name = "original"

    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        for index, spec in enumerate(specs):
            yield Event(index, "started")
            function(spec)
            yield Event(index, "ok")


class LeavesThreadsBehind(Runner):
    name = "threads"

    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        for index, spec in enumerate(specs):
            threading.Thread(target=function, args=(dict(spec),)).start()
            yield Event(index, "started")


class ExitsWithItsJobs(Runner):
    name = "exits"

    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        for index, spec in enumerate(specs):
            yield Event(index, "started")
            function(dict(spec))
            yield Event(index, "ok")


class WorksOvertime(InlineRunner):
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        return super().run(function, specs)


class WaitsForEver(LocalRunner):
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        return super().run(function, specs)


class EndsTheProcessAlone(Runner):
    name = "alone"

    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        for index, spec in enumerate(specs):
            yield Event(index, "started")
            process = multiprocessing.get_context("spawn").Process(target=function, args=(spec,))
            process.start()
            while process.is_alive() and not Path(f"{spec['path']}.pids").exists():
                process.join(0.02)
            process.join(limits.timeout)
            late = process.is_alive()
            process.kill()
            process.join()
            failure = Failure(kind="timeout", message="too long") if late else None
            yield Event(index, "timeout" if late else "ok", failure)


class IsDeaf(LocalRunner):
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        for event in super().run(function, specs, limits):
            yield replace(event, output="")


class MixesUpOutput(LocalRunner):
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        events = list(super().run(function, specs, limits))
        everything = "".join(event.output for event in events)
        for event in events:
            yield replace(event, output=everything)


BROKEN: list[tuple[type[Runner], str, str]] = [
    (LosesAJob, "every_job_starts_and_ends_once", "job 4 had the events .. instead of"),
    (RunsTwice, "every_job_starts_and_ends_once", "job 0 ran 2 times"),
    (MixesUpJobs, "jobs_start_in_the_order_given", r"in the order \[4, 3, 2, 1, 0\]"),
    (HidesFailures, "a_failure_is_reported_and_the_others_go_on", "call the function by attempt"),
    (ForgetsTheTraceback, "a_failure_is_reported_and_the_others_go_on", "lead to the raising line"),
    (CallsACrashAFailure, "a_process_that_dies_takes_only_its_own_job", "watch each process"),
    (ExitsWithItsJobs, "a_job_that_exits_has_failed", "ended the caller"),
    (WorksOvertime, "nothing_starts_after_the_deadline", "deadline was over before 3 jobs"),
    (WaitsForEver, "a_job_that_takes_too_long_is_ended", r"hangs longer than its 1\.5 s"),
    (EndsTheProcessAlone, "a_job_that_takes_too_long_is_ended", "live on; end its group"),
    (IsDeaf, "what_a_job_prints_is_handed_over", "read what its process prints"),
    (MixesUpOutput, "what_a_job_prints_is_handed_over", "job 0 has the output of another"),
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
    told = "runner 'inline' breaks 1 of 12 rules:\n- test_nothing_to_do_is_fine"
    with pytest.raises(AssertionError, match=told):
        check_runner(AlwaysHasSomething())
