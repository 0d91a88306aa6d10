"""Extracted features on disk: one copy for all processes and for all recipes that share them.

columns/<data and code>/<sha256>.npy       some features of a table, one below the other
columns/<data and code>/<sha256>.parquet   its categories
columns/<data and code>/<sha256>.json      which features a part holds, written after it
<fingerprint>/manifest.json                a feature table: parts, columns, lineage; written last
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
import polars.selectors as cs
from pydantic import TypeAdapter

from outlast.data.panel import Panel
from outlast.errors import CorruptError
from outlast.features import AnyRecipe, FeatureTable, Lineage, Recipe
from outlast.features.extraction import Extraction
from outlast.features.recipe import code_hash
from outlast.records import content_hash
from outlast.store.mapped import mapped_columns
from outlast.store.sessions import now
from outlast.store.stamps import parquet
from outlast.store.storage import Storage
from outlast.untrusted import parquet_table

MANIFEST = "manifest.json"
# Features are computed and written in parts of this size, so that memory holds one at a time.
PART_BYTES = 2**25

# Verified files: (storage, name, hash) -> path and what the system says of it.
_VERIFIED: dict[tuple[str, str, str], tuple[Path, tuple[int, ...]]] = {}


@dataclass(frozen=True)
class Part:
    """A file with some features.

    Attributes
    ----------
    file : str
        Its name, which its content decides.
    sha256 : str
    features : tuple of str
        The ids of its columns, see `Lineage.feature_id`.
    costs : tuple of float
        CPU seconds that each of them took for 100,000 rows, without its inputs; empty for what a
        function of the user has made.
    """

    file: str
    sha256: str
    features: tuple[str, ...]
    costs: tuple[float, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What a feature table is made of."""

    lineage: tuple[Lineage, ...]
    parts: tuple[Part, ...]

    @property
    def costs(self) -> dict[str, float]:
        """CPU seconds for 100,000 rows, by the id of the feature, as far as they were measured."""
        return {feature: cost for part in self.parts if part.costs
                for feature, cost in zip(part.features, part.costs, strict=True)}


