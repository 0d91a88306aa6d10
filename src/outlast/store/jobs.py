"""Finished jobs on disk: one folder each, done when its record is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from outlast.errors import StoreError, unknown_name
from outlast.records import Record
from outlast.store.files import sha256, write_atomic

RECORD = "record.json"
PREDICTIONS = "predictions.parquet"
OBSERVATIONS = "observations.parquet"
MODEL = "model"
LOGS = ("job.log", "job.jsonl")


@dataclass(frozen=True)
class JobStore:
    """The folder ``<reports>/experiment_results/<experiment>``.

    Parameters
    ----------
    folder : pathlib.Path
        One folder per job below it, named by the job's id.
    """

    folder: Path

    def job_folder(self, job_id: str) -> Path:
        """Where a job keeps its log, predictions, model and record."""
        return self.folder / job_id

    def commit(self, record: Record) -> None:
        """Write a record; from here on the job is done (or has failed on record).

        The artefacts must be in the job's folder already: the record names their hashes.
        """
        folder = self.job_folder(record.job.id)
        hashes = {name: sha256(folder / name) for name in _artefacts(folder)}
        sealed = record.model_copy(update={"artefacts": hashes})
        write_atomic(folder / RECORD, (sealed.model_dump_json(indent=1) + "\n").encode())

    def read(self, job_id: str) -> Record | None:
        """Return a job's record, None if the job has left none or a broken one."""
        path = self.job_folder(job_id) / RECORD
        if not path.is_file():
            return None
        try:
            return Record.model_validate_json(path.read_bytes())
        except ValidationError:
            # A record that cannot be read counts as not done: the job is run again.
            return None

    def records(self) -> Iterator[Record]:
        """Every readable record, in order of job id."""
        for path in sorted(self.folder.glob(f"*/{RECORD}")):
            record = self.read(path.parent.name)
            if record is not None:
                yield record

    def predictions(self, record: Record) -> pl.DataFrame:
        """The held-out predictions of a finished job.

        Returns
        -------
        polars.DataFrame
            ``row`` (position in the panel), ``time`` (int64 ns), ``entity`` (code), ``y`` and
            ``p`` (binary, regression) or ``p_0`` … ``p_k`` (multiclass).

        Raises
        ------
        StoreError
            If the file is missing or is not the one that the record was made with.
        """
        return self._table(record, PREDICTIONS)

    def observations(self, record: Record) -> pl.DataFrame:
        """The feature observations of a finished job, see `outlast.feature_tracker`."""
        return self._table(record, OBSERVATIONS)

    def find(self, prefix: str) -> Record:
        """Return the record whose job id starts with `prefix`.

        Raises
        ------
        InputError
            If no record or more than one does.
        """
        known = sorted(path.parent.name for path in self.folder.glob(f"*/{RECORD}"))
        matching = [job_id for job_id in known if job_id.startswith(prefix)]
        record = self.read(matching[0]) if len(matching) == 1 else None
        if record is None:
            raise unknown_name("job", prefix, matching[:10] or known[:10])
        return record

    def _table(self, record: Record, name: str) -> pl.DataFrame:
        path = self.job_folder(record.job.id) / name
        if not path.is_file() or sha256(path) != record.artefacts.get(name):
            raise StoreError(f"{str(path)!r} is missing or was changed after job {record.job.id} "
                             "had finished; delete the job's folder to train it again")
        return pl.read_parquet(path)


def _artefacts(folder: Path) -> list[str]:
    """Files whose content the record vouches for: all but the record and the logs."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = (path.relative_to(folder).as_posix() for path in files)
    return sorted(n for n in names if n not in (RECORD, *LOGS) and not n.startswith("."))
