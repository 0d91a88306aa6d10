import csv

import pytest

from outlast.report.tables import TABLES
from tests.report.conftest import DOCUMENTS


@pytest.fixture(params=TABLES)
def table(request) -> str:
    return request.param


def rows_of(report, name, table):
    with (report(name).html.parent / "tables" / table).open(newline="") as source:
        return list(csv.DictReader(source))


def test_no_cell_begins_a_formula(report, table):
    for row in rows_of(report, "hostile", table):
        for key, value in row.items():
            assert key[:1] not in "=+-@\t\r"
            number = value.lstrip("-").replace(".", "").replace("e-", "").isdigit()
            assert number or value[:1] not in set("=+-@\t\r"), (key, value)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_table_has_its_columns_even_without_rows(report, name, table):
    path = report(name).html.parent / "tables" / table
    assert len(path.read_text().splitlines()[0].split(",")) >= 7


def test_the_leaderboard_keeps_every_row_and_number(report):
    document, rows = DOCUMENTS["sample"](), rows_of(report, "sample", "leaderboard.csv")
    assert [row["id"] for row in rows] == [row.id for row in document.leaderboard]
    assert [float(row["roc_auc"]) for row in rows] == [r.score.value for r in document.leaderboard]
    assert min(float(row["over_best"]) for row in rows) < 0


def test_trials_carry_their_parameters_as_json(report):
    rows = rows_of(report, "sample", "trials.csv")
    assert len(rows) == len(DOCUMENTS["sample"]().trials)
    assert '"learning_rate":' in rows[0]["params"]
