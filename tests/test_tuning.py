"""The search sees the training rows alone, and never lets the scored rows decide when to stop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from outlast.data.events import Events
from outlast.data.times import Instants
from outlast.errors import InputError
from outlast.metrics import METRICS
from outlast.models import FitContext, Matrix, Model, make_model
from outlast.models.lightgbm import LightGBM
from outlast.models.linear import FittedLinear, Linear
from outlast.splits import make_splitter
from outlast.tuning import Search, Times, inherited_rules, tune

DAY = 86_400 * 10**9
AUC, BINARY = METRICS["roc_auc"], FitContext("binary", 2)
KINDS = ("optuna", "random", "grid")
every_kind = pytest.mark.parametrize("kind", KINDS)


def sample(n_days=120, horizon=5, seed=0):
    """Three rows a day whose labels take `horizon` days; column `id` is the row's number."""
    rng = np.random.default_rng(seed)
    n = 3 * n_days
    X = rng.normal(size=(n, 4)).astype(np.float32)
    X[:, 3] = np.arange(n)
    y = (X[:, 0] + 0.5 * X[:, 1] + rng.normal(size=n) > 0).astype(float)
    day = np.repeat(np.arange(n_days), 3) * DAY
    times = Times(Instants(day, "naive"), day + horizon * DAY)
    return Matrix(X, ("a", "b", "c", "id"), (), y), times


def without_seconds(tuned):
    return replace(tuned, trials=tuple(t.model_copy(update={"seconds": 0.0}) for t in tuned.trials))


class Watched(LightGBM):
    """LightGBM that notes which rows it was given; the column `id` names them."""

    def __init__(self, params=None):
        super().__init__(params)
        self.calls = []

    def fit(self, train, params, context, **options):
        fitted = super().fit(train, params, context, **options)
        rows = {"core": train.X[:, 3].astype(int), "tail": options["valid"].X[:, 3].astype(int)}
        rows["rounds"] = fitted.n_iterations
        self.calls.append(rows)
        predict = fitted.predict

        def noting(data):
            rows["scored"] = data.X[:, 3].astype(int)
            return predict(data)

        fitted.predict = noting
        return fitted


class Touchy(Linear):
    """Linear model that breaks down above an alpha, or predicts nonsense below another."""

    breaks_above, nonsense_below = 1e3, 0.0

    def _fit(self, order):
        alpha = order.params["alpha"]
        if alpha > self.breaks_above:
            raise FloatingPointError("did not converge")
        return FittedLinear(*self._parts(super()._fit(order), alpha < self.nonsense_below))

    def _parts(self, fitted, nonsense):
        wrong = {"intercept": np.array([np.nan])} if nonsense else {}
        return fitted.card, {**fitted.arrays, **wrong}


@pytest.mark.parametrize(("name", "n_iterations"), [("lightgbm", 300), ("linear", None)])
def test_without_a_search_the_defaults_stand(name, n_iterations):
    data, times = sample()
    model = make_model(name)
    tuned = tune(model, data, times, Search("none"), AUC, BINARY)
    defaults = model.defaults()
    assert tuned.n_iterations == n_iterations == defaults.pop("n_iterations", None)
    assert (tuned.params, tuned.trials, tuned.note) == (defaults, (), "")


@every_kind
@pytest.mark.parametrize("name", ["prior", "last_value"])
def test_a_model_without_a_space_is_not_searched(kind, name):
    tuned = tune(make_model(name), *sample(), Search(kind), AUC, BINARY)
    assert (tuned.params, tuned.n_iterations, tuned.trials) == ({}, None, ())


@every_kind
def test_the_defaults_are_the_first_trial(kind):
    model = make_model("linear")
    tuned = tune(model, *sample(), Search(kind, 3), AUC, BINARY)
    assert len(tuned.trials) == 3
    assert [trial.number for trial in tuned.trials] == [0, 1, 2]
    assert tuned.trials[0].params == model.defaults()
    assert len({trial.params["alpha"] for trial in tuned.trials}) == 3


@every_kind
def test_the_same_seed_gives_the_same_search(kind):
    search = Search(kind, 6)
    first, second = (tune(make_model("lightgbm"), *sample(), search, AUC, BINARY) for _ in "ab")
    assert without_seconds(first) == without_seconds(second)
    other = tune(make_model("lightgbm"), *sample(), search, AUC, replace(BINARY, seed=1))
    assert [t.params for t in other.trials[1:]] != [t.params for t in first.trials[1:]]


