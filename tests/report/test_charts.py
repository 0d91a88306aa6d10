import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from outlast.records import BlockAudit
from outlast.report import charts
from outlast.report.charts import base, leaderboard, promise, search, timeline
from tests.report.board import around
from tests.report.conftest import DOCUMENTS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def figures():
    return charts.draw_figures(DOCUMENTS["sample"]())


def texts(figure) -> list[str]:
    found = ElementTree.fromstring(figure.svg).iter(f"{SVG}text")
    return ["".join(node.itertext()) for node in found]


def test_every_figure_of_a_full_document_is_drawn(figures):
    assert list(figures) == list(charts.FIGURES)
    for figure in figures.values():
        assert figure.rows
        assert {len(row) for row in figure.rows} == {len(figure.columns)}
        assert len(figure.caption) > 40


def test_a_standalone_figure_has_colours_of_its_own(figures):
    for figure in figures.values():
        assert "var(--" in figure.svg
        assert "var(" not in figure.standalone
        ElementTree.fromstring(figure.standalone)


def test_every_mark_with_a_number_tells_it_and_a_picture_is_one_thing_to_a_reader(figures):
    told = {name: re.findall(r'data-tip="([^"]*)"', figure.svg) for name, figure in figures.items()}
    assert "lightgbm&#xA;roc_auc 0.740 (0.706 to 0.774)&#xA;defaults&#xA;temporal" in (
        told["leaderboard"])
    # No pixel is so exact, but a score is told as it is written elsewhere.
    assert "catboost&#xA;roc_auc 0.735&#xA;2007-01-01 to 2008-01-02" in told["over_time"]
    for name, figure in figures.items():
        # Where one line of the numbers stands for all rows, it is drawn as a rule.
        assert len(told[name]) >= len(figure.rows) - 1
        assert figure.svg.count(" aria-") == figure.svg.count(" role=") == 1
        assert not re.search(r'"Title text|axis titled', figure.svg)
        titles = re.findall("<title>", figure.standalone)
        assert len(titles) == len(told[name])


def test_a_tooltip_of_fields_is_told_with_titles_and_formats():
    import altair as alt

    data = alt.Data(values=[{"m": 'a"<b>', "x": 1.23456, "t": 86_400_000}])
    chart = alt.Chart(data).mark_point().encode(x="x:Q", tooltip=[
        alt.Tooltip("m:N"), alt.Tooltip("x:Q", title="score", format=".3f"),
        alt.Tooltip("t:T", title="from")])
    svg = base.to_svg(chart, "fig-x", "A point.")
    assert 'data-tip="a&quot;&lt;b&gt;&#xA;score 1.235&#xA;from 1970-01-02"' in svg


def test_the_leaderboard_has_a_panel_per_split_and_a_line_per_model(figures):
    shown = texts(figures["leaderboard"])
    for split in ("temporal", "event_aware", "walk_forward", "expanding_window", "leaky: random"):
        assert shown.count(split) == 1
    assert {"lightgbm", "catboost", "xgboost", "linear", "last_value"} <= set(shown)
    assert "prior" not in shown


def test_splits_whose_names_begin_alike_keep_their_own_panels():
    document = DOCUMENTS["crowded"]()
    figure = leaderboard.draw(document)
    assert figure is not None
    assert len(figure.rows) == 120
    assert sum(text.startswith("walk_forward(") for text in texts(figure)) == 4


def test_the_leaderboard_caption_counts_ties_and_names_the_optimism():
    document = DOCUMENTS["sample"]()
    figure = leaderboard.draw(document)
    assert figure is not None
    assert "lightgbm leads under temporal with roc_auc 0.740 (0.706 to 0.774)" in figure.caption
    assert "2 other models cannot be told from it" in figure.caption
    assert "would have shown 0.835 (+0.095 in its favour)" in figure.caption


def test_optimism_of_a_loss_has_the_right_sign():
    figure = leaderboard.draw(DOCUMENTS["regression"]())
    assert figure is not None
    assert "(+0.0095 in its favour)" in figure.caption


def test_models_keep_one_colour_and_pairs_with_shapes_are_unique():
    style = base.ModelStyle(tuple(f"m{k}" for k in range(40)), frozenset({"m39"}))
    pairs = {(style.colour(m), style.shape(m)) for m in style.models}
    assert len(pairs) == 40
    assert style.colour("m39") == base.BASELINE_COLOUR
    assert style.colour("m0") == base.PALETTE[0]


def fold(**audit):
    card = DOCUMENTS["sample"]().folds[0]
    return card.model_copy(update={"audit": card.audit.model_copy(update=audit)})


def test_a_forward_fold_is_train_then_purged_then_test():
    block = BlockAudit(start=100, end=150, label_end=155, last_label_end_before=95)
    card = fold(train_start=0, train_end=90, test_start=100, test_end=150, blocks=(block,))
    assert list(timeline._segments(card)) == [
        ("train", 0, 90), ("purged", 90, 100), ("test", 100, 150),
    ]


