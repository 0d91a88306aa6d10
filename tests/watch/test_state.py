"""What the files say while runs begin, go on, fail, end, and die."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from outlast.records import Failure, Record
from outlast.store import Store, open_session
from outlast.store.stamps import unstamped_json
from outlast.watch import telling
from outlast.watch.reading import Reader
from outlast.watch.reports import Reports
from outlast.watch.state import CellState, ExperimentState, JobFacts, Session, rest_of
from outlast.watch.telling import Place
from tests.watch.conftest import only_experiment, watching

DYING = """
import os, sys
from outlast.store import Store, open_session
experiment = Store.open(sys.argv[1]).experiments()[0]
with experiment.lock(), open_session(experiment, jobs=["0" * 16]):
    os._exit(137)
"""


def look(folder: Path) -> ExperimentState:
    """Read the one experiment of a reports folder for the first time."""
    state = Reader(Store.open(folder)).read(only_experiment(folder).name)
    assert state is not None
    return state


def records(folder: Path) -> list[Path]:
    return sorted(only_experiment(folder).glob("jobs/*/*/record.json"))


def planned(folder: Path) -> dict:
    """What a session of the finished run has written down of its plan."""
    manifest = next(only_experiment(folder).glob("sessions/*/manifest.json"))
    known = json.loads(manifest.read_text())
    return {key: known[key] for key in ("jobs", "cells", "metric", "config", "parallelism")}


def test_a_finished_run_has_every_cell_with_the_mean_of_its_scores(finished):
    state = look(finished)
    assert state.standing == "finished"
    assert state.progress == CellState(12, 12, 0, 0, state.progress.score, 12)
    assert state.splits == ["temporal", "random"]
    cell = state.cells["linear", "random", "none", "cluster"]
    scores = [found.score for path in records(finished)
              if (found := Record.model_validate_json(
                  unstamped_json(path.read_bytes()))).job.configuration
              == ("linear", "random", "none", "cluster")]
    assert cell.planned == cell.done == len(scores) == 5
    assert cell.score == pytest.approx(sum(scores) / 5)
    assert cell.word == "done"
    assert rest_of(state, 0, {}).seconds == 0


def test_a_report_that_is_older_than_the_newest_session_says_so(finished):
    state = look(finished)
    reports = Reports(finished)
    report = reports.facts(reports.newest()[state.name])
    assert telling.age_of(report, state) == ""
    later = state.sessions[0].model_copy(update={"id": "20990101-000000-abcd"})
    newer = ExperimentState("e", sessions=(*state.sessions, later))
    assert "before the newest session" in telling.age_of(report, newer)


def test_a_live_session_counts_waiting_running_and_failed_jobs(copied):
    lost, begun, failed = (path.parent for path in records(copied)[:3])
    record = Record.model_validate_json(
        unstamped_json((failed / "record.json").read_bytes()))
    for job in (lost, begun, failed):
        (job / "record.json").unlink()
    experiment = Store.open(copied).experiments()[0]
    with experiment.lock(), open_session(experiment, **planned(copied)) as session:
        (log,) = begun.glob("*/job.jsonl")
        line = {"time": "2030-01-01T00:00:00+00:00", "session": session.id}
        log.write_text(json.dumps(line) + "\nhalf a li")
        broken = Failure(kind="ValueError", message="<b>bad</b>")
        experiment.jobs.fail(record.model_copy(update={
            "status": "failed", "failure": broken, "session": session.id}))
        state = look(copied)
        assert state.standing == "running"
        assert (state.progress.done, state.progress.failed, state.progress.running) == (9, 1, 1)
        assert state.begun == {begun.name: line["time"]}
        assert [facts.id for facts in state.failures] == [failed.name]
        assert "ValueError: <b>bad</b>" in telling.failure_table(state, Place("r"))[0]
        assert rest_of(state, 0, {}).seconds > 0
        assert "Training goes on for" in telling.time_sentence(state, time.time())
    state = look(copied)
    assert state.standing == "finished"
    assert not state.begun


def test_an_earlier_failure_waits_while_a_run_tries_it_again(copied):
    path = records(copied)[0]
    record = Record.model_validate_json(unstamped_json(path.read_bytes()))
    path.unlink()
    experiment = Store.open(copied).experiments()[0]
    failure = Failure(kind="timeout", message="too long")
    experiment.jobs.fail(record.model_copy(update={"status": "timeout", "failure": failure}))
    assert look(copied).progress.failed == 1
    with experiment.lock(), open_session(experiment, **planned(copied)):
        assert look(copied).progress.failed == 0


def test_a_run_whose_process_was_killed_is_interrupted(copied):
    done = subprocess.run([sys.executable, "-c", DYING, str(copied)], check=False)
    assert done.returncode == 137
    state = look(copied)
    assert state.sessions[-1].outcome == "running"
    assert state.standing == "interrupted"
    assert state.progress == CellState(1)
    with watching(copied) as client:
        texts = client.get(f"/state/{state.name}").json["texts"]
    assert "interrupted" in texts["standing"]
    assert "The process that ran it is gone" in texts["ending"]
    assert texts["command"] == f"outlast resume --experiment {state.name} --reports {copied}"


def test_a_run_on_another_machine_is_not_called_dead(copied):
    experiment = Store.open(copied).experiments()[0]
    with experiment.lock(), open_session(experiment, jobs=[]):
        lock = only_experiment(copied) / "run.lock"
        lock.write_text(json.dumps({**json.loads(lock.read_text()), "host": "elsewhere"}))
        assert look(copied).standing == "unknown"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"job": 1}', b"\xff\xfe", b"[" * 90_000])
def test_a_broken_record_is_not_done_and_said_so(copied, content):
    path = records(copied)[0]
    path.write_bytes(content)
    for index in only_experiment(copied).glob("index/*.json"):
        index.unlink()
    state = look(copied)
    assert state.progress.done == 11
    assert state.unreadable == (path.parent.name,)
    assert "1 record cannot be read" in telling.ending(state, Place("reports"))[0]


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"session": 3}', '"text"',
                                     '{"session": "s", "started": "?", "outcome": "running"}'])
def test_broken_and_missing_files_do_not_stop_the_page(copied, content):
    folder = only_experiment(copied)
    (manifest,) = folder.glob("sessions/*/manifest.json")
    for path in (manifest, folder / "description.json", folder / "run.lock"):
        path.write_text(content or "")
    if content is None:
        manifest.unlink()
    for path in (copied / "consolidated_reports").glob("*/report.json"):
        path.write_text("{")
    with watching(copied) as client:
        for path in ("/", "/state", f"/experiments/{folder.name}", f"/state/{folder.name}"):
            assert client.get(path).status == 200
        assert client.get(f"/compare?with={folder.name}&with={folder.name}").status == 200


def test_what_has_not_changed_is_not_read_again(copied):
    now = [0.0]
    reader = Reader(Store.open(copied), clock=lambda: now[0])
    name = only_experiment(copied).name
    first = reader.read(name)
    for path in records(copied):
        path.unlink()  # who reads it again notices
    now[0] = 100.0
    assert reader.read(name) is first


def test_the_list_reads_no_record_of_a_finished_run(copied):
    for path in records(copied):
        path.unlink()
    reader, name = Reader(Store.open(copied)), only_experiment(copied).name
    assert reader.glance(name).progress == CellState(12, 12)
    assert reader.read(name).progress.done == 0
    assert reader.glance("none") is None


def test_a_score_that_is_no_number_is_no_result(copied):
    path = records(copied)[0]
    for index in only_experiment(copied).glob("index/*.json"):
        index.unlink()
    record = Record.model_validate_json(unstamped_json(path.read_bytes()))
    path.write_text(record.model_copy(update={"status": "non_finite"}).model_dump_json())
    state = look(copied)
    assert (state.progress.done, state.progress.failed) == (11, 1)
    assert state.failures[0].message == "its score is no finite number"


def test_several_tabs_share_what_was_read_within_a_second(copied):
    now = [0.0]
    experiment = Store.open(copied).experiments()[0]
    reader = Reader(experiment.store, clock=lambda: now[0])
    with experiment.lock(), open_session(experiment, **planned(copied)):
        first = reader.read(experiment.name)
        now[0] = 0.5
        assert reader.read(experiment.name) is first
        now[0] = 1.5
        assert reader.read(experiment.name) is not first


def test_a_record_that_appears_is_seen(copied):
    path = records(copied)[0]
    content = path.read_bytes()
    path.unlink()
    experiment = Store.open(copied).experiments()[0]
    now = [0.0]
    reader = Reader(experiment.store, clock=lambda: now[0])
    with experiment.lock(), open_session(experiment, **planned(copied)):
        assert reader.read(experiment.name).progress.done == 11
        # Half a record is none; then it is there whole.
        for part, n_done in ((content[:100], 11), (content, 12)):
            path.write_bytes(part)
            now[0] += 100.0
            assert reader.read(experiment.name).progress.done == n_done


def test_a_matrix_keeps_the_cells_of_an_earlier_plan(finished):
    first = look(finished).sessions[0]
    cell = first.cells[0].model_copy(update={"model": "other", "jobs": ("x",)})
    again = first.cells[1].model_copy(update={"jobs": ("y",)})
    second = first.model_copy(update={"id": "z", "jobs": ("x", "y"), "cells": (cell, again)})
    state = ExperimentState("e", sessions=(first, second))
    assert len(state.cells) == len(first.cells) + 1
    assert state.cells[again.key].planned == 1
    assert state.progress.planned == 2


def test_the_rest_is_told_from_what_jobs_like_it_have_taken():
    cells = [{"model": model, "split": "temporal", "search": "none", "selection": "cluster",
              "jobs": [f"{model}{k}" for k in range(4)]} for model in ("fast", "slow", "new")]
    session = Session.model_validate({
        "session": "s", "started": "2026-01-01T00:00:00+00:00", "outcome": "running",
        "alive": True, "cells": cells, "parallelism": {"processes": 2},
        "jobs": [job for cell in cells for job in cell["jobs"]]})

    def done(job: str, seconds: float) -> JobFacts:
        return JobFacts(job, (job[:-1], "temporal", "none", "cluster"), job, "ok", "s", "", seconds)

    known = {job: done(job, seconds) for job, seconds in (
        ("fast0", 1.0), ("fast1", 3.0), ("slow0", 10.0), ("slow1", 10.0))}
    state = ExperimentState("e", sessions=(session,), jobs=known)
    found = rest_of(state, 100.0, {})
    # Two of 2 s, two of 10 s, and four of which nothing is known, taken for as dear, on two.
    assert found.seconds == pytest.approx((2 * 2 + 2 * 10 + 4 * 10) / 2)
    assert found.unlike == (("new", "none"),)
    told = telling.time_sentence(state, 0)
    assert "at least 30 s: nothing of new with defaults has finished yet" in told
    assert rest_of(state, 100.0, {"slow2": 94.0}).seconds == pytest.approx(found.seconds - 3)
    assert rest_of(ExperimentState("e", sessions=(session,)), 0, {}).seconds is None
