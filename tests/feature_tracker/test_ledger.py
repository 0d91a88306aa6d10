import numpy as np
import polars as pl
import pytest

from outlast.feature_tracker import build_ledger, observe
from outlast.feature_tracker.tracker import _DECISIONS
from outlast.records import Job, Strategy

FEATURES = [("signal", "id1"), ("noise", "id2")]


def job(model: str, fold: int = 0, split: str = "temporal") -> Job:
    return Job(data="d", features="f", task="binary", model=Strategy(name=model),
               split=Strategy(name=split), fold=fold, search=Strategy(name="none"),
               selection=Strategy(name="none"), metric="roc_auc", seed=0, code="c")


def seen(of: Job, shap, gain=None) -> pl.DataFrame:
    values = {"shap_mean_abs": np.array(shap), "gain": None if gain is None else np.array(gain)}
    facts = {"n_rows": 10, "score": 0.7, "test_start": 0, "test_end": 1}
    return observe(of, "exp", FEATURES, values, facts)


def decided(*jobs: Job, dropped: tuple[str, ...] = ()) -> pl.DataFrame:
    rows = [{"job": j.id, "experiment": "exp", "model": j.model.label, "split": j.split.label,
             "search": "none", "selection": "none", "fold": j.fold, "feature": name,
             "action": "drop" if name in dropped else "keep", "code": "F13", "sentence": "because"}
            for j in jobs for name in ("signal", "noise", *dropped)]
    return pl.DataFrame(rows, schema=_DECISIONS)


def test_shares_sum_to_one_and_the_best_has_rank_one():
    table = seen(job("lightgbm"), [3.0, 1.0], gain=[10.0, 30.0])
    shares = {(r["method"], r["feature"]): r["share"] for r in table.iter_rows(named=True)}
    assert shares == {("shap_mean_abs", "signal"): 0.75, ("shap_mean_abs", "noise"): 0.25,
                      ("gain", "signal"): 0.25, ("gain", "noise"): 0.75}
    ranks = dict(table.filter(pl.col("method") == "gain").select("feature", "rank").iter_rows())
    assert ranks == {"noise": 1, "signal": 2}
    parts = set(table.select("method", "data_part").iter_rows())
    assert parts == {("shap_mean_abs", "test"), ("gain", "train")}


def test_a_model_that_uses_nothing_has_shares_of_zero():
    assert seen(job("lightgbm"), [0.0, 0.0])["share"].to_list() == [0.0, 0.0]


def test_models_have_one_vote_each_however_many_folds_they_have():
    jobs = [job("lightgbm", 0), job("lightgbm", 1), job("lightgbm", 2), job("linear", 0)]
    observed = pl.concat([seen(jobs[0], [1, 0]), seen(jobs[1], [1, 0]), seen(jobs[2], [1, 0]),
                          seen(jobs[3], [0, 1])])
    ledger = build_ledger(observed, decided(*jobs))
    row = ledger.row(by_predicate=(pl.col("feature") == "signal") & pl.col("model").is_null(),
                     named=True)
    assert row["shap_share_mean"] == pytest.approx(0.5)
    assert (row["n_fits"], row["n_models"]) == (4, 2)
    assert row["scope"] == "split:temporal"


def test_splits_are_never_averaged_together():
    jobs = [job("lightgbm"), job("lightgbm", split="random")]
    ledger = build_ledger(pl.concat([seen(jobs[0], [1, 0]), seen(jobs[1], [0, 1])]), decided(*jobs))
    signal = ledger.filter((pl.col("feature") == "signal") & pl.col("model").is_null())
    assert dict(signal.select("split", "shap_share_mean").iter_rows()) == {
        "temporal": 1.0, "random": 0.0}


def test_a_feature_that_was_always_dropped_is_still_in_the_ledger():
    one = job("lightgbm")
    ledger = build_ledger(seen(one, [1, 0]), decided(one, dropped=("copy",)))
    row = ledger.row(by_predicate=pl.col("feature") == "copy", named=True)
    assert (row["kept_share"], row["shap_share_mean"], row["rationale"]) == (0.0, None, "because")
