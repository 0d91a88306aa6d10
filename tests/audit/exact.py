"""Facts for exact checks: panels with their real features, and splits as a run makes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from outlast.audit.base import AuditedSplit, Check, Facts
from outlast.data import Panel, Schema
from outlast.features import FunctionRecipe, make_recipe
from outlast.records import Finding, canonical_json
from outlast.splits import make_splitter
from outlast.splits.foreign import foreign_folds
from tests.tables import shop_table

HONEST: dict[str, dict[str, Any]] = {
    "temporal": {}, "walk_forward": {}, "expanding_window": {}, "purged_kfold": {},
    "group": {"n_splits": 2},
}


def audited(panel: Panel, name: str, **params: Any) -> AuditedSplit:
    splitter = make_splitter(name, params, events=panel.events)
    rows = np.flatnonzero(panel.usable)
    groups = panel.entity[rows] if splitter.needs_groups else None
    folds = splitter.folds(panel.time.take(rows), replace(panel.time, ns=panel.label_end[rows]),
                           groups=groups)
    return AuditedSplit(tuple(replace(fold, train=rows[fold.train], test=rows[fold.test])
                              for fold in folds), splitter.leaky, splitter)


def foreign(panel: Panel, splitter: Any) -> AuditedSplit:
    return AuditedSplit(foreign_folds(splitter, panel, "theirs"))


def with_train(split: AuditedSplit, fold: int, train: np.ndarray) -> AuditedSplit:
    """The split with other train rows in one fold."""
    changed = replace(split.folds[fold], train=np.sort(train))
    return replace(split, folds=(*split.folds[:fold], changed, *split.folds[fold + 1:]))


def asked(check: type[Check], panel: Panel, function: Any = None, **splits: Any) -> Finding:
    """Ask one check about splits, given by name or ready-made."""
    recipe = make_recipe(panel) if function is None else FunctionRecipe(function)
    made = {label: split if isinstance(split, AuditedSplit) else audited(panel, label, **split)
            for label, split in splits.items()}
    found = check().look(Facts(panel, recipe.transform(panel), recipe, made))
    canonical_json(found.evidence)  # a finding must be plain enough to be stored
    return found


def every(panel: Panel) -> dict[str, AuditedSplit]:
    return {name: audited(panel, name, **params) for name, params in HONEST.items()}


def shops(*, schema: dict[str, Any] | None = None, options: dict[str, int] | None = None,
          **columns: pl.Expr | pl.Series) -> Panel:
    """The shop panel with some columns added or replaced."""
    roles = {"time": "day", "entity": "shop", "target": "busy", "horizon": 2,
             "leaky": ("sales", "level"), **(schema or {})}
    return Panel.build(shop_table(**(options or {})).with_columns(**columns), Schema(**roles))
