"""Where every feature comes from: formula, raw columns, reach, and a name for its content."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from outlast.features.base import Feature, FitScope
from outlast.features.lookback import Lookback
from outlast.records import content_hash


@dataclass(frozen=True)
class Lineage:
    """The catalogue entry of one feature.

    Attributes
    ----------
    feature : str
        Its name.
    feature_id : str
        Hash of formula, parameters and the identities of the inputs: the same feature has
        the same id in every recipe, whatever it is called there. One that learns from the
        target has another id for another target, horizon or delay.
    family : str
        Such as "rolling" or "calendar".
    expression : str
        The formula down to the raw columns.
    inputs : tuple of str
        The columns it is computed from directly.
    roots : tuple of str
        The raw columns at the bottom.
    lookback : str
        How far it reaches before its own row, inputs included, for people.
    lookback_rows : int or None
        The same as a number of rows; None reaches back to the first row.
    fit_scope : {"stateless", "expanding", "train_fold"}
        What its values are learned from besides the formula.
    params : str, default "{}"
        The parameters of its last step, as JSON.
    source_table : str, default ""
        Name of the table that its columns come from; of several joined ones all names.
    available_after : str, default ""
        What its columns wait for after their own time until they are known: durations such as
        "45D", or the columns with that time.
    min_age_rows : int, default 0
        How many rows before its own its youngest value lies: 0 if a value of the row itself is
        read, 1 if only earlier ones are.
    uses_target : bool, default False
        Whether earlier targets are among what it is computed from.
    """

    feature: str
    feature_id: str
    family: str
    expression: str
    inputs: tuple[str, ...]
    roots: tuple[str, ...]
    lookback: str
    lookback_rows: int | None
    fit_scope: FitScope
    params: str = "{}"
    source_table: str = ""
    available_after: str = ""
    min_age_rows: int = 0
    uses_target: bool = False


def trace(features: Sequence[Feature], step: timedelta) -> dict[str, Lineage]:
    """Follow every feature down to the raw columns.

    Parameters
    ----------
    features : sequence of Feature
        Inputs before the features that use them.
    step : datetime.timedelta
        Usual time between two rows of an entity, to count clock time in rows.

    Returns
    -------
    dict of str to Lineage
        In the order of the features.
    """
    traced: dict[str, Lineage] = {}
    reach: dict[str, Lookback] = {}
    for feature in features:
        known = [traced.get(name) or _raw(name) for name in feature.inputs]
        below = [reach.get(name, Lookback()) for name in feature.inputs]
        reach[feature.name] = feature.lookback + max(below, key=lambda r: _order(r, step))
        traced[feature.name] = _entry(feature, known, reach[feature.name], step)
    return traced


def _entry(
    feature: Feature, inputs: Sequence[Lineage], reach: Lookback, step: timedelta
) -> Lineage:
    identity = {"formula": type(feature).__name__, "params": feature.params,
                "inputs": [entry.feature_id for entry in inputs]}
    return Lineage(
        feature=feature.name,
        feature_id=content_hash(identity, 10),
        family=feature.family,
        expression=feature.text([entry.expression for entry in inputs]),
        inputs=feature.inputs,
        roots=tuple(dict.fromkeys(root for entry in inputs for root in entry.roots)),
        lookback=str(reach),
        lookback_rows=reach.in_rows(step),
        fit_scope=feature.fit_scope,
        params=json.dumps(feature.params, sort_keys=True),
        min_age_rows=feature.min_age + min(entry.min_age_rows for entry in inputs),
        uses_target=feature.uses_target or any(entry.uses_target for entry in inputs),
    )


def _raw(column: str) -> Lineage:
    identity = content_hash({"column": column}, 10)
    return Lineage(column, identity, "raw", column, (), (column,), "0 rows", 0, "stateless")


def _order(reach: Lookback, step: timedelta) -> tuple[bool, int]:
    return reach.unbounded, reach.in_rows(step) or 0
