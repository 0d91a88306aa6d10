"""A newer model replaces an older one only where it was shown to be no worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from outlast import OutlastModel, retrain
from outlast.deployment.refitting import learning_panel
from outlast.deployment.retraining import _cut
from outlast.deployment.tables import Given
from outlast.errors import InputError
from outlast.judge.thresholds import DEFAULTS


def with_cadence(model, days):
    told = model.manifest_.told.model_copy(update={"retrain_days": days})
    manifest = model.manifest_.model_copy(update={"told": told})
    return OutlastModel().adopt(replace(model.trained_, manifest=manifest))


def test_before_its_time_nothing_is_done(shops):
    found = retrain(with_cadence(shops.model, 90.0), shops.days(0, 300))
    assert found.outcome == "not_due"
    assert "62 days later" in found.sentence
    assert found.trial is None
    assert "never due" in retrain(with_cadence(shops.model, None), shops.days(0, 300)).sentence


def test_without_new_rows_there_is_nothing_to_judge_on(shops):
    with pytest.raises(InputError, match="give a newer table"):
        retrain(shops.model, shops.days(0, 200), force=True)
    found = retrain(shops.model, shops.days(0, 250), force=True)
    assert found.outcome == "kept"
    assert "wait for more labels" in found.sentence


def test_neither_has_seen_the_rows_that_both_are_judged_on(shops):
    panel = learning_panel(shops.model.trained_, Given(shops.whole))
    cut, _ = _cut(shops.model.trained_, panel, DEFAULTS)
    learned = shops.model.manifest_.learned
    assert cut > learned.known
    new = np.unique(panel.time.ns[panel.labelled & (panel.time.ns >= learned.known)])
    assert np.searchsorted(new, cut) == new.size - new.size // 2


def test_where_the_world_has_changed_the_newer_one_replaces_it(shops):
    """From day 240 on the signal has the opposite sign."""
    changed = shops.whole.with_columns(pl.when(pl.int_range(pl.len()) >= 4 * 240)
                                       .then(-pl.col("copy")).otherwise("copy").alias("copy"))
    found = retrain(shops.model, changed, force=True)
    assert found.outcome == "replaced"
    assert found.trial.challenger > found.trial.champion
    assert found.trial.change.low > 0
    manifest = found.model.manifest_
    assert manifest.trial == found.trial
    assert manifest.parent
    assert manifest.learned.n_rows == 4 * 418
    # The trial is what the old model scores on those rows.
    from sklearn.metrics import roc_auc_score
    new = changed["day"].cast(pl.Datetime("ns")).cast(pl.Int64).to_numpy() >= found.trial.start
    labelled = new & (np.arange(changed.height) < 4 * 418)
    scores = shops.model.predict_proba(changed)[labelled, 1]
    assert found.trial.n_rows == labelled.sum()
    assert found.trial.champion == pytest.approx(roc_auc_score(changed["busy"].filter(labelled),
                                                               scores))


def test_a_worse_one_is_not_let_in(shops):
    """What is learned from days of noise between is worse on the last days, which are as ever."""
    at = pl.int_range(pl.len())
    spoiled = shops.whole.with_columns(
        busy=pl.when((at >= 4 * 240) & (at < 4 * 330)).then(1 - pl.col("busy")).otherwise("busy"))
    found = retrain(shops.model, spoiled, force=True)
    assert found.outcome == "kept"
    assert found.model is shops.model
    assert found.trial.challenger < found.trial.champion
    assert "is kept" in found.sentence


def test_how_much_worse_it_may_be_is_for_the_user_to_say(shops):
    table = shops.days(0, 300)
    strict = retrain(shops.model, table, force=True, tolerance=1e-9)
    loose = retrain(with_cadence(shops.model, 30.0), table, tolerance=0.5)
    assert strict.outcome == "kept"
    assert "--tolerance" in strict.sentence
    assert loose.outcome == "replaced"
    assert "it is due" in loose.sentence
