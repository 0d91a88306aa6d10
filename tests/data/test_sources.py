"""The same table through every door: files, folders, URLs, databases."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from outlast.config import Config
from outlast.data import Panel, Schema, read_table
from outlast.data.readers import local_files, table_name
from outlast.errors import InputError, MissingDependencyError
from outlast.recall import _can_be_named, _place

FRAME = pl.DataFrame({
    "day": [date(2024, 1, day) for day in range(1, 7)] * 2,
    "shop": ["a"] * 6 + ["ü b"] * 6,
    "sold": [3, 1, None, 5, 2, 2, 7, 9, 8, 7, 6, 9],
    "price": [1.5, 2.0, 2.5, 2.0, None, 1.0] * 2,
    "until": [date(2024, 2, day) for day in range(1, 13)],
})
SCHEMA = Schema(time="day", entity="shop", target="sold", horizon=1)


def _flat(path: Path) -> str:
    folder = path / "flat"
    folder.mkdir()
    FRAME[:5].write_parquet(folder / "part-0.parquet")
    # Another order of columns and rows is the same table.
    FRAME[5:].select(reversed(FRAME.columns)).write_parquet(folder / "part-1.parquet")
    (folder / "_SUCCESS").touch()
    (folder / ".part-1.parquet.crc").write_bytes(b"x")
    return str(folder)


def _hive(path: Path) -> str:
    for (shop,), part in FRAME.group_by("shop"):
        folder = path / "hive" / f"shop={str(shop).replace(' ', '%20')}"
        folder.mkdir(parents=True)
        part.drop("shop").write_parquet(folder / "0.parquet")
    return str(path / "hive")


def _sqlite(path: Path) -> str:
    with closing(sqlite3.connect(path / "t.db")) as opened:
        opened.execute("CREATE TABLE \"my sales\" (day, shop, sold, price, until)")
        opened.executemany("INSERT INTO \"my sales\" VALUES (?, ?, ?, ?, ?)",
                           FRAME.with_columns(pl.col("day", "until").cast(pl.String)).rows())
        opened.commit()
    return f"sqlite:///{path / 't.db'}?my sales"


def _duckdb(path: Path) -> str:
    duckdb = pytest.importorskip("duckdb", reason="NO duckdb: its files are not tested")
    FRAME.write_parquet(path / "for_duckdb.parquet")
    with duckdb.connect(str(path / "t.duckdb")) as opened:
        opened.execute(f"CREATE TABLE sales AS FROM '{path / 'for_duckdb.parquet'}'")
    return f"duckdb:///{path / 't.duckdb'}?sales"


def _file(name: str, write: Callable[[Path], object]) -> Callable[[Path], str]:
    def make(path: Path) -> str:
        write(path / name)
        return str(path / name)

    make.__name__ = name
    return make


DOORS = [
    _file("t.csv", FRAME.write_csv),
    _file("t.csv.gz", lambda p: p.write_bytes(gzip.compress(FRAME.write_csv().encode()))),
    _file("t.tsv", lambda p: FRAME.write_csv(p, separator="\t")),
    _file("t.parquet", FRAME.write_parquet),
    _file("t.feather", lambda p: FRAME.write_ipc(p, compression="zstd")),
    _file("t.arrow", FRAME.write_ipc_stream),
    _flat, _hive, _sqlite, _duckdb,
]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_every_source_gives_the_same_panel_and_fingerprint(door, tmp_path):
    source = door(tmp_path)
    panel = Panel.build(read_table(source), SCHEMA)
    expected = Panel.build(FRAME, SCHEMA)
    assert panel.frame.select(FRAME.columns).equals(expected.frame)
    assert panel.fingerprint == expected.fingerprint
    # An answer that is kept for this source is another one when the content has changed.
    config = Config(data={"source": source, "time": "day", "target": "sold"})
    before = _place(config)
    assert _can_be_named(config)
    assert local_files(source)
    with local_files(source)[-1].open("ab") as changed:
        changed.write(b"\n")
    assert _place(config) != before


@pytest.mark.parametrize("door", [DOORS[0], DOORS[1], DOORS[3], DOORS[4], _flat, _hive],
                         ids=lambda door: door.__name__)
def test_a_bucket_holds_the_same(door, tmp_path, s3):
    import fsspec

    source = Path(door(tmp_path))
    url = f"{s3}/{tmp_path.name}/{source.name}"
    fsspec.filesystem("s3").put(str(source), url, recursive=source.is_dir())
    assert Panel.build(read_table(url), SCHEMA).fingerprint == Panel.build(
        FRAME, SCHEMA).fingerprint
    # What lies elsewhere may change without a trace here: no answer is kept.
    assert not _can_be_named(Config(data={"source": url}))


def test_what_is_not_in_a_bucket_is_named(s3):
    for name in ("none.csv", "none.parquet", "none"):
        with pytest.raises(InputError, match=f"nothing is at .*{name}"):
            read_table(f"{s3}/{name}")
    with pytest.raises(InputError, match=r"holds a password") as caught:
        read_table("s3://me:secret@bucket/t.csv")
    assert "secret" not in str(caught.value)
    with pytest.raises(InputError, match=r"cannot use 'nope://x/t\.csv' for a table"):
        read_table("nope://x/t.csv")


def test_folders_name_dates_numbers_and_names(tmp_path):
    for day, store in (("2024-01-01", "007"), ("2024-01-02", "__HIVE_DEFAULT_PARTITION__")):
        folder = tmp_path / f"day={day}" / f"store={store}" / "lane=3"
        folder.mkdir(parents=True)
        pl.DataFrame({"x": [1]}).write_parquet(folder / "0.parquet")
    assert read_table(tmp_path).rows() == [(1, date(2024, 1, 1), "007", 3),
                                           (1, date(2024, 1, 2), None, 3)]


def test_a_folder_that_does_not_fit_together_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no Parquet file"):
        read_table(tmp_path / "empty")
    FRAME.write_parquet(tmp_path / "a.parquet")
    FRAME.drop("price").write_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"a.parquet and b.parquet differ in price"):
        read_table(tmp_path)
    FRAME.with_columns(price=pl.lit("x")).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match="do not fit together"):
        read_table(tmp_path)
    (tmp_path / "b.parquet").unlink()
    (tmp_path / "k=1").mkdir()
    FRAME.write_parquet(tmp_path / "k=1" / "c.parquet")
    with pytest.raises(InputError, match="do not name the same columns"):
        read_table(tmp_path)


REFUSED = [
    "DROP TABLE sales", "DELETE FROM sales", "UPDATE sales SET sold = 0", "no_such_table",
    "sales; DROP TABLE sales", "SELECT 1; DROP TABLE sales", "SELECT 1; SELECT 2",
    "sales\" ; DROP TABLE sales --", "WITH gone AS (SELECT 1) DELETE FROM sales",
    "ATTACH 'other.db' AS other", "PRAGMA writable_schema = ON", "INSERT INTO sales VALUES (1)",
    "SELECT * FROM no_such_table", "SELECT load_extension('x')", "",
    "CREATE TABLE mine AS SELECT 1", "VACUUM INTO 'copy.db'", "SELECT",
]


@pytest.mark.parametrize("query", REFUSED)
def test_sqlite_runs_nothing_but_one_select(query, tmp_path):
    path = tmp_path / "t.db"
    with closing(sqlite3.connect(path)) as opened:
        opened.executescript("CREATE TABLE sales (sold); INSERT INTO sales VALUES (1);"
                             "CREATE TABLE others (x)")
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"t\.db"):
        read_table(f"sqlite:///{path}?{query}")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["t.db"]


@pytest.mark.parametrize("query", [
    *REFUSED, "COPY sales TO 'out.csv'", "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'", "SELECT * FROM FRAME", "SELECT * FROM glob('/etc/*')",
    "FROM read_text('/etc/passwd')", "INSTALL httpfs", "SET enable_external_access = true",
])
def test_duckdb_runs_nothing_but_one_select(query, tmp_path):
    source = _duckdb(tmp_path)
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "t.duckdb"
    with duckdb.connect(str(path)) as opened:
        opened.execute("CREATE TABLE others (x INTEGER)")
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"t\.duckdb"):
        read_table(f"{source.removesuffix('sales')}{query}")
    assert path.read_bytes() == before
    assert not (tmp_path / "out.csv").exists()


def test_a_select_is_read_as_it_is_written(tmp_path):
    source = _sqlite(tmp_path).removesuffix("my sales")
    found = read_table(source + "SELECT day, sold AS y FROM \"my sales\" WHERE shop LIKE '%b'")
    assert found.columns == ["day", "y"]
    assert found["y"].to_list() == [7, 9, 8, 7, 6, 9]
    assert read_table(source + "SELECT * FROM \"my sales\" LIMIT 0").columns == FRAME.columns
    # The only table need not be named.
    assert read_table(source.removesuffix("?")).height == FRAME.height
    with pytest.raises(InputError, match="names a column twice: a, a; rename"):
        read_table(source + "SELECT 1 AS a, 2 AS a")
    with pytest.raises(InputError, match=r"column 'x' .*mixes int, str; make it one type"):
        read_table(source + "SELECT 1 AS x UNION SELECT 'b' AS x")
    assert read_table(source + "SELECT 1 AS x UNION SELECT 2.5 AS x")["x"].to_list() == [1.0, 2.5]


def test_a_database_without_a_table_says_how_to_name_one(tmp_path):
    source = _sqlite(tmp_path)
    path = tmp_path / "t.db"
    with pytest.raises(InputError, match=rf"is a database; name a table of it: sqlite:///{path}"):
        read_table(path)
    with pytest.raises(InputError, match=r"no file at .*; an absolute path has four slashes"):
        read_table(source.replace(f"///{path}", f"//{path}"))
    (tmp_path / "no.db").write_bytes(b"this is no database, whatever its name may say")
    with pytest.raises(InputError, match=r"cannot read .*not a database"):
        read_table(f"sqlite:///{tmp_path / 'no.db'}?t")
    with pytest.raises(InputError, match="names no database"):
        read_table("sqlite://")


def test_without_duckdb_the_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "t.duckdb").touch()
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'outlast\[duckdb\]'"):
        read_table(f"duckdb:///{tmp_path / 't.duckdb'}?sales")


@pytest.mark.parametrize(("source", "name"), [
    ("a/sales.2024.csv.gz", "sales"), ("s3://bucket/sales.parquet", "sales"),
    ("s3://bucket/sales/", "sales"), ("https://x.org/sales.csv?key=a/b.c", "sales"),
    ("sqlite:///a/shop.db?weekly", "weekly"), ("duckdb:///a/shop.db?SELECT 1/2", "shop"),
    ("file:///a/sales.csv", "sales"), (".", "table"),
])
def test_a_source_has_a_short_name(source, name):
    assert table_name(source) == name


def test_words_for_not_known_are_gaps_among_numbers_alone(tmp_path):
    path = tmp_path / "weather.csv"
    path.write_text("count,temp,country,all_gone,mixed\n"
                    "1,39.5,NA,NA,1\nNA,NA,DE,NA,x\n 3 ,-1e2,FR,NA,NA\n?,?,NA,NA,2\n")
    read = read_table(path)
    assert read["count"].to_list() == [1, None, 3, None]
    assert read["temp"].to_list() == [39.5, None, -100.0, None]
    assert read["country"].to_list() == ["NA", "DE", "FR", "NA"]
    assert read["all_gone"].to_list() == ["NA"] * 4
    assert read["mixed"].to_list() == ["1", "x", "NA", "2"]