def test_a_two_sided_fold_trains_on_both_sides_of_its_blocks():
    blocks = (
        BlockAudit(start=20, end=30, label_end=35, last_label_end_before=20, first_time_after=36),
        BlockAudit(start=60, end=70, label_end=75, last_label_end_before=58, first_time_after=76),
    )
    card = fold(train_start=0, train_end=99, test_start=20, test_end=70, blocks=blocks)
    assert [part for part in timeline._segments(card) if part[0] == "train"] == [
        ("train", 0, 20), ("train", 36, 58), ("train", 76, 99),
    ]
    assert [part for part in timeline._segments(card) if part[0] == "test"] == [
        ("test", 20, 30), ("test", 60, 70),
    ]


def test_a_fold_that_only_trains_afterwards_draws_nothing_before():
    block = BlockAudit(start=0, end=10, label_end=15, first_time_after=16)
    card = fold(train_start=16, train_end=99, test_start=0, test_end=10, blocks=(block,))
    assert [part[0] for part in timeline._segments(card)] == ["test", "purged", "train"]


def test_a_leaky_fold_is_one_mixed_bar(figures):
    assert {row[0] for row in figures["timeline"].rows} >= {"random", "temporal"}
    assert sum(row[0] == "random" for row in figures["timeline"].rows) == 1
    leaky = DOCUMENTS["sample"]().folds[-1]
    assert [part[0] for part in timeline._segments(leaky)] == [timeline.MIXED]


def test_the_timeline_names_the_events_and_counts_the_overlap(figures):
    assert "Lehman collapse" in texts(figures["timeline"])
    assert "12 honest folds with 0 overlapping labels" in figures["timeline"].caption


def test_an_overlap_is_never_called_clean():
    document = DOCUMENTS["sample"]()
    dirty = document.folds[0].model_copy(
        update={"audit": document.folds[0].audit.model_copy(update={"n_overlap": 3})}
    )
    figure = timeline.draw(document.model_copy(update={"folds": (dirty,)}))
    assert figure is not None
    assert "1 honest fold with 3 overlapping labels" in figure.caption


def test_the_hardest_window_is_named(figures):
    assert "The hardest window is 2008-01-03 to 2009-01-04" in figures["over_time"].caption
    assert {row[0] for row in figures["over_time"].rows} == {"walk_forward", "expanding_window"}


def test_the_hardest_window_of_a_loss_is_the_one_with_the_largest():
    figure = charts.FIGURES["over_time"](DOCUMENTS["regression"]())
    assert figure is not None
    assert "The hardest window is 2008-01-03 to 2009-01-04" in figure.caption


def test_the_gain_of_the_search_is_measured_on_the_test_rows():
    document = DOCUMENTS["sample"]()
    rows = []
    for row in document.leaderboard:
        better = row.search == "optuna" and row.model == "linear"
        rows.append(row.model_copy(update={"score": around(0.75 if better else 0.70, 0.01)}))
    figure = search.draw_tuned(document.model_copy(update={"leaderboard": tuple(rows)}))
    assert figure is not None
    assert "moved the test score by 0.000 to +0.050 (most: linear)" in figure.caption
    assert "less than half an interval" not in figure.caption


def test_a_gain_inside_the_intervals_is_called_small(figures):
    assert "less than half an interval for every model" in figures["tuned"].caption


def test_the_history_draws_no_more_than_its_limit():
    document = DOCUMENTS["sample"]()
    trial = next(t for t in document.trials if t.split == "temporal")
    many = tuple(trial.model_copy(update={"number": n, "fold": f})
                 for f in range(50) for n in range(200))
    kept = search._trials(document.model_copy(update={"trials": many}))
    assert len(kept) == 1000
    assert {t.fold for t in kept} == set(range(5))


def test_the_importance_figure_shows_the_top_twenty_with_their_spread(figures):
    rows = figures["importance"].rows
    assert len(rows) == 20
    assert rows[0] == ("vol_21", "22.0 %", "5.5 %", "8")
    assert "6 of 40 features were dropped in every fold" in figures["importance"].caption


def test_pictures_are_the_same_in_every_time_zone_and_process(figures):
    code = (
        "from outlast.report.charts import FIGURES; from tests.report.sample import sample; "
        "print(FIGURES['timeline'](sample()).svg)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "TZ": "Asia/Tokyo"}, check=True)
    assert done.stdout.strip() == figures["timeline"].svg


@pytest.mark.parametrize("name", ["sample", "regression", "multiclass", "abstract"])
def test_every_chart_keeps_to_the_schema(name, monkeypatch):
    """Reports skip this check, which takes longer than drawing."""
    checked = []

    def check(chart, title, alt_text):
        checked.append(chart.to_dict(validate=True))
        return ""

    monkeypatch.setattr(base, "to_svg", check)
    assert len(charts.draw_figures(DOCUMENTS[name]())) == len(checked) > 0


def test_a_promise_that_was_not_kept_is_marked_and_counted():
    document = DOCUMENTS["sample"]()
    first, *rest = document.exam.grades
    missed = first.model_copy(update={"kept": False})
    figure = promise.draw(document.model_copy(update={
        "exam": document.exam.model_copy(update={"grades": (missed, *rest)})}))
    assert figure is not None
    assert figure.rows[0][-1] == "no"
    n_kept = sum(bool(grade.kept) for grade in rest)
    assert f"{n_kept} of {len(rest) + 1} finalists" in figure.caption
    assert "exam, outside of the promise" in texts(figure)
    assert promise.draw(DOCUMENTS["minimal"]()) is None
