"""The leaderboard in a terminal: whole numbers, aligned, however long the names are."""

import io

import pytest
from rich.console import Console

from outlast.cli.display import show_leaderboard
from tests.report.sample import sample
from tests.report.variants import regression


def shown(document, width=80):
    console = Console(file=io.StringIO(), width=width)
    show_leaderboard(console, document)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(("document", "title", "numbers"), [
    (sample(), "roc_auc under temporal (1 fold, higher is better)",
     "0.740 [0.706, 0.774]  +0.129 [0.102, 0.156]    0.90"),
    # Of small losses the digits that differ are shown, as on the page; the cost gives way.
    (regression(), "rmse under temporal (1 fold, lower is better)",
     "0.0260 [0.0226, 0.0294]  +0.1289 [0.1017, 0.1561]"),
])
def test_a_row_is_one_line_of_eighty_characters(document, title, numbers):
    lines = shown(document)
    assert lines[0].rstrip() == title
    assert "[95 % CI]" in lines[1]
    assert lines[2].endswith(numbers)
    assert len(lines) == 2 + len([row for row in document.leaderboard if row.split == "temporal"])


def test_long_names_are_folded_and_numbers_are_not_cut():
    long = {"model": "random_forest(max_depth=12, max_features=0.5)", "rank": "1"}
    document = sample()
    rows = (document.leaderboard[0].model_copy(update=long), *document.leaderboard[1:])
    lines = shown(document.model_copy(update={"leaderboard": rows}))
    assert max(map(len, lines)) <= 80
    assert "0.740 [0.706, 0.774]" in lines[2]
    assert "\N{HORIZONTAL ELLIPSIS}" not in "".join(lines)
    assert "fit, s" not in lines[1]
    assert "fit, s" in shown(document.model_copy(update={"leaderboard": rows}), 200)[1]
