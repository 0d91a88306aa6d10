"""One small run, and the model that comes of it, for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from outlast import OutlastModel, refit, run_pipeline
from outlast.pipeline import PipelineResult
from tests.tables import shop_table

DAYS, LEARNED = 420, 240


@dataclass(frozen=True)
class Shops:
    """Shops whose first days were run and refitted; the rest of the table came later."""

    folder: Path
    whole: pl.DataFrame
    result: PipelineResult
    model: OutlastModel

    @property
    def settings(self) -> dict[str, str]:
        """Where the results are."""
        return {"reports": str(self.folder / "reports")}

    @property
    def saved(self) -> Path:
        """The folder of the model."""
        return self.folder / "model"

    def days(self, first: int, last: int) -> pl.DataFrame:
        """The rows of some days."""
        return self.whole[4 * first : 4 * last]


@pytest.fixture(scope="session")
def shops(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shops")
    whole = shop_table(DAYS)
    whole[: 4 * LEARNED].write_parquet(folder / "shops.parquet")
    result = run_pipeline({
        "data": {"source": str(folder / "shops.parquet"), "time": "day", "entity": "shop",
                 "target": "busy", "horizon": 2, "leaky": ["sales", "level"]},
        "models": ["prior", "linear", {"lightgbm": {"n_iterations": 40}}],
        "optimization": ["none"], "importance": 0,
        "splits": [{"expanding_window": {"test_size": 0.15}}], "audit": "exact",
        "reports": str(folder / "reports")}, runner="inline")
    model = refit({"reports": str(folder / "reports")})
    model.save(folder / "model")
    return Shops(folder, whole, result, model)
