"""What all suites share: every rule is a method, and a broken one says how to mend it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from outlast.errors import InputError


class Contract:
    """Base of the suites: each method called ``test_...`` checks one rule.

    A rule raises `AssertionError` with the rule and the way to mend what breaks it, under
    any test runner and under none.
    """

    def rules(self) -> dict[str, Callable[[], None]]:
        """Return the rules by name, in the order in which they are written."""
        names = dict.fromkeys(name for kind in reversed(type(self).__mro__) for name in vars(kind)
                              if name.startswith("test_"))
        return {name: getattr(self, name) for name in names}


# What a broken strategy raises besides: a mistake in it must not hide the other rules.
_MISTAKES = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError,
             ValueError)


def broken_rules(contract: Contract) -> dict[str, Exception]:
    """Run every rule of a suite.

    Parameters
    ----------
    contract : Contract

    Returns
    -------
    dict of str to Exception
        Name of each broken rule and what it raised.
    """
    broken: dict[str, Exception] = {}
    for name, rule in contract.rules().items():
        try:
            rule()
        except (AssertionError, *_MISTAKES) as error:
            broken[name] = error
    return broken


def check(contract: Contract, what: str) -> None:
    """Run every rule of a suite and raise if any is broken.

    Parameters
    ----------
    contract : Contract
    what : str
        How the message names what was checked.

    Raises
    ------
    AssertionError
        Naming every broken rule.
    """
    if broken := broken_rules(contract):
        rules = "".join(f"\n- {name}: {_told(error)}" for name, error in broken.items())
        first = next(iter(broken.values()))
        raise AssertionError(
            f"{what} breaks {len(broken)} of {len(contract.rules())} rules:{rules}") from first


def _told(error: Exception) -> str:
    plain = isinstance(error, AssertionError)
    return str(error) if plain else f"{type(error).__name__}: {error}"


@contextmanager
def refused(words: str, rule: str) -> Iterator[None]:
    """Assert that the block raises `InputError` with a message that matches some words.

    Parameters
    ----------
    words : str
        A regular expression.
    rule : str
        What the assertion says if nothing is raised.
    """
    try:
        yield
    except InputError as error:
        said = str(error)
    else:
        raise AssertionError(rule)
    assert re.search(words, said), f"{rule} The error must match {words!r}; got: {said}"
