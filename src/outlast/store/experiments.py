"""One experiment on disk: a table, a target and a recipe, and all jobs that were run on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.events import Events
from outlast.data.panel import Panel
from outlast.data.schema import Schema
from outlast.data.times import Instants
from outlast.errors import InputError, StoreError, unknown_name
from outlast.records import Finding
from outlast.store.files import read_json, write_json, write_parquet
from outlast.store.jobs import JobStore

ROWS = "rows.parquet"
EVENTS = "events.parquet"
DESCRIPTION = "experiment.json"
FOLDS = "folds"
AUDITS = "audits"

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Experiment:
    """The folder ``<reports>/experiment_results/<name>``: rows, events, description, jobs.

    Parameters
    ----------
    folder : pathlib.Path
    """

    folder: Path

    @classmethod
    def create(
        cls, folder: Path, panel: Panel, last_known: npt.NDArray[np.float64],
        description: dict[str, Any],
    ) -> Experiment:
        """Write what the jobs need besides the features; a second call changes nothing."""
        experiment = cls(folder)
        if not (folder / DESCRIPTION).is_file():
            write_parquet(folder / ROWS, _rows(panel, last_known))
            write_parquet(folder / EVENTS, panel.events.table)
            write_json(folder / DESCRIPTION, {
                "name": folder.name,
                "table": panel.name,
                "zone": panel.time.zone,
                "tz": panel.time.tz,
                "events_zone": panel.events.zone,
                "schema": panel.schema.model_dump(mode="json"),
                **description,
            })
        return experiment

    @classmethod
    def open(cls, folder: Path) -> Experiment:
        """Open an experiment that was created before.

        Raises
        ------
        InputError
            If there is none in the folder.
        """
        if not (folder / DESCRIPTION).is_file():
            known = [path.parent.name for path in folder.parent.glob(f"*/{DESCRIPTION}")]
            raise unknown_name("experiment", folder.name, known)
        return cls(folder)

    @cached_property
    def description(self) -> dict[str, Any]:
        """What was written when the experiment was created."""
        return dict(read_json(self.folder / DESCRIPTION))

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The panel's rows without its features.

        Columns ``time``, ``label_end`` (int64 ns), ``entity``, ``code``, ``y``, ``last_known``
        and ``usable``.
        """
        return pl.read_parquet(self.folder / ROWS)

    @cached_property
    def schema(self) -> Schema:
        """The roles of the columns, with task and labels."""
        return Schema.model_validate(self.description["schema"])

    @cached_property
    def events(self) -> Events:
        """The events of the table."""
        return Events(pl.read_parquet(self.folder / EVENTS), self.description["events_zone"])

    @property
    def jobs(self) -> JobStore:
        """The finished jobs."""
        return JobStore(self.folder)

    def save_audit(self, key: str, findings: Sequence[Finding]) -> None:
        """Keep the findings of the leak checks on one plan."""
        write_json(self.folder / AUDITS / f"{key}.json",
                   [finding.model_dump(mode="json") for finding in findings])

    def read_audit(self, key: str) -> tuple[Finding, ...] | None:
        """Return the findings on one plan, None if it was not audited yet."""
        path = self.folder / AUDITS / f"{key}.json"
        if not path.is_file():
            return None
        return tuple(Finding.model_validate(entry) for entry in read_json(path))

    def save_folds(self, digest: str, folds: Sequence[tuple[Positions, Positions]]) -> None:
        """Store folds that no strategy can make again, under the hash of their rows."""
        path = self.folder / FOLDS / f"{digest}.parquet"
        if not path.is_file():
            parts = [pl.DataFrame({"row": rows}).with_columns(fold=pl.lit(k), test=pl.lit(test))
                     for k, sides in enumerate(folds) for test, rows in enumerate(sides)]
            write_parquet(path, pl.concat(parts))

    def folds(self, digest: str) -> list[tuple[Positions, Positions]]:
        """Return stored folds.

        Raises
        ------
        StoreError
            If they are missing.
        """
        path = self.folder / FOLDS / f"{digest}.parquet"
        if not path.is_file():
            raise StoreError(f"the folds of a split are missing: {str(path)!r}; run the same "
                             "command again to store them")
        rows = pl.read_parquet(path).partition_by("fold", "test", as_dict=True)
        sides = {key: frame["row"].to_numpy().astype(np.intp) for key, frame in rows.items()}
        return [(sides[k, 0], sides[k, 1]) for k in sorted({fold for fold, _ in sides})]

    def instants(self, column: str, rows: npt.NDArray[np.intp]) -> Instants:
        """Return ``time`` or ``label_end`` of some rows, with their kind of clock."""
        return Instants(self.rows[column].to_numpy()[rows], self.description["zone"],
                        self.description.get("tz"))


def latest_experiment(experiments: Path) -> Experiment:
    """Return the experiment that was worked on last.

    Raises
    ------
    InputError
        If there is none yet, with the command that makes one.
    """
    found = sorted(experiments.glob("*/sessions/*/manifest.json"), key=lambda p: p.parent.name)
    for manifest in reversed(found):
        folder = manifest.parent.parent.parent
        if (folder / DESCRIPTION).is_file():
            return Experiment(folder)
    raise InputError(f"no results in {str(experiments)!r} yet; train first: "
                     "python scripts/run_model_pipeline.py")


def _rows(panel: Panel, last_known: npt.NDArray[np.float64]) -> pl.DataFrame:
    entity = panel.schema.entity
    names = pl.Series([""] * panel.n_rows) if entity is None else panel.frame[entity]
    return pl.DataFrame({
        "time": panel.time.ns,
        "label_end": panel.label_end,
        "entity": names.cast(pl.String),
        "code": panel.entity,
        "y": panel.y,
        "last_known": last_known,
        "usable": panel.usable,
    })
