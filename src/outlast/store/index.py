"""Finished jobs in few files, so that ten thousand are read as fast as ten.

index/<segment>.json       which jobs, and the hashes of the segment's tables
index/<segment>/           records, their decisions, predictions and observations of those jobs

An index is a cache: what it holds was verified when it was taken in, and what it lacks, or
what of it was damaged, is read from the jobs themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl
from pydantic import TypeAdapter, ValidationError

from outlast.errors import CorruptError
from outlast.records import Decision, Record, content_hash
from outlast.store.storage import Storage

_TABLES = ("records", "decisions", "predictions", "observations")
_MANY = 12
_RECORDS = TypeAdapter(list[Record])
_DECISIONS = TypeAdapter(tuple[Decision, ...])


@dataclass(frozen=True, eq=False)
class Index:
    """All segments of one experiment, read when first asked for.

    Parameters
    ----------
    storage : Storage
        The experiment's own.
    """

    storage: Storage

    @cached_property
    def records(self) -> dict[str, Record]:
        """The record of each indexed job."""
        texts = self._table("records")
        if texts.is_empty():
            return {}
        try:
            found = _RECORDS.validate_json(f"[{','.join(texts['record'])}]")
            decisions = {row["key"]: _DECISIONS.validate_json(row["decisions"])
                         for row in self._table("decisions").unique("key").iter_rows(named=True)}
        except ValidationError:
            # Written by other code: the jobs' own folders are asked instead.
            return {}
        return {record.job.id: record.model_copy(update={"decisions": decisions[key]})
                for record, key in zip(found, texts["key"], strict=True)}

    @cached_property
    def predictions(self) -> dict[str, pl.DataFrame]:
        """The held-out predictions of each indexed job."""
        table = self._table("predictions")
        if table.is_empty():
            return {}
        parts = table.partition_by("job", as_dict=True, include_key=False)
        return {str(key[0]): part for key, part in parts.items() if key[0] in self.records}

    @cached_property
    def observations(self) -> pl.DataFrame:
        """The feature observations of all indexed jobs."""
        return self._table("observations")

    def add(
        self, records: Sequence[Record], predictions: Sequence[pl.DataFrame],
        observations: pl.DataFrame,
    ) -> None:
        """Take in finished jobs.

        Parameters
        ----------
        records : sequence of Record
        predictions : sequence of polars.DataFrame
            In the order of the records.
        observations : polars.DataFrame
            Of all of them.
        """
        named = [frame.with_columns(job=pl.lit(record.job.id))
                 for record, frame in zip(records, predictions, strict=True)]
        tables = {**_record_tables(records), "predictions": pl.concat(named),
                  "observations": observations}
        merged = self._segments if len(self._segments) >= _MANY else []
        if merged:
            tables = {name: pl.concat([self._table(name), table], how="diagonal_relaxed")
                      for name, table in tables.items()}
        self._write(tables)
        for segment in merged:
            self.storage.remove(f"index/{segment['name']}.json")
            self.storage.remove(f"index/{segment['name']}")
        self.forget()

    def clear(self) -> None:
        """Remove all segments."""
        self.storage.remove("index")
        self.forget()

    def forget(self) -> None:
        """Read the segments anew when next asked."""
        for name in ("records", "predictions", "observations", "_segments", "_tables"):
            self.__dict__.pop(name, None)

    @cached_property
    def _segments(self) -> list[dict[str, Any]]:
        """The manifests of the segments whose tables are all whole."""
        names = [name for name in self.storage.files("index") if name.endswith(".json")]
        return [segment for name in names if (segment := self._manifest(name)) is not None]

    @cached_property
    def _tables(self) -> dict[str, pl.DataFrame]:
        return {}

    def _manifest(self, name: str) -> dict[str, Any] | None:
        try:
            segment = dict(self.storage.read_json(name))
            whole = all(self.storage.intact(f"index/{segment['name']}/{table}.parquet", sha256)
                        for table, sha256 in segment["tables"].items())
        except (CorruptError, KeyError, TypeError, ValueError):
            return None
        return segment if whole else None

    def _table(self, table: str) -> pl.DataFrame:
        if table not in self._tables:
            seen: set[str] = set()
            parts = []
            for segment in self._segments:
                part = self.storage.read_parquet(f"index/{segment['name']}/{table}.parquet")
                # Two workers may have taken in the same job; decisions belong to several.
                twice = seen.intersection(segment["jobs"]) if table != "decisions" else set()
                parts.append(part.filter(~pl.col("job").is_in(twice)) if twice else part)
                seen.update(segment["jobs"])
            # Segments of older code may lack a column; it is null there.
            self._tables[table] = pl.concat([pl.DataFrame(), *parts], how="diagonal_relaxed")
        return self._tables[table]

    def _write(self, tables: dict[str, pl.DataFrame]) -> None:
        jobs = sorted(tables["records"]["job"])
        name = content_hash(jobs)
        hashes = {table: self.storage.write_parquet(f"index/{name}/{table}.parquet", tables[table])
                  for table in _TABLES}
        self.storage.write_json(f"index/{name}.json",
                                {"name": name, "jobs": jobs, "tables": hashes})


def _record_tables(records: Sequence[Record]) -> dict[str, pl.DataFrame]:
    """Records without their decisions, and these once: all models of a fold share them."""
    known: dict[int, str] = {}
    texts: dict[str, str] = {}
    keys = []
    for record in records:
        # The same tuple is often shared by many records, and is then written out once.
        if id(record.decisions) not in known:
            text = _DECISIONS.dump_json(record.decisions).decode()
            known[id(record.decisions)] = content_hash(text)
            texts[known[id(record.decisions)]] = text
        keys.append(known[id(record.decisions)])
    jobs = [record.job.id for record in records]
    bare = [record.model_copy(update={"decisions": ()}).model_dump_json() for record in records]
    first = dict(zip(reversed(keys), reversed(jobs), strict=True))
    return {"records": pl.DataFrame({"job": jobs, "record": bare, "key": keys}),
            "decisions": pl.DataFrame({"job": [first[key] for key in texts],
                                       "key": list(texts), "decisions": list(texts.values())})}
