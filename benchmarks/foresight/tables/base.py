"""What a table is: a question about the future, and where its rows come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from outlast.data import Panel


@dataclass(frozen=True)
class Table:
    """A public table that an installable package ships.

    Attributes
    ----------
    name : str
    question : str
        What is predicted, for whom, in one line.
    source, licence : str
        The package that ships it and where it has it from; on what terms.
    panel : callable of () -> Panel
    """

    name: str
    question: str
    source: str
    licence: str
    panel: Callable[[], Panel]
