"""What every registered model promises, on every task that it does."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from outlast.errors import InputError
from outlast.models import MODELS, FitContext, Matrix, default_models, load_model, make_model

CLASSES = {"binary": 2, "multiclass": 3, "regression": 1}
CASES = [(name, task) for name, kind in MODELS.items() for task in kind.tasks]
SMALL = {"random_forest": {"n_estimators": 20}, "linear": {"alpha": 1.0}}
BOOSTERS = [(name, task) for name, task in CASES if MODELS[name].stops_early]
every_case = pytest.mark.parametrize(("name", "task"), CASES)
every_booster = pytest.mark.parametrize(("name", "task"), BOOSTERS)
every_model = pytest.mark.parametrize("name", list(MODELS))


def table(task, n=240, seed=0, noise=0.5):
    """Signal in `a` and in category `c`; `b` has holes, `d` is constant, `e` is empty."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5)).astype(np.float32)
    X[:, 2] = rng.integers(0, 4, n)
    X[rng.random(n) < 0.2, 1] = np.nan
    X[rng.random(n) < 0.1, 2] = np.nan
    X[:, 3], X[:, 4] = 7.0, np.nan
    signal = X[:, 0] + (X[:, 2] == 1) + noise * rng.normal(size=n)
    y = signal if task == "regression" else np.digitize(signal, [0.2, 1.0][: CLASSES[task] - 1])
    last = np.where(rng.random(n) < 0.1, np.nan, y)
    return Matrix(X, ("a", "b", "c", "d", "e"), (2,), y.astype(np.float64), last)


def context(task, seed=0):
    return FitContext(task, CLASSES[task], seed)


def fitted(name, task, seed=0, **options):
    model = make_model(name, SMALL.get(name))
    if not model.stops_early:
        options = {}
    elif not options:
        options = {"n_iterations": 12}
    return model.fit(table(task), {}, context(task, seed), **options)


@every_case
def test_predictions_have_the_promised_shape_and_range(name, task):
    model, data = fitted(name, task), table(task, n=50, seed=1)
    predicted = model.predict(data)
    assert predicted.dtype == np.float64
    assert predicted.shape == ((50, 3) if task == "multiclass" else (50,))
    assert np.isfinite(predicted).all()
    if task != "regression":
        assert predicted.min() >= 0
        assert predicted.max() <= 1
    if task == "multiclass":
        np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=1e-12)
    assert model.predict(data.take(slice(0, 1))).shape[0] == 1


@every_case
def test_the_signal_is_learned_unless_the_model_ignores_it(name, task):
    data = table(task, n=200, seed=1)
    predicted = fitted(name, task, n_iterations=60).predict(data)
    truth = data.y if task == "regression" else np.eye(CLASSES[task])[data.y.astype(int)]
    guess = np.column_stack([1 - predicted, predicted]) if task == "binary" else predicted
    usual = fitted("prior", task).predict(data)
    usual = np.column_stack([1 - usual, usual]) if task == "binary" else usual
    error, base = ((truth - guess) ** 2).mean(), ((truth - usual) ** 2).mean()
    assert error == base if name == "prior" else error < 0.8 * base


@every_case
def test_the_same_seed_gives_the_same_bits(name, task):
    data = table(task, seed=1)
    first, second = fitted(name, task, seed=3), fitted(name, task, seed=3)
    np.testing.assert_array_equal(first.predict(data), second.predict(data))


@every_case
def test_a_saved_model_predicts_and_explains_the_same(name, task, tmp_path):
    model, data = fitted(name, task), table(task, seed=1)
    files = model.save(tmp_path)
    assert sorted(files) == sorted(path.name for path in tmp_path.iterdir())
    loaded = load_model(tmp_path)
    assert loaded.card == model.card
    np.testing.assert_array_equal(loaded.predict(data), model.predict(data))
    for ours, theirs in ((loaded.gain(), model.gain()),
                         (loaded.contributions(data), model.contributions(data))):
        if theirs is None:
            assert ours is None
        else:
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-8)


