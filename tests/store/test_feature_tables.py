"""Feature tables on disk: one copy for all, computed once, and never half of one."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from outlast.data import Panel
from outlast.features import FunctionRecipe, Recipe
from outlast.features.arithmetic import Category, Raw
from outlast.features.extraction import Extraction
from outlast.features.windows import Lag, Return, Rolling
from outlast.store import FeatureStore
from outlast.store import feature_tables as stored
from outlast.store.local import LocalStorage
from outlast.store.mapped import mapped_columns
from tests.features import irregular

RECIPE = Recipe("small", (
    Raw("x", "x"), Return("r1", "price"), Rolling("calm", "r1", rows=5, statistic="std"),
    Category("group", "group"), Lag("earlier", "x", 2)), exported=("group", "calm", "x", "earlier"))


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(LocalStorage(tmp_path / "feature_data"))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The features computed since the test began."""
    names: list[str] = []
    table = Extraction.table

    def noted(self: Extraction, wanted: list[str]) -> pl.DataFrame:
        names.extend(wanted)
        return table(self, wanted)

    monkeypatch.setattr(Extraction, "table", noted)
    return names


def files(store: FeatureStore, ending: str) -> list[Path]:
    assert isinstance(store.storage, LocalStorage)
    return [store.storage.root / name for name in store.storage.files() if name.endswith(ending)]


def test_a_table_comes_back_as_it_was_computed(store: FeatureStore) -> None:
    panel = irregular.panel()
    first, reused = store.extract(RECIPE, panel)
    again, reused_again = store.extract(RECIPE, panel)
    assert (reused, reused_again) == (False, True)
    expected = RECIPE.transform(panel)
    for table in (first, again, store.load(expected.fingerprint)):
        assert table is not None
        assert table.frame.equals(expected.frame)
        assert table.frame.schema == expected.frame.schema
        assert (table.lineage, table.fingerprint) == (expected.lineage, expected.fingerprint)


def test_one_more_feature_computes_only_that_one(
    store: FeatureStore, computed: list[str]
) -> None:
    panel = irregular.panel()
    store.extract(RECIPE, panel)
    assert sorted(computed) == ["calm", "earlier", "group", "x"]
    computed.clear()
    more = dataclasses.replace(RECIPE, features=(*RECIPE.features, Lag("new", "calm")),
                               exported=(*RECIPE.exported, "new"))
    table, reused = store.extract(more, panel)
    assert (computed, reused) == (["new"], False)
    computed.clear()
    renamed = Recipe("other", (Raw("x", "x"), Lag("another name", "x", 2)))
    assert store.extract(renamed, panel)[0].frame.equals(renamed.transform(panel).frame)
    assert computed == ["x", "another name"], "nothing but `transform` computes them"
    assert table.frame.equals(more.transform(panel).frame)


def test_other_data_shares_nothing(store: FeatureStore, computed: list[str]) -> None:
    store.extract(RECIPE, irregular.panel())
    computed.clear()
    other = irregular.panel(seed=1)
    table, _ = store.extract(RECIPE, other)
    assert sorted(computed) == ["calm", "earlier", "group", "x"]
    assert table.frame.equals(RECIPE.transform(other).frame)


