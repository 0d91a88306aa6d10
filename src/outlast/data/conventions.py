"""The names that forecasting libraries give to columns, which need no flags."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from outlast.errors import OutlastWarning

# Nixtla and Prophet; AutoGluon and GluonTS.
CONVENTIONS = tuple(map(MappingProxyType, (
    {"time": "ds", "target": "y", "entity": "unique_id"},
    {"time": "timestamp", "target": "target", "entity": "item_id"},
)))


def usual_roles(columns: Iterable[str], given: dict[str, Any]) -> dict[str, Any]:
    """Return the roles of a table whose columns are called as forecasting libraries call them.

    Parameters
    ----------
    columns : iterable of str
    given : dict of str to object
        Roles that are known already, which count.

    Returns
    -------
    dict of str to object
        The given ones, with what a convention adds, which is told in a warning. A convention
        holds only where the table has both its time and its target.

    Examples
    --------
    >>> with warnings.catch_warnings(action="ignore"):
    ...     usual_roles(["ds", "y", "promo"], {"horizon": 7})
    {'horizon': 7, 'time': 'ds', 'target': 'y'}
    """
    there = set(columns)
    if given.get("time") is not None and given.get("target") is not None:
        return given
    for names in CONVENTIONS:
        if {names["time"], names["target"]} <= there:
            added = {role: name for role, name in names.items()
                     if given.get(role) is None and name in there and name not in given.values()}
            told = ", ".join(f"{role}={name}" for role, name in added.items())
            warnings.warn(f"taken by the names of the columns: {told}; name others to change that",
                          OutlastWarning, stacklevel=3)
            return {**given, **added}
    return given
