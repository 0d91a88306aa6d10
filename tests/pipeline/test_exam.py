"""The sealed exam: its labels are locked before anything is tuned, every look is written down."""

from __future__ import annotations

import shutil

import numpy as np
import polars as pl
import pytest

from outlast.config import make_config
from outlast.errors import CorruptError, InputError
from outlast.experiments import place_order, prepare, run, work_off
from outlast.experiments.exam import seal
from outlast.judge.board import Interval
from outlast.pipeline import report_only, run_pipeline
from outlast.report.exam import exam_sentence
from outlast.store import Store
from outlast.store.experiments import EXAM
from tests.tables import shop_panel

MATRIX = {"models": ["prior", "linear"], "splits": [{"expanding_window": {"test_size": 0.1}}],
          "optimization": ["none"], "importance": 0, "audit": "exact"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    settings = {**MATRIX, "reports": str(tmp_path_factory.mktemp("reports"))}
    return settings, run_pipeline(settings, table=shop_panel(), runner="inline")


def test_the_promise_stands_beside_the_exam(finished):
    document = finished[1].document
    exam, promise = document.exam, document.promise
    assert exam.status == "opened"
    assert exam.n_times == pytest.approx(0.15 * 238, abs=1)
    assert exam.grades[0].row == promise.row == document.headline.row
    assert exam.grades[0].promised == promise.score
    assert exam.grades[0].kept is (promise.score.low <= exam.grades[0].score.value
                                   <= promise.score.high)
    assert "opened once" in exam.sentence
    assert len(exam.openings) == 1
    assert finished[1].report.html.read_text().count("Promise against exam") >= 1
    assert "## Promise against exam" in finished[1].report.markdown.read_text()


def test_an_opened_exam_without_a_result_of_what_is_recommended_says_why(finished):
    document = finished[1].document
    exam = document.exam.model_copy(update={"grades": ()})
    assert "nothing has finished here" in exam_sentence(exam, [], document.metric)
    other = exam_sentence(exam, document.leaderboard[:1], document.metric)
    assert "no result of what is recommended now: it is examined when" in other
    assert "skip_training" not in other


@pytest.mark.parametrize(("gain", "told"), [
    ((-0.015, -0.066, 0.036), "There it cannot be told from the best baseline: −0.015 (95 % CI"),
    ((-0.100, -0.150, -0.050), "There it is worse than the best baseline: −0.100 (95 % CI"),
    ((0.100, 0.050, 0.150), None),
    ((None, None, None), None),
])
def test_an_exam_without_a_gain_says_so(finished, gain, told):
    document = finished[1].document
    value, low, high = gain
    grade = document.exam.grades[0].model_copy(
        update={"over_baseline": Interval(value=value, low=low, high=high)})
    exam = document.exam.model_copy(update={"grades": (grade,)})
    best = [row for row in document.leaderboard if row.id == grade.row]
    sentence = exam_sentence(exam, best, document.metric)
    assert ("best baseline" in sentence) is (told is not None)
    assert told is None or told in sentence


def test_the_exam_is_scored_on_its_rows_by_a_model_of_all_before_them(finished):
    experiment = Store.open(finished[0]["reports"]).latest()
    panel = shop_panel().seal(experiment.description["exam"]["start"])
    record = next(r for r in experiment.jobs.records()
                  if r.job.split.name == "exam" and r.job.model.name == "linear")
    predictions = experiment.jobs.predictions(record)
    rows = np.flatnonzero(panel.examined)
    assert predictions["row"].to_list() == rows.tolist()
    assert predictions["y"].to_list() == panel.y[rows].tolist()
    assert record.audit.n_train == int(panel.usable.sum())
    assert record.audit.n_overlap == 0
    assert panel.label_end[panel.usable].max() < panel.time.ns[rows].min()


def test_no_split_trains_on_or_tests_a_sealed_row(finished):
    experiment = Store.open(finished[0]["reports"]).latest()
    start = experiment.description["exam"]["start"]
    others = [r for r in experiment.jobs.records() if r.job.split.name != "exam"]
    assert len(others) == 10
    assert all(r.audit.test_end < start for r in others)


def test_the_labels_are_not_among_the_rows_until_the_opening_is_written_down(tmp_path):
    config = make_config({**MATRIX, "reports": str(tmp_path)})
    prepared = prepare(config, shop_panel())
    run(prepared, runner="inline")
    experiment = prepared.experiment
    sealed = np.flatnonzero(prepared.panel.examined)
    assert np.isnan(experiment.rows["y"].to_numpy()[sealed]).all()
    assert experiment.openings == []
    told = {"promise": {"a": 1}, "session": "s", "opened": "now", "finalists": []}
    opened = experiment.open_exam(told)
    assert opened.rows["y"].to_numpy()[sealed].tolist() == prepared.panel.y[sealed].tolist()
    # The same promise is the same look; another one is another.
    experiment.open_exam(told)
    assert len(experiment.openings) == 1
    experiment.open_exam({**told, "promise": {"a": 2}})
    assert [o["promise"]["a"] for o in experiment.openings] == [1, 2]


def test_other_labels_in_the_exam_change_nothing_before_it(finished, tmp_path):
    """Scrambled sealed labels: the same records, the same promise, another result."""
    panel = shop_panel()
    start = Store.open(finished[0]["reports"]).latest().description["exam"]["start"]
    late = panel.time.ns >= start
    rng = np.random.default_rng(0)
    table = panel.frame.with_columns(busy=pl.Series(np.where(
        late, rng.permutation(panel.y), panel.y)).cast(pl.Int64))
    from outlast.data import Panel

    scrambled = Panel.build(table, panel.schema, name="shops")
    other = run_pipeline({**MATRIX, "reports": str(tmp_path)}, table=scrambled, runner="inline")
    first, second = finished[1].document, other.document
    assert first.promise.score == second.promise.score
    assert [row.score for row in first.leaderboard] == [row.score for row in second.leaderboard]
    assert first.exam.grades[0].score != second.exam.grades[0].score
    assert first.exam.sha256 != second.exam.sha256


def test_a_second_run_with_more_models_is_a_second_look(finished):
    settings = {**finished[0], "models": ["prior", "linear", "lightgbm"]}
    again = run_pipeline(settings, table=shop_panel(), runner="inline").document
    assert again.promise != finished[1].document.promise
    assert len(again.exam.openings) == 2
    assert "no longer a first look" in again.exam.sentence


def test_what_is_kept_sealed_is_not_opened(tmp_path):
    settings = {**MATRIX, "reports": str(tmp_path), "keep_sealed": True}
    document = run_pipeline(settings, table=shop_panel(), runner="inline").document
    assert document.exam.status == "sealed"
    assert document.exam.grades == ()
    assert "nobody has looked" in document.exam.sentence
    assert document.promise is not None


def test_a_report_alone_never_opens_it(tmp_path):
    settings = {**MATRIX, "reports": str(tmp_path), "keep_sealed": True}
    run_pipeline(settings, table=shop_panel(), runner="inline")
    config = make_config({"reports": str(tmp_path)})
    assert report_only(config).document.exam.status == "sealed"


def test_a_report_alone_shows_what_was_found(finished):
    document = report_only(make_config({"reports": finished[0]["reports"]})).document
    assert document.exam.grades
    assert not [row for row in document.leaderboard if row.split == "exam"]


@pytest.mark.parametrize("size", [0.3, 60, "60D", "2022-06-30"])
def test_its_size_is_that_of_a_temporal_split(size):
    panel, told = seal(make_config({"exam": size}), shop_panel())
    assert panel.examined.sum() == told["rows"]
    assert told["timestamps"] > 50


def test_none_is_none_and_a_short_table_has_none():
    assert seal(make_config({"exam": None}), shop_panel())[1] == {"none": "switched off"}
    assert seal(make_config({"exam": "off"}), shop_panel())[1] == {"none": "switched off"}
    panel, told = seal(make_config({}), shop_panel(n_days=50))
    assert panel.sealed is None
    assert "needs 4" in told["none"]


def test_a_size_that_was_asked_for_and_cannot_be_had_is_refused():
    with pytest.raises(InputError, match="independent blocks of time and needs 4"):
        seal(make_config({"exam": 5}), shop_panel())
    with pytest.raises(InputError, match="too little time lies before it"):
        seal(make_config({"exam": 0.7}), shop_panel())


def test_a_changed_exam_is_noticed(finished):
    experiment = Store.open(finished[0]["reports"]).latest()
    data = experiment.storage.read(EXAM)
    try:
        experiment.storage.write(EXAM, data[:-10] + bytes(10))
        with pytest.raises(CorruptError, match="was changed"):
            Store.open(finished[0]["reports"]).latest().exam  # noqa: B018
    finally:
        experiment.storage.write(EXAM, data)


def test_the_job_of_the_exam_is_the_same_but_for_its_split(finished):
    record = next(Store.open(finished[0]["reports"]).latest().jobs.records())
    job = record.job.in_exam()
    assert (job.model, job.search, job.seed) == (record.job.model, record.job.search,
                                                 record.job.seed)
    assert job.split.name == "exam"


def test_an_experiment_that_was_made_before_there_were_exams_still_has_a_report(tmp_path):
    settings = {**MATRIX, "reports": str(tmp_path), "exam": None}
    run_pipeline(settings, table=shop_panel(), runner="inline")
    experiment = Store.open(str(tmp_path)).latest()
    told = {key: value for key, value in experiment.description.items() if key != "exam"}
    experiment.storage.write_json("description.json", told)
    shutil.rmtree(tmp_path / "consolidated_reports")
    document = report_only(make_config({"reports": str(tmp_path)})).document
    assert document.exam.status == "none"
    assert "made without one" in document.exam.sentence


def test_what_workers_have_trained_sits_the_exam_when_the_same_is_run(finished, tmp_path):
    settings = {**MATRIX, "reports": str(tmp_path)}
    config = make_config(settings)
    place_order(prepare(config, shop_panel()))
    for shard in range(2):
        work_off(config, (shard, 2))
    assert not Store.open(str(tmp_path)).latest().openings
    done = run_pipeline(settings, table=shop_panel(), runner="inline")
    assert (done.outcome.trained, done.outcome.reused) == (0, finished[1].outcome.trained)
    assert done.document.exam.grades == finished[1].document.exam.grades
