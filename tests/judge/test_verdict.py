from outlast.judge import verdict
from outlast.judge.insights import Evidence, find_insights
from outlast.records import Failure
from tests.judge.results import board, result


def headline(*results, failed=()):
    made = board(*results)
    split = verdict.headline_split(made, None)
    records = [*(r.record for r in results), *failed]
    findings = find_insights(Evidence(made, split, records))
    return verdict.make_headline(made, split, findings, records=records)


def failures(model, n, kind="ValueError", message="singular matrix", **job):
    """Records of a model without any result."""
    return [result(model, 0, fold=fold, **job).record.model_copy(
        update={"status": "failed", "failure": Failure(kind=kind, message=message)})
        for fold in range(n)]


def test_a_clear_winner_is_named_with_its_margin():
    made = headline(result("lightgbm", 2.0), result("linear", 0.3), result("prior", 0))
    assert made.verdict == "clear"
    assert made.sentence.startswith("lightgbm with its defaults is the choice")
    assert "95 % CI" in made.sentence
    assert "beats the next model, linear" in made.sentence
    assert made.trust == "high"


def test_a_tie_is_called_a_tie():
    made = headline(result("lightgbm", 1.0, seed=1), result("xgboost", 1.0, seed=2),
                    result("prior", 0))
    assert made.verdict == "tie"
    assert "cannot be told from" in made.sentence


def test_a_winner_without_a_baseline_is_no_matter_of_high_trust():
    made = headline(result("lightgbm", 2.0), result("linear", 0.3))
    assert made.verdict == "clear"
    assert "with no baseline run beside it (" in made.sentence
    assert (made.trust, made.trust_reason) == ("medium", "no baseline was run to compare it with")


def test_noise_is_not_deployed():
    made = headline(result("lightgbm", 0.0), result("linear", 0.0, seed=2), result("prior", 0))
    assert made.verdict == "none"
    assert "No model beats the baseline prior" in made.sentence
    assert "Do not deploy" in made.sentence
    assert made.trust == "low"


def test_short_held_out_time_is_not_enough_evidence():
    made = headline(result("lightgbm", 2.0, n_times=20), result("prior", 0, n_times=20))
    assert made.verdict == "not_enough_evidence"


def test_a_random_split_alone_is_called_optimistic():
    made = headline(result("lightgbm", 2.0, split="random"))
    assert made.verdict == "only_leaky"
    assert made.trust == "low"


def test_nothing_at_all_is_said_too():
    assert headline().verdict == "not_enough_evidence"


def test_the_wanted_split_is_the_headline():
    made = board(result("lightgbm", 1.0), result("lightgbm", 1.0, split="walk_forward"))
    assert verdict.headline_split(made, None) == "temporal"
    assert verdict.headline_split(made, "walk_forward") == "walk_forward"
    assert verdict.headline_split(made, "random") == "temporal"


def test_where_all_models_failed_nothing_is_said_of_their_skill():
    failed = [*failures("linear", 1, kind="MemoryError"), *failures("xgboost", 3)]
    made = headline(result("prior", 0), failed=failed)
    assert (made.verdict, made.row, made.score, made.over_baseline) == (
        "not_enough_evidence", None, None, None)
    assert made.sentence == (
        "No model has finished under temporal, so whether one beats the baseline prior is not "
        "known: 4 jobs did not finish (xgboost 3, linear 1), most of them because of ValueError: "
        f"singular matrix. Read the log with `outlast runs show {failed[1].job.id}`, mend the "
        "cause and run the same command again: only these jobs are run.")
    assert made.trust == "low"


def test_baselines_alone_are_not_called_models_without_skill():
    made = headline(result("prior", 0))
    assert made.verdict == "not_enough_evidence"
    assert made.sentence.startswith("Nothing but baselines was run under temporal: the best, prior")


def test_models_that_failed_are_named_beside_the_one_that_is_chosen():
    made = headline(result("lightgbm", 2.0), result("prior", 0),
                    failed=failures("linear", 1, message=f"no\n{'x' * 200}."))
    assert made.verdict == "clear"
    assert "No other model has finished beside it. Left out of the comparison: 1 job did not " \
           "finish (linear 1), because of ValueError: no xxx" in made.sentence
    assert len(made.sentence) < 500
    # A search that failed beside the defaults does not take the model out of the comparison.
    tuned = headline(result("lightgbm", 2.0), result("prior", 0),
                     failed=failures("lightgbm", 1, search="optuna"))
    assert "Left out" not in tuned.sentence


def test_where_all_failed_the_reason_is_told():
    made = headline(failed=failures("linear", 2))
    assert made.sentence.startswith("No configuration finished: 2 jobs did not finish (linear 2), "
                                    "because of ValueError: singular matrix.")


def test_a_run_that_was_stopped_by_its_time_is_told_to_take_more():
    late = [record.model_copy(update={"status": "cancelled"}) for record in failures("linear", 2)]
    assert headline(failed=late).sentence == (
        "No configuration finished: the time of the run was over before 2 jobs could be finished "
        "(linear 2). Run the same command again with a longer --time_budget: only these jobs are "
        "run.")


def test_honest_splits_that_failed_are_not_called_leaky():
    made = headline(result("lightgbm", 2.0, split="random"), failed=failures("lightgbm", 2))
    assert made.verdict == "only_leaky"
    assert made.sentence.startswith("Nothing that does not leak has finished (2 jobs did not ")