def test_parts_are_small(store: FeatureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = irregular.panel()
    monkeypatch.setattr(stored, "PART_BYTES", 4 * panel.n_rows * 3)
    lags = Recipe("lags", tuple(Lag(f"lag_{k}", "x", k) for k in range(1, 12)))
    table, _ = store.extract(lags, panel)
    assert len(files(store, ".npy")) == 4
    assert table.frame.equals(lags.transform(panel).frame)


def test_a_function_is_stored_by_its_values(store: FeatureStore) -> None:
    panel = irregular.panel()
    level = 1.0

    def shifted(table: pl.DataFrame) -> pl.DataFrame:
        return table.select("when", "who", "group", up=pl.col("x") + level)

    recipe = FunctionRecipe(shifted)
    table, reused = store.extract(recipe, panel)
    assert (reused, store.extract(FunctionRecipe(shifted), panel)[1]) == (False, True)
    assert table.frame.equals(recipe.transform(panel).frame)
    level = 2.0
    other, reused = store.extract(FunctionRecipe(shifted), panel)
    assert not reused
    assert not other.frame.equals(table.frame)


@pytest.mark.parametrize("ending", [".npy", ".parquet", "manifest.json"])
@pytest.mark.parametrize("harm", ["flipped", "truncated", "empty", "missing"])
def test_a_harmed_file_is_noticed_and_made_again(
    store: FeatureStore, ending: str, harm: str
) -> None:
    panel = irregular.panel()
    expected = store.extract(RECIPE, panel)[0].frame.clone()
    path = files(store, ending)[0]
    data = bytearray(path.read_bytes())
    path.unlink()
    if harm == "flipped":
        data[len(data) // 2] ^= 0x80
    if harm != "missing":
        path.write_bytes({"truncated": data[:-7], "empty": b""}.get(harm, data))
    assert store.load(RECIPE.table_fingerprint(panel)) is None
    table, reused = store.extract(RECIPE, panel)
    assert not reused
    assert table.frame.equals(RECIPE.transform(panel).frame)
    assert table.frame.equals(expected)
    assert store.load(table.fingerprint) is not None


def test_without_its_manifest_a_table_is_not_there(store: FeatureStore) -> None:
    panel = irregular.panel()
    table, _ = store.extract(RECIPE, panel)
    store.storage.remove(f"{table.fingerprint}/manifest.json")
    assert store.load(table.fingerprint) is None
    assert store.extract(RECIPE, panel)[1] is False


def _extract(folder: Path, start: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    panel = irregular.panel()
    table, _ = FeatureStore(LocalStorage(folder)).extract(RECIPE, panel)
    os._exit(0 if table.frame.equals(RECIPE.transform(panel).frame) else 3)


def test_processes_that_extract_at_once_do_no_harm(store: FeatureStore, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(3)
    workers = [context.Process(target=_extract, args=(tmp_path / "feature_data", start))
               for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert store.load(RECIPE.table_fingerprint(irregular.panel())) is not None


def _own_memory() -> int:
    """Bytes that this process would give back if it ended."""
    text = Path("/proc/self/smaps_rollup").read_text()
    return sum(1024 * int(line.split()[1]) for line in text.splitlines()
               if line.startswith(("Private_Clean", "Private_Dirty")))


def _read(path: Path, ready: object, answers: object) -> None:
    np.load(path, mmap_mode="r").sum()
    mapped_columns(path, ["warm"] + [f"c{k}" for k in range(31)]).select("warm").sum()
    before = _own_memory()
    frame = mapped_columns(path, [f"c{k}" for k in range(32)])
    total = frame.sum().sum_horizontal().item()
    ready.wait()  # type: ignore[attr-defined]
    answers.put((total, _own_memory() - before))  # type: ignore[attr-defined]
    ready.wait()  # type: ignore[attr-defined]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_all_processes_share_one_copy(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((32, 250_000), dtype=np.float32)
    np.save(tmp_path / "part.npy", values)
    context = multiprocessing.get_context("spawn")
    ready, answers = context.Barrier(3), context.Queue()
    readers = [context.Process(target=_read, args=(tmp_path / "part.npy", ready, answers))
               for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in readers:
        total, grown = answers.get(timeout=120)
        np.testing.assert_allclose(total, values.sum(), rtol=1e-4)
        assert grown < values.nbytes / 8
    for reader in readers:
        reader.join(60)


def test_a_column_outlives_the_frame_that_it_came_with(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.save(tmp_path / "part.npy", values)
    frame = mapped_columns(tmp_path / "part.npy", ["a", "b", "c"])
    column = frame.rename({"b": "kept"})["kept"]
    del frame
    (tmp_path / "part.npy").unlink()
    assert column.to_list() == [4, 5, 6, 7]
    assert (column * 2).sum() == 44


def test_the_features_of_a_panel_without_entities_are_stored(store: FeatureStore) -> None:
    schema = irregular.SCHEMA.model_copy(update={"entity": None})
    panel = Panel.build({"when": [3, 1, 2], "x": [30, 10, 20], "y": [0.1, 0.2, 0.3]}, schema)
    table, _ = store.extract(Recipe("r", (Lag("l", "x"),)), panel)
    np.testing.assert_array_equal(table.frame["l"].to_numpy(), [np.nan, 10, 20])
