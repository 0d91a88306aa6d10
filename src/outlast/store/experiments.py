"""Experiments: a table, a target and a recipe, and all jobs that were run on them."""

from __future__ import annotations

import json
import os
import secrets
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.events import Events
from outlast.data.panel import Panel
from outlast.data.schema import Schema
from outlast.data.times import Instants
from outlast.errors import CorruptError, InputError, OutlastWarning, unknown_name
from outlast.records import Finding
from outlast.store.jobs import JobStore
from outlast.store.stamps import parquet, stamped_json
from outlast.store.storage import Storage, open_storage

EXPERIMENTS = "experiment_results"
FEATURES = "feature_data"
SESSIONS = "sessions"
LOCK = "run.lock"
ROWS = "rows.parquet"
EVENTS = "events.parquet"
EXAM = "exam.parquet"
OPENINGS = "exam/openings"
DESCRIPTION = "description.json"
FOLDS = "folds"
AUDITS = "audits"

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Experiment:
    """The folder ``experiment_results/<name>`` of a store: rows, events, description, jobs.

    Parameters
    ----------
    store : Store
    name : str
    unsealed : bool, default False
        Whether `rows` holds the sealed labels too.
    """

    store: Store
    name: str
    unsealed: bool = False

    @cached_property
    def storage(self) -> Storage:
        """The experiment's own files."""
        return self.store.storage.at(f"{EXPERIMENTS}/{self.name}")

    def create(
        self, panel: Panel, last_known: npt.NDArray[np.float64], description: dict[str, Any]
    ) -> Experiment:
        """Write what the jobs need besides the features, as far as it is not there and whole.

        What was damaged is put aside and made again: the name of the experiment is the hash of the
        table that it was made from.
        """
        lacking = self.lacking()
        if lacking:
            files = {ROWS: parquet(_rows(panel, last_known)), EVENTS: parquet(panel.events.table),
                     EXAM: parquet(_sealed(panel))}
            known = {} if DESCRIPTION in lacking else self.description
            hashes = {name: sha256(data).hexdigest() for name, data in files.items()}
            told = {
                "name": self.name,
                "table": panel.name,
                "zone": panel.time.zone,
                "tz": panel.time.tz,
                "events_zone": panel.events.zone,
                "schema": panel.schema.model_dump(mode="json"),
                **description,
                **known,
                # Another version of the library may write the same table in other bytes.
                "files": {name: digest if name in lacking else known["files"][name]
                          for name, digest in hashes.items()},
            }
            files[DESCRIPTION] = stamped_json(json.dumps(told, indent=1, allow_nan=False))
            self._make({name: data for name, data in files.items()
                        if name in (*lacking, DESCRIPTION)})
        return self

    def lacking(self) -> list[str]:
        """Name its own files that are missing or damaged: rows, events, exam, description."""
        try:
            files = dict(self.storage.read_json(DESCRIPTION)["files"])
        except (CorruptError, KeyError, TypeError, ValueError):
            return [ROWS, EVENTS, EXAM, DESCRIPTION]
        return [name for name, digest in files.items() if self._hash(name) != digest]

    def _hash(self, name: str) -> str:
        try:
            return sha256(self.storage.read(name)).hexdigest()
        except CorruptError:
            return ""

    def _make(self, files: Mapping[str, bytes]) -> None:
        """Write files in their order; what else is there under their names is put aside."""
        new = not self.exists
        changed = [name for name, data in files.items()
                   if self._hash(name) != sha256(data).hexdigest()]
        for name in changed:
            if self.storage.exists(name) or name in self.storage.folders():
                self.storage.rename(name, f"quarantine/{secrets.token_hex(4)}-{name}")
            self.storage.write(name, files[name])
        for name in ("description", "rows", "events", "exam", "schema"):
            self.__dict__.pop(name, None)
        if not new:
            warnings.warn(f"{self.storage.url}: {', '.join(changed)} was missing or damaged and is "
                          "made again from the table; what is finished is kept",
                          OutlastWarning, stacklevel=2)

    @property
    def exists(self) -> bool:
        """Whether it was created, even if its description is gone."""
        return self.storage.exists(DESCRIPTION) or bool(self.storage.folders(SESSIONS))

    @cached_property
    def description(self) -> dict[str, Any]:
        """What was written when the experiment was created.

        Raises
        ------
        CorruptError
            If it is damaged, with the command that mends it; so do rows, events and exam.
        """
        with self._way_out():
            return dict(self.storage.read_json(DESCRIPTION))

    def _table(self, name: str) -> pl.DataFrame:
        with self._way_out():
            return self.storage.read_parquet(name, self.description["files"][name])

    @contextmanager
    def _way_out(self) -> Iterator[None]:
        try:
            yield
        except (CorruptError, KeyError, ValueError) as error:
            raise CorruptError(f"{error}; run the command that made {self.name!r} again, or "
                               f"outlast resume --experiment {self.name}: that makes the file "
                               "again from the table and keeps what is finished") from error

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The panel's rows without its features.

        Columns ``time``, ``label_end`` (int64 ns), ``entity``, ``code``, ``y``, ``last_known``
        and ``usable``.
        """
        rows = self._table(ROWS)
        if not self.unsealed:
            return rows
        y = rows["y"].to_numpy().copy()
        y[self.exam["row"].to_numpy()] = self.exam["y"].to_numpy()
        return rows.with_columns(y=pl.Series(y))

    @property
    def sealed(self) -> dict[str, Any]:
        """Start and size of the exam, or why there is none; older experiments had none."""
        known = self.description.get("exam", {"none": "the experiment was made without one"})
        return dict(known)

    @cached_property
    def exam(self) -> pl.DataFrame:
        """The sealed labels: columns ``row`` (position in the panel) and ``y``."""
        return self._table(EXAM)

    @property
    def openings(self) -> list[dict[str, Any]]:
        """Every opening of the exam, in order; of one whose file is damaged nothing else is known.

        It counts all the same: who has looked once cannot look for the first time.
        """
        return [self._opening(name) for name in self.storage.files(OPENINGS)]

    def _opening(self, name: str) -> dict[str, Any]:
        try:
            return dict(self.storage.read_json(name))
        except (CorruptError, TypeError, ValueError):
            return {"opened": "at a time that is lost", "session": "", "finalists": [],
                    "promise": None}

    def open_exam(self, told: Mapping[str, Any]) -> Experiment:
        """Write down that the exam is opened, and for what; only then are its labels there.

        An opening for the same promise was written down before and is not counted again.
        """
        before = self.openings
        if not any(known["promise"] == told["promise"] for known in before):
            name = f"{OPENINGS}/{len(before) + 1:04d}.json"
            self.storage.create(name, stamped_json(json.dumps(dict(told), indent=1)))
        return replace(self, unsealed=True)

    @cached_property
    def schema(self) -> Schema:
        """The roles of the columns, with task and labels."""
        return Schema.model_validate(self.description["schema"])

    @cached_property
    def events(self) -> Events:
        """The events of the table."""
        return Events(self._table(EVENTS), self.description["events_zone"])

    @cached_property
    def jobs(self) -> JobStore:
        """The finished jobs."""
        return JobStore(self.storage)

    def lock(self) -> AbstractContextManager[None]:
        """Keep any other run from writing into this experiment, see `Storage.lock`."""
        return self.storage.lock(LOCK)

    def save_audit(self, key: str, findings: Sequence[Finding]) -> None:
        """Keep the findings of the leak checks on one plan."""
        self.storage.write_json(f"{AUDITS}/{key}.json", {
            "findings": [finding.model_dump(mode="json") for finding in findings]})

    def read_audit(self, key: str) -> tuple[Finding, ...] | None:
        """Return the findings on one plan, None if it was not audited yet, or they are broken."""
        name = f"{AUDITS}/{key}.json"
        if not self.storage.exists(name):
            return None
        try:
            return tuple(Finding.model_validate(entry)
                         for entry in self.storage.read_json(name)["findings"])
        except (CorruptError, KeyError, TypeError, ValueError):
            return None

    def save_folds(self, digest: str, folds: Sequence[tuple[Positions, Positions]]) -> None:
        """Store folds that no strategy can make again, under the hash of their rows."""
        name = f"{FOLDS}/{digest}.parquet"
        if not self._is_table(name):
            parts = [pl.DataFrame({"row": rows}).with_columns(fold=pl.lit(k), test=pl.lit(test))
                     for k, sides in enumerate(folds) for test, rows in enumerate(sides)]
            self.storage.write_parquet(name, pl.concat(parts))

    def _is_table(self, name: str) -> bool:
        try:
            return bool(self.storage.read_parquet(name).height)
        except CorruptError:
            return False

    def folds(self, digest: str) -> list[tuple[Positions, Positions]]:
        """Return stored folds.

        Raises
        ------
        CorruptError
            If they are missing or damaged; the next run stores them again.
        """
        with self._way_out():
            table = self.storage.read_parquet(f"{FOLDS}/{digest}.parquet")
        rows = table.partition_by("fold", "test", as_dict=True)
        sides = {key: frame["row"].to_numpy().astype(np.intp) for key, frame in rows.items()}
        return [(sides[k, 0], sides[k, 1]) for k in sorted({fold for fold, _ in sides})]

    def instants(self, column: str, rows: npt.NDArray[np.intp]) -> Instants:
        """Return ``time`` or ``label_end`` of some rows, with their kind of clock."""
        return Instants(self.rows[column].to_numpy()[rows], self.description["zone"],
                        self.description.get("tz"))


@dataclass(frozen=True)
class Store:
    """Everything that runs leave behind: features, experiments, and the ledger over them.

    Parameters
    ----------
    storage : Storage

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> Store.open(mkdtemp()).experiments()
    []
    """

    storage: Storage

    @classmethod
    def open(cls, root: str | Path) -> Store:
        """Open the store in a folder or below a URL, see `open_storage`."""
        return cls(open_storage(root))

    @property
    def features(self) -> Storage:
        """Where feature tables and the ledger are."""
        return self.storage.at(FEATURES)

    def place(self, name: str) -> Experiment:
        """Return the experiment of that name, whether it was created or not."""
        return Experiment(self, name)

    def experiment(self, name: str) -> Experiment:
        """Return the experiment of that name.

        Raises
        ------
        InputError
            If there is none.
        """
        found = self.place(name)
        if not found.exists:
            raise unknown_name("experiment", name, [known.name for known in self.experiments()])
        return found

    def experiments(self) -> list[Experiment]:
        """Return all experiments, in order of name."""
        names = self.storage.folders(EXPERIMENTS)
        return [found for name in names if (found := self.place(name)).exists]

    def latest(self) -> Experiment:
        """Return the experiment that was worked on last.

        Raises
        ------
        InputError
            If there is none yet, with the command that makes one.
        """
        worked_on = {sessions[-1]: found for found in self.experiments()
                     if (sessions := found.storage.folders(SESSIONS))}
        if not worked_on:
            raise InputError(f"no results in {self.storage.url!r} yet; train first: "
                             "outlast run")
        return worked_on[max(worked_on)]

    def check_writable(self) -> None:
        """Raise before any compute if results could not be saved.

        Raises
        ------
        StoreError
            If a file cannot be made.
        """
        probe = f".write-test-{os.getpid()}"
        self.storage.write(probe, b"")
        self.storage.remove(probe)


def _rows(panel: Panel, last_known: npt.NDArray[np.float64]) -> pl.DataFrame:
    entity = panel.schema.entity
    names = pl.Series([""] * panel.n_rows) if entity is None else panel.frame[entity]
    return pl.DataFrame({
        "time": panel.time.ns,
        "label_end": panel.label_end,
        "entity": names.cast(pl.String),
        "code": panel.entity,
        "y": np.where(panel.examined, np.nan, panel.y),
        "last_known": last_known,
        "usable": panel.usable,
    })


def _sealed(panel: Panel) -> pl.DataFrame:
    rows = np.flatnonzero(panel.examined)
    return pl.DataFrame({"row": rows, "y": panel.y[rows]})
