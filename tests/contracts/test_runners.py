"""Every registered runner keeps the contract."""

import os
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from outlast.errors import InputError
from outlast.runners import RUNNERS, Runner, make_runner
from outlast.testing import RunnerContract
from tests.runners.rays import one_ray
from tests.runners.work import write


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    if find_spec("ray") is None:
        pytest.skip("ray is not installed")
    with one_ray():
        yield


class TestEveryRunner(RunnerContract):
    @pytest.fixture(autouse=True, params=RUNNERS)
    def example(self, request: pytest.FixtureRequest) -> None:
        self.name = request.param
        if self.name == "ray":
            request.getfixturevalue("ray")

    def runner(self) -> Runner:
        return make_runner(self.name, 2)


def test_an_unknown_runner_is_named():
    with pytest.raises(InputError, match="unknown runner 'locl': did you mean 'local'"):
        make_runner("locl")


def test_the_inline_runner_stays_in_this_process(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    list(make_runner("inline").run(write, [{"path": str(tmp_path / "pid")}]))
    assert (tmp_path / "pid").read_text().split()[0] == str(os.getpid())
