import numpy as np
import polars as pl
import pytest

from outlast.feature_tracker import Tables, build_ledger, observe
from outlast.feature_tracker.folds import recency_slopes
from outlast.feature_tracker.observations import SCHEMA
from outlast.feature_tracker.tables import DECISIONS, RUNS, selection_rows
from outlast.records import Job, Strategy

FEATURES = [("signal", "id1"), ("noise", "id2")]


def job(model: str, fold: int = 0, split: str = "temporal") -> Job:
    return Job(data="d", features="f", task="binary", model=Strategy(name=model),
               split=Strategy(name=split), fold=fold, search=Strategy(name="none"),
               selection=Strategy(name="none"), metric="roc_auc", seed=0, code="c")


def seen(of: Job, shap, gain=None) -> pl.DataFrame:
    values = {"shap_mean_abs": np.array(shap), "gain": None if gain is None else np.array(gain)}
    facts = {"n_rows": 10, "score": 0.7, "test_start": of.fold, "test_end": of.fold + 1}
    return observe(of, "exp", FEATURES, values, facts)


def permuted(of: Job, signal: float, noise: float, probe: float = 0.001) -> pl.DataFrame:
    frame = seen(of, [1, 1]).with_columns(
        method=pl.lit("perm_group"), value=pl.Series([signal, noise]), unit=pl.lit("delta roc_auc"),
        probe_best=pl.lit(probe))
    return frame.cast(SCHEMA)


def tables(observed, jobs, dropped=(), scores=None) -> Tables:
    keys = [{"job": j.id, "experiment": "exp", "model": j.model.label, "split": j.split.label,
             "search": "none", "selection": "none", "fold": j.fold, "seed": 0} for j in jobs]
    decided = pl.DataFrame(
        [{**key, "feature": name, "action": "drop" if name in dropped else "keep", "code": "F13",
          "sentence": "because"} for key in keys for name in ("signal", "noise", *dropped)],
        schema=DECISIONS)
    runs = pl.DataFrame(
        [{**key, "score": (scores or {}).get(key["model"], 0.7), "n_train": 100, "n_test": 20,
          "is_baseline": key["model"] == "prior"} for key in keys], schema=RUNS)
    return Tables(observed, decided, selection_rows(decided), runs)


def row_of(ledger, feature, scope="headline"):
    return ledger.row(by_predicate=(pl.col("feature") == feature) & (pl.col("scope") == scope),
                      named=True)


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
    row = row_of(build_ledger(tables(observed, jobs)), "signal", "split:temporal")
    assert row["shap_share_mean"] == pytest.approx(0.5)
    assert (row["n_fits"], row["n_models"]) == (4, 2)


def test_splits_are_never_averaged_together():
    jobs = [job("lightgbm"), job("lightgbm", split="random")]
    ledger = build_ledger(tables(pl.concat([seen(jobs[0], [1, 0]), seen(jobs[1], [0, 1])]), jobs))
    assert [row_of(ledger, "signal", scope)["shap_share_mean"]
            for scope in ("split:temporal", "split:random", "headline")] == [1.0, 0.0, 1.0]


def test_a_feature_that_was_always_dropped_is_still_in_the_ledger():
    one = job("lightgbm")
    row = row_of(build_ledger(tables(seen(one, [1, 0]), [one], dropped=("copy",))), "copy")
    assert (row["kept_share"], row["shap_share_mean"], row["rationale"]) == (0.0, None, "because")


def test_runs_that_do_not_beat_the_baseline_have_no_vote_and_are_named():
    jobs = [job(name, fold, "walk_forward") for name in ("lightgbm", "linear", "prior")
            for fold in range(3)]
    observed = pl.concat([seen(j, [1, 0] if j.model.name == "lightgbm" else [0, 1])
                          for j in jobs if j.model.name != "prior"])
    ledger = build_ledger(tables(observed, jobs,
                                 scores={"lightgbm": 0.8, "linear": 0.4, "prior": 0.5}))
    row = row_of(ledger, "signal")
    assert (row["shap_share_mean"], row["gated_out"], row["n_runs"]) == (1.0, "linear", 1)
    told = row_of(ledger, "signal", "split:walk_forward/model:linear")
    assert (told["n_runs"], told["verdict"]) == (0, "undecided")
    assert "baseline" in told["sentence"]


def test_planted_verdicts():
    jobs = [job("lightgbm", fold, "walk_forward") for fold in range(5)]
    bad = [-0.02, -0.021, -0.019, -0.02, -0.022]
    observed = pl.concat([permuted(j, 0.05 + 0.001 * j.fold, bad[j.fold]) for j in jobs])
    ledger = build_ledger(tables(observed, jobs))
    signal, noise = row_of(ledger, "signal"), row_of(ledger, "noise")
    assert (signal["verdict"], noise["verdict"]) == ("core", "harmful")
    assert signal["perm_mean"] == pytest.approx(0.052)
    assert signal["event_concentration"] == pytest.approx(0.054 / 0.26)
    assert "beats the best random probe in 5 of 5 cells" in signal["sentence"]


