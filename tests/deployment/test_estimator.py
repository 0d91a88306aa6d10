"""A model is an estimator of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.metrics import get_scorer, roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from outlast import OutlastModel
from outlast.errors import InputError


def test_what_it_says_of_itself(shops):
    model = OutlastModel.load(shops.saved)
    assert is_classifier(model)
    assert not is_regressor(model)
    assert model.classes_.tolist() == [0, 1]
    assert model.n_features_in_ == len(model.feature_names_in_)
    assert {"day", "shop", "copy"} <= set(model.feature_names_in_)
    assert "busy" not in model.feature_names_in_
    check_is_fitted(model)


def test_a_clone_has_the_folder_and_nothing_learned(shops):
    copied = clone(OutlastModel.load(shops.saved))
    assert copied.get_params() == {"folder": shops.saved, "features": None}
    with pytest.raises(NotFittedError, match=r"OutlastModel\.load"):
        copied.predict(shops.days(0, 10))


def test_fit_learns_the_same_configuration_from_another_table(shops):
    table = shops.days(0, 240)
    again = OutlastModel(shops.saved).fit(table)
    assert np.array_equal(again.predict_proba(table), shops.model.predict_proba(table))
    longer = OutlastModel(shops.saved).fit(shops.days(0, 260))
    assert longer.manifest_.learned.n_rows == 4 * 258
    given = OutlastModel(shops.saved).fit(table.drop("busy"), table["busy"].to_numpy())
    assert np.array_equal(given.predict_proba(table), shops.model.predict_proba(table))
    with pytest.raises(InputError, match="no configuration to fit"):
        OutlastModel().fit(table)
    with pytest.raises(InputError, match="lacks the column 'busy'"):
        OutlastModel(shops.saved).fit(table.drop("busy"))


def test_metrics_and_pipelines_take_it(shops):
    table = shops.days(0, 300).to_pandas().sample(frac=1.0, random_state=0)
    truth = table["busy"]
    model = OutlastModel.load(shops.saved)
    scores = model.predict_proba(table)[:, 1]
    assert get_scorer("roc_auc")(model, table, truth) == roc_auc_score(truth, scores)
    assert get_scorer("accuracy")(model, table, truth) == np.mean((scores >= 0.5) == truth)
    whole = Pipeline([("as it is", "passthrough"), ("model", model)])
    assert np.array_equal(whole.predict(table), model.predict(table))
    # The order of the rows that were given is kept.
    ordered = model.predict_proba(shops.days(0, 300))[:, 1]
    assert np.array_equal(ordered[table.index.to_numpy()], scores)


def test_new_days_are_ranked_as_promised(shops):
    model, table = shops.model, shops.whole
    new = np.arange(table.height) >= 4 * 242
    found = roc_auc_score(table["busy"].filter(new), model.predict_proba(table)[new, 1])
    promise = model.manifest_.told.promise.score
    assert promise.low <= found <= promise.high
