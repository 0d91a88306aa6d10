"""Tables that are bombs, broken, endless, or out of all time."""

from __future__ import annotations

import gzip
import io
import os
import random
import resource
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from outlast import read_table
from outlast.data import Panel, Schema
from outlast.data.readers import to_frame
from outlast.errors import InputError
from tests.tables import shop_table

CSV = shop_table(10).write_csv().encode()


def _parquet() -> bytes:
    buffer = io.BytesIO()
    shop_table(40).write_parquet(buffer)
    return buffer.getvalue()


def _claiming(n_rows: int) -> bytes:
    """The same with another number of rows in its footer."""
    content = _parquet()
    size = int.from_bytes(content[-8:-4], "little")
    start = len(content) - 8 - size
    footer = content[start:-8].replace(_varint(2 * 160), _varint(2 * n_rows))
    return content[:start] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def _varint(value: int) -> bytes:
    digits = []
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


def _gzip_bomb() -> bytes:
    member = gzip.compress(b"2022-01-01,1,0\n" * 10**6, mtime=0)
    return gzip.compress(b"day,busy,x\n", mtime=0) + member * 25


BROKEN = {
    "one line of 100 MB": ("t.csv", b"a" * 100_000_000, "first line is longer than"),
    "a million columns": ("t.csv", b"a," * 10**6, "1,000,001 columns, and at most 100,000"),
    "a column twice": ("t.csv", CSV.replace(b"noise", b"signal", 1), "same name: signal; give"),
    "a gzip bomb": ("t.csv.gz", _gzip_bomb(), "unpacks to more than 300 times its size"),
    "half a gzip file": ("t.csv.gz", gzip.compress(CSV, mtime=0)[:99], "cannot read .*end"),
    "no gzip file": ("t.csv.gz", CSV, "cannot read .*gzip"),
    "no zstd file": ("t.csv.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 50, "cannot read"),
    "no Parquet": ("t.parquet", b"\x80\x04\x95", "cannot read .*arquet"),
    "a footer of 2 GB": ("t.parquet", b"PAR1\xff\xff\xff\x7fPAR1", "cannot read .*footer"),
    "half a Parquet file": ("t.parquet", _parquet()[:2000], "cannot read .*PAR1"),
    "more columns than are read": ("t.csv", ",".join(map(str, range(100_001))).encode(), "columns"),
    "no SQLite file": ("t.db", b"SQLite format 3\0" + b"\xff" * 200, "cannot read"),
}


@pytest.mark.parametrize(("name", "content", "message"), BROKEN.values(), ids=BROKEN)
def test_tables_that_are_none(name, content, message, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(f"sqlite:///{path}?x" if name.endswith(".db") else path)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_flipped_byte_is_told_or_does_no_harm(kind, tmp_path):
    path, table = tmp_path / f"t.{kind}", shop_table(40)
    table.write_parquet(path) if kind == "parquet" else table.write_ipc(path)
    content, places = path.read_bytes(), random.Random(0)
    told = 0
    for _ in range(60):
        at = places.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1:])
        try:
            read_table(path)
        except InputError:
            told += 1
    assert told > 10


def test_a_dictionary_without_the_entry(tmp_path):
    pa = pytest.importorskip("pyarrow")
    column = pa.DictionaryArray.from_arrays(pa.array([0, 99], pa.int32()), pa.array(["a"]),
                                            safe=False)
    table = pa.table({"day": [1, 2], "kind": column})
    path = tmp_path / "t.arrow"
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(InputError, match="dictionary keys is 99"):
        read_table(path)


def test_a_type_that_nobody_knows_is_read_as_what_it_holds(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    field = pa.field("x", pa.float64(), metadata={"ARROW:extension:name": "evil.type",
                                                  "ARROW:extension:metadata": "x"})
    pq.write_table(pa.table([pa.array([1.0, 2.0])], schema=pa.schema([field])), tmp_path / "t.pq")
    assert read_table(tmp_path / "t.pq")["x"].to_list() == [1.0, 2.0]


@pytest.mark.parametrize("n_rows", [10**9, 10**15])
def test_rows_that_are_not_there(n_rows, tmp_path):
    """In a process with 4 GB: whoever believes the footer does not survive."""
    path = tmp_path / "t.parquet"
    path.write_bytes(_claiming(n_rows))
    code = ("import sys; from outlast import read_table\n"
            "try: print(read_table(sys.argv[1]).height)\nexcept ValueError as e: print(e)")
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True,
        timeout=60, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32)))
    assert done.stdout.startswith(("160", "cannot read"))


@pytest.mark.parametrize("place", ["pipe.csv", "/dev/zero", "link.csv", "x" * 300 + ".csv", ""])
def test_what_is_no_file_is_not_read(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.csv")
    Path("link.csv").symlink_to("/dev/zero")
    with pytest.raises(InputError, match=r"pipe, a socket or a device|no file"):
        read_table(place)


@pytest.mark.parametrize("day", ["0000-01-01", "0001-01-01", "9999-12-31", "-5000-01-01"])
def test_years_that_nanoseconds_do_not_hold(day, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(CSV.replace(b"2022-01-01", day.encode()))
    schema = Schema(time="day", entity="shop", target="busy", horizon=1, leaky=("sales", "level"))
    with pytest.raises(InputError, match=r"day.*(1678|year|time|nanoseconds)"):
        Panel.build(read_table(path), schema)


def test_times_of_several_zones_are_one_instant_each():
    table = shop_table(10)
    zone = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("T00:00:00Z")).otherwise(
        pl.lit("T00:00:00+05:00"))
    mixed = table.with_columns(day=pl.col("day").cast(pl.Date).cast(pl.String) + zone)
    schema = Schema(time="day", entity="shop", target="busy", horizon=1, leaky=("sales", "level"))
    panel = Panel.build(mixed, schema)
    assert set(panel.time.ns // (3600 * 10**9) % 24) == {0, 19}


def test_nul_in_a_text_is_a_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(CSV.replace(b"rain", b"ra\0n"))
    assert "ra\0n" in read_table(path)["weather"].to_list()


@pytest.mark.parametrize("name", [7, ("a", "b")])
def test_columns_whose_names_are_no_texts(name):
    pd = pytest.importorskip("pandas")
    with pytest.raises(InputError, match="distinct texts"):
        to_frame(pd.DataFrame({name: [1], "b": [2]}))


def test_half_a_character_in_a_column_of_a_dict():
    with pytest.raises(InputError, match="cannot read this table"):
        to_frame({"\ud800": [1]})
