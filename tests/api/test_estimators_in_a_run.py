"""Own estimators and metrics in the matrix: both runners, resumed, failed, explained."""

from __future__ import annotations

import polars as pl
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from outlast.config import make_config
from outlast.errors import InputError
from outlast.experiments import prepare, refuse_unreachable, run
from outlast.metrics import METRICS
from outlast.own_metric import name_of
from outlast.pipeline import run_pipeline
from outlast.store import read_sessions
from tests.api.estimators import Shared, area, per_mille
from tests.tables import shop_panel

PIPELINE = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.1))
NAME = "Pipeline(SimpleImputer, StandardScaler, LogisticRegression(C=0.1))"


def settings(folder, models, **more):
    return make_config({"models": models, "splits": ["temporal"], "optimization": ["none"],
                        "audit": "exact", "exam": None, "importance": 0,
                        "features": "tests.api.estimators:calm", "reports": str(folder), **more})


@pytest.fixture(scope="module")
def inline(tmp_path_factory):
    """A folder with the finished run of a pipeline, with what it has learned."""
    folder = tmp_path_factory.mktemp("inline")
    config = settings(folder, ["linear", PIPELINE], importance=0.1)
    return folder, run(prepare(config, shop_panel()), runner="inline")


def records(outcome):
    return {record.job.model.label: record for record in outcome.experiment.jobs.records()}


def test_a_pipeline_is_a_model_like_any_other(inline):
    _, outcome = inline
    assert (outcome.trained, outcome.failed) == (2, 0)
    found = records(outcome)
    assert found[NAME].score == pytest.approx(found["linear"].score, abs=0.05)
    assert set(found[NAME].artefacts) == {
        "model/model.json", "observations.parquet", "predictions.parquet"}


def test_it_is_fitted_again_to_be_explained(inline):
    _, outcome = inline
    explained = outcome.explained.table.filter(pl.col("model") == NAME)
    assert outcome.explained.n_failed == 0
    assert "perm_group" in explained["method"]


def test_the_same_pipeline_is_not_trained_again_and_another_one_is(inline):
    folder, _ = inline
    same = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.1))
    other = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.2))
    again = run(prepare(settings(folder, [same, other]), shop_panel()), runner="inline")
    assert (again.trained, again.reused) == (1, 1)


def test_worker_processes_make_the_same_model(inline, tmp_path):
    _, first = inline
    config = settings(tmp_path, [PIPELINE, Shared()], n_jobs=2)
    outcome = run(prepare(config, shop_panel()))
    assert (outcome.trained, outcome.failed) == (2, 0)
    assert records(outcome)[NAME].scores == records(first)[NAME].scores
    assert records(outcome)["Shared"].score == 0.5


def test_a_class_that_workers_cannot_import_is_refused_before_any_work(tmp_path):
    class Hidden(Shared):
        pass

    config = settings(tmp_path / "r", [Hidden()])
    with pytest.raises(InputError, match=r"needs '.*<locals>\.Hidden', which .*runner=\"inline\""):
        run_pipeline(config, table=shop_panel())
    assert not (tmp_path / "r").exists()
    assert run(prepare(config, shop_panel()), runner="inline").trained == 1


def test_a_metric_that_workers_cannot_import_is_refused(tmp_path):
    name = name_of(lambda y, p: 0.0, True)
    with pytest.raises(InputError, match=r"the metric needs '<lambda>', which worker"):
        refuse_unreachable(settings(tmp_path, ["prior"], metric=name))


def test_what_an_estimator_breaks_is_its_own_job(tmp_path):
    broken = [Shared(fault=fault) for fault in ("raise", "shape", "nan")]
    config = settings(tmp_path, ["prior", *broken], audit="quick")
    outcome = run(prepare(config, shop_panel()), runner="inline")
    assert (outcome.trained, outcome.failed) == (1, 3)
    failures = {label: record.failure for label, record in records(outcome).items()
                if record.failure}
    told = {label: failure.message for label, failure in failures.items()}
    assert told["Shared(fault=raise)"] == "no luck today"
    assert "shape (193, 2) for 192 rows" in told["Shared(fault=shape)"]
    assert "384 of 384 values that are missing" in told["Shared(fault=nan)"]
    assert 'raise RuntimeError("no luck today")' in failures["Shared(fault=raise)"].traceback
    assert run(prepare(config, shop_panel()), runner="inline").reused == 1