@dataclass(frozen=True)
class FeatureStore:
    """The folder ``feature_data`` of a store.

    Parameters
    ----------
    storage : Storage
        Its root.
    """

    storage: Storage

    def extract(self, recipe: AnyRecipe, panel: Panel) -> tuple[FeatureTable, bool]:
        """Return the features of a panel; those that are on disk are not computed again.

        Returns
        -------
        FeatureTable
            Its numbers live in the stored files.
        bool
            Whether all of it was on disk already.
        """
        fingerprint = recipe.table_fingerprint(panel)
        stored = self.load(fingerprint)
        if stored is not None:
            return stored, True
        if isinstance(recipe, Recipe):
            lineage, parts = recipe.lineage(panel), self._parts_of(recipe, panel)
        else:
            table = recipe.transform(panel)
            lineage = table.lineage
            ids = [entry.feature_id for entry in lineage]
            parts = list(self._written(f"columns/{fingerprint}", table.frame, ids))
        self._seal(fingerprint, recipe, panel, lineage, parts)
        made = self.load(fingerprint)
        if made is None:
            raise CorruptError(f"features written to {self.storage.url!r} cannot be read back; "
                               "check the disk, or choose another folder with --reports")
        return made, False

    def load(self, fingerprint: str) -> FeatureTable | None:
        """Return a table from disk, None if it is not there or not as it was written."""
        if (manifest := self.manifest(fingerprint)) is None:
            return None
        lineage = manifest.lineage
        try:
            columns = {c.name: c for part in manifest.parts for c in self._columns(part)}
        except (CorruptError, ValueError):
            return None
        if not columns.keys() >= {entry.feature_id for entry in lineage}:
            return None
        frame = pl.DataFrame([columns[entry.feature_id].alias(entry.feature) for entry in lineage])
        return FeatureTable(frame, lineage, fingerprint)

    def manifest(self, fingerprint: str) -> Manifest | None:
        """Return what a table is made of, None if it is not there or cannot be read."""
        name = f"{fingerprint}/{MANIFEST}"
        if not self.storage.exists(name):
            return None
        try:
            return TypeAdapter(Manifest).validate_python(self.storage.read_json(name))
        except (CorruptError, ValueError):
            return None

    def _parts_of(self, recipe: Recipe, panel: Panel) -> list[Part]:
        """Find the features of a recipe in other recipes' parts, and compute the rest."""
        folder = f"columns/{content_hash([panel.fingerprint, code_hash()])}"
        ids = {entry.feature_id: entry.feature for entry in recipe.lineage(panel)}
        parts = [part for part in self._found(folder) if ids.keys() & set(part.features)]
        there = {feature for part in parts for feature in part.features}
        missing = {name: feature for feature, name in ids.items() if feature not in there}
        recipe.check(panel)
        extraction = Extraction(panel, recipe.features, recipe.roots)
        for names in _portions(recipe, missing, panel.n_rows):
            frame = extraction.table(names)
            costs = {missing[name]: extraction.cost(name) for name in names}
            parts += self._written(folder, frame, [missing[name] for name in names], costs)
        return parts

    def _found(self, folder: str) -> Iterator[Part]:
        """The parts in a folder that are as they were written."""
        for name in self.storage.files(folder):
            if name.endswith(".json"):
                try:
                    part = TypeAdapter(Part).validate_json(self.storage.read_text(name))
                    self._fetched(part)
                except (CorruptError, ValueError):
                    continue
                yield part

    def _written(
        self, folder: str, frame: pl.DataFrame, ids: Sequence[str],
        costs: Mapping[str, float] | None = None,
    ) -> Iterator[Part]:
        """Store columns under their content's hash: equal ones are one file, whoever writes."""
        frame = frame.rename(dict(zip(frame.columns, ids, strict=True)))
        for kind, columns in (("npy", frame.select(cs.float())),
                              ("parquet", frame.select(cs.string()))):
            if not columns.columns:
                continue
            data = _array_bytes(columns) if kind == "npy" else parquet(columns)
            digest = hashlib.sha256(data).hexdigest()
            part = Part(f"{folder}/{digest}.{kind}", digest, tuple(columns.columns),
                        tuple(costs[name] for name in columns.columns) if costs else ())
            self.storage.write(part.file, data)
            self.storage.write_json(f"{folder}/{content_hash(part.features, 32)}.json",
                                    asdict(part))
            yield part

    def _seal(
        self, fingerprint: str, recipe: AnyRecipe, panel: Panel, lineage: Sequence[Lineage],
        parts: Sequence[Part],
    ) -> None:
        """Write the manifest: with it the table is complete."""
        self.storage.write_json(f"{fingerprint}/{MANIFEST}", {
            "fingerprint": fingerprint,
            "created": now(),
            "data": {"name": panel.name, "fingerprint": panel.fingerprint, "rows": panel.n_rows},
            "recipe": {"name": recipe.name, "fingerprint": recipe.fingerprint,
                       "skipped": [list(entry) for entry in recipe.skipped]},
            "parts": [asdict(part) for part in parts],
            "lineage": [asdict(entry) for entry in lineage],
        })

    def _columns(self, part: Part) -> pl.DataFrame:
        path = self._fetched(part)
        if part.file.endswith(".npy"):
            return mapped_columns(path, part.features)
        return parquet_table(path)

    def _fetched(self, part: Part) -> Path:
        """Return the path of a part; its hash is verified once per process."""
        key = (self.storage.url, part.file, part.sha256)
        if key in _VERIFIED:
            path, seen = _VERIFIED[key]
            if _look_of(path) == seen:
                return path
        path = self.storage.fetch(part.file, part.sha256)
        _VERIFIED[key] = path, _look_of(path)
        return path


def _portions(recipe: Recipe, missing: dict[str, str], n_rows: int) -> Iterator[list[str]]:
    """Features to be computed together: those of one source, which share their steps."""
    features = sorted((f for f in recipe.features if f.name in missing), key=lambda f: f.source)
    size = max(1, PART_BYTES // (4 * n_rows))
    for first in range(0, len(features), size):
        yield [feature.name for feature in features[first:first + size]]


def _array_bytes(columns: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    array = np.stack([column.to_numpy() for column in columns])
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _look_of(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced or written to; of no file nothing is known."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
