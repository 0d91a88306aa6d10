import pytest

from outlast.config import make_config
from outlast.errors import InputError
from outlast.experiments.matrix import check_metric, code_fingerprint, make_plan
from tests.tables import shop_panel


@pytest.fixture(scope="module")
def table():
    return shop_panel()


def plan(table, **values):
    return make_plan(make_config(values), table, "d", "f")


def test_the_matrix_is_the_product_of_its_axes(table):
    made = plan(table, models=["linear", "lightgbm"], splits=["temporal", "walk_forward"],
                optimization=["none", "random"], n_trials=3)
    # One holdout and five windows, two models, two searches.
    assert len(made.jobs) == (1 + 5) * 2 * 2
    assert len({job.id for job in made.jobs}) == len(made.jobs)
    assert {job.search.label for job in made.jobs} == {"none", "random(n_trials=3)"}
    assert {label: len(split.folds) for label, split in made.splits.items()} == {
        "temporal": 1, "walk_forward": 5}


def test_a_model_without_anything_to_tune_runs_once(table):
    made = plan(table, models=["prior"], splits=["temporal"], optimization=["optuna"])
    assert [job.search.label for job in made.jobs] == ["none"]


def test_cheap_jobs_come_first(table):
    made = plan(table, models=["lightgbm", "prior"], splits=["random", "temporal"])
    order = [(job.model.name, job.split.name, job.search.name) for job in made.jobs]
    assert order[0] == ("prior", "temporal", "none")
    assert order[-1] == ("lightgbm", "random", "optuna")


def test_event_aware_without_events_is_left_out_and_said_so(table):
    made = plan(table, models=["prior"])
    assert [(s.split, s.reason) for s in made.skipped if s.split == "event_aware"] == [
        ("event_aware", "the table has no events; give some with --events")]
    with pytest.raises(InputError, match="nothing to run: the table has no events"):
        plan(table, models=["prior"], splits=["event_aware"])


def test_random_forest_is_never_in_the_default_matrix(table):
    made = plan(table, splits=["temporal"])
    names = {job.model.name for job in made.jobs}
    assert "random_forest" not in names
    assert {"prior", "last_value", "linear", "lightgbm", "xgboost"} <= names


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"models": ["lightgmb"]}, "unknown model 'lightgmb': did you mean 'lightgbm'"),
        ({"splits": ["temporel"]}, "unknown split 'temporel': did you mean 'temporal'"),
        ({"splits": [{"temporal": {"testsize": 1}}]}, "did you mean 'test_size'"),
        ({"metric": "rmse"}, "unknown metric 'rmse' for a binary target"),
        ({"selection": "clster"}, "did you mean 'cluster'"),
    ],
)
def test_a_mistyped_name_gets_a_suggestion(table, values, message):
    with pytest.raises(InputError, match=message):
        plan(table, **values)


def test_every_task_has_a_primary_metric():
    assert [check_metric(None, task) for task in ("binary", "multiclass", "regression")] == [
        "roc_auc", "log_loss", "rmse"]


def test_the_code_is_part_of_a_job():
    assert len(code_fingerprint()) == 12
