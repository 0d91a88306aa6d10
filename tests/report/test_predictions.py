"""Predictions of any other tool get the same verdict and report."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from outlast import Columns, Schema, judge_predictions
from outlast.errors import InputError
from outlast.report.predictions import document_of

COLUMNS = Columns(schema=Schema(time="day", entity="shop", target="truth", horizon="2D"))
N_DAYS, N_SHOPS, N_FOLDS = 300, 4, 3


def predicted(skills: dict[str, float], *, regression: bool = False, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = N_DAYS * N_SHOPS
    signal = rng.normal(size=n)
    truth = signal + rng.normal(size=n)
    days = np.datetime64("2024-01-01") + np.arange(N_DAYS, dtype="timedelta64[D]")
    base = pl.DataFrame({
        "day": np.repeat(days, N_SHOPS), "shop": [f"s{k}" for k in range(N_SHOPS)] * N_DAYS,
        "truth": truth if regression else (truth > 0).astype(int),
        "fold": np.repeat(np.arange(N_FOLDS), n // N_FOLDS)})
    tables = []
    for name, skill in skills.items():
        guess = skill * signal + (1 - skill) * rng.normal(size=n)
        p = guess if regression else 1 / (1 + np.exp(-2 * guess))
        tables.append(base.with_columns(model=pl.lit(name), prediction=pl.Series(p)))
    return pl.concat(tables)


def test_the_best_is_named_and_promised():
    document = document_of(predicted({"good": 1.0, "bad": 0.3}), COLUMNS)
    assert document.headline.verdict == "clear"
    assert document.headline.sentence.startswith("good is the choice")
    assert document.promise.score.low < document.promise.score.value < document.promise.score.high
    assert {row.model for row in document.leaderboard} == {"good", "bad", "prior"}
    assert document.exam.status == "none"


def test_of_times_that_are_only_counted_nothing_is_said_in_days():
    table = predicted({"good": 1.0, "bad": 0.3})
    counted = table.with_columns(pl.col("day").rank("dense").cast(pl.Int64))
    columns = Columns(schema=Schema(time="day", entity="shop", target="truth", horizon=2))
    assert "days since training" in document_of(table, COLUMNS).promise.sentence
    assert "days" not in document_of(counted, columns).promise.sentence


def test_noise_is_not_deployed():
    document = document_of(predicted({"one": 0.0, "two": 0.0}), COLUMNS)
    assert document.headline.verdict == "none"


def test_values_are_judged_by_their_error():
    document = document_of(predicted({"good": 1.0, "bad": 0.2}, regression=True), COLUMNS)
    assert document.metric == "rmse"
    assert document.headline.verdict == "clear"
    assert document.leaderboard[0].score.value == pytest.approx(1.0, abs=0.1)


def test_scores_are_those_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    table = predicted({"good": 1.0})
    document = document_of(table, COLUMNS)
    parts = [roc_auc_score(part["truth"], part["prediction"])
             for part in table.partition_by("fold")]
    row = next(row for row in document.leaderboard if row.model == "good")
    assert row.score.value == pytest.approx(np.mean(parts))


def test_the_order_of_rows_does_not_matter():
    table = predicted({"good": 1.0, "bad": 0.3})
    shuffled = table.sample(fraction=1.0, shuffle=True, seed=0)
    assert document_of(table, COLUMNS).leaderboard == document_of(shuffled, COLUMNS).leaderboard


def test_a_table_of_one_model_and_window_needs_no_more_columns():
    table = predicted({"only": 1.0}).drop("model", "fold")
    document = document_of(table, COLUMNS)
    assert {row.model for row in document.leaderboard} == {"model", "prior"}


def test_a_model_that_had_seen_the_window_is_an_issue():
    table = predicted({"good": 1.0}).with_columns(trained=pl.lit("2024-03-01"))
    columns = Columns(schema=COLUMNS.schema, train_end="trained")
    codes = {finding.code: finding for finding in document_of(table, columns).findings}
    assert codes["OL103"].outcome == "issue"


def test_the_report_is_written(tmp_path):
    path = tmp_path / "scored.parquet"
    predicted({"good": 1.0, "bad": 0.3}).write_parquet(path)
    result = judge_predictions(path, COLUMNS, reports=tmp_path)
    assert "good" in result.report.html.read_text()
    assert "What to expect" in result.report.html.read_text()
    assert result.report.markdown.stat().st_size > 1000


@pytest.mark.parametrize(("change", "message"), [
    (pl.col("prediction") * 3, "give the probability of class"),
    (pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise(pl.col("prediction")).alias(
        "prediction"), "missing values: 1 in 'prediction'"),
    (pl.when(pl.int_range(pl.len()) == 5).then(1 - pl.col("truth")).otherwise(
        pl.col("truth")).alias("truth"), "more than one truth"),
    (pl.col("prediction").cast(pl.String), "give numbers"),
])
def test_what_cannot_be_judged_is_refused(change, message):
    table = predicted({"good": 1.0, "bad": 0.3}).with_columns(change)
    with pytest.raises(InputError, match=message):
        document_of(table, COLUMNS)


def test_rows_that_share_a_time_without_an_entity_are_told_of_the_flag():
    table = predicted({"good": 1.0, "bad": 0.3})
    with pytest.raises(InputError, match=r"more than one truth.*with --entity"):
        document_of(table, Columns(schema=Schema(time="day", target="truth")))


def test_models_must_have_predicted_the_same_rows_once():
    table = predicted({"good": 1.0, "bad": 0.3})
    with pytest.raises(InputError, match="did not predict the same rows"):
        document_of(table[:-3], COLUMNS)
    with pytest.raises(InputError, match="twice in one fold"):
        document_of(pl.concat([table, table[:3]]), COLUMNS)
    with pytest.raises(InputError, match="name it with --prediction"):
        document_of(table.rename({"prediction": "p"}), COLUMNS)
