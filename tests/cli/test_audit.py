"""`outlast audit` as a person types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.tables import shop_table

DATA = ["--time", "day", "--entity", "shop", "--target", "busy", "--horizon", "2", "--leaky",
        "sales", "level", "--models", "linear", "--splits", "temporal", "--audit", "exact"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("work")
    shop_table().write_csv(path / "shops.csv")
    shop_table().with_columns(answer=pl.col("busy") * 2 + 1).write_csv(path / "copied.csv")
    (path / "mine.py").write_text(
        "import polars as pl\n"
        "def ahead(table):\n"
        "    return table.select(tomorrow=pl.col('signal').shift(-1).over('shop'))\n")
    return path


def audit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    outlast = Path(sys.executable).with_name("outlast")
    return subprocess.run([outlast, "audit", *arguments], cwd=folder, capture_output=True,
                          text=True, timeout=120, check=False,
                          env={**os.environ, "COLUMNS": "300", "PYTHONPATH": str(folder)})


def test_a_sound_table_exits_with_0_and_nothing_is_written(folder):
    done = audit(folder, "shops.csv", *DATA, "--mute", "LK203", "--json", "findings.json")
    assert done.returncode == 0, done.stderr
    assert "21 checks:" in done.stdout
    assert "1 muted" in done.stdout
    assert "LEAK" not in done.stdout
    outcomes = {f["code"]: f["outcome"] for f in json.loads(
        (folder / "findings.json").read_text())}
    assert (outcomes["LK101"], outcomes["LK203"], outcomes["LK303"]) == ("passed", "muted",
                                                                         "skipped")
    assert not (folder / "reports").exists()


@pytest.mark.parametrize(
    ("table", "more", "code", "told"),
    [
        ("copied.csv", [], "LK102", "`answer`"),
        ("shops.csv", ["--features", "mine:ahead"], "LK201", "`tomorrow` sees the future"),
        ("shops.csv", ["--splits", "sklearn.model_selection.KFold"], "LK101", "overlap"),
    ],
)
def test_a_leak_exits_with_3_and_says_what_to_do(folder, table, more, code, told):
    done = audit(folder, table, *DATA, *more)
    assert done.returncode == 3
    assert f"LEAK {code}" in done.stdout
    assert told in done.stdout
    assert "→" in done.stdout
    assert code in done.stderr


def test_bad_input_exits_with_2(folder):
    done = audit(folder, "shops.csv", *DATA, "--mute", "LK1001")
    assert "embedded stocks" not in done.stderr
    assert done.returncode == 2
    assert "unknown check 'LK1001'" in done.stderr


def test_an_audit_of_the_embedded_stocks_says_so(folder):
    done = audit(folder, "--models", "linear", "--splits", "temporal", "--audit", "exact")
    assert done.returncode == 0
    assert "checking the embedded stocks" in done.stderr
