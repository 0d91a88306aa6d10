"""The cards of a report that are read straight off the store: data, configurations, machine."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import yaml

from outlast.data.times import format_ns
from outlast.judge.board import Row
from outlast.judge.leaderboard import Board
from outlast.metrics import default_metric
from outlast.records import USUAL_SELECTION, Record, Strategy
from outlast.report.document import ConfigurationCard, DataCard, Environment, EventCard
from outlast.store import Experiment

_ATTRIBUTION = {
    "stocks": "Quandl WIKI Prices, public domain; archived copy by marketneutral on Kaggle, as "
              "shipped in bokeh-sampledata 2026.1. The tickers were picked in 2013: the panel "
              "holds only survivors.",
}


# A card is made to be copied by hand: nobody copies the fifty-first.
_CONFIGURATIONS = 50
# Parameters of a selection that have settings of their own.
_PINS = ("keep", "drop")


def data_card(experiment: Experiment, n_features: int) -> DataCard:
    """Return what was learned from."""
    rows, schema = experiment.rows, experiment.schema
    usable = rows.filter(rows["usable"])
    events = experiment.events.common.table
    names = rows["entity"].unique().sort().to_list() if schema.entity else []
    return DataCard(
        name=experiment.description["table"],
        fingerprint=experiment.description["fingerprint"],
        n_rows=rows.height, n_labelled=usable.height, n_entities=len(names),
        entities=tuple(names[:20]), n_timestamps=usable["time"].n_unique(),
        start=format_ns(int(rows["time"][0])), end=format_ns(int(rows["time"][-1])),
        time_column=schema.time, entity_column=schema.entity, target=schema.target,
        task=schema.task or "regression", horizon=_horizon(experiment),
        class_shares=_class_shares(experiment), n_events=len(experiment.events),
        events=tuple(EventCard(name=e["name"], kind=e["kind"], start=format_ns(e["start"]),
                               end=format_ns(min(e["end"], int(rows["time"][-1]))))
                     for e in events.iter_rows(named=True)),
        n_features=n_features,
        attribution=_ATTRIBUTION.get(experiment.description["table"], ""),
    )


def configuration_cards(
    board: Board, split: str | None, experiment: Experiment, sessions: Sequence[Mapping[str, Any]]
) -> tuple[ConfigurationCard, ...]:
    """Return the best configuration of each of the first models under the headline split."""
    best: dict[str, Row] = {}
    for row in board.of_split(split):
        # An ensemble has no configuration but those of its members.
        if not (row.is_baseline or row.members) and row.score.value is not None:
            best.setdefault(row.model, row)
        if len(best) == _CONFIGURATIONS:
            break
    data = sessions[-1]["config"]["data"] if sessions else {}
    return tuple(_configuration(row, board.contestants[row.id].results[-1].record, experiment, data)
                 for row in best.values())


def environment_card(sessions: Sequence[Mapping[str, Any]], reused: int) -> Environment:
    """Return where the numbers come from: the last session's machine and libraries."""
    if not sessions:
        return Environment(session="", command="", outlast="", python="", machine="", git="")
    last = sessions[-1]
    libraries = dict(last.get("libraries", {}))
    git = last.get("git", {})
    dirty = " with uncommitted changes" if git.get("dirty") == "true" else ""
    return Environment(
        session=last["session"], command=last["command"], outlast=libraries.pop("outlast", ""),
        python=last["python"], machine=last["machine"],
        git=f"{git['commit'][:12]}{dirty}" if git else "not in a git repository",
        libraries=libraries, seed=last.get("seed", 0), started=last["started"],
        wall_seconds=last.get("seconds", 0.0), jobs_trained=last.get("trained", 0),
        jobs_reused=reused,
        manifest=f"{last['experiment']}/sessions/{last['session']}/manifest.json",
    )


