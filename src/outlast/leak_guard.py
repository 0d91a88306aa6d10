"""The leak checks as one line of a test."""

from __future__ import annotations

from typing import Any

from outlast.audit.result import told
from outlast.audit.wording import counted
from outlast.data import Panel, Schema
from outlast.pipeline import audit_table


def assert_no_leaks(
    table: Any, schema: Schema | None = None, *, features: Any = None, exact_only: bool = False,
    **settings: Any,
) -> None:
    """Fail if any leak check finds a leak in a table, its features, its splits or its models.

    Parameters
    ----------
    table : table or Panel
        Whatever `outlast.Panel.build` takes, or a panel.
    schema : Schema, optional
        What its columns mean; a panel has one.
    features : Recipe, FunctionRecipe or callable, optional
        What makes the features; default: the recipe for the table.
    exact_only : bool, default False
        Fail only where a leak is proven, and not where one is likely.
    **settings : object
        Of `outlast.Config`, such as ``splits``, ``models``, ``audit`` or ``mute``.

    Raises
    ------
    AssertionError
        Naming every leak and how to mend it.
    InputError
        For anything wrong with the table or the settings.

    Examples
    --------
    >>> from outlast import load_stocks
    >>> assert_no_leaks(load_stocks(), models=["linear"], splits=["temporal"], audit="exact")
    """
    __tracebackhide__ = True  # pytest shows the line of the test, and not this function
    panel = table if isinstance(table, Panel) else Panel.build(table, schema or _needed())
    report = audit_table(settings, table=panel, features=features)
    found = report.blocking if exact_only else report.issues
    if found:
        lines = "\n".join(map(told, found))
        raise AssertionError(f"{counted(len(found), 'leak')} found in {panel.name!r}:\n{lines}")


def _needed() -> Schema:
    raise TypeError("a table needs its schema: "
                    "assert_no_leaks(table, Schema(time=..., target=...))")
