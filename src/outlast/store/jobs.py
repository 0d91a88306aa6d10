"""Finished jobs: one folder each, done when its record is there.

jobs/<two digits>/<job>/
    record.json          what is final: commit once, the first attempt wins
    failure.json         how the last attempt ended that was not final; another may follow
    output.log           what the job printed, if it did
    <attempt>/           predictions, observations, model and log of one attempt
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from outlast.credentials import hidden
from outlast.errors import CorruptError, OutlastWarning, StoreError, unknown_name
from outlast.models import Card, FittedModel, load_model
from outlast.models.fitted import CARD
from outlast.records import Record
from outlast.store.index import Index
from outlast.store.stamps import stamped_json
from outlast.store.storage import Storage

RECORD = "record.json"
FAILURE = "failure.json"
OUTPUT = "output.log"
PREDICTIONS = "predictions.parquet"
OBSERVATIONS = "observations.parquet"
MODEL = "model"
LOGS = ("job.log", "job.jsonl")
# What no other attempt would change.
FINAL = ("ok", "non_finite")


@dataclass(frozen=True)
class Attempt:
    """One try at a job: a name, and a folder on this machine for what it makes."""

    name: str
    folder: Path

    def seal(self, record: Record) -> Record:
        """Return the record with the hashes of all files that the attempt has made."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        named = {path.relative_to(self.folder).as_posix(): path for path in files}
        hashes = {name: _sha256(path) for name, path in sorted(named.items()) if name not in LOGS}
        return record.model_copy(update={"attempt": self.name, "artefacts": hashes})