def test_drift_and_signs_of_leakage_come_from_the_table():
    jobs = [job(model, fold) for model in ("lightgbm", "prior") for fold in range(3)]
    whole = pl.DataFrame([{"job": "", "split": "temporal", **row} for row in (
        {"feature": "signal", "method": "drift_w1", "value": 0.8, "probe_best": 0.2},
        {"feature": "signal", "method": "missing_rate", "value": 0.1, "data_part": "train"},
        {"feature": "noise", "method": "single_score", "value": 0.19},
        {"feature": "noise", "method": "lag_loss", "value": 0.7, "probe_best": 0.1},
    )], schema=SCHEMA)
    observed = pl.concat([*(seen(one, [1, 0]) for one in jobs[:3]), whole])
    ledger = build_ledger(tables(observed, jobs, scores={"lightgbm": 0.7, "prior": 0.5}))
    drifting = row_of(ledger, "signal")
    assert (drifting["verdict"], drifting["missing_train"]) == ("drifting", 0.1)
    leak = row_of(ledger, "noise")
    assert (leak["verdict"], leak["leak_points"]) == ("leak_suspect", 2)


def test_recency_is_the_slope_of_theil_and_sen():
    from scipy.stats import theilslopes

    year = 365.25 * 86_400e9
    shares, times = [0.5, 0.2, 0.3, 0.1], [0.0, 1.0, 2.5, 3.0]
    table = pl.DataFrame({"feature": "a", "method": "shap_mean_abs", "share": shares,
                          "test_start": [int(t * year) for t in times]})
    expected = theilslopes(shares, times).slope
    assert recency_slopes(table)["recency_slope"][0] == pytest.approx(expected)


def test_models_that_rank_alike_agree():
    jobs = [job("lightgbm"), job("linear")]
    alike = build_ledger(tables(pl.concat([seen(j, [3, 1]) for j in jobs]), jobs))
    apart = build_ledger(tables(pl.concat([seen(jobs[0], [3, 1]), seen(jobs[1], [1, 3])]), jobs))
    assert row_of(alike, "signal")["kendalls_w"] == 1
    assert row_of(apart, "signal")["kendalls_w"] == 0


def test_swapping_copies_is_unstable_by_feature_and_stable_by_cluster():
    jobs = [job("lightgbm", fold) for fold in range(4)]
    made = tables(pl.concat([seen(j, [1, 1]) for j in jobs]), jobs, dropped=("other",))
    swapped = made.selections.with_columns(
        selected=pl.when(pl.col("feature") == "other").then(pl.lit(value=False))
        .otherwise((pl.col("fold") % 2 == 0) == (pl.col("feature") == "signal")))
    observed = made.observations.with_columns(cluster=pl.lit("signal"))
    row = row_of(build_ledger(Tables(observed, made.decisions, swapped, made.runs)), "signal")
    assert row["phi"] < 0.2
    assert (row["phi_cluster"], row["select_sets"]) == (1, 4)
    assert (row["select_freq"], row["cluster_freq"]) == (0.5, 1)


def test_decisions_and_stability_are_those_of_the_best_selection_that_decides():
    jobs = [job("lightgbm", fold, "walk_forward") for fold in range(4)]
    parts = []
    for selection, score, dropped in (("none", 0.9, ()), ("probe", 0.8, ("copy",)),
                                      ("boruta", 0.7, ("copy", "noise"))):
        observed = pl.concat([seen(one, [1, 0]) for one in jobs])
        made = tables(observed, jobs, dropped, {"lightgbm": score})
        parts.append(Tables(*(
            frame.with_columns(selection=pl.lit(selection),
                               job=pl.concat_str("job", pl.lit(selection)))
            for frame in (made.observations, made.decisions, made.selections, made.runs))))
    pooled = Tables(*(pl.concat([getattr(part, name) for part in parts], how="diagonal_relaxed")
                      for name in ("observations", "decisions", "selections", "runs")))
    row = row_of(build_ledger(pooled), "copy")
    assert (row["n_decisions"], row["n_dropped"], row["select_freq"]) == (4, 4, 0.0)
    alone = Tables(*(frame.filter(pl.col("selection") == "none") for frame in (
        pooled.observations, pooled.decisions, pooled.selections, pooled.runs)))
    assert row_of(build_ledger(alone), "signal")["n_dropped"] == 0