def test_the_grid_is_walked_once_in_random_order():
    model = make_model("linear")
    values = model.grid()["alpha"]
    tuned = tune(model, *sample(), Search("grid", 100), AUC, BINARY)
    tried = [trial.params["alpha"] for trial in tuned.trials]
    assert sorted(tried) == sorted(values)
    assert tried[1:] != sorted(tried[1:])


def test_a_grid_larger_than_the_budget_is_sampled():
    model = make_model("lightgbm")
    tuned = tune(model, *sample(), Search("grid", 4, inner_splits=1), AUC, BINARY)
    points = [tuple(sorted(trial.params.items())) for trial in tuned.trials]
    assert len(set(points)) == 4
    assert all(dict(point)[key] in model.grid()[key] for point in points for key in model.grid())


@every_kind
@pytest.mark.parametrize("metric", ["roc_auc", "log_loss"])
def test_the_best_mean_score_wins_in_the_direction_of_the_metric(kind, metric):
    tuned = tune(make_model("linear"), *sample(), Search(kind, 7), METRICS[metric], BINARY)
    complete = [trial for trial in tuned.trials if trial.state == "complete"]
    best = max if METRICS[metric].greater_is_better else min
    winner = best(complete, key=lambda trial: trial.score)
    assert tuned.params["alpha"] == winner.params["alpha"]
    assert winner.score == pytest.approx(np.mean(winner.fold_scores))
    assert len({trial.score for trial in complete}) > 1


def test_a_trial_that_falls_behind_is_pruned_and_never_chosen():
    tuned = tune(make_model("linear"), *sample(), Search("random", 12), AUC, BINARY)
    pruned = [trial for trial in tuned.trials if trial.state == "pruned"]
    complete = [trial for trial in tuned.trials if trial.state == "complete"]
    assert pruned
    assert all(trial.score is None and len(trial.fold_scores) == 1 for trial in pruned)
    assert all(len(trial.fold_scores) == 2 for trial in complete)
    assert tuned.trials[0].state == "complete"
    assert tuned.params["alpha"] in [trial.params["alpha"] for trial in complete]


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost"])
def test_binned_rows_that_trials_share_change_no_score(name, monkeypatch):
    search, fit = Search("random", 4), Model.fit
    shared = tune(make_model(name), *sample(), search, AUC, BINARY)

    def fit_alone(model, train, params, context, *, valid, **options):
        train, valid = (side.take(slice(None)) for side in (train, valid))
        return fit(model, train, params, context, valid=valid, **options)

    monkeypatch.setattr(Model, "fit", fit_alone)
    alone = tune(make_model(name), *sample(), search, AUC, BINARY)
    assert without_seconds(shared) == without_seconds(alone)


@pytest.mark.parametrize("seed", range(5))
def test_a_race_keeps_the_one_trial_that_learns_what_is_planted(seed):
    """Whatever the order of the trials, the only alpha that lets the model learn wins."""
    model = Linear()
    model.grid_points = {"alpha": [1e12, 1e11, 1e10, 1e9, 1e8, 1e7, 1e6, 1.0, 100.0]}
    model.default_params = {"alpha": 1e12}
    data, times = sample(n_days=400, seed=seed)
    search = Search("grid", 9, inner_splits=4)
    tuned = tune(model, data, times, search, METRICS["log_loss"], replace(BINARY, seed=seed))
    assert tuned.params["alpha"] in (1.0, 100.0)
    assert "pruned" in {trial.state for trial in tuned.trials}


