"""How the tests of a suite ask it about one rule."""

from __future__ import annotations

import pytest

from outlast.testing.contract import Contract


def assert_breaks(contract: Contract, rule: str, words: str) -> None:
    """The rule is broken, and says so in these words."""
    with pytest.raises(AssertionError, match=words):
        contract.rules()[f"test_{rule}"]()


def assert_keeps(contract: Contract, rule: str) -> None:
    """The rule is kept; where the broken strategy's sound twin fails, the test means nothing."""
    contract.rules()[f"test_{rule}"]()
