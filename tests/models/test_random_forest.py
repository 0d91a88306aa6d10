"""The forest kept as arrays against the forest that scikit-learn grew."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from outlast.models import FitContext, Matrix, make_model, random_forest

PARAMS = {"n_estimators": 15, "min_samples_leaf": 3, "max_features": 0.5}


def sample(task):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4)).astype(np.float32)
    X[rng.random(X.shape) < 0.1] = np.nan
    signal = np.nan_to_num(X[:, 0]) + 0.3 * rng.normal(size=300)
    y = {"binary": signal > 0, "multiclass": np.digitize(signal, [-0.4, 0.4]), "regression": signal}
    return Matrix(X, tuple("abcd"), (), y[task].astype(float))


@pytest.mark.parametrize(("task", "n_classes"),
                         [("binary", 2), ("multiclass", 3), ("regression", 1)])
def test_the_arrays_predict_what_the_forest_predicts(task, n_classes, monkeypatch):
    data = sample(task)
    grower = RandomForestRegressor if task == "regression" else RandomForestClassifier
    theirs = grower(random_state=0, **PARAMS).fit(data.X, data.y)
    expected = theirs.predict(data.X) if task == "regression" else theirs.predict_proba(data.X)
    model = make_model("random_forest", PARAMS).fit(data, {}, FitContext(task, n_classes))
    predicted = model.predict(data)
    np.testing.assert_allclose(predicted, expected[:, 1] if task == "binary" else expected)
    np.testing.assert_allclose(model.gain(), theirs.feature_importances_)
    monkeypatch.setattr(random_forest, "_CHUNK", 7)
    np.testing.assert_array_equal(model.predict(data), predicted)
