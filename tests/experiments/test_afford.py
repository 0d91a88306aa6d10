"""What is worth explaining, and that it never costs more than the share that is allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.experiments.afford import (
    EVERY_GROUP,
    MOST_REFITS,
    Best,
    best_configurations,
    sizes,
)
from outlast.records import Decision, FoldAudit, Job, Record, Strategy


def record(
    model: str = "lightgbm", fold: int = 0, *, split: str = "temporal", search: str = "none",
    score: float | None = 0.7, fit: float = 10.0, metric: str = "roc_auc",
    shared_with: str = "", status: str = "ok", width: int = 20,
) -> Record:
    job = Job(data="d", features="f", task="binary", model=Strategy(name=model),
              split=Strategy(name=split), fold=fold, search=Strategy(name=search),
              selection=Strategy(name="none"), metric=metric, seed=0, code="c")
    audit = FoldAudit(n_train=8_000, n_test=2_000, train_start=0, train_end=1, test_start=2,
                      test_end=3)
    decisions = tuple(Decision(feature=f"f{i}", action="keep", code="F13", sentence="because")
                      for i in range(width))
    return Record(job=job, status=status, session="s", started="now", audit=audit,
                  seconds={"fit": fit, "search": 0.0, "predict": 0.02}, scores={metric: score},
                  decisions=decisions, shared_with=shared_with)


def test_one_configuration_per_family_and_split_and_no_baseline():
    records = [record("prior", score=0.99), record(search="none", score=0.7),
               record(search="optuna", score=0.8), record("linear", score=0.75),
               record(split="random", score=0.95)]
    found = best_configurations(records, "temporal")
    chosen = {(b.records[0].job.model.name, b.records[0].job.split.name): b for b in found}
    assert set(chosen) == {("lightgbm", "temporal"), ("linear", "temporal"),
                           ("lightgbm", "random")}
    assert chosen["lightgbm", "temporal"].records[0].job.search.name == "optuna"
    assert [key for key, best in chosen.items() if best.is_winner] == [("lightgbm", "temporal")]
    # It is paid by all that it was chosen from.
    assert chosen["lightgbm", "temporal"].seconds == 20.0


def test_a_small_error_is_better_than_a_large_one():
    records = [record(search="none", score=0.3, metric="log_loss"),
               record(search="optuna", score=0.6, metric="log_loss")]
    (best,) = best_configurations(records, None)
    assert best.records[0].job.search.name == "none"
    assert not best.is_winner


def test_a_configuration_that_lacks_a_fold_is_not_explained():
    records = [record(fold=0), record(fold=1), record(search="optuna", fold=0, score=0.9),
               record(search="optuna", fold=1, score=None, status="non_finite")]
    (best,) = best_configurations(records, None)
    assert [r.job.fold for r in best.records] == [0, 1]
    assert {r.job.search.name for r in best.records} == {"none"}


def test_a_shared_fit_pays_once():
    first = record(search="none")
    again = record(search="none", fold=1, shared_with=first.job.id)
    (best,) = best_configurations([first, again], None)
    assert best.seconds == 10.0


def test_more_time_pays_for_probes_then_for_refits():
    folds = tuple(record(fold=k) for k in range(4))

    def bought(share):
        (found,) = sizes([Best(folds, 40.0, is_winner=True)], share)
        return found

    poor, fair, rich = bought(0.03), bought(0.6), bought(30)
    assert 0 < poor[0].groups < 20
    assert not any(size.probed for size in poor)
    assert [size.probed for size in fair] == [True, False, False, False]
    assert fair[0].groups == EVERY_GROUP
    assert all(size.probed and size.single and size.refits == MOST_REFITS for size in rich)
    assert all(size.refits_due == MOST_REFITS for size in poor)


def test_only_the_winner_is_refitted():
    folds = (record(),)
    loser, winner = sizes([Best(folds, 10.0), Best(folds, 10.0, is_winner=True)], 100)
    assert (loser[0].refits, loser[0].refits_due) == (0, 0)
    assert winner[0].refits == MOST_REFITS


def test_what_a_cheap_model_leaves_goes_to_a_dear_one():
    dear, cheap = (record(fit=30.0),), (record("linear", fit=1.0, width=1),)
    (alone,) = sizes([Best(dear, 30.0)], 0.9)
    _, beside = sizes([Best(cheap, 900.0), Best(dear, 30.0)], 0.9)
    assert not alone[0].probed
    assert beside[0].probed


def test_fits_of_a_moment_count_as_40_seconds_together():
    moment = Best((record(fit=0.1),), 0.1)
    assert sizes([moment], 0.25) == sizes([Best((record(fit=0.1),), 40.0)], 0.25)
    assert sizes([moment], 0.25)[0][0].groups


def test_nothing_to_explain_needs_nothing():
    assert sizes([], 0.25) == []
    assert best_configurations([record("prior")], "temporal") == []


@given(st.lists(st.floats(0.01, 500), min_size=1, max_size=5), st.floats(0.001, 2))
def test_what_is_planned_is_paid_for(fits, share):
    """By the very costs of a fit and of a prediction, however they are dealt out."""
    bests = [Best(tuple(record(fold=k, fit=fit) for k in range(3)), 3 * fit) for fit in fits]
    planned = 0.0
    for best, found in zip(bests, sizes(bests, share), strict=True):
        for one, size in zip(best.records, found, strict=True):
            groups = min(size.groups, 20)
            planned += groups * size.repeats * size.rows * 0.02 / 2_000
            planned += size.probed * one.seconds["fit"]
    assert planned <= share * max(40.0, 3 * sum(fits)) + 1e-9
    assert sizes(bests, share) == sizes(bests, share)


def test_the_share_must_not_be_negative():
    from outlast.config import make_config
    from outlast.errors import InputError

    with pytest.raises(InputError, match=r"importance.*greater than or equal to 0, got -1"):
        make_config({"importance": -1})
