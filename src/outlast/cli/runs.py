"""`outlast runs`: every session and every job that was ever run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from cyclopts import App
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from outlast.credentials import hidden
from outlast.data.times import format_ns
from outlast.errors import InputError, unknown_name
from outlast.judge.wording import number
from outlast.records import Record
from outlast.report.cards import reproduce
from outlast.store import JobStore, Store, find_session, read_sessions

# What a manifest has for programs: the ids of all jobs.
_LISTS = ("jobs", "to_train", "cells")
# Jobs that an error offers.
_NAMED = 4

app = App(name="runs", help="Sessions and jobs: what was run, when, and how it ended.")


@app.command(name="list")
def list_runs(*, reports: str = "reports") -> None:
    """List all training sessions, newest last.

    Parameters
    ----------
    reports
        The reports folder.
    """
    experiments = Store.open(reports).experiments()
    manifests = [manifest for each in experiments for manifest in read_sessions(each)]
    if not manifests:
        raise InputError(f"no session in {reports!r} yet; train first: "
                         "outlast run")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("session", "outcome", "jobs", "trained", "failed", "s"):
        table.add_column(name, no_wrap=True)
    table.add_column("experiment and command", overflow="fold")
    for m in sorted(manifests, key=lambda m: m["session"]):
        table.add_row(*(escape(str(value)) for value in (
            m["session"], m["outcome"][:12], len(m["jobs"]), m.get("trained", ""),
            m.get("failed", ""), number(m.get("seconds"), 0),
            f"{m['experiment']}\n{m['command']}")))
    console = Console()
    console.print(table)
    console.print("Tell one whole: outlast runs show ID")


@app.command(name="export-study")
def export_study(identity: str, storage: str, /, *, reports: str = "reports") -> None:
    """Write the search of a job into an Optuna storage, for optuna-dashboard and the like.

    Example::

        outlast runs export-study 1f2e3d sqlite:///studies.db

    Parameters
    ----------
    identity
        Id of a job, or its first characters.
    storage
        URL of the storage; it is made where it is missing.
    reports
        The reports folder.
    """
    from outlast.studies import study_of

    experiments = Store.open(reports).experiments()
    for experiment in experiments:
        if any(job_id.startswith(identity) for job_id in experiment.jobs.ids()):
            study = study_of(experiment.jobs.find(identity), storage)
            Console().print(f"{len(study.trials)} trials in study "
                            f"{escape(repr(study.study_name))} of {escape(hidden(storage))}",
                            soft_wrap=True, highlight=False)
            return
    raise _no_job(identity, reports, [record for each in experiments
                                      for record in each.jobs.records() if record.trials])


def _no_job(identity: str, reports: str, searched: Sequence[Record]) -> InputError:
    """The error for a job that is not there, with the searched ones that are meant most likely."""
    if not searched:
        return InputError(f"no job {identity!r} in {reports!r}, nor any that has searched; search "
                          "with: outlast run --optimization optuna")

    def likeness(record: Record) -> float:
        names = (record.job.id[:len(identity)], record.job.model.label)
        return max(SequenceMatcher(None, identity, name).ratio() for name in names)

    nearest = sorted(searched, key=likeness, reverse=True)[:_NAMED]
    shown = "; ".join(f"{record.job.id[:8]} ({record.job.label})" for record in nearest)
    more = f" and {len(searched) - _NAMED} more" if len(searched) > _NAMED else ""
    return InputError(f"no job {identity!r} in {reports!r}; these have searched: {shown}{more}")


@app.command
def show(identity: str, /, *, reports: str = "reports") -> None:
    """Tell one session or job whole; the first characters of its id are enough.

    Parameters
    ----------
    identity
        Id of a session or a job.
    reports
        The reports folder.
    """
    store, console = Store.open(reports), Console()
    for experiment in store.experiments():
        if any(job_id.startswith(identity) for job_id in experiment.jobs.ids()):
            _show_job(console, store, experiment.jobs, experiment.jobs.find(identity))
            return
    try:
        manifest = find_session(store, identity)
    except InputError:
        known = [m["session"] for each in store.experiments() for m in read_sessions(each)]
        raise unknown_name("session or job", identity, known) from None
    _show_session(console, manifest)


def _show_session(console: Console, manifest: dict[str, Any]) -> None:
    shown = {key: value for key, value in manifest.items() if key not in _LISTS}
    shown["git"] = {k: v for k, v in manifest["git"].items() if k != "diff"}
    console.print_json(json.dumps(shown))
    console.print(f"{len(manifest['jobs'])} jobs: {', '.join(manifest['jobs'][:8])} ...")


def _show_job(console: Console, store: Store, jobs: JobStore, record: Record) -> None:
    table = Table(title=escape(record.job.label), title_justify="left", box=None, pad_edge=False,
                  show_header=False)
    manifest = find_session(store, record.session)
    command = reproduce(record, manifest["config"]["data"])
    for name, value in _facts(record, jobs, command).items():
        table.add_row(name, Text(value, overflow="fold"))
    console.print(table)
    if record.failure is not None:
        console.print(escape(record.failure.traceback or record.failure.message), highlight=False)
    console.print(escape(jobs.log(record).strip()), highlight=False)


def _facts(record: Record, jobs: JobStore, command: str) -> dict[str, str]:
    """What a person asks of a job, in that order."""
    facts = {"job": record.job.id, "status": record.status, "scores": _listed(record.scores),
             "on train rows": _listed(record.train_scores)}
    if (audit := record.audit) is not None:
        facts["trained on"] = (f"{audit.n_train:,} rows, {format_ns(audit.train_start)} to "
                               f"{format_ns(audit.train_end)}; {audit.n_purged:,} purged")
        facts["tested on"] = (f"{audit.n_test:,} rows, {format_ns(audit.test_start)} to "
                              f"{format_ns(audit.test_end)}")
    return facts | {
        "parameters": _listed(record.params),
        "rounds": str(record.n_iterations or ""),
        "features kept": str(sum(not d.removes for d in record.decisions)),
        "trials": str(len(record.trials)),
        "seconds": _listed(record.seconds),
        "seed": str(record.job.seed),
        "session": f"{record.session} (outlast runs show {record.session})",
        "started": record.started,
        "folder": f"{jobs.storage.url}/{jobs.place(record.job.id)}",
        "again": f"{command} --reports elsewhere",
    }


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
                     for key, value in values.items())
