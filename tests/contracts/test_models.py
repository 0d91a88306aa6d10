"""Every registered model keeps the contract, on each of its tasks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest

from outlast.models import MODELS, Model, default_models, load_model, make_model
from outlast.records import Task
from outlast.testing import ModelContract
from outlast.testing.fitted import context_of, labelled_rows

SMALL = {"random_forest": {"n_estimators": 20}, "linear": {"alpha": 1.0}}
CASES = [pytest.param((name, task), id=f"{name}-{task}")
         for name, kind in MODELS.items() for task in kind.tasks]
every_model = pytest.mark.parametrize("name", list(MODELS))


class TestEveryModel(ModelContract):
    dated_files = (".cbm",)

    @pytest.fixture(autouse=True, params=CASES)
    def example(self, request: pytest.FixtureRequest) -> None:
        self.name, self.task = request.param

    def model(self) -> Model:
        return make_model(self.name, SMALL.get(self.name))

    def tasks(self) -> Sequence[Task]:
        return [self.task]


@every_model
def test_the_registry_key_is_the_name(name):
    assert MODELS[name].name == name


@every_model
def test_a_saved_model_is_found_again_by_the_name_on_its_card(name, tmp_path):
    data = labelled_rows("binary")
    model = make_model(name, SMALL.get(name)).fit(data, {}, context_of("binary"), n_iterations=5)
    model.save(tmp_path)
    loaded = load_model(tmp_path)
    assert type(loaded) is MODELS[name].fitted
    np.testing.assert_array_equal(loaded.predict(data), model.predict(data))


@every_model
def test_a_search_has_at_most_seven_dimensions(name):
    assert len(make_model(name).space()) <= 7


def test_models_are_listed_without_loading_their_libraries():
    heavy = ["lightgbm", "xgboost", "catboost", "optuna", "sklearn"]
    code = ("import sys, outlast.models as m; m.default_models(); m.make_model('lightgbm');"
            f"print([name for name in {heavy} if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_forest_is_not_compared_by_default():
    assert "random_forest" not in default_models()
    assert set(default_models()) <= set(MODELS)