@dataclass(frozen=True)
class JobStore:
    """The jobs of one experiment.

    Parameters
    ----------
    storage : Storage
        The experiment's own.
    """

    storage: Storage

    @cached_property
    def index(self) -> Index:
        """Finished jobs as they were when a run ended, in few files."""
        return Index(self.storage)

    def place(self, job_id: str) -> str:
        """Where a job's files are, relative to the experiment."""
        return f"jobs/{job_id[:2]}/{job_id}"

    @contextmanager
    def attempt(self, job_id: str) -> Iterator[Attempt]:
        """Give a new attempt a folder to work in."""
        name = f"a{secrets.token_hex(4)}"
        with self.storage.scratch(f"{self.place(job_id)}/{name}") as folder:
            yield Attempt(name, folder)

    def commit(self, record: Record) -> bool:
        """Write the record of a sealed attempt; return False if another attempt came first."""
        return self.storage.create(f"{self.place(record.job.id)}/{RECORD}", _bytes(record))

    def fail(self, record: Record, output: str = "") -> None:
        """Write down how a job ended that may be tried again."""
        self.storage.write(f"{self.place(record.job.id)}/{FAILURE}", _bytes(record))
        self.keep_output(record.job.id, output)

    def keep_output(self, job_id: str, output: str) -> None:
        """Write down what a job printed, if it did, without passwords."""
        if output:
            text = hidden(output).encode("utf-8", "replace")
            self.storage.write(f"{self.place(job_id)}/{OUTPUT}", text)

    def read(self, job_id: str) -> Record | None:
        """Return a job's record, the one of its failure, or None if it has left neither.

        A record that cannot be read counts as not there: the job is run again.
        """
        for name in (RECORD, FAILURE):
            path = f"{self.place(job_id)}/{name}"
            if self.storage.exists(path):
                try:
                    return Record.model_validate_json(self.storage.read_text(path))
                except (ValidationError, CorruptError):
                    continue
        return None

    def read_all(self, job_ids: Iterable[str]) -> dict[str, Record]:
        """Return the records of some jobs, from the index where it has them."""
        known = self.index.records
        found = {job_id: known.get(job_id) or self.read(job_id) for job_id in job_ids}
        return {job_id: record for job_id, record in found.items() if record is not None}

    def ids(self) -> list[str]:
        """Return the ids of all jobs that were ever begun."""
        return sorted(job_id for part in self.storage.folders("jobs")
                      for job_id in self.storage.folders(f"jobs/{part}"))

    def records(self) -> Iterator[Record]:
        """Every readable record, in order of job id, with a warning if any is damaged."""
        ids = self.ids()
        found = self.read_all(ids)
        broken = [job_id for job_id in ids if job_id not in found and self.is_broken(job_id)]
        if broken:
            warnings.warn(f"the records of {len(broken)} jobs in {self.storage.url!r} are damaged "
                          "and left out; run the same command again to train them anew",
                          OutlastWarning, stacklevel=2)
        yield from found.values()

    def predictions(self, record: Record) -> pl.DataFrame:
        """The held-out predictions of a finished job.

        Returns
        -------
        polars.DataFrame
            ``row`` (position in the panel), ``time`` (int64 ns), ``entity`` (code), ``y`` and
            ``p`` (binary, regression) or ``p_0`` … ``p_k`` (multiclass).

        Raises
        ------
        CorruptError
            If the file is missing or is not the one that the record was made with.
        """
        indexed = self.index.predictions.get(record.job.id)
        return self._table(record, PREDICTIONS) if indexed is None else indexed

    def observations(self, records: Sequence[Record]) -> pl.DataFrame:
        """The feature observations of finished jobs, see `outlast.feature_tracker`.

        Raises
        ------
        CorruptError
            See `predictions`.
        """
        known, ids = self.index.records, [record.job.id for record in records]
        tables = [self._table(r, OBSERVATIONS) for r in records if r.job.id not in known]
        if any(job_id in known for job_id in ids):
            tables.append(self.index.observations.filter(pl.col("job").is_in(ids)))
        return pl.concat(tables, how="diagonal_relaxed")

    def model(self, record: Record) -> FittedModel:
        """Load the fitted model of a finished job, its files verified first.

        Raises
        ------
        CorruptError
            If a file is missing or was changed.
        """
        with tempfile.TemporaryDirectory(prefix="outlast-") as folder:
            self.copy(record, Path(folder))
            return load_model(Path(folder) / MODEL)

    def card(self, record: Record) -> Card:
        """Return what the model of a finished job remembers of its making.

        Raises
        ------
        CorruptError
            If its file is missing or was changed.
        """
        return Card.model_validate_json(self._verified(record, f"{MODEL}/{CARD}"))

    def copy(self, record: Record, folder: Path) -> None:
        """Copy the files of a finished job into a folder, each verified.

        Raises
        ------
        CorruptError
            If a file is missing or was changed.
        """
        for name in record.artefacts:
            data = self._verified(record, name)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)

    def log(self, record: Record) -> str:
        """Return what the job's attempts wrote down and printed."""
        place = self.place(record.job.id)
        names = [name for name in self.storage.files(place) if name.endswith(("/job.log", OUTPUT))]
        return "\n".join(self.storage.read(name).decode("utf-8", "replace") for name in names)

    def damage(self, record: Record) -> str | None:
        """Return the first artefact that is missing or was changed, None if all are whole."""
        for name, sha256 in record.artefacts.items():
            if not self.storage.intact(self._artefact(record, name), sha256):
                return name
        return None

    def is_broken(self, job_id: str) -> bool:
        """Whether a job has a record that cannot be read, which no other could replace."""
        record, place = self.read(job_id), self.place(job_id)
        there = self.storage.exists(f"{place}/{RECORD}") or RECORD in self.storage.folders(place)
        return there and (record is None or record.status not in FINAL)

    def quarantine(self, job_id: str) -> None:
        """Put a damaged job aside, so that it can be run again and looked at."""
        self.index.clear()
        self.storage.rename(self.place(job_id), f"quarantine/{job_id}-{secrets.token_hex(4)}")

    def find(self, prefix: str) -> Record:
        """Return the record whose job id starts with `prefix`.

        Raises
        ------
        InputError
            If no record or more than one does.
        """
        known = self.ids()
        matching = [job_id for job_id in known if job_id.startswith(prefix)]
        record = self.read(matching[0]) if len(matching) == 1 else None
        if record is None:
            raise unknown_name("job", prefix, matching[:10] or known[:10])
        return record

    def _verified(self, record: Record, name: str) -> bytes:
        data = self.storage.read(self._artefact(record, name))
        if hashlib.sha256(data).hexdigest() != record.artefacts[name]:
            raise self._changed(record, name)
        return data

    def _artefact(self, record: Record, name: str) -> str:
        return f"{self.place(record.job.id)}/{record.attempt}/{name}"

    def _table(self, record: Record, name: str) -> pl.DataFrame:
        path = self._artefact(record, name)
        try:
            return self.storage.read_parquet(path, record.artefacts.get(name, ""))
        except CorruptError as error:
            raise self._changed(record, name) from error

    def _changed(self, record: Record, name: str) -> StoreError:
        return CorruptError(f"{self.storage.url}/{self._artefact(record, name)} is missing or was "
                            f"changed after job {record.job.id} had finished; run the same command "
                            "again to train it anew")


def _bytes(record: Record) -> bytes:
    return stamped_json(record.model_dump_json(indent=1))


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