def log_path(experiment: Experiment, record: Record) -> str:
    """Return where a job's log lies, relative to the store; its folder if no attempt ended."""
    place = f"experiment_results/{experiment.name}/{experiment.jobs.place(record.job.id)}"
    return f"{place}/{record.attempt}/job.log" if record.attempt else place


def reproduce(record: Record, data: Mapping[str, Any]) -> str:
    """Return the command that runs one configuration again, search included."""
    job = record.job
    own = job.selection.params.keys() - set(_PINS)
    if job.split.params or job.model.params or own:
        return "outlast run --config best.yaml   # the YAML above, saved under this name"
    words = ["outlast", "train"]
    if data.get("source", "stocks") != "stocks":
        words += ["--data", str(data["source"])]
    for flag, value in data.items():
        if value and flag != "source":
            words += [f"--{flag}", *_words(value)]
    words += ["--models", job.model.name, "--splits", job.split.name]
    words += ["--optimization", job.search.name]
    if "n_trials" in job.search.params:
        words += ["--n_trials", str(job.search.params["n_trials"])]
    if job.metric != default_metric(job.task).name:
        words += ["--metric", job.metric]
    pins = {side: job.selection.params.get(side) for side in _PINS}
    if job.selection.name != USUAL_SELECTION:
        words += ["--selection", job.selection.name]
    for side, pinned in pins.items():
        words += [f"--{side}", *pinned] if pinned else []
    return shlex.join([*words, "--seed", str(job.seed)])


def _split(split: Strategy) -> Any:
    """A split as a configuration names it; one that was given as an object has only its title."""
    if split.title:
        return split.params.get("of", split.title)
    return {split.name: split.params}


def _words(value: Any) -> list[str]:
    """A setting as words of the command line."""
    if isinstance(value, Mapping):
        return [f"{name}={each}" for name, each in value.items()]
    return [str(each) for each in value] if isinstance(value, (list, tuple)) else [str(value)]


def _configuration(
    row: Row, record: Record, experiment: Experiment, data: Mapping[str, Any]
) -> ConfigurationCard:
    job = record.job
    settings = {
        "data": {key: value for key, value in data.items() if value},
        "models": [{job.model.name: {**job.model.params, **_fixed(record)}}],
        "splits": [_split(job.split)],
        "optimization": ["none"],
        "selection": [{job.selection.name: {key: value for key, value in
                                            job.selection.params.items() if key not in _PINS}}],
        **{side: job.selection.params[side] for side in _PINS if side in job.selection.params},
        "seed": job.seed,
    }
    return ConfigurationCard(
        row=row.id, model=row.model, split=row.split, search=row.search, score=row.score,
        params=record.params, n_iterations=record.n_iterations,
        yaml=yaml.safe_dump(settings, sort_keys=False), command=reproduce(record, data),
        job=job.id, log=log_path(experiment, record),
    )


def _fixed(record: Record) -> dict[str, Any]:
    """The tuned parameters with the number of rounds, as a model's own settings."""
    if record.n_iterations is None:
        return dict(record.params)
    return {**record.params, "n_iterations": record.n_iterations}


def _horizon(experiment: Experiment) -> str:
    schema = experiment.schema
    if schema.label_end is not None:
        usable = experiment.rows.filter(experiment.rows["usable"])
        days = (usable["label_end"] - usable["time"]).median()
        return f"column {schema.label_end} (median {float(days or 0) / 86_400e9:g} days)"  # type: ignore[arg-type]
    if isinstance(schema.horizon, int):
        return f"{schema.horizon} rows ahead" if schema.horizon else "known at once"
    return schema.horizon


def _class_shares(experiment: Experiment) -> dict[str, float]:
    labels = experiment.schema.labels
    if not labels:
        return {}
    y = experiment.rows.filter(experiment.rows["usable"])["y"].to_numpy().astype(int)
    counts = np.bincount(y, minlength=len(labels))
    return {label: float(count / y.size) for label, count in zip(labels, counts, strict=True)}
