"""`outlast splits`: what a terminal shows of a plan."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from outlast.cli import app
from outlast.cli.plan import axis, cells, show_plan
from outlast.errors import InputError
from outlast.report.plan import Clock, Stretch
from tests.report.test_plan import stocks_plan
from tests.tables import shop_table

DAY = 86_400 * 10**9


def shown(width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    show_plan(console, stocks_plan())
    return console.file.getvalue().splitlines()


def call(*arguments: str) -> None:
    app(["splits", *arguments], exit_on_error=False, result_action="return_value")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a table and a terminal of 120 columns."""
    shop_table(60).with_columns(pl.col("day").rank("dense").cast(int)).write_csv(
        tmp_path / "shops.csv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


DATA = ["--data", "shops.csv", "--time", "day", "--entity", "shop", "--target", "busy",
        "--horizon", "2"]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=60), st.integers(1, 80))
def test_every_stretch_has_a_character_where_there_is_room(lengths, width):
    edges = np.cumsum([0, *lengths]).tolist()
    parts = [Stretch(str(i), *edges[i:i + 2]) for i in range(len(lengths))]
    bar = cells(parts, Clock("abstract", 0, edges[-1]), width)
    assert len(bar) == width
    assert bar == sorted(bar, key=int)
    if len(parts) <= width:
        assert set(bar) == {part.part for part in parts}


@pytest.mark.parametrize(("start", "stop", "width", "line"), [
    ("2000-01-01", "2010-01-01", 40, "2000    2002    2004    2006    2008    "),
    ("2021-12-20", "2022-06-01", 40, "   2022-01               2022-04        "),
    ("2024-03-01", "2024-03-03", 24, "2024-03-01  2024-03-02  "),
    ("2024-03-01T00:10", "2024-03-01T02:10", 40, "                 2024-03-01 01:00       "),
    ("2024-03-01", "2024-03-02", 6, "      "),
])
def test_the_axis_names_round_instants_where_they_lie(start, stop, width, line):
    ends = [int(np.datetime64(at, "ns").astype(int)) for at in (start, stop)]
    assert axis(Clock("naive", *ends), width) == line


def test_the_axis_of_integers_has_no_dates():
    assert axis(Clock("abstract", -5, 95), 30) == "  0     20    40    60    80  "


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_plan_fits_the_terminal_and_reads_without_colour(width):
    lines = shown(width)
    assert max(map(cell_len, lines)) <= width
    (fold,) = [line for line in lines if line.startswith("4 ") and "█" in line]
    bar = fold.split("  ")[0].split()[-1] if fold.count("  ") < 2 else fold[2:].strip().split()[0]
    # Five purged days of thirteen years are still there, between train and test.
    assert bar.strip("━█") == "×"
    assert bar.startswith("━")
    assert bar.endswith("█")
    assert "9,746" in fold
    (mixed, *_) = [line for line in lines if line.startswith("4 ") and "▒" in line]
    assert "9,704" in mixed


def test_what_gives_way_on_a_narrow_terminal_is_what_the_bar_shows():
    narrow, wide = "\n".join(shown(80)), "\n".join(shown(120))
    for needed in ("train", "test", "positives", "purged", "2008-10-27"):
        assert needed in narrow
    assert "unused" in wide
    assert "unused" not in narrow


def test_the_notes_and_events_are_shown():
    text = " ".join(" ".join(shown(120)).split())
    assert "boundary moved out of Lehman collapse" in text
    assert ": 2008-10-27 to 2008-12-01, 96 rows (folds 2, 3)" in text
    assert "only in test: FB" in text
    assert "leaky contrast" in text
    assert "▼ event · of one entity" in text


def test_the_command_plans_without_training(folder, capsys):
    call(*DATA, "--splits", "purged_kfold", "event_aware", "--svg", "plan.svg")
    told = capsys.readouterr().out
    assert "purged_kfold: 5 folds" in told
    assert "left out: event_aware, the table has no events; give some with --events" in told
    assert "1970" not in told
    assert ElementTree.parse(folder / "plan.svg").getroot().tag.endswith("svg")
    assert sorted(path.name for path in folder.iterdir()) == ["plan.svg", "shops.csv"]


def test_many_folds_are_counted(folder, capsys):
    settings = "splits: [{expanding_window: {n_splits: 50, test_size: 1}}]\n"
    (folder / "plan.yaml").write_text(settings, encoding="utf-8")
    call(*DATA, "--config", "plan.yaml")
    told = capsys.readouterr().out
    assert told.count("█") >= 17
    assert "and 33 more folds between these" in told


@pytest.mark.parametrize(("flags", "message"), [
    (["--svg", "nowhere/plan.svg"], "no folder 'nowhere'; make it first"),
    (["--svg", "plan.png"], r"ends in \.svg, got 'plan\.png'"),
    (["--splits", "temporel"], "did you mean 'temporal'"),
    (["--splits", "event_aware"], "nothing to draw: the table has no events"),
])
def test_bad_input_is_refused_before_anything_is_drawn(folder, capsys, flags, message):
    with pytest.raises(InputError, match=message):
        call(*DATA, *flags)
    assert capsys.readouterr().out == ""


def test_a_folder_is_no_picture(folder):
    (folder / "plan.svg").mkdir()
    with pytest.raises(InputError, match="is a folder; name a file in it"):
        call(*DATA, "--svg", "plan.svg")


def test_the_program_draws_the_stocks_without_a_booster():
    code = ("import sys; from outlast.cli import app; "
            "app(['splits', '--splits', 'temporal'], result_action='return_value'); "
            "assert {'lightgbm', 'xgboost', 'catboost', 'optuna'}.isdisjoint(sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "COLUMNS": "80"}, check=False)
    assert done.returncode == 0, done.stderr
    assert "temporal: 1 fold" in done.stdout
