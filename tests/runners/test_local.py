import os
import subprocess
import sys
import time
from pathlib import Path

from outlast.runners import LocalRunner
from tests.runners.work import write


def test_a_worker_that_dies_takes_only_its_own_job(tmp_path):
    actions = ["write", "die", "write", "exit", "write"]
    specs = [{"path": str(tmp_path / str(i)), "action": a} for i, a in enumerate(actions)]
    events = [event for event in LocalRunner(2).run(write, specs) if event.kind != "started"]
    outcome = {event.index: event.kind for event in events}
    assert outcome == {0: "ok", 1: "crashed", 2: "ok", 3: "crashed", 4: "ok"}
    causes = {event.index: event.failure.message for event in events if event.failure}
    assert "SIGKILL" in causes[1]
    assert "exit code 3" in causes[3]


def test_workers_are_other_processes_with_one_thread(tmp_path):
    list(LocalRunner(1).run(write, [{"path": str(tmp_path / "a")}]))
    pid, threads = (tmp_path / "a").read_text().split()
    assert pid != str(os.getpid())
    assert threads == "1"


def test_closing_early_ends_running_work(tmp_path):
    path = tmp_path / "pid"
    events = LocalRunner(1).run(write, [{"path": str(path), "action": "hang"}])
    next(events)
    while not (path.exists() and path.read_text()):
        time.sleep(0.05)
    events.close()
    assert not _alive(int(path.read_text()))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_script_without_a_guard_is_not_run_again_by_its_workers(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"""
from outlast.runners import LocalRunner
from tests.runners.work import write
print("started")
specs = [{{"path": {str(tmp_path)!r} + f"/{{k}}"}} for k in range(3)]
print([event.kind for event in LocalRunner(2).run(write, specs)].count("ok"))
""")
    assert _run(script).split() == ["started", "3"]


def test_a_program_may_end_in_the_middle_of_a_run(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"""
from outlast.runners import LocalRunner
from tests.runners.work import write
events = LocalRunner(1).run(write, [{{"path": {str(tmp_path / "pid")!r}, "action": "hang"}}])
print(next(events).kind)
""")
    assert _run(script).split() == ["started"]


def _run(script: Path) -> str:
    root = str(Path(__file__).parents[2])
    return subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])},
                          check=True).stdout
