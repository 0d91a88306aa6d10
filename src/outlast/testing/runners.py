"""What every runner must keep: each job once, and no outcome lost."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from outlast.runners.base import Event, Runner
from outlast.testing.contract import Contract, check

# Seconds: how long a job waits for a sign, how long a process may take to begin its job, and
# how long one that should be dead is watched.
PATIENCE, BEGIN, WATCH = 10.0, 2.0, 0.3


class RunnerContract(Contract):
    """The rules of a runner; subclass it in a test file and return yours.

    Examples
    --------
    >>> from outlast.runners import InlineRunner
    >>> class TestInline(RunnerContract):
    ...     def runner(self):
    ...         return InlineRunner()
    >>> TestInline().test_every_job_starts_and_ends_once()
    """

    def runner(self) -> Runner:
        """Return the runner; one that uses worker processes runs two jobs at once."""
        raise NotImplementedError("return the runner that is tested")

    def test_every_job_starts_and_ends_once(self) -> None:
        """One "started" and then one final event tell of each job, under its own index."""
        with tempfile.TemporaryDirectory() as folder:
            events = list(self.runner().run(work, _specs(folder, ["write"] * 5)))
            for index in range(5):
                kinds = [event.kind for event in events if event.index == index]
                assert kinds == ["started", "ok"], (
                    f"job {index} had the events {kinds} instead of ['started', 'ok']; yield both, "
                    "and go on until every job has ended")
                lines = _lines(Path(folder) / str(index))
                assert [line["index"] for line in lines] == [index], (
                    f"job {index} ran {len(lines)} times; give each specification out once")

    def test_jobs_start_in_the_order_given(self) -> None:
        """The caller puts first what must be done first."""
        with tempfile.TemporaryDirectory() as folder:
            events = list(self.runner().run(work, _specs(folder, ["write"] * 5)))
        started = [event.index for event in events if event.kind == "started"]
        assert started == sorted(started), f"jobs were started in the order {started}"

    def test_a_failure_is_reported_and_the_others_go_on(self) -> None:
        """An exception ends its own job, with its whole traceback."""
        with tempfile.TemporaryDirectory() as folder:
            actions = ["write", "fail", "write", "fail", "write"]
            ended = _ended(list(self.runner().run(work, _specs(folder, actions))))
        found = {index: event.kind for index, event in ended.items()}
        assert found == {0: "ok", 1: "failed", 2: "ok", 3: "failed", 4: "ok"}, (
            f"jobs 1 and 3 of 5 raise, but the outcomes are {found}; call the function by attempt")
        for event in (ended[1], ended[3]):
            failure = event.failure
            assert failure is not None, 'a "failed" event must carry its failure'
            assert (failure.kind, failure.message) == ("ValueError", f"no luck {event.index}"), (
                f"job {event.index} reports another failure: {failure.kind}: {failure.message}")
            assert "in work" in failure.traceback, "the traceback must lead to the raising line"

    def test_a_process_that_dies_takes_only_its_own_job(self) -> None:
        """A segmentation fault, or a kill for memory, is an outcome too."""
        with tempfile.TemporaryDirectory() as folder:
            list(self.runner().run(work, _specs(folder, ["write"])))
            if _lines(Path(folder) / "0")[0]["pid"] == os.getpid():
                return  # without worker processes the caller would die
            actions = ["write", "die", "write", "die", "write"]
            ended = _ended(list(self.runner().run(work, _specs(folder, actions))))
        found = {index: event.kind for index, event in ended.items()}
        assert found == {0: "ok", 1: "crashed", 2: "ok", 3: "crashed", 4: "ok"}, (
            f"the processes of jobs 1 and 3 die, but the outcomes are {found}; watch each process "
            "and replace it")
        assert all(ended[i].failure for i in (1, 3)), 'a "crashed" event must say how it ended'

    def test_nothing_to_do_is_fine(self) -> None:
        """On resuming, all may be done already."""
        events = list(self.runner().run(work, []))
        assert events == [], f"no job was given, but there are events: {events}"

    def test_a_runner_can_be_used_again(self) -> None:
        """A second run knows nothing of the first."""
        runner = self.runner()
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(2):
                found = _ended(list(runner.run(work, _specs(folder, ["write", "write"]))))
                assert sorted(found) == [0, 1], f"jobs {sorted(found)} of [0, 1] ended"

    def test_specifications_arrive_as_they_are(self) -> None:
        """A job may change what it is given; the caller's specification stays."""
        with tempfile.TemporaryDirectory() as folder:
            specs = _specs(folder, ["write"])
            specs[0]["nested"] = {"list": [1, 2.5, None], "text": "naïve😀"}
            before = json.dumps(specs)
            list(self.runner().run(work, specs))
            (line,) = _lines(Path(folder) / "0")
        assert json.dumps(specs) == before, "the caller's specification changed; hand out a copy"
        assert line["spec"] == json.loads(before)[0], f"the job was given {line['spec']}"

    def test_closing_early_ends_all_running_work(self) -> None:
        """After Ctrl-C no job goes on writing results."""
        with tempfile.TemporaryDirectory() as folder:
            go, specs = Path(folder) / "go", _specs(folder, ["wait"] * 3)
            events = self.runner().run(work, [{**spec, "go": str(go)} for spec in specs])
            next(events)
            _wait_for(Path(folder) / "0.began", BEGIN)
            events.close()  # type: ignore[attr-defined]
            go.touch()
            time.sleep(WATCH)
            written = [spec["index"] for spec in specs if Path(spec["path"]).exists()]
        assert not written, (
            f"job(s) {written} went on after the iterator was closed; end them in a finally block")


def check_runner(runner: Runner) -> None:
    """Raise if a runner breaks a rule of `RunnerContract`.

    Parameters
    ----------
    runner : Runner

    Raises
    ------
    AssertionError
        Naming every broken rule and how to mend it.

    Examples
    --------
    >>> from outlast.runners import InlineRunner
    >>> check_runner(InlineRunner())
    """

    class Given(RunnerContract):
        def runner(self) -> Runner:
            return runner

    check(Given(), f"runner {runner.name!r}")


def work(spec: dict[str, Any]) -> None:
    """Do what the specification says: write a line, raise, die, or wait for a file to appear.

    Raises
    ------
    ValueError
        If the specification says so.
    """
    given = dict(spec)
    index, action = spec.pop("index"), spec["action"]
    if action == "fail":
        raise ValueError(f"no luck {index}")
    if action == "die":
        os._exit(3)
    if action == "wait":
        Path(f"{spec['path']}.began").touch()
        _wait_for(Path(spec["go"]), PATIENCE)
    line = {"index": index, "pid": os.getpid(), "spec": given}
    with Path(spec["path"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _specs(folder: str, actions: Sequence[str]) -> list[dict[str, Any]]:
    return [{"index": index, "action": action, "path": str(Path(folder) / str(index))}
            for index, action in enumerate(actions)]


def _lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text("utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def _ended(events: Sequence[Event]) -> dict[int, Event]:
    return {event.index: event for event in events if event.kind != "started"}


def _wait_for(path: Path, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.02)
