"""Every registered selector keeps the contract."""

from __future__ import annotations

import pytest

from outlast.errors import InputError
from outlast.selection import SELECTORS, make_selector
from outlast.selection.base import Selector
from outlast.testing import SelectorContract

# As few fits as the rules need.
FEW = {"boruta": {"n_rounds": 4}, "null_importance": {"n_draws": 5}, "stability": {"n_draws": 4},
       "probe": {"n_rounds": 1}, "shap_rfe": {"step": 0.6}}


class TestEverySelector(SelectorContract):
    @pytest.fixture(autouse=True, params=SELECTORS)
    def example(self, request: pytest.FixtureRequest) -> None:
        self.name = request.param

    def selector(self) -> Selector:
        return make_selector(self.name, FEW.get(self.name))


def test_names_and_parameters_are_checked() -> None:
    with pytest.raises(InputError, match="unknown selection 'clusters': did you mean 'cluster'"):
        make_selector("clusters")
    with pytest.raises(InputError, match="did you mean 'max_rho'"):
        make_selector("cluster", {"max_roh": 0.9})
    with pytest.raises(InputError, match="'redundancy' is now called 'cluster'"):
        make_selector("redundancy")
    with pytest.raises(InputError, match="parameter of selection 'none'"):
        make_selector("none", {"max_rho": 0.9})
