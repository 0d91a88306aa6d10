"""Extracted features on disk, named by what they were made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pydantic import TypeAdapter

from outlast.data.panel import Panel
from outlast.features import AnyRecipe, FeatureTable, Lineage
from outlast.store.sessions import now
from outlast.store.storage import Storage

TABLE = "features.parquet"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class FeatureStore:
    """The folder ``<reports>/feature_data``.

    Parameters
    ----------
    storage : Storage
        One folder per feature table below it, named by its fingerprint.
    """

    storage: Storage

    def extract(self, recipe: AnyRecipe, panel: Panel) -> tuple[FeatureTable, bool]:
        """Return the features of a panel, computed only if they are not on disk.

        Returns
        -------
        FeatureTable
        bool
            Whether they were on disk already.
        """
        stored = self.load(recipe.table_fingerprint(panel))
        if stored is not None:
            return stored, True
        table = recipe.transform(panel)
        self.save(table, recipe, panel)
        return table, False

    def save(self, table: FeatureTable, recipe: AnyRecipe, panel: Panel) -> None:
        """Write a table, then its manifest: with the manifest it is complete."""
        storage = self.storage.at(table.fingerprint)
        sha256 = storage.write_parquet(TABLE, table.frame)
        storage.write_json(MANIFEST, {
            "fingerprint": table.fingerprint,
            "created": now(),
            "data": {"name": panel.name, "fingerprint": panel.fingerprint, "rows": panel.n_rows},
            "recipe": {"name": recipe.name, "fingerprint": recipe.fingerprint,
                       "skipped": [list(entry) for entry in recipe.skipped]},
            "sha256": sha256,
            "lineage": [asdict(entry) for entry in table.lineage],
        })

    def load(self, fingerprint: str) -> FeatureTable | None:
        """Return a table from disk, None if it is not there or not as it was written."""
        storage = self.storage.at(fingerprint)
        if not storage.exists(MANIFEST):
            return None
        manifest = storage.read_json(MANIFEST)
        if not storage.intact(TABLE, manifest["sha256"]):
            return None
        lineage = TypeAdapter(tuple[Lineage, ...]).validate_python(manifest["lineage"])
        return FeatureTable(storage.read_parquet(TABLE), lineage, fingerprint)
