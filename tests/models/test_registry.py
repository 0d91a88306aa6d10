"""Finding, making and loading models by name."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from outlast import models
from outlast.errors import InputError, MissingDependencyError
from outlast.models import FitContext, Matrix, default_models, load_model, make_model


@pytest.fixture
def without_catboost(monkeypatch):
    def find(name):
        return None if name == "catboost" else importlib.util.find_spec(name)

    monkeypatch.setattr(models, "find_spec", find)


@pytest.fixture
def saved(tmp_path):
    train = Matrix(np.zeros((2, 1), np.float32), ("a",), y=np.array([0.0, 1.0]))
    make_model("prior").fit(train, {}, FitContext("binary", 2)).save(tmp_path)
    return tmp_path


def test_a_mistyped_model_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="unknown model 'lightgmb': did you mean 'lightgbm'"):
        make_model("lightgmb")


def test_a_missing_library_is_named_with_its_extra(without_catboost):
    with pytest.raises(MissingDependencyError, match=r"pip install 'outlast\[catboost\]'"):
        make_model("catboost")


def test_a_missing_library_is_left_out_of_the_defaults(without_catboost):
    assert default_models() == ["prior", "last_value", "linear", "lightgbm", "xgboost"]


def test_the_defaults_are_baselines_then_linear_then_boosters():
    assert default_models() == ["prior", "last_value", "linear", "lightgbm", "xgboost", "catboost"]


def test_a_mistyped_parameter_of_an_own_model_is_refused():
    train = Matrix(np.zeros((2, 1), np.float32), ("a",), y=np.array([0.0, 1.0]))
    for model, params in ((make_model("linear", {"alfa": 1}), {}),
                          (make_model("linear"), {"alfa": 1})):
        with pytest.raises(InputError, match="unknown linear parameter 'alfa': did you mean"):
            model.fit(train, params, FitContext("binary", 2))


def test_an_empty_folder_holds_no_model(tmp_path):
    with pytest.raises(InputError, match="holds no saved model"):
        load_model(tmp_path)


def test_a_missing_file_is_named(saved):
    (saved / "arrays.npz").unlink()
    with pytest.raises(InputError, match=r"holds no saved model: .*arrays\.npz"):
        load_model(saved)


@pytest.mark.parametrize("text", ["", "{", '{"kind": "prior"}', "[1]"])
def test_a_damaged_card_is_refused(saved, text):
    (saved / "model.json").write_text(text)
    with pytest.raises(InputError, match=r"model\.json does not describe a model"):
        load_model(saved)


def test_a_card_of_an_unknown_kind_is_refused(saved):
    card = json.loads((saved / "model.json").read_text())
    (saved / "model.json").write_text(json.dumps({**card, "kind": "os:system"}))
    with pytest.raises(InputError, match="unknown model 'os:system'"):
        load_model(saved)


def test_arrays_that_need_pickle_are_refused_at_loading(saved):
    np.savez(saved / "arrays.npz", prior=np.array([{"code": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_model(saved)
