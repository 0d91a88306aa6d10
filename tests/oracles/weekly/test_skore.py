"""skore's reports take our splits and our model as they are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from skore import CrossValidationReport, EstimatorReport

from outlast import refit, run_pipeline
from outlast.splits import ExpandingWindowSplit
from tests.tables import shop_table

ROLES = {"time": "day", "entity": "shop", "target": "busy", "horizon": 2,
         "leaky": ["sales", "level"]}


def test_a_cross_validation_report_scores_our_windows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = (X[:, 0] + rng.normal(size=400) > 0).astype(int)
    day = np.arange("2024-01-01", "2025-02-04", dtype="datetime64[D]")
    splits = list(ExpandingWindowSplit(4).split(X, time=day, label_end=day + 3))
    report = CrossValidationReport(LogisticRegression(), X, y, splitter=splits, pos_label=1)
    ours = [roc_auc_score(y[test], LogisticRegression().fit(X[train], y[train]).predict_proba(
        X[test])[:, 1]) for train, test in splits]
    assert report.metrics.roc_auc(aggregate=None).to_numpy().ravel() == pytest.approx(ours)


# skore asks about a sample of the rows first, which lacks the history before them.
@pytest.mark.filterwarnings("ignore::outlast.errors.OutlastWarning")
def test_an_estimator_report_takes_the_model_of_a_run(tmp_path):
    table = shop_table(200)
    table.write_parquet(tmp_path / "shops.parquet")
    settings = {"reports": str(tmp_path / "reports")}
    run_pipeline({**settings, "data": {"source": str(tmp_path / "shops.parquet"), **ROLES},
                  "models": ["prior", "linear"], "splits": ["temporal"], "audit": "exact",
                  "optimization": ["none"], "importance": 0, "exam": "off"}, runner="inline")
    labelled = table.filter(pl.col("busy").is_not_null()).to_pandas()
    model = refit(settings)
    y = labelled["busy"].to_numpy().astype(int)
    report = EstimatorReport(model, X_test=labelled, y_test=y, pos_label=1)
    assert report.metrics.roc_auc() == pytest.approx(
        roc_auc_score(y, model.predict_proba(labelled)[:, 1]))