def test_after_each_fold_the_best_third_of_those_that_came_as_far_goes_on():
    tuned = tune(make_model("linear"), *sample(), Search("random", 30, inner_splits=3), AUC, BINARY)
    for n_folds in (1, 2):
        means = []
        for trial in (t for t in tuned.trials if len(t.fold_scores) >= n_folds):
            means.append(np.mean(trial.fold_scores[:n_folds]))
            enough = sorted(means, reverse=True)[max(1, len(means) // 3) - 1]
            assert (len(trial.fold_scores) > n_folds) == (means[-1] >= enough)
    assert {len(trial.fold_scores) for trial in tuned.trials} == {1, 2, 3}


def test_a_time_budget_ends_the_search_and_the_note_says_so():
    search = Search("random", 500, time_budget=1e-9)
    tuned = tune(make_model("linear"), *sample(), search, AUC, BINARY)
    assert [trial.state for trial in tuned.trials] == ["complete"]
    assert tuned.note == "the time budget of 1e-09 s ended the search after 1 of 500 trials"
    enough = replace(search, n_trials=3, time_budget=1e9)
    free = tune(make_model("linear"), *sample(), replace(enough, time_budget=None), AUC, BINARY)
    assert without_seconds(tune(make_model("linear"), *sample(), enough, AUC, BINARY)) == (
        without_seconds(free))


@pytest.mark.parametrize("rules", [{}, {"gap": "3D"}])
@pytest.mark.parametrize("inner_splits", [1, 3])
def test_fitted_watched_and_scored_rows_follow_each_other_without_overlap(rules, inner_splits):
    data, times = sample()
    model = Watched()
    search = Search("random", 2, inner_splits)
    tuned = tune(model, data, replace(times, rules=rules), search, AUC, BINARY)
    gap = 3 * DAY if rules else 0
    assert len(model.calls) == sum(len(trial.fold_scores) for trial in tuned.trials)
    for rows in model.calls:
        for earlier, later in (("core", "tail"), ("core", "scored"), ("tail", "scored")):
            known = times.label_end[rows[earlier]].max()
            assert known <= times.time.ns[rows[later]].min() - gap
        assert len(rows["tail"]) < len(rows["core"]) / 2
    last = max(rows["scored"].max() for rows in model.calls)
    assert last == len(data) - 1


def test_the_labels_of_the_scored_rows_never_decide_when_to_stop():
    data, times = sample()
    search = Search("random", 5, inner_splits=1)
    model = Watched()
    tuned = tune(model, data, times, search, AUC, BINARY)
    y = data.y.copy()
    scored = model.calls[0]["scored"]
    y[scored] = np.random.default_rng(1).permutation(y[scored])
    blind = tune(make_model("lightgbm"), replace(data, y=y), times, search, AUC, BINARY)
    assert [t.n_iterations for t in blind.trials] == [t.n_iterations for t in tuned.trials]
    assert [t.score for t in blind.trials] != [t.score for t in tuned.trials]
    y[model.calls[0]["tail"]] = 1 - y[model.calls[0]["tail"]]
    misled = tune(make_model("lightgbm"), replace(data, y=y), times, search, AUC, BINARY)
    assert [t.n_iterations for t in misled.trials] != [t.n_iterations for t in tuned.trials]


def test_rows_outside_the_training_part_change_nothing():
    data, times = sample()
    (fold,) = make_splitter("temporal").folds(times.time.ns, times.label_end)
    X, y = data.X.copy(), data.y.copy()
    X[fold.test], y[fold.test] = 1e6, 1 - y[fold.test]
    spoilt = replace(data, X=X, y=y)
    first, second = (
        tune(make_model("lightgbm"), side.take(fold.train), times.take(fold.train),
             Search("optuna", 4), AUC, BINARY)
        for side in (data, spoilt)
    )
    assert without_seconds(first) == without_seconds(second)


@pytest.mark.parametrize("inner_splits", [1, 2, 3])
def test_the_rounds_are_the_upper_quartile_over_the_inner_folds(inner_splits):
    model = Watched()
    tuned = tune(model, *sample(), Search("random", 1, inner_splits), AUC, BINARY)
    rounds = [rows["rounds"] for rows in model.calls]
    assert len(set(rounds)) == inner_splits
    assert tuned.n_iterations == tuned.trials[0].n_iterations == round(np.quantile(rounds, 0.75))
    assert "n_iterations" not in tuned.params


def test_what_the_caller_sets_is_kept_and_not_searched():
    model = make_model("lightgbm", {"num_leaves": 5, "n_iterations": 9, "min_data_in_leaf": 9})
    tuned = tune(model, *sample(), Search("random", 3), AUC, BINARY)
    assert tuned.params["num_leaves"] == 5
    assert tuned.n_iterations == 9
    assert all("num_leaves" not in trial.params for trial in tuned.trials)


def test_a_trial_that_breaks_down_is_recorded_and_the_others_go_on():
    tuned = tune(Touchy(), *sample(), Search("grid", 10), AUC, BINARY)
    states = {trial.params["alpha"]: trial.state for trial in tuned.trials}
    assert states.pop(1e4) == states.pop(1e5) == "failed"
    assert "failed" not in states.values()
    failed = next(trial for trial in tuned.trials if trial.state == "failed")
    assert (failed.score, failed.fold_scores) == (None, ())
    assert tuned.params["alpha"] <= 1e3


def test_predictions_that_are_no_numbers_fail_their_trial():
    model = Touchy()
    model.nonsense_below = 50.0
    tuned = tune(model, *sample(), Search("grid", 10), AUC, BINARY)
    assert {t.params["alpha"] for t in tuned.trials if t.state == "failed"} == {
        0.1, 1.0, 10.0, 1e4, 1e5,
    }
    assert tuned.params["alpha"] in (100.0, 1e3)


def test_when_every_trial_fails_the_defaults_stand_and_the_note_says_so():
    model = Touchy()
    model.breaks_above = 0.0
    tuned = tune(model, *sample(), Search("grid", 3), AUC, BINARY)
    assert tuned.params == model.defaults()
    assert tuned.note == "every trial failed, so the defaults were used"
    assert [trial.state for trial in tuned.trials] == ["failed"] * 3


def test_bad_input_is_an_error_and_not_a_failed_trial():
    data, times = sample()
    data.X[0, 2] = np.inf
    with pytest.raises(InputError, match="column 'c' holds infinite values"):
        tune(make_model("linear"), data, times, Search("random"), AUC, BINARY)


@pytest.mark.parametrize("horizon", [5, 400])
@pytest.mark.parametrize("n_days", [3, 8])
def test_too_few_rows_fall_back_to_the_defaults_and_the_note_says_so(n_days, horizon):
    model = make_model("lightgbm")
    tuned = tune(model, *sample(n_days, horizon), Search("optuna"), AUC, BINARY)
    assert tuned.n_iterations == 300
    assert tuned.trials == ()
    assert tuned.note.startswith("too few rows for inner folds, so the defaults were used: split")


def test_inner_folds_with_one_class_are_left_out():
    data, times = sample()
    y = data.y.copy()
    y[: len(y) * 2 // 3] = 0
    tuned = tune(make_model("linear"), replace(data, y=y), times, Search("random", 2), AUC, BINARY)
    assert tuned.note == "every inner fold has one class only, so the defaults were used"
    y[150:155] = 1
    tuned = tune(make_model("linear"), replace(data, y=y), times, Search("random", 2), AUC, BINARY)
    assert [len(trial.fold_scores) for trial in tuned.trials] == [1, 1]


@pytest.mark.parametrize("zone", ["aware", "naive", "abstract"])
def test_every_kind_of_clock_gives_the_same_search(zone):
    data, times = sample()
    same = Times(Instants(times.time.ns, zone), times.label_end)
    tuned = tune(make_model("linear"), data, same, Search("random", 3), AUC, BINARY)
    expected = tune(make_model("linear"), data, times, Search("random", 3), AUC, BINARY)
    assert without_seconds(tuned) == without_seconds(expected)


@pytest.mark.parametrize(("task", "metric"), [("multiclass", "log_loss"), ("regression", "rmse")])
def test_other_tasks_are_searched_too(task, metric):
    data, times = sample()
    y = data.y + (data.X[:, 1] > 0) if task == "multiclass" else data.X[:, 0].astype(float)
    context = FitContext(task, 3 if task == "multiclass" else 1)
    for name in ("linear", "lightgbm"):
        tuned = tune(make_model(name), replace(data, y=y), times, Search("optuna", 3),
                     METRICS[metric], context)
        assert {trial.state for trial in tuned.trials} <= {"complete", "pruned"}
        assert tuned.trials[0].state == "complete"


def test_inner_splits_inherit_gap_and_events_and_nothing_else():
    events = Events.from_frame(pl.DataFrame({"start": ["1970-02-01"], "end": ["1970-02-20"]}))
    splitter = make_splitter("event_aware", {"gap": "2D", "test_size": 0.4}, events=events)
    rules = inherited_rules(splitter)
    assert set(rules) == {"gap", "embargo", "boundary", "events", "on_cut"}
    assert (rules["gap"], rules["events"]) == ("2D", events)
    assert inherited_rules(make_splitter("random")).keys() <= set(rules)


def test_inner_boundaries_stay_out_of_events():
    data, times = sample()
    cut = int(times.time.ns[len(data) * 2 // 3])
    stamps = np.array([cut - 2 * DAY, cut + 4 * DAY]).astype("datetime64[ns]").astype(str)
    events = Events.from_frame(pl.DataFrame({"start": stamps[:1], "end": stamps[1:]}))
    model = Watched()
    tune(model, data, replace(times, rules={"events": events}), Search("random", 1), AUC, BINARY)
    assert [times.time.ns[rows["scored"]].min() for rows in model.calls][1] == cut + 5 * DAY


def test_the_search_is_silent(capfd):
    tune(make_model("linear"), *sample(), Search("optuna", 3), AUC, BINARY)
    assert capfd.readouterr() == ("", "")


def test_a_search_is_checked_when_it_is_made():
    with pytest.raises(InputError, match="unknown search 'optima': did you mean 'optuna'"):
        Search("optima")
    with pytest.raises(InputError, match="n_trials must be at least 1, got 0"):
        Search("grid", 0)
    with pytest.raises(InputError, match="inner_splits must be at least 1, got -1"):
        Search("grid", 1, -1)
    with pytest.raises(InputError, match="time_budget must be a positive number of seconds, got 0"):
        Search("grid", time_budget=0)
