"""`outlast judge` as it is typed."""

from __future__ import annotations

import pytest

from outlast.cli import main
from tests.report.test_predictions import predicted


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "scored.csv"
    predicted({"good": 1.0, "bad": 0.3}).write_csv(path)
    return path


def ends_with(code: int, *words) -> None:
    with pytest.raises(SystemExit, match=f"^{code}$"):
        main(["judge", *map(str, words)])


def test_the_verdict_is_printed_and_the_report_written(table, tmp_path, capsys):
    ends_with(0, table, "--time", "day", "--entity", "shop", "--horizon", "2D", "--reports",
              tmp_path / "out")
    told = " ".join(capsys.readouterr().out.split())
    assert "good is the choice" in told
    assert "is expected to score roc_auc" in told
    assert (tmp_path / "out/consolidated_reports/latest/index.html").exists()


def test_the_horizon_must_be_told(table, capsys):
    ends_with(2, table, "--time", "day")
    assert "--horizon" in capsys.readouterr().err


def test_a_missing_column_is_named_with_the_way_out(table, capsys):
    ends_with(2, table, "--time", "day", "--horizon", "0", "--prediction", "p")
    assert "name it with --prediction" in " ".join(capsys.readouterr().err.split())
