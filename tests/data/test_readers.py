from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from outlast.data import read_table, to_frame
from outlast.errors import InputError

FRAME = pl.DataFrame({"day": ["2024-01-01", "2024-01-02"], "x": [1.5, None], "who": ["a", "ü"]})
PARSED = FRAME.with_columns(pl.col("day").str.to_date())


@pytest.mark.parametrize("name", ["t.csv", "T.CSV", "t.csv.gz", "t.tsv", "t.parquet", "t.pq"])
def test_every_kind_of_file_gives_the_same_table(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name.endswith((".parquet", ".pq")):
        PARSED.write_parquet(path)
    else:
        text = FRAME.write_csv(separator="\t" if ".tsv" in name else ",").encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert read_table(path).equals(PARSED)
    assert read_table(str(path)).equals(PARSED)


def test_a_first_fraction_may_come_late(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    path.write_text("x\n" + "1\n" * 20_000 + "2.5\n")
    assert read_table(path)["x"].dtype == pl.Float64


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("a\n1\n")
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(InputError, match=r"no file at .*price.csv'; tables beside it: prices.csv$"):
        read_table(tmp_path / "price.csv")
    with pytest.raises(InputError, match="no file at"):
        read_table(tmp_path / "nowhere" / "price.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.xlsx", b"PK", "is no known table; use one of .csv"),
        ("t.csv", b"", "cannot read .*empty"),
        ("t.csv", b"a\n" + b"1\n" * 200_000 + b"caf\xe9\n",
         "cannot read .*utf-8.*--csv encoding=windows-1252"),
        ("t.csv", b"a,b\n1,2\n1,2,3\n", "cannot read .*more fields"),
        ("t.csv.gz", gzip.compress(b"a\n1\n" * 1000, mtime=0)[:30], "cannot read .*before the end"),
        ("t.parquet", b"PAR1 and then nothing", "cannot read .*arquet"),
    ],
)
def test_broken_files_are_refused(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / name)


def test_a_folder_without_parquet_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(InputError, match="holds no Parquet file"):
        read_table(tmp_path / "t.csv")


def test_doors() -> None:
    assert to_frame(FRAME) is FRAME
    assert to_frame(FRAME.lazy()).equals(FRAME)
    assert to_frame(FRAME.to_arrow()).equals(FRAME)
    assert to_frame(FRAME.to_dict(as_series=False)).equals(FRAME)
    assert to_frame({"a": np.array([1, 2])})["a"].to_list() == [1, 2]
    assert to_frame(FRAME.to_pandas()).equals(FRAME)


def test_a_named_pandas_index_becomes_columns() -> None:
    indexed = FRAME.to_pandas().set_index(["day", "who"])
    assert to_frame(indexed).columns == ["day", "who", "x"]
    assert to_frame(pd.DataFrame({"a": [1, 2]}, index=[7, 8])).columns == ["a"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1, 2], "expected a polars, pandas or Arrow table, or a dict of columns, got list"),
        ("prices.csv", "got str"),
        (np.ones((2, 2)), "got ndarray"),
        ({"a": [1, 2], "b": [1]}, "cannot read this table"),
        ({"a": [1, "x"]}, "cannot read this table.*Int64"),
        ({1: [1]}, "cannot read this table.*must be a string"),
        (pd.DataFrame([[1, 2]]), r"column names must be distinct texts, got \[0, 1\]"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "column names must be distinct texts"),
        (pd.DataFrame({"a": [1, "x"]}), "cannot read this table"),
        (pd.DataFrame({"a": [1j]}), "cannot read this table"),
        # An Arrow stream from pandas 3 on.
        (pd.Series([1, 2], name="a"), "cannot read this table|got Series"),
        (pa.Table.from_arrays([pa.array([1])] * 2, names=["a", "a"]), "more than once"),
    ],
)
def test_what_is_no_table_is_refused(table: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        to_frame(table)


def test_what_only_pandas_has_is_read_as_what_it_means():
    days = pd.date_range("2024-01-01", periods=3)
    table = pd.DataFrame({"month": days.to_period("M"), "x": [0.0, 0.0, 2.0]})
    table["part"] = pd.cut(table["x"], [-1, 1, 3]).where(table["x"] > 0)
    table["few"] = pd.arrays.SparseArray([0.0, 0.0, 1.0])
    read = to_frame(table)
    assert read["month"].dtype == pl.Datetime
    assert read["part"].to_list() == [None, None, "(1, 3]"]
    assert read["few"].to_list() == [0.0, 0.0, 1.0]


def test_an_index_that_is_a_column_too_is_there_once():
    table = pd.DataFrame({"day": [1, 2], "shop": ["a", "b"], "x": [3, 4]})
    assert to_frame(table.set_index("day", drop=False)).columns == ["day", "shop", "x"]
    both = table.set_index(["day", "shop"]).assign(shop=["c", "d"])
    assert to_frame(both)["shop"].to_list() == ["c", "d"]


def test_a_table_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    FRAME.write_csv(tmp_path / "t.csv")
    assert read_table("~/t.csv").equals(read_table(tmp_path / "t.csv"))


def test_a_missing_file_is_told_with_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"no file at 't.csv' in the working folder '{tmp_path}'"):
        read_table("t.csv")
