"""Feature selectors: each decision comes with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from outlast.errors import InputError, unknown_name
from outlast.selection.base import Selection, Selector, Traced, TrainingRows
from outlast.selection.boruta import Boruta
from outlast.selection.cluster import Cluster
from outlast.selection.none import NoSelection
from outlast.selection.null_importance import NullImportance
from outlast.selection.probe import Probe
from outlast.selection.shap_rfe import ShapRFE
from outlast.selection.stability import Stability

SELECTORS: dict[str, type[Selector]] = {
    "none": NoSelection,
    "cluster": Cluster,
    "probe": Probe,
    "boruta": Boruta,
    "shap_rfe": ShapRFE,
    "null_importance": NullImportance,
    "stability": Stability,
}

__all__ = ["SELECTORS", "Selection", "Selector", "Traced", "TrainingRows", "make_selector"]


def make_selector(name: str, params: Mapping[str, Any] | None = None) -> Selector:
    """Return a selector by name.

    Parameters
    ----------
    name : str
        A key of `SELECTORS`.
    params : mapping, optional
        Its parameters, where they differ from the defaults.

    Returns
    -------
    Selector

    Raises
    ------
    InputError
        If the name, a parameter's name or its value is not accepted.

    Examples
    --------
    >>> make_selector("cluster", {"max_rho": 0.9}).max_rho
    0.9
    """
    if name == "redundancy":
        raise InputError("the selection 'redundancy' is now called 'cluster', and keeps the more "
                         "important of two features that say the same; use --selection cluster")
    if name not in SELECTORS:
        raise unknown_name("selection", name, SELECTORS)
    selector = SELECTORS[name]
    known = [field.name for field in fields(selector)]
    for param in params or {}:
        if param not in known:
            raise unknown_name(f"parameter of selection {name!r}:", param, known)
    return selector(**(params or {}))
