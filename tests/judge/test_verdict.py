from outlast.judge import verdict
from outlast.judge.insights import Evidence, find_insights
from tests.judge.results import board, result


def headline(*results):
    made = board(*results)
    split = verdict.headline_split(made, None)
    records = [r.record for r in results]
    findings = find_insights(Evidence(made, split, records))
    return verdict.make_headline(made, split, findings)


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
