import numpy as np
import pytest
from arch.bootstrap import SPA

from outlast.audit.base import Facts
from outlast.audit.best_of_many import BestOfMany
from outlast.errors import InputError
from outlast.features import make_recipe
from outlast.judge.insights import Evidence
from outlast.judge.insights.winner import NothingBeatsBaseline
from outlast.judge.luck import best_of_many, luck_finding
from tests.judge.results import board, result
from tests.tables import shop_panel


def luck(seed=0, lead=0.0, n_times=300, n=20):
    rng = np.random.default_rng(seed)
    baseline = rng.normal(1, 1, n_times)
    losses = baseline[:, None] + rng.normal(0, 0.5, (n_times, n))
    losses[:, 3] -= lead
    return losses, baseline, [f"m{i}" for i in range(n)]


def test_the_best_of_many_without_skill_is_an_issue():
    losses, baseline, names = luck()
    finding = best_of_many(losses, baseline, block=4, names=names)
    assert (finding.code, finding.outcome, finding.blocking) == ("LK307", "issue", False)
    assert finding.evidence["lead"] == pytest.approx((baseline - losses.T).mean(axis=1).max())
    assert finding == best_of_many(losses, baseline, block=4, names=names)


def test_skill_passes_and_names_the_best():
    losses, baseline, names = luck(lead=0.3)
    finding = best_of_many(losses, baseline, block=4, names=names)
    assert finding.outcome == "passed"
    assert "m3, beats the baseline" in finding.sentence


def test_the_loss_is_named_and_what_is_counted_is_told():
    made = board(result("lightgbm", 1.0), result("xgboost", 1.0, seed=2), result("prior", 0),
                 ensembles=True)
    told = luck_finding(made, "temporal", 0).sentence
    assert "The best of 3 configurations (the ensemble is one of them), ensemble, beats the " \
           "baseline by 0.1" in told
    assert " in mean log loss (nats); the best of 3 without skill would do so in 0.2% of" in told
    evidence = Evidence(made, "temporal", [])
    assert "The best of 3 configurations (the ensemble is one of them)" in (
        NothingBeatsBaseline().judge(evidence).sentence)
    one = luck_finding(board(result("lightgbm", 1.0), result("prior", 0)), "temporal", 0)
    assert one.sentence.startswith("The one configuration, lightgbm, beats the baseline by")
    lost = luck_finding(board(result("lightgbm", -1.0), result("prior", 0)), "temporal", 0)
    assert lost.sentence.startswith("The one configuration, lightgbm, does not beat the baseline")
    assert lost.action == "Do not trust the lead: test it on data that it has not seen."


def test_one_wild_configuration_does_not_hide_the_skill_of_another():
    losses, baseline, names = luck(lead=0.3)
    losses[:, 5] = baseline + np.random.default_rng(1).normal(0, 50, 300)
    losses[:, 5] -= (losses[:, 5] - baseline).mean()
    assert best_of_many(losses, baseline, block=4, names=names).outcome == "passed"


def test_configurations_that_all_lose_or_equal_the_baseline_are_an_issue():
    losses, baseline, names = luck()
    finding = best_of_many(losses + 1, baseline, block=4, names=names)
    assert (finding.outcome, finding.evidence["p_value"]) == ("issue", 1.0)
    assert "None of 20" in finding.sentence
    same = best_of_many(baseline[:, None], baseline, block=4, names=["same"])
    assert same.outcome == "issue"


def test_the_p_value_is_that_of_arch():
    for seed in range(3):
        losses, baseline, names = luck(seed, lead=0.06 * seed)
        gains = baseline[:, None] - losses
        # arch compares plain means, so the columns are brought to one spread first.
        test = SPA(np.zeros(300), -gains / gains.std(axis=0), block_size=3, reps=1999,
                   bootstrap="circular", seed=seed)
        test.compute()
        found = best_of_many(losses, baseline, block=3, names=names, seed=seed, repeats=1999)
        assert found.evidence["p_value"] == pytest.approx(test.pvalues["consistent"], abs=0.05)


def test_the_best_of_many_needs_results_and_enough_time():
    panel = shop_panel(n_days=20)
    facts = Facts(panel, make_recipe(panel).transform(panel))
    before = BestOfMany().look(facts)
    assert before.outcome == "not_applicable"
    losses, baseline, names = luck(n_times=30)
    after = best_of_many(losses, baseline, block=10, names=names)
    assert after.outcome == "not_applicable"
    assert (before.code, before.title) == (after.code, after.title)


def test_losses_that_do_not_fit_are_refused():
    losses, baseline, names = luck()
    with pytest.raises(InputError, match="a name per column"):
        best_of_many(losses, baseline, block=4, names=names[1:])
    with pytest.raises(InputError, match="finite"):
        best_of_many(np.full_like(losses, np.nan), baseline, block=4, names=names)
