"""What every runner promises."""

import os

import pytest

from outlast.errors import InputError
from outlast.runners import RUNNERS, make_runner
from tests.runners.work import write


@pytest.mark.parametrize("name", RUNNERS)
def test_every_specification_starts_and_ends_once(name, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    specs = [{"path": str(tmp_path / str(i)), "action": "fail" if i == 2 else "write"}
             for i in range(5)]
    events = list(make_runner(name, 2).run(write, specs))
    started = sorted(event.index for event in events if event.kind == "started")
    ended = {event.index: event for event in events if event.kind != "started"}
    assert started == sorted(ended) == [0, 1, 2, 3, 4]
    assert ended[2].kind == "failed"
    assert ended[2].failure.kind == "ValueError"
    assert "no such luck" in ended[2].failure.traceback
    assert all((tmp_path / str(i)).exists() for i in (0, 1, 3, 4))


@pytest.mark.parametrize("name", RUNNERS)
def test_nothing_to_do_is_fine(name):
    assert list(make_runner(name).run(write, [])) == []


def test_an_unknown_runner_is_named():
    with pytest.raises(InputError, match="unknown runner 'locl': did you mean 'local'"):
        make_runner("locl")


def test_the_inline_runner_stays_in_this_process(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    list(make_runner("inline").run(write, [{"path": str(tmp_path / "pid")}]))
    assert (tmp_path / "pid").read_text().split()[0] == str(os.getpid())