def test_a_model_that_cannot_do_the_task_is_refused(tmp_path):
    with pytest.raises(InputError, match="'Shared' cannot do regression"):
        prepare(settings(tmp_path, [Shared()]), shop_panel("sales"))


def test_a_metric_by_another_hand_gives_the_same_scores_and_decisions(tmp_path):
    search = {"optimization": ["optuna"], "n_trials": 3}
    found = {}
    for metric in ("roc_auc", name_of(area, True)):
        config = settings(tmp_path / metric[:3], ["linear"], metric=metric, **search)
        found[metric] = records(run(prepare(config, shop_panel()), runner="inline"))["linear"]
    built_in, own = found.values()
    assert own.score == pytest.approx(built_in.score, abs=1e-12)
    assert own.params == built_in.params
    assert [t.state for t in own.trials] == [t.state for t in built_in.trials]
    assert own.job.metric == "tests.api.estimators:area↑"
    assert own.job.id != built_in.job.id


def test_the_code_of_a_metric_is_a_part_of_the_job(tmp_path):
    ids = set()
    for text in ("0.5", "0.25"):
        scope = {"__name__": "__main__"}
        exec(f"def flat(y, p): return {text}", scope)
        config = settings(tmp_path, ["prior"], metric=name_of(scope["flat"], True))
        outcome = run(prepare(config, shop_panel()), runner="inline")
        ids |= {job.id for job in outcome.plan.jobs}
        (record,) = [outcome.experiment.jobs.read(job.id) for job in outcome.plan.jobs]
        assert record.score == float(text)
    assert len(ids) == 2


def test_own_metrics_weigh_rows_as_the_built_in_ones_do():
    y, p = [0.0, 1.0, 1.0, 0.0], [0.2, 0.7, 0.4, 0.9]
    weight = [1, 2, 0, 3]
    own = METRICS[name_of(per_mille, False)]
    assert own.score(y, p, weight) == pytest.approx(1000 * METRICS["brier"].score(y, p, weight))
    assert not own.greater_is_better
    assert own.description == "Squared error in thousandths."
    with pytest.raises(InputError, match="cannot weigh them by fractions"):
        own.score(y, p, [0.5, 1, 1, 1])


def test_a_metric_that_is_not_defined_says_so():
    with pytest.warns(RuntimeWarning, match="is not defined on 4 rows: math domain"):
        assert METRICS[name_of(undefined, True)].score([0, 1, 0, 1], [0.5] * 4) is None


def test_a_metric_is_not_asked_of_no_rows():
    """Leaving out the only block of a window leaves none, and many functions break on them."""
    own = METRICS[name_of(last_hit, True)]
    assert own.score([0, 1], [0.2, 0.7], [0, 0]) is None
    assert own.score([0, 1], [0.2, 0.7], [1, 1]) == 1.0


def last_hit(y_true, y_pred):
    return float((y_pred[-1] > 0.5) == y_true[-1])


def undefined(y_true, y_pred):
    raise ValueError("math domain")


def test_a_metric_without_its_module_still_tells_its_direction():
    lost = METRICS["gone.away:loss↓"]
    assert not lost.greater_is_better
    with pytest.raises(InputError, match=r"'gone\.away:loss' cannot be found"):
        lost.score([0, 1], [0, 1])


def test_a_description_survives_the_manifest(inline):
    folder, outcome = inline
    models = read_sessions(outcome.experiment)[0]["config"]["models"]
    again = settings(folder, models)
    assert run(prepare(again, shop_panel()), runner="inline").reused == 2
