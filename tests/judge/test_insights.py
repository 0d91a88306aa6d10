import pytest

from outlast.judge import verdict
from outlast.judge.insights import RULES, Evidence, find_insights
from outlast.records import Decision, Failure
from tests.judge.results import board, result


def findings(*results, extra=()):
    made = board(*results)
    split = verdict.headline_split(made, None)
    evidence = Evidence(made, split, [*(r.record for r in results), *extra])
    found = find_insights(evidence)
    assert sorted(f.code for f in found) == sorted(RULES)
    return {finding.code: finding for finding in found}


def test_every_rule_answers_even_without_results():
    assert {f.outcome for f in findings().values()} <= {"not_applicable", "passed"}


def test_random_beats_temporal():
    rows = [result("lightgbm", 1.0), result("lightgbm", 3.0, split="random")]
    found = findings(*rows)["OL101"]
    assert (found.outcome, found.severity) == ("issue", "high")
    assert found.evidence["gap"] > 0.1
    assert found.evidence["z"] > 3
    same = findings(result("lightgbm", 1.0), result("lightgbm", 1.0, split="random"))["OL101"]
    assert same.outcome == "passed"


def test_another_winner_under_random():
    skills = {"temporal": {"linear": 2.0, "xgboost": 1.0, "lightgbm": 0.5},
              "random": {"linear": 0.5, "xgboost": 1.0, "lightgbm": 2.0}}
    rows = [result(model, skill, split=split)
            for split, models in skills.items() for model, skill in models.items()]
    found = findings(*rows)["OL102"]
    assert found.outcome == "issue"
    assert found.evidence["tau"] == pytest.approx(-1.0)


def test_overlap_is_counted_from_the_audits():
    assert findings(result("lightgbm", 1.0))["OL103"].outcome == "passed"
    found = findings(result("lightgbm", 1.0, overlap=7))["OL103"]
    assert (found.outcome, found.evidence["overlap"]) == ("issue", 7)
    # A split that leaks on purpose is no surprise.
    leaky = findings(result("lightgbm", 1.0, split="random", overlap=7))["OL103"]
    assert leaky.outcome == "not_applicable"


def test_a_cheaper_model_within_noise_is_preferred():
    rows = [result("lightgbm", 1.1, fit_seconds=30.0, seed=2), result("linear", 1.0)]
    found = findings(*rows)["OL201"]
    assert found.outcome == "issue"
    assert found.action == "Prefer linear where cost counts."
    assert found.evidence["cheaper"] == pytest.approx(30, rel=0.01)
    clear = findings(result("lightgbm", 2.0), result("linear", 0.2))
    assert clear["OL201"].outcome == "passed"
    assert clear["OL202"].outcome == "tip"


def test_the_row_that_ties_is_compared_even_if_another_of_its_model_scores_higher():
    # Same noise, so plainly worse; other noise, so it cannot be told though it scores less.
    rows = [result("lightgbm", 1.15), result("linear", 1.0),
            result("linear", 1.0, seed=9, selection="probe", n_times=200)]
    made = board(*rows, result("prior", 0))
    plain, tied = (next(r for r in made.rows if r.model == "linear" and r.selection == name)
                   for name in ("cluster", "probe"))
    assert plain.tier != 1 == tied.tier
    assert plain.score.value > tied.score.value
    found = findings(*rows, result("prior", 0))
    assert (found["OL201"].outcome, found["OL202"].outcome) == ("issue", "passed")


def test_nothing_beats_the_baseline():
    found = findings(result("lightgbm", 0.0), result("prior", 0))["OL203"]
    assert (found.outcome, found.severity) == ("issue", "high")
    assert findings(result("lightgbm", 1.0), result("prior", 0))["OL203"].outcome == "passed"


def test_linear_is_enough_where_it_scores_the_same():
    same = findings(result("lightgbm", 1.0), result("linear", 1.0))
    assert same["OL204"].outcome == "tip"
    assert findings(result("lightgbm", 2.0), result("linear", 0.5))["OL204"].outcome == "passed"


def test_little_held_out_time_is_pointed_out():
    assert findings(result("lightgbm", 1.0, n_times=40))["OL401"].outcome == "issue"
    assert findings(result("lightgbm", 1.0, n_times=400))["OL401"].outcome == "passed"


def test_tuning_that_gains_nothing():
    rows = [result("lightgbm", 1.0), result("lightgbm", 1.0, search="optuna")]
    assert findings(*rows)["OL501"].outcome == "issue"
    rows = [result("lightgbm", 0.5), result("lightgbm", 2.0, search="optuna")]
    assert findings(*rows)["OL501"].outcome == "passed"


def test_redundant_features_are_counted():
    dropped = Decision(feature="copy", action="drop", code="F02", sentence="identical to `signal`")
    kept = Decision(feature="signal", action="keep", code="F13", sentence="kept")
    found = findings(result("lightgbm", 1.0, decisions=(dropped, kept)))["OL605"]
    assert (found.outcome, found.evidence["dropped"]) == ("issue", 1)
    assert findings(result("lightgbm", 1.0, decisions=(kept,)))["OL605"].outcome == "passed"


def test_unfinished_jobs_are_named():
    done = result("lightgbm", 1.0)
    failed = done.record.model_copy(
        update={"status": "failed", "failure": Failure(kind="ValueError", message="no")}
    )
    found = findings(done, extra=[failed])["OL806"]
    assert found.outcome == "issue"
    assert found.sentence == ("1 job did not finish (lightgbm 1), because of ValueError: no; 2 "
                              "were planned.")
    assert (found.severity, failed.job.id in found.action) == ("medium", True)


def test_where_no_model_finished_nothing_is_said_of_the_baseline():
    failed = result("lightgbm", 1.0).record.model_copy(update={"status": "timeout"})
    found = findings(result("prior", 0), extra=[failed])
    assert found["OL203"].outcome == "not_applicable"
    assert "no model has finished" in found["OL203"].sentence
    assert found["OL806"].severity == "high"


def test_a_linear_model_that_is_the_best_itself_is_enough():
    found = findings(result("lightgbm", 0.5), result("linear", 2.0))["OL204"]
    assert found.outcome == "tip"
    assert found.sentence.startswith("linear is the best itself: roc_auc 0.")
