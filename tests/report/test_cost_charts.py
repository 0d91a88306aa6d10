"""The figures on what a score costs and on the ranges of a search."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from outlast.judge.board import Interval, ParameterCard
from outlast.report.charts import parameters, pareto
from outlast.report.document import Document, Row
from tests.report.board import board_row
from tests.report.conftest import DOCUMENTS
from tests.report.test_feature_charts import texts


def row(model: str, score: float, fit: float, predict: float | None = 1.0, **told: Any) -> Row:
    return board_row(model, "temporal", "none", score).model_copy(update={
        "fit_seconds": fit, "predict_us_per_row": predict, "selection": "cluster", **told})


def board(*rows: Row, **changes: Any) -> Document:
    full = DOCUMENTS["sample"]()
    best = rows[0].id if rows else None
    return full.model_copy(update={
        "leaderboard": rows, "headline": full.headline.model_copy(update={"row": best}), **changes})


ROWS = (row("lightgbm", 0.80, 8.0, 4.0, tier=1), row("xgboost", 0.79, 2.0, 5.0, tier=1),
        row("catboost", 0.78, 3.0, 6.0), row("linear", 0.70, 0.5, 1.0))


def test_the_frontier_holds_what_no_cheaper_row_equals():
    document = board(*ROWS)
    names = [[found.model for found in pareto._frontier(document, ROWS, which)]
             for which in ("fit", "predict")]
    assert names == [["linear", "xgboost", "lightgbm"], ["linear", "lightgbm"]]
    figure = pareto.draw(document)
    assert figure is not None
    assert {line[0]: line[-1] for line in figure.rows} == {
        "lightgbm": "fit and predict", "xgboost": "fit", "catboost": "–",
        "linear": "fit and predict"}


def test_the_frontier_of_a_loss_leads_down():
    rows = (row("lightgbm", 0.2, 8.0), row("linear", 0.3, 0.5), row("catboost", 0.4, 9.0))
    found = pareto._frontier(board(*rows, greater_is_better=False), rows, "fit")
    assert [each.model for each in found] == ["linear", "lightgbm"]


def test_the_cost_caption_names_both_ends_and_the_cheapest_equal():
    figure = pareto.draw(board(*ROWS))
    assert figure is not None
    assert figure.caption.startswith(
        "3 of 4 configurations have no equal that is faster to fit (dashed line), from linear with "
        "roc_auc 0.700 in 0.50 s to lightgbm with 0.800 (0.766 to 0.834) in 8.0 s. The ring marks "
        "the recommended lightgbm. xgboost cannot be told from the best and is 4.0 times faster")
    shown = texts(figure.svg)
    assert "fit, s" in shown
    assert "predict, µs per row" in shown
    # Once in the legend; a row of the frontier also beside its point.
    assert shown.count("catboost") == 1
    assert shown.count("lightgbm") >= 2


def test_costs_of_nothing_and_unknown_ones_can_be_drawn():
    figure = pareto.draw(board(row("lightgbm", 0.8, 0.0, None), row("linear", 0.7, 0.0, None)))
    assert figure is not None
    assert "predict, µs per row" not in texts(figure.svg)
    assert "lightgbm with 0.800 (0.766 to 0.834) in less than 0.01 s" in figure.caption
    assert pareto.draw(board(ROWS[0])) is None
    assert pareto.draw(board()) is None


def test_a_thousand_rows_make_a_bounded_picture():
    rows = [row(f"model_{k}", 0.8 - k / 5000, 9 - k / 200) for k in range(1000)]
    document = board(*(r.model_copy(update={"id": f"{k:08x}"}) for k, r in enumerate(rows)))
    figure = pareto.draw(document)
    assert figure is not None
    assert len(figure.svg) < 400_000
    assert "The first 200 are drawn." in figure.caption
    assert len(figure.rows) == 1000


def test_one_hopeless_row_does_not_stretch_the_axis():
    wide = row("broken", 0.75, 1.0).model_copy(update={"score": Interval(value=0.75, low=-9.0,
                                                                         high=9.0)})
    axis = pareto._scores([*ROWS, wide])
    assert axis.low > 0.5
    assert axis.high < 1.0


def ranged(name: str, bests: tuple[float, ...], **told: Any) -> ParameterCard:
    return ParameterCard(**{"row": "r", "model": "lightgbm", "parameter": name, "low": 1.0,
                            "high": 100.0, "log": True, "bests": bests, "share": 0.1, "p": 0.2,
                            "n_trials": 30, **told})


def searched(*cards: ParameterCard) -> Document:
    return DOCUMENTS["sample"]().model_copy(update={"parameters": cards})


def test_best_values_at_the_outer_twentieth_are_at_an_edge():
    # On the logarithmic scale 1.2 lies at 4 %, 1.3 at 6 % of the range from 1 to 100.
    figure = parameters.draw(searched(ranged("leaves", (1.2, 1.3, 100.0))))
    assert figure is not None
    assert figure.rows == (("lightgbm", "leaves", "1 to 100, log", "10 %", "0.2", "1.2, 1.3, 100",
                            "2 of 3"),)
    assert "most best values at an edge has leaves of lightgbm, 2 of 3" in figure.caption
    assert "leaves, 1 to 100, log" in texts(figure.svg)


def test_the_natural_end_of_a_share_is_no_edge():
    card = ranged("fraction", (0.99, 1.0), low=0.5, high=1.0, log=False)
    figure = parameters.draw(searched(card))
    assert figure is not None
    assert figure.rows[0][-1] == "0 of 2"
    assert "No best value lies at an edge" in figure.caption


def test_the_most_important_parameter_comes_first_with_its_p():
    figure = parameters.draw(searched(ranged("little", (5.0,)),
                                      ranged("much", (99.0,), share=0.4, p=0.0001, edge="high")))
    assert figure is not None
    assert [line[1] for line in figure.rows] == ["much", "little"]
    assert figure.caption.startswith(
        "much of lightgbm says most about the score: it explains 40 % of the order of 30 trials "
        "(p below 0.001, the best of 2 parameters). much of lightgbm is best at the high end of "
        "its range and the score still rises towards it: widen it.")
    assert parameters.draw(searched()) is None


def test_small_numbers_of_a_label_keep_their_digits():
    figure = parameters.draw(searched(ranged("C", (0.02,), low=0.001, high=10.0)))
    assert figure is not None
    assert "C, 0.001 to 10, log" in texts(figure.svg)


@pytest.mark.parametrize("module", [pareto, parameters], ids=["pareto", "parameters"])
def test_hostile_names_are_only_text(module):
    figure = module.draw(DOCUMENTS["hostile"]())
    assert figure is not None
    assert "<script" not in figure.svg
    ElementTree.fromstring(figure.standalone)
