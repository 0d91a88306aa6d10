"""The figures on features: what they count, how they name it, and what they leave out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from outlast.judge.board import Interval
from outlast.report.charts import drift, lineage, reasons, stability, worth
from outlast.report.charts.plane import Box, Plane, Span, _box, span
from outlast.report.document import Document, FeatureCard
from tests.report.board import around
from tests.report.conftest import DOCUMENTS

SVG = "{http://www.w3.org/2000/svg}"
FIGURES = {"worth": worth.draw, "drift": drift.draw, "reasons": reasons.draw,
           "lineage": lineage.draw, "stability": stability.draw}


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def card(name: str, **told: Any) -> FeatureCard:
    return FeatureCard(**{"feature": name, "family": "rolling", "decision": "kept", "code": "F13",
                          "sentence": "", "share": 0.1, "share_sd": 0.01, "n_fits": 4, **told})


def of(*cards: FeatureCard, **changes: Any) -> Document:
    return DOCUMENTS["sample"]().model_copy(update={"features": cards, **changes})


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_a_report_that_knows_nothing_of_it_has_no_such_figure(draw):
    assert draw(DOCUMENTS["empty"]()) is None
    assert draw(of(card("a", share=None))) is None


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_five_hundred_features_are_drawn_within_a_bounded_picture(draw):
    cards = [card(f"feature_{k}", share=1 / (k + 2), decision="dropped" if k % 3 else "kept",
                  reason="F06" if k % 3 else "F13", rank=k + 1.0, rank_low=k + 0.5,
                  rank_high=k + 2.0, select_freq=0.5, cluster_freq=0.5, n_sets=2, drift=k / 500,
                  drift_chance=0.2, drift_unit="sd", roots=(f"raw_{k % 40}", "price"),
                  family=f"family_{k % 25}", reliance=around(k / 1000, 0.1),
                  replaceability=around(0.2 - k / 1000, 0.1)) for k in range(500)]
    figure = draw(of(*cards))
    assert figure is not None
    assert len(figure.svg) < 120_000
    root = ElementTree.fromstring(figure.svg)
    assert float(root.get("height", "inf")) < 900
    assert len(texts(figure.svg)) < 90


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_hostile_names_are_only_text(draw):
    figure = draw(DOCUMENTS["hostile"]())
    assert figure is not None
    assert "<script" not in figure.svg
    ElementTree.fromstring(figure.standalone)


def test_worth_is_told_by_whole_intervals():
    sure, unsure = Interval(value=0.03, low=0.01, high=0.05), Interval(value=0.03, low=-0.01,
                                                                       high=0.07)
    figure = worth.draw(of(
        card("needed", reliance=sure, replaceability=sure),
        card("spare", reliance=sure, replaceability=unsure),
        card("idle", reliance=unsure, replaceability=sure),
        card("unknown", reliance=sure)))
    assert figure is not None
    assert {row[0]: row[-1] for row in figure.rows} == {
        "needed": worth.NEEDED, "spare": worth.SPARE, "idle": worth.UNUSED}
    assert "1 is irreplaceable (needed); 1 is relied on, but replaceable (spare); 1 is not shown" \
        in figure.caption
    assert "No model was fitted without the other 1." in figure.caption
    assert {"needed", "spare", worth.NEEDED, worth.SPARE} <= set(texts(figure.svg))


def test_one_window_lets_the_signs_decide_and_says_so():
    plus, minus = Interval(value=0.03), Interval(value=-0.01)
    figure = worth.draw(of(card("needed", reliance=plus, replaceability=plus),
                           card("spare", reliance=plus, replaceability=minus)))
    assert figure is not None
    assert [row[-1] for row in figure.rows] == [worth.NEEDED, worth.SPARE]
    assert "the signs alone decide" in figure.caption


def test_where_nothing_is_sure_the_caption_says_so_once():
    unsure = Interval(value=0.03, low=-0.01, high=0.07)
    figure = worth.draw(of(card("a", reliance=unsure, replaceability=unsure), card("b")))
    assert figure is not None
    assert figure.caption.startswith("None of 1 feature is shown to be used")


def test_near_copies_are_one_point_with_one_name():
    worths = {"reliance": around(0.03, 0.01), "replaceability": around(0.02, 0.01)}
    figure = worth.draw(of(card("a", share=0.3, cluster="b", **worths),
                           card("b", share=0.2, cluster="b", **worths),
                           card("c", share=0.1, cluster="c", **worths)))
    assert figure is not None
    assert [row[:2] for row in figure.rows] == [("a", "b"), ("c", "–")]
    assert "a + 1 near copy" in texts(figure.svg)


def test_drift_counts_beyond_its_own_chance_and_the_limits_alone():
    moved = {"drift": 0.5, "drift_unit": "sd"}
    figure = drift.draw(of(
        card("risky", share=0.05, drift_chance=0.3, **moved),
        card("by_chance", share=0.05, drift_chance=0.6, **moved),
        card("small", share=0.01, drift_chance=0.3, **moved),
        card("near", share=0.05, drift=0.2, drift_chance=0.1, drift_unit="JS")))
    assert figure is not None
    assert {row[0]: row[-1] for row in figure.rows} == {
        "risky": drift.RISKY, "by_chance": drift.STILL, "small": drift.MOVED, "near": drift.MOVED}
    assert figure.caption.startswith("1 of 4 features moved by 0.25 or more, beyond chance, and "
                                     "carries 2 % of the importance or more; first risky: 0.50 sd "
                                     "where chance reaches 0.30, 5.0 % of the importance.")
    assert "3 moved farther than their own tick" in figure.caption
    assert "Squares are categories" in figure.caption


def test_the_limits_of_drift_are_those_of_the_document():
    told = card("a", share=0.05, drift=0.5, drift_chance=0.3, drift_unit="sd")
    figure = drift.draw(of(told, thresholds={"drift_effect": 0.6, "drift_share": 0.02}))
    assert figure is not None
    assert "None of 1 feature moved by 0.6 or more" in figure.caption


def test_the_waterfall_leads_from_all_features_to_those_kept():
    cards = [card("a", reason="F13"), card("b", reason="F13"), card("pin", reason="F14"),
             *(card(f"copy_{k}", decision="dropped", reason="F06") for k in range(3)),
             card("flat", decision="dropped", reason="F01"), card("new", decision="dropped",
                                                                  reason="F99"),
             card("now_and_then", decision="mixed", reason="F13")]
    figure = reasons.draw(of(*cards))
    assert figure is not None
    assert [row[:3] for row in figure.rows] == [
        ("all features", "–", "9"), ("near copy of a kept one", "F06", "3"),
        ("constant", "F01", "1"), ("by rule F99", "F99", "1"),
        ("dropped in some folds only", "–", "1"), ("kept: nothing against it", "F13", "2"),
        ("kept: by your own word", "F14", "1")]
    assert figure.rows[1][3] == "copy_0, copy_1, copy_2"
    assert figure.caption.startswith(
        "3 of 9 features are kept in every fold; 5 were dropped in all of them, most often as "
        "near copy of a kept one (3), and 1 is kept in some folds only.")
    steps = reasons._steps(cards)
    assert [(s.start, s.end) for s in steps] == [
        (0, 9), (6, 9), (5, 6), (4, 5), (3, 4), (0, 2), (2, 3)]
    assert reasons.draw(of(*cards[:3])) is None


def test_a_report_of_before_tells_of_reasons_by_its_one_code():
    figure = reasons.draw(of(card("a"), card("b", decision="dropped", code="F06")))
    assert figure is not None
    assert figure.rows[1][:3] == ("near copy of a kept one", "F06", "1")


def test_lineage_shares_add_up_at_every_node():
    cards = [card("a", share=0.4, roots=("x", "y")), card("b", share=0.2, roots=("x",)),
             card("c", share=0.1, family="", roots=("y",))]
    flow = lineage.Flow(cards)
    into = {(link.source, link.target): link.share for link in flow.first}
    assert into == pytest.approx({("x", "rolling"): 0.4, ("y", "rolling"): 0.2,
                                  ("y", "own function"): 0.1})
    assert [link.share for link in flow.second] == [0.4, 0.2, 0.1]
    for stack in flow.columns:
        for above, below in pairwise(stack.values()):
            assert above.top + above.height <= below.top
    figure = lineage.draw(of(*cards))
    assert figure is not None
    assert "carry 70.0 % of the importance and come from 2 raw columns: most rests on x (40.0 %) " \
        "and on rolling (60.0 %); the first, a, varies by ± 1.0 % over fits" in figure.caption
    assert {"x", "y", "rolling", "own function", "a, 40.0 %"} <= set(texts(figure.svg))
    assert figure.rows[0] == ("a", "40.0 %", "rolling", "x, y", "–")


def test_lineage_tells_many_columns_and_operations_as_a_rest():
    cards = [card(f"f{k}", share=0.5**k, roots=(f"raw{k}",), family=f"kind{k}") for k in range(20)]
    flow = lineage.Flow(cards)
    assert [len(column) for column in flow.columns] == [13, 11, 20]
    assert "the rest" in flow.columns[0]
    assert "the rest" in flow.columns[1]


def test_lineage_of_an_older_report_begins_at_the_inputs():
    figure = lineage.draw(of(card("a", inputs=("r1",))))
    assert figure is not None
    assert figure.rows[0][3] == "r1"


def ranked(name: str, **told: Any) -> FeatureCard:
    return card(name, **{"rank": 2.0, "rank_low": 1.0, "rank_high": 3.0, "n_sets": 5,
                         "select_freq": 1.0, "cluster_freq": 1.0, **told})


def test_stability_counts_what_every_set_holds_and_what_only_swaps():
    figure = stability.draw(of(
        ranked("held"), ranked("swapped", select_freq=0.4, rank_high=9.0),
        ranked("lost", select_freq=0.4, cluster_freq=0.6)))
    assert figure is not None
    assert figure.caption.startswith(
        "1 of the 3 top features is in all 5 sets that the folds have chosen; 1 more only changes "
        "places with near copies; so few sets are a hint, no proof. The rank of swapped is the "
        "least certain: half of its 4 fits put it at 1 to 9.")
    assert figure.rows[1] == ("swapped", "2.0", "1 to 9", "40 %", "5", "100 %")
    assert "in the sets of the folds, %" in texts(figure.svg)


def test_one_set_says_nothing_of_stability_but_ranks_do():
    figure = stability.draw(of(ranked("a", n_sets=1)))
    assert figure is not None
    assert "in the sets of the folds, %" not in texts(figure.svg)
    assert "One set of features alone says nothing" in figure.caption


def test_long_names_that_begin_alike_keep_their_own_lines():
    figure = stability.draw(of(*(ranked("very_" * 20 + str(k), n_sets=1) for k in range(3))))
    assert figure is not None
    assert sum(text.startswith("very_") for text in texts(figure.svg)) == 3


def test_names_keep_to_the_plane_and_apart():
    plane = Plane(Span(0.0, 1.0), Span(0.0, 1.0), 300, 200)
    rows = [{"x": k % 7 / 6, "y": k % 5 / 4, "name": f"a long name {k}"} for k in range(35)]
    corner = Box(0, 0, 60, 60)
    placed = plane.placed(rows, [corner])
    boxes = [_box(row["name"], plane.pixels(row["x"], row["y"]), side)
             for side, named in placed.items() for row in named]
    assert 4 < len(boxes) < 35
    for at, box in enumerate(boxes):
        assert 0 <= box.left < box.right <= 300
        assert 0 <= box.top < box.bottom <= 200
        assert not any(box.meets(other) for other in [*boxes[at + 1:], corner])


def test_a_span_holds_zero_and_leaves_room_below_it():
    found = span([0.2, 1.0], room=0.0, least=0.2)
    assert (found.low, found.high) == (-0.25, 1.0)
    assert span([-3.0, 1.0], room=0.25).low == -4.0
    assert Span(1.0, 100.0, "log").place(10.0) == pytest.approx(0.5)
