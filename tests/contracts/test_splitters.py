"""Every registered splitter keeps the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from outlast.splits import SPLITTERS, RegimeSplit, Splitter, make_splitter
from outlast.testing import SplitterContract
from outlast.testing.panels import Times, regular_rows

# Per registered splitter: the parameter sets that the contract is checked with.
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "temporal": [{}, {"test_size": 2}, {"test_size": 0.5}],
    "expanding_window": [{"n_splits": 2}, {"n_splits": None, "test_size": 1, "min_train_size": 4}],
    "walk_forward": [{"n_splits": 2}, {"n_splits": 2, "test_size": 1, "train_size": 2}],
    "event_aware": [{"test_size": 0.5},
                    {"base": "expanding_window", "n_splits": 2, "on_cut": "drop"},
                    {"base": "walk_forward", "n_splits": 2, "on_cut": "nearest"}],
    "purged_kfold": [{"n_splits": 3}, {"n_splits": 2, "events": True, "on_cut": "drop"}],
    "combinatorial_purged": [{"n_folds": 4}, {"n_folds": 3, "n_test_folds": 1}],
    "leave_one_event_out": [{}, {"side": "both"}, {"scope": "all", "min_train_size": 2}],
    "regime": [{}, {"mode": "leave_regime_out"}, {"mode": "leave_spell_out"}],
    "group": [{"n_splits": 2}, {"n_splits": 3, "test_size": 0.5, "random_state": 1},
              {"mode": "entity", "n_splits": 2}],
    "random": [{"n_splits": 3}],
}
CASES = [
    pytest.param((name, params), id=f"{name}-{i}")
    for name in SPLITTERS
    for i, params in enumerate(EXAMPLES[name])
]


class TestEverySplitter(SplitterContract):
    @pytest.fixture(autouse=True, params=CASES)
    def example(self, request: pytest.FixtureRequest) -> None:
        self.name, self.params = request.param

    def splitter(self) -> Splitter:
        return make_splitter(self.name, self.params, events=regular_rows().events)

    def groups(self, time: Times) -> Any:
        return np.arange(time.size) % 3 if SPLITTERS[self.name].needs_groups else None


class TestRegimesOfRows(SplitterContract):
    def splitter(self) -> Splitter:
        return RegimeSplit()

    def groups(self, time: Times) -> Any:
        week = time.astype("datetime64[W]").astype(int)
        return np.array(["calm", "calm", "crisis"])[week % 3]


def test_every_splitter_has_examples() -> None:
    assert set(EXAMPLES) == set(SPLITTERS)
