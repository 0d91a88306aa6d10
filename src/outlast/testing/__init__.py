"""Contract suites: what every splitter, model, feature, runner and selector must keep.

Each suite is a class for pytest, and a function for scripts and notebooks. Neither needs
more than the base install. The names are loaded when they are first used, so that a
worker process of a runner imports no more than its own work.

Examples
--------
In a test file, a strategy joins all tests of its kind with three lines:

>>> from outlast.splits import TemporalSplit
>>> from outlast.testing import SplitterContract, check_splitter
>>> class TestLastThird(SplitterContract):
...     def splitter(self):
...         return TemporalSplit(test_size=1 / 3)

Anywhere else it is checked at once:

>>> check_splitter(TemporalSplit(test_size=1 / 3))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from outlast.testing.contract import broken_rules, check
    from outlast.testing.features import FeatureContract, check_feature
    from outlast.testing.models import ModelContract, check_model
    from outlast.testing.runners import RunnerContract, check_runner
    from outlast.testing.selectors import SelectorContract, check_selector
    from outlast.testing.splitters import SplitterContract, check_splitter

__all__ = [
    "FeatureContract",
    "ModelContract",
    "RunnerContract",
    "SelectorContract",
    "SplitterContract",
    "assert_no_leaks",
    "broken_rules",
    "check",
    "check_feature",
    "check_model",
    "check_runner",
    "check_selector",
    "check_splitter",
]

_MODULES = {
    "FeatureContract": "outlast.testing.features",
    "ModelContract": "outlast.testing.models",
    "RunnerContract": "outlast.testing.runners",
    "SelectorContract": "outlast.testing.selectors",
    "SplitterContract": "outlast.testing.splitters",
    "assert_no_leaks": "outlast.leak_guard",
    "broken_rules": "outlast.testing.contract",
    "check": "outlast.testing.contract",
    "check_feature": "outlast.testing.features",
    "check_model": "outlast.testing.models",
    "check_runner": "outlast.testing.runners",
    "check_selector": "outlast.testing.selectors",
    "check_splitter": "outlast.testing.splitters",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'outlast.testing' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