@every_case
def test_saving_twice_writes_the_same_bytes(name, task, tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        fitted(name, task).save(folder)
    for path in folders[0].iterdir():
        if path.suffix != ".cbm":  # CatBoost writes the time of training into its file
            assert path.read_bytes() == (folders[1] / path.name).read_bytes()


@every_case
def test_unseen_and_missing_categories_are_predicted(name, task):
    data = table(task, n=20, seed=1)
    for code in (np.nan, 9.0):
        X = data.X.copy()
        X[:, 2] = code
        strange = Matrix(X, data.columns, data.categorical, last_known=data.last_known)
        assert np.isfinite(fitted(name, task).predict(strange)).all()


@every_case
def test_gain_and_contributions_have_one_entry_per_column(name, task):
    model, data = fitted(name, task), table(task, n=30, seed=1)
    gain, shares = model.gain(), model.contributions(data)
    if MODELS[name].is_baseline:
        assert gain is None
        assert shares is None
        return
    assert gain.shape == (5,)
    assert (gain >= 0).all()
    assert gain.argmax() == 0
    assert gain[3] == gain[4] == 0
    if shares is not None:
        assert shares.shape == (30, 5)
        assert np.abs(shares).mean(axis=0).argmax() == 0


def raw_scores(model, data):
    predicted = model.predict(data)
    task = model.card.context.task
    if task == "regression":
        return predicted[:, None]
    if task == "binary":
        return np.log(predicted / (1 - predicted))[:, None]
    return np.log(predicted)


@pytest.mark.parametrize(("name", "task"), [*BOOSTERS, *(("linear", task) for task in CLASSES)])
def test_contributions_sum_to_the_raw_score_less_a_constant(name, task):
    model, data = fitted(name, task), table(task, n=40, seed=1)
    shares = np.asarray(model._contributions(data)).reshape(40, -1, 5).sum(axis=2)
    scores = raw_scores(model, data)
    if task == "multiclass":  # a softmax forgets what all classes have in common
        shares, scores = shares - shares[:, :1], scores - scores[:, :1]
    np.testing.assert_allclose(np.ptp(scores - shares, axis=0), 0, atol=1e-5)
    assert np.ptp(scores) > 0.1


@every_booster
def test_exactly_so_many_rounds_are_boosted(name, task):
    valid = table(task, seed=2)
    model = fitted(name, task, n_iterations=7, valid=valid)
    assert model.n_iterations == 7
    np.testing.assert_array_equal(
        model.predict(valid), fitted(name, task, n_iterations=7).predict(valid)
    )


@every_booster
def test_the_default_number_of_rounds_can_be_set(name, task):
    model = make_model(name, {"n_iterations": 4})
    assert model.fit(table(task), {}, context(task)).n_iterations == 4
    assert model.fit(table(task), {"n_iterations": 5}, context(task)).n_iterations == 5
    assert model.fit(table(task), {}, context(task), valid=table(task)).n_iterations == 4


@every_booster
def test_early_stopping_obeys_the_watched_rows(name, task):
    good = table(task, seed=2)
    shuffled = np.random.default_rng(0).permutation(good.y)
    bad = Matrix(good.X, good.columns, good.categorical, shuffled)
    learned = fitted(name, task, valid=good)
    assert fitted(name, task, valid=bad).n_iterations < learned.n_iterations
    again = fitted(name, task, n_iterations=learned.n_iterations)
    np.testing.assert_array_equal(again.predict(good), learned.predict(good))


@every_case
def test_labels_are_read_from_the_training_rows_alone(name, task):
    model, data = fitted(name, task), table(task, n=20, seed=1)
    blind = Matrix(data.X, data.columns, data.categorical, last_known=data.last_known)
    np.testing.assert_array_equal(model.predict(data), model.predict(blind))


@every_case
def test_nothing_is_printed_or_left_in_the_working_folder(name, task, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {"valid": table(task, seed=2)} if MODELS[name].stops_early else {}
    model = fitted(name, task, **options)
    model.predict(table(task))
    model.contributions(table(task))
    assert list(tmp_path.iterdir()) == []
    model.save(tmp_path)
    load_model(tmp_path).predict(table(task))
    assert capfd.readouterr() == ("", "")


@every_model
def test_a_class_that_training_lacks_has_a_column_all_the_same(name):
    data = table("multiclass")
    small = make_model(name, SMALL.get(name))
    model = small.fit(data.take(data.y < 2), {}, context("multiclass"), n_iterations=30)
    predicted = model.predict(data)
    assert predicted.shape == (240, 3)
    assert predicted[:, 2].max() < 0.05 if name != "last_value" else predicted.shape[1] == 3


@every_model
def test_one_class_is_refused_except_by_baselines(name):
    data = table("binary")
    single = data.take(data.y == 0)
    model = make_model(name)
    if model.is_baseline:
        assert model.fit(single, {}, context("binary")).predict(data).max() < 0.7
        return
    with pytest.raises(InputError, match="one class only; train on a longer span"):
        model.fit(single, {}, context("binary"))


@every_model
def test_categories_alone_are_enough(name):
    data = table("binary")
    only = Matrix(data.X[:, [2]], ("c",), (0,), data.y, data.last_known)
    small = make_model(name, SMALL.get(name))
    model = small.fit(only, {}, context("binary"), n_iterations=5)
    assert np.isfinite(model.predict(only)).all()


@every_model
def test_hostile_column_names_are_fine(name, tmp_path):
    data = table("binary")
    names = ("a[0]<1>", '"; drop', "a b\n", "naïve😀", "{{7*7}}")
    strange = Matrix(data.X, names, data.categorical, data.y, data.last_known)
    small = make_model(name, SMALL.get(name))
    model = small.fit(strange, {}, context("binary"), n_iterations=5)
    model.save(tmp_path)
    np.testing.assert_array_equal(load_model(tmp_path).predict(strange), model.predict(strange))


@every_model
def test_infinite_values_are_refused_by_name(name):
    data = table("binary")
    data.X[3, 1] = np.inf
    with pytest.raises(InputError, match="column 'b' holds infinite values"):
        make_model(name).fit(data, {}, context("binary"))


@every_model
def test_missing_labels_are_refused(name):
    data = table("binary")
    data.y[0] = np.nan
    with pytest.raises(InputError, match="a label in every row"):
        make_model(name).fit(data, {}, context("binary"))


@every_model
def test_other_columns_are_refused(name):
    model, data = fitted(name, "binary"), table("binary")
    renamed = Matrix(data.X, ("a", "b", "c", "d", "f"), data.categorical)
    with pytest.raises(InputError, match="the model learned from the columns"):
        model.predict(renamed)


@every_model
def test_the_search_space_and_the_grid_surround_the_defaults(name):
    model = make_model(name)
    space, grid, defaults = model.space(), model.grid(), model.defaults()
    assert len(space) <= 7
    assert bool(space) == bool(grid)
    for key, distribution in space.items():
        assert distribution.low <= defaults[key] <= distribution.high
    assert all(defaults[key] in values for key, values in grid.items())
    assert np.prod([len(values) for values in grid.values()], initial=1) <= 12


@every_model
def test_what_the_caller_sets_is_not_searched(name):
    for key in make_model(name).space():
        model = make_model(name, {key: make_model(name).defaults()[key]})
        assert key not in model.space()
        assert key not in model.grid()


@every_model
def test_the_registry_key_is_the_name(name):
    assert MODELS[name].name == name


@every_model
def test_a_saved_card_is_plain_json(name, tmp_path):
    fitted(name, "binary").save(tmp_path)
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["kind"] == name
    assert card["columns"] == ["a", "b", "c", "d", "e"]


def test_models_are_listed_without_loading_their_libraries():
    heavy = ["lightgbm", "xgboost", "catboost", "optuna", "sklearn"]
    code = ("import sys, outlast.models as m; m.default_models(); m.make_model('lightgbm');"
            f"print([name for name in {heavy} if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_forest_is_not_compared_by_default():
    assert "random_forest" not in default_models()
    assert set(default_models()) <= set(MODELS)
