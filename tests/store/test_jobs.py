"""Jobs on disk: committed once, verified when read, put aside when damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlast.config import make_config
from outlast.errors import CorruptError, InputError
from outlast.experiments import prepare
from outlast.experiments.prepare import order_of
from outlast.experiments.work import take_stock
from tests.faults import world


@pytest.fixture
def finished(tmp_path):
    """A small finished run."""
    return world.run_here(world.prepared_in(tmp_path))


def _files(outcome, name):
    return sorted((Path(outcome.experiment.storage.url) / "jobs").rglob(name))


def test_one_fit_serves_all_splits_that_agree_on_a_fold(tmp_path):
    # The one cut of the last fifth of the stocks lies in no event.
    config = make_config({"models": ["linear"], "splits": ["temporal", "event_aware"],
                          "optimization": ["none"], "audit": "exact", "importance": 0,
                          "reports": str(tmp_path)})
    outcome = world.run_here(prepare(config))
    assert (outcome.trained, len(outcome.plan.groups)) == (2, 1)
    jobs = outcome.experiment.jobs
    records = {r.job.split.name: r for r in jobs.records()}
    original, shared = records["event_aware"], records["temporal"]
    assert (original.shared_with, shared.shared_with) == ("", original.job.id)
    assert original.scores == shared.scores
    assert jobs.predictions(original).equals(jobs.predictions(shared))
    assert set(jobs.observations([shared])["split"]) == {"temporal"}
    assert jobs.damage(shared) is None
    # Where only one of them is there, the other is made of it.
    jobs.quarantine(shared.job.id)
    again = world.run_here(prepare(config))
    assert (again.trained, again.reused) == (1, 1)
    (made,) = [r for r in again.experiment.jobs.records() if r.job.split.name == "temporal"]
    assert made.shared_with == original.job.id


def test_a_second_record_of_a_job_is_refused(finished):
    jobs = finished.experiment.jobs
    record = next(jobs.records())
    assert not jobs.commit(record.model_copy(update={"session": "another"}))
    assert jobs.read(record.job.id).session == record.session


@pytest.mark.parametrize("name", ["predictions.parquet", "observations.parquet", "arrays.npz"])
@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "gone", "folder"])
def test_a_damaged_file_is_noticed_put_aside_and_made_anew(tmp_path, name, harm):
    prepared = world.prepared_in(tmp_path, models=["linear"], splits=["temporal"])
    first = world.run_here(prepared)
    expected = world.results(first)
    (path,) = _files(first, name)
    whole = path.read_bytes()
    path.unlink()
    if harm in ("cut", "flip", "empty"):
        path.write_bytes({"cut": whole[:-7], "empty": b"",
                          "flip": whole[:40] + bytes([whole[40] ^ 4]) + whole[41:]}[harm])
    elif harm == "folder":
        path.mkdir()
    experiment = world.reopened(prepared).experiment
    (record,) = experiment.jobs.records()
    if name == "arrays.npz":
        with pytest.raises(CorruptError, match=r"is missing or was changed after job|cannot read"):
            experiment.jobs.model(record)
    again = world.run_here(prepared)
    assert (again.trained, again.reused) == (1, 0)
    assert world.same(world.results(again), expected)
    assert len(list((Path(first.experiment.storage.url) / "quarantine").iterdir())) == 1
    assert world.run_here(prepared).reused == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 10_000, b'{"job": NaN}', b"\x00" * 100],
                         ids=["empty", "cut", "deep", "nan", "zeros"])
def test_a_broken_record_counts_as_not_done(tmp_path, content):
    prepared = world.prepared_in(tmp_path, models=["prior"], splits=["temporal"])
    first = world.run_here(prepared)
    first.experiment.jobs.index.clear()
    (path,) = _files(first, "record.json")
    path.write_bytes(content)
    order = order_of(world.reopened(prepared))
    assert take_stock(order, world.reopened(prepared).experiment).n_waiting == 1
    assert world.run_here(prepared).trained == 1
    assert world.run_here(prepared).reused == 1


def test_a_job_is_found_by_the_start_of_its_id(finished):
    job_id = finished.plan.jobs[0].id
    assert finished.experiment.jobs.find(job_id[:10]).job.id == job_id
    with pytest.raises(InputError, match="unknown job 'zzz'"):
        finished.experiment.jobs.find("zzz")


def test_the_index_says_the_same_as_the_jobs_and_survives_its_own_damage(tmp_path):
    prepared = world.prepared_in(tmp_path)
    outcome = world.run_here(prepared)
    expected = world.results(outcome)
    jobs = world.reopened(prepared).experiment.jobs
    assert jobs.index.records.keys() == expected.keys()
    observed = jobs.observations(list(jobs.index.records.values()))
    jobs.index.clear()
    assert jobs.observations(list(jobs.records())).sort("job", "feature", "method").equals(
        observed.sort("job", "feature", "method"))
    world.run_here(prepared)  # makes the index anew
    for table in (Path(outcome.experiment.storage.url) / "index").rglob("*.parquet"):
        table.write_bytes(table.read_bytes()[:-3])
    jobs = world.reopened(prepared).experiment.jobs
    assert jobs.index.records == {}
    assert {record.job.id for record in jobs.records()} == expected.keys()


def test_many_small_segments_become_one(tmp_path):
    prepared = world.prepared_in(tmp_path, models=["prior"])
    jobs = world.run_here(prepared).experiment.jobs
    records = list(jobs.records())
    predictions = [jobs.predictions(record) for record in records]
    jobs.index.clear()
    for turn in range(15):
        named = [r.model_copy(update={"job": r.job.model_copy(update={"seed": turn})})
                 for r in records]
        jobs.index.add(named, predictions, jobs.observations(records))
    assert len(jobs.index.records) == 15 * len(records)
    assert len([n for n in jobs.storage.files("index") if n.endswith(".json")]) < 12
