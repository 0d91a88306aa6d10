"""How a fold is learned: selection, category codes and model, all from the train rows alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.audit import Predict, Protocol
from outlast.config import Config
from outlast.data import Panel
from outlast.design import Design
from outlast.errors import OutlastError
from outlast.experiments.selecting import training_rows
from outlast.features import FeatureTable
from outlast.metrics import METRICS, default_metric
from outlast.models import FitContext, make_model
from outlast.records import Strategy
from outlast.selection import make_selector
from outlast.tuning import Times

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


def protocols(
    models: Sequence[Strategy], config: Config, panel: Panel, table: FeatureTable
) -> dict[str, Protocol]:
    """Return what a run does in a fold, for the checks that refit it on changed rows.

    Every model is refitted with the first selection, and the first model with every selection.

    Parameters
    ----------
    models : sequence of Strategy
        Baselines are left out: they learn nothing from features.
    config : Config
    panel : Panel
    table : FeatureTable

    Returns
    -------
    dict of label to Protocol
        The label is that of the model, and of the selection where it is not the first.
    """
    chosen = {model.label: model for model in models
              if not make_model(model.name, model.params).is_baseline}
    first, *others = config.selections
    pairs = {label: (model, first) for label, model in chosen.items()}
    for label, model in list(chosen.items())[:1]:
        pairs |= {f"{label} · {selection.label}": (model, selection) for selection in others}
    return {label: _protocol(*pair, config, panel, table) for label, pair in pairs.items()}


def _protocol(
    model: Strategy, selection: Strategy, config: Config, panel: Panel, table: FeatureTable
) -> Protocol:
    context = FitContext(panel.task, panel.n_classes, seed=config.seed)
    metric = METRICS[config.metric] if config.metric else default_metric(panel.task)

    def learn(frame: pl.DataFrame, y: Floats, train: Ints, test: Ints) -> Predict:  # noqa: ARG001
        times = Times(panel.time.take(train), panel.label_end[train])
        given = training_rows(frame[train], y[train], times, table.lineage, metric, context)
        kept = make_selector(selection.name, selection.params).fit(given).kept
        design = Design.fit(frame, train, kept)
        learner = make_model(model.name, model.params)
        try:
            fitted = learner.fit(design.matrix(frame[train], y[train]), learner.defaults(),
                                 context)
        except learner.failures() as error:
            raise OutlastError(f"{model.label} cannot be fitted: {error}") from error
        return lambda rows: fitted.predict(design.matrix(rows))

    return learn
