"""What every runner must keep: each job once, and no outcome lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from outlast.runners.base import Event, Limits, Runner
from outlast.testing.contract import Contract, check

# Seconds: how long a job waits for a sign, how long a process may take to begin its job, how
# long one that should be dead is watched, and how long a job may take that hangs.
PATIENCE, BEGIN, WATCH, TIMEOUT = 10.0, 2.0, 0.3, 1.5


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
            actions = ["write", "die", "write", "die", "write"]
            ended = _ended(list(self.runner().run(work, _specs(folder, actions))))
            if _stayed_here(folder):
                return
        found = {index: event.kind for index, event in ended.items()}
        assert found == {0: "ok", 1: "crashed", 2: "ok", 3: "crashed", 4: "ok"}, (
            f"the processes of jobs 1 and 3 die, but the outcomes are {found}; watch each process "
            "and replace it")
        assert all(ended[i].failure for i in (1, 3)), 'a "crashed" event must say how it ended'

    def test_a_job_that_exits_has_failed(self) -> None:
        """`sys.exit` is no `Exception`, but an outcome all the same."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                actions = ["write", "exit", "write"]
                ended = _ended(list(self.runner().run(work, _specs(folder, actions))))
            except SystemExit as error:
                raise AssertionError("sys.exit in a job ended the caller; call the function by "
                                     "attempt") from error
        found = {index: event.kind for index, event in ended.items()}
        assert found == {0: "ok", 1: "failed", 2: "ok"}, (
            f"job 1 of 3 calls sys.exit, but the outcomes are {found}")

    def test_nothing_starts_after_the_deadline(self) -> None:
        """What has not started by then has one event, which says so."""
        with tempfile.TemporaryDirectory() as folder:
            specs = _specs(folder, ["write"] * 3)
            events = list(self.runner().run(work, specs, Limits(deadline=time.monotonic())))
            written = [spec["index"] for spec in specs if Path(spec["path"]).exists()]
        found = [(event.index, event.kind) for event in events]
        assert found == [(index, "cancelled") for index in range(3)], (
            f"the deadline was over before 3 jobs, whose events are {found}; yield one "
            '"cancelled" event for each, and no "started"')
        assert not written, f"job(s) {written} ran after the deadline"

    def test_a_job_that_takes_too_long_is_ended(self) -> None:
        """The time limit is per job, and ends its process with all that it has started."""
        with tempfile.TemporaryDirectory() as folder:
            specs = _specs(folder, ["hang", "write"])
            ended = _ended(list(self.runner().run(work, specs, Limits(timeout=TIMEOUT))))
            if _stayed_here(folder, 1):
                return
            pids = Path(folder) / "0.pids"
            started = pids.read_text("utf-8").split() if pids.exists() else []
        found = {index: event.kind for index, event in ended.items()}
        assert found == {0: "timeout", 1: "ok"}, (
            f"job 0 hangs longer than its {TIMEOUT:g} s, but the outcomes are {found}")
        assert ended[0].failure, 'a "timeout" event must say what was allowed'
        assert started, "job 0 was ended before it began; its clock starts when it does"
        alive = survivors([int(pid) for pid in started], PATIENCE / 2)
        for pid in alive:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()
        assert not alive, f"process(es) {alive} of a job that was ended live on; end its group"

    def test_what_a_job_prints_is_handed_over(self) -> None:
        """A person who looks for a mistake reads what the job said, and that of no other."""
        with tempfile.TemporaryDirectory() as folder:
            ended = _ended(list(self.runner().run(work, _specs(folder, ["print", "print"]))))
            if _stayed_here(folder):
                return
        for index, other in ((0, 1), (1, 0)):
            output = ended[index].output
            assert f"job {index} speaks" in output, (
                f"the output of job {index} is {output!r}; read what its process prints")
            assert f"job {other} speaks" not in output, f"job {index} has the output of another"

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
    """Do what the specification says, then write a line; the caller's process is spared.

    Raises
    ------
    ValueError
        If the specification says so.
    """
    given = dict(spec)
    index, action = spec.pop("index"), spec["action"]
    if action == "fail":
        raise ValueError(f"no luck {index}")
    if action == "exit":
        sys.exit(3)
    if action == "wait":
        Path(f"{spec['path']}.began").touch()
        _wait_for(Path(spec["go"]), PATIENCE)
    if os.getpid() != spec["caller"]:
        _try_the_process(index, spec)
    line = {"index": index, "pid": os.getpid(), "spec": given}
    with Path(spec["path"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _try_the_process(index: int, spec: dict[str, Any]) -> None:
    """What only a process of its own can take: death, a hang with a child, or its output read."""
    if spec["action"] == "die":
        os._exit(3)
    if spec["action"] == "print":
        sys.stdout.write(f"job {index} speaks\n")
    if spec["action"] == "hang":
        # It must outlive the wait for it, however busy the machine is; then it is killed.
        command = [sys.executable, "-c", f"import time; time.sleep({10 * PATIENCE})"]
        with subprocess.Popen(command) as child:
            Path(f"{spec['path']}.pids").write_text(f"{os.getpid()} {child.pid}", "utf-8")
            time.sleep(3 * TIMEOUT)
            child.kill()


def _specs(folder: str, actions: Sequence[str]) -> list[dict[str, Any]]:
    return [{"index": index, "action": action, "path": str(Path(folder) / str(index)),
             "caller": os.getpid()} for index, action in enumerate(actions)]


def _stayed_here(folder: str, index: int = 0) -> bool:
    """Whether a job ran in this process: without worker processes the rule asks too much."""
    lines = _lines(Path(folder) / str(index))
    return [line["pid"] for line in lines] == [os.getpid()]


def survivors(pids: Sequence[int], seconds: float = 0.0) -> list[int]:
    """Return which processes live even after so long."""
    until = time.monotonic() + seconds
    while (alive := [pid for pid in pids if _lives(pid)]) and time.monotonic() < until:
        time.sleep(0.02)
    return alive


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text("utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def _ended(events: Sequence[Event]) -> dict[int, Event]:
    return {event.index: event for event in events if event.kind != "started"}


def _wait_for(path: Path, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.02)
