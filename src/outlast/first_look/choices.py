"""A choice with its reasons, and what else was possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Which lead over the second, and which score at least, make a choice sure.
_LEAD, _SURE = 1.0, 3.0


@dataclass(frozen=True)
class Candidate:
    """A column that may have a role.

    Attributes
    ----------
    name : str
    score : float
        Points for and against; only their order means something.
    reasons : tuple of str
        What speaks for it.
    """

    name: str
    score: float
    reasons: tuple[str, ...]

    @property
    def told(self) -> str:
        """The reasons in one text."""
        return ", ".join(self.reasons) or "nothing speaks against it"


@dataclass(frozen=True)
class Choice:
    """What is proposed for a role.

    Attributes
    ----------
    value : str, int, tuple of str or None
        Several columns are a tuple.
    reason : str
    others : tuple of Candidate
        The next best, at most three, for which something speaks.
    is_sure : bool
        Whether nothing else was nearly as probable.
    """

    value: str | int | tuple[str, ...] | None
    reason: str
    others: tuple[Candidate, ...] = ()
    is_sure: bool = True


def choose(candidates: Sequence[Candidate], nothing: str) -> Choice:
    """Take the candidate with the most points; of equals the one that stands first in the table.

    Parameters
    ----------
    candidates : sequence of Candidate
    nothing : str
        What is said where there is none.

    Examples
    --------
    >>> choose([Candidate("a", 1, ("x",)), Candidate("b", 4, ("named so",))], "none").value
    'b'
    """
    if not candidates:
        return Choice(None, nothing, is_sure=False)
    best, *others = sorted(candidates, key=lambda candidate: -candidate.score)
    is_sure = best.score >= _SURE and (not others or best.score - others[0].score >= _LEAD)
    return Choice(best.name, best.told, tuple(c for c in others[:3] if c.score > 0), is_sure)


def given(value: str | int | tuple[str, ...] | None, flag: str) -> Choice:
    """Return a choice that was made by a flag."""
    return Choice(value, f"you said {flag}")
