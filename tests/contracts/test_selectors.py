"""Every registered selector keeps the contract."""

from __future__ import annotations

import pytest

from outlast.errors import InputError
from outlast.selection import SELECTORS, make_selector
from outlast.selection.base import Selector
from outlast.testing import SelectorContract


class TestEverySelector(SelectorContract):
    @pytest.fixture(autouse=True, params=SELECTORS)
    def example(self, request: pytest.FixtureRequest) -> None:
        self.name = request.param

    def selector(self) -> Selector:
        return make_selector(self.name)


def test_names_and_parameters_are_checked() -> None:
    with pytest.raises(InputError, match="unknown selection 'redundant': did you mean"):
        make_selector("redundant")
    with pytest.raises(InputError, match="did you mean 'max_rho'"):
        make_selector("redundancy", {"max_roh": 0.9})
    with pytest.raises(InputError, match="parameter of selection 'none'"):
        make_selector("none", {"max_rho": 0.9})
