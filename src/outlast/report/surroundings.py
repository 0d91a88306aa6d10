"""What the judge's rules need besides scores, read off the store as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from outlast.judge.insights import Range, Surroundings
from outlast.models import make_model
from outlast.records import Record, Strategy
from outlast.store import Experiment


def surroundings(
    experiment: Experiment, ledger: pl.DataFrame, records: Sequence[Record]
) -> Surroundings:
    """Return the features' ledger, events, names of entities and search spaces.

    Parameters
    ----------
    experiment : Experiment
    ledger : polars.DataFrame
        The feature ledger of the headline's jobs.
    records : sequence of Record
    """
    names = experiment.rows.select("code", "entity").unique().sort("code")
    searched = {r.job.model.label: r.job.model for r in records if r.trials}
    return Surroundings(
        features=None if ledger.is_empty() else ledger.filter(pl.col("scope") == "headline"),
        events=experiment.events.common.table,
        entities=tuple(map(str, names["entity"])) if experiment.schema.entity else (),
        spaces={label: _ranges(model) for label, model in searched.items()},
        calendar=experiment.description["zone"] != "abstract",
    )


def _ranges(strategy: Strategy) -> Mapping[str, Range]:
    """The numeric ranges that a search of the model goes through."""
    from optuna.distributions import FloatDistribution, IntDistribution

    space = make_model(strategy.name, strategy.params).space()
    return {name: Range(float(free.low), float(free.high), free.log)
            for name, free in space.items()
            if isinstance(free, FloatDistribution | IntDistribution)}
