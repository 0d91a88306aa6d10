"""The figures of time, events, segments, model quality and pairs of rows."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from outlast.judge.board import Interval
from outlast.judge.details import SuperiorityCard
from outlast.report import charts
from outlast.report.charts import base, calibration, decay, pairwise, quality, slices
from tests.report.board import around
from tests.report.conftest import DOCUMENTS
from tests.report.detailed import CONFUSION

NEW = ("calibration", "pairwise", "decay", "events", "segments", "quality")


@pytest.fixture(scope="module")
def figures():
    return charts.draw_figures(DOCUMENTS["sample"]())


def texts(figure) -> list[str]:
    found = ElementTree.fromstring(figure.svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(node.itertext()).strip() for node in found]


def changed(name="sample", **details):
    """A document of the tests with other details."""
    document = DOCUMENTS[name]()
    return document.model_copy(update={"details": document.details.model_copy(update=details)})


@pytest.mark.parametrize("name", ["minimal", "empty"])
def test_where_there_is_nothing_there_is_no_figure(name, report):
    assert set(NEW).isdisjoint(charts.draw_figures(DOCUMENTS[name]()))
    page = report(name).html.read_text()
    assert "No predictions to look into" in page


@pytest.mark.parametrize("name", ["sample", "regression", "multiclass"])
def test_each_figure_lies_in_its_section_and_in_the_twin(name, report):
    page, twin = report(name).html.read_text(), report(name).markdown.read_text()
    sections = {part.split('"')[0]: part for part in page.split('<section id="')[1:]}
    places = {"pairwise": "leaderboard", "decay": "time", "events": "time", "segments": "time",
              "quality": "quality", "calibration": "promise"}
    drawn = charts.draw_figures(DOCUMENTS[name]())
    for figure in set(NEW) & set(drawn):
        assert f'<figure id="fig-{figure}">' in sections[places[figure]]
        assert twin.count(f"(figures/{figure}.svg)") == 1
    assert ("calibration" in drawn) == (name != "multiclass")


def test_decay_names_slope_interval_and_when_to_retrain(figures):
    told = figures["decay"].caption
    assert "changes by −0.0200 (−0.0260 to −0.0140) log loss per row, over 20 blocks" in told
    assert "5.5 months after training it is time to retrain" in told
    assert "retrain by 5.5 months" in texts(figures["decay"])


def test_a_slope_that_may_be_none_is_not_called_decay():
    card = DOCUMENTS["sample"]().details.decay
    flat = card.model_copy(update={"lasts": None, "slope": around(-0.001, 0.01)})
    figure = decay.draw(changed(decay=flat))
    assert "no decay can be told" in figure.caption
    assert not any("retrain" in text for text in texts(figure))


def test_the_band_is_the_line_at_both_ends_of_its_slope():
    card = DOCUMENTS["sample"]().details.decay
    first, middle, last = decay._line(card)
    assert middle["low"] == middle["high"] == middle["gain"]
    assert first["gain"] == pytest.approx(card.start)
    for end in (first, last):
        slopes = sorted((end[side] - middle["gain"]) / (end["age"] - card.middle)
                        for side in ("low", "high"))
        assert slopes == pytest.approx([card.slope.low, card.slope.high])


def test_the_worst_event_is_set_against_the_time_outside(figures):
    told = figures["events"].caption
    assert "worst in flash crash / euro crisis: roc_auc 0.610 (0.560 to 0.660) on 400 rows" in told
    assert "against 0.750 (0.700 to 0.800) outside of events" in told
    assert "which the intervals of 1 of 2 events leave out" in told
    assert "outside of events (400 rows)" in texts(figures["events"])


def test_the_worst_event_of_a_loss_is_the_one_with_the_largest():
    figure = slices.draw_events(DOCUMENTS["regression"]())
    assert "scores worst in US downgrade" in figure.caption


def test_an_event_whose_score_is_undefined_is_in_the_table_alone():
    events = DOCUMENTS["sample"]().details.events
    odd = events[0].model_copy(update={"score": around(0.5, 0).model_copy(
        update={"value": None, "low": None, "high": None}), "baseline": None})
    figure = slices.draw_events(changed(events=(odd, *events[1:])))
    assert figure.rows[0][4:] == ("–", "", "–", "")
    assert not any("flash crash" in text for text in texts(figure))
    assert slices.draw_events(changed(events=events[-1:])) is None


def test_segments_say_how_many_lie_apart_and_how_many_would_by_luck(figures):
    told = figures["segments"].caption
    assert "gains least where entity is FB: +0.030 (+0.010 to +0.050) log loss per row" in told
    assert "3 of 4 segments have an interval that leaves out the solid line; by luck" in told
    assert "the worst and the best 4 of 19" in told
    assert figures["segments"].rows[-1][0] == "all rows"


def test_a_segment_without_an_interval_is_told_of(figures):
    card = DOCUMENTS["sample"]().details.segments
    short = card.segments[0].model_copy(update={"gain": Interval(value=0.03)})
    figure = slices.draw_segments(changed(
        segments=card.model_copy(update={"segments": (short, *card.segments[1:])})))
    assert "too few blocks of time" in figure.caption
    assert figure.rows[0][-1] == "–"
    assert "too few" not in figures["segments"].caption


def test_reliability_names_the_farthest_bin_and_both_errors(figures):
    told = figures["calibration"].caption
    assert "says 77.0 %, 68.0 % (65.0 % to 71.0 %) happened: the farthest of 10 bins" in told
    assert "3.1 points apart on the mean, 1.2 points once recalibrated" in told
    rows = figures["calibration"].rows
    assert [row[0] for row in rows].count("recalibrated by earlier periods") == 10


def test_without_earlier_periods_nothing_is_recalibrated():
    card = DOCUMENTS["sample"]().details.reliability
    figure = calibration.draw(changed(reliability=card.model_copy(
        update={"after": (), "error_after": None})))
    assert "recalibrated" not in figure.caption
    assert "recalibrated by earlier periods" not in texts(figure)


def test_intervals_that_held_are_shown_by_period():
    figure = calibration.draw(DOCUMENTS["regression"]())
    assert "in 90 % of cases (dashed line), held it in 88.7 % (86.0 % to 91.4 %)" in figure.caption
    assert "in 87.0 % (84.5 % to 89.5 %). 1 of 3 periods is off" in figure.caption
    assert len(figure.rows) == 3


def test_without_intervals_values_are_set_against_the_truth():
    document = DOCUMENTS["regression"]().model_copy(update={"intervals": None})
    figure = calibration.draw(document)
    assert figure.title == "Predicted and true values"
    assert "says 0.100, the truth is 0.106 on the mean (0.104 to 0.108)" in figure.caption


def test_curves_are_named_with_their_areas(figures):
    told = figures["quality"].caption
    assert "a ROC AUC of 0.740 (0.710 to 0.770) and an average precision of 0.510" in told
    assert "last_value (baseline)" in texts(figures["quality"])
    assert "25.8 % of the rows are positive" in told


def test_residuals_name_the_largest_bias():
    figure = quality.draw(DOCUMENTS["regression"]())
    assert "predicts 0.1, the truth is +0.0060 (+0.0040 to +0.0080) off" in figure.caption
    assert "5 of them are off by more than their own noise" in figure.caption


def test_the_confusion_names_what_is_taken_for_what():
    figure = quality.draw(DOCUMENTS["multiclass"]())
    assert "most often b is taken for a, in 33.3 % of its rows" in figure.caption
    assert "an accuracy of 0.700 (0.670 to 0.730), the baseline of 0.500" in figure.caption
    assert texts(figure).count("80 %") == 1
    assert figure.rows[0] == ("a", "100", "80.0 %", "15.0 %", "5.0 %")


def test_a_class_without_rows_has_no_share():
    empty = CONFUSION.model_copy(update={"counts": ((80, 15, 5), (20, 30, 10), (0, 0, 0))})
    figure = quality.draw(changed("multiclass", confusion=empty))
    assert figure.rows[2][1:] == ("0", "–", "–", "–")
    assert "it finds 50.0 % to 80.0 %" in figure.caption


def test_chances_are_written_in_the_cells_and_bold_where_they_tell():
    document = DOCUMENTS["sample"]()
    rows = tuple(row.id for row in document.leaderboard[:3])
    card = SuperiorityCard(rows=rows, chances=((0.61, 0.98), (0.9951,)), n_rows=12)
    figure = pairwise.draw(changed(superiority=card))
    cells = [text for text in texts(figure) if text.endswith(" %")]
    assert sorted(cells) == sorted(["61 %", "98 %", ">99 %", "39 %", "2 %", "<1 %"])
    assert figure.svg.count('font-weight="bold"') == 4
    assert "Of the 3 best of 12 rows, 1. " in figure.caption
    assert "with a chance of 61 %" in figure.caption
    assert "1 of its 2 rivals can be told from it" in figure.caption


def test_a_small_table_of_chances_is_not_stretched_to_the_page(figures, report):
    assert quality.draw(DOCUMENTS["multiclass"]()).is_narrow
    assert not figures["quality"].is_narrow
    page = report("multiclass").html.read_text()
    assert page.count('<div class="scroll narrow"') == 1


def test_names_that_break_lines_or_program_text_are_drawn_as_they_are():
    events = DOCUMENTS["sample"]().details.events
    attack = 'a"b\n\\ datum["x"] </script>'
    odd = tuple(event.model_copy(update={"name": attack}) for event in events[:2])
    figure = slices.draw_events(changed(events=(*odd, events[-1]), label=attack, baseline=attack))
    assert sum('a"b \\ datum["x"] </script>' in text for text in texts(figure)) >= 3
    assert "</script>" not in figure.svg


def test_the_row_keeps_the_colour_of_its_model():
    document = DOCUMENTS["sample"]()
    other = next(row for row in document.leaderboard if row.model == "linear")
    colour = base.ModelStyle.of(document).colour("linear")
    assert colour in quality.draw(changed(row=other.id)).svg
    assert colour not in quality.draw(document).svg
