import base64
import hashlib
import re
from collections import Counter

import pytest

from outlast.report import formatting
from outlast.report.html import render_html
from tests.report.conftest import DOCUMENTS
from tests.report.page import Page
from tests.report.variants import HOSTILE


@pytest.fixture(params=DOCUMENTS)
def page(request, report) -> Page:
    return Page(report(request.param).html.read_text())


def test_every_page_is_well_formed_and_complete(page):
    assert not page.broken
    assert not page.open
    assert page.tags["h1"] == page.tags["main"] == page.tags["script"] == 1
    assert page.tags["h2"] == page.tags["section"] == 14


def test_ids_are_unique_and_every_link_inside_the_page_arrives(page):
    ids = Counter(page.values("id"))
    assert max(ids.values()) == 1
    targets = {link[1:] for link in page.values("href") if link.startswith("#")}
    assert targets <= set(ids)
    assert all(re.fullmatch(r"[\w.-]+", name) for name in ids)


def test_a_page_loads_nothing(page):
    assert not page.values("src")
    assert {"link", "img", "iframe", "object", "form"}.isdisjoint(page.tags)
    for link in page.values("href"):
        assert formatting.safe_link(link) == link
        assert not link.startswith("http")
    assert not re.search(r"url\((?!#fig-)", " ".join(page.inside("style")))


def test_the_policy_allows_the_pages_own_script_alone(page):
    (script,) = page.inside("script")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [c for c in page.values("content") if "default-src" in c]
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_every_figure_has_a_name_a_finding_and_its_numbers(page):
    pictures = [a for tag, a in page.elements if tag == "svg" and a.get("role") == "img"]
    assert len(pictures) == page.tags["figure"] == page.tags["figcaption"]
    assert all(len(a["aria-label"]) > 20 for a in pictures)
    assert page.inside("summary").count("Numbers of this figure") == len(pictures)
    others = [a for tag, a in page.elements if tag == "svg" and a.get("role") != "img"]
    assert all(a["aria-hidden"] == "true" for a in others)


def test_tables_can_be_read_aloud(page):
    assert page.tags["caption"] == page.tags["table"]
    assert all(a.get("scope") in {"col", "row"} for tag, a in page.elements if tag == "th")


def test_hostile_names_add_no_element_attribute_or_handler(report):
    good = Page(report("sample").html.read_text())
    bad = Page(report("hostile").html.read_text())
    assert set(bad.tags) <= set(good.tags)
    assert bad.shapes <= good.shapes
    assert not [name for _, name in bad.shapes if name.startswith("on")]
    assert len(bad.inside("script")) == 1
    text = " ".join(text for parent, text in bad.texts if parent != "script")
    for attack in HOSTILE:
        shown = formatting.printable(attack)
        assert shown in text or " ".join(shown.split()) in text
    assert "{{7*7}}" in text
    assert "\u202e" not in text


@pytest.mark.parametrize("name", ["sample", "regression"])
def test_the_first_screen_answers(report, name):
    document, source = DOCUMENTS[name](), report(name).html.read_text()
    before = Page(source[: source.index('id="run"')])
    text = " ".join(text for _, text in before.texts)
    assert document.headline.trust_reason in text
    assert "Expected " + document.metric in text
    assert text.index("OL101") < text.index("OL201") < text.index("OL501") < text.index("OL601")


def test_names_in_backticks_are_set_as_code(report):
    document = DOCUMENTS["minimal"]()
    headline = document.headline.model_copy(update={"sentence": "Drop `a_b` and `<b>`."})
    page = Page(render_html(document.model_copy(update={"headline": headline}), {}))
    assert {"a_b", "<b>"} <= set(page.inside("code"))
    assert "b" not in page.tags


def test_severity_is_a_word_beside_its_colour(report):
    text = " ".join(Page(report("sample").html.read_text()).inside("span"))
    for word in ("HIGH · OL101", "MEDIUM · OL201", "LOW · OL501", "TIP · OL601"):
        assert word in text


def test_a_report_without_results_says_so_in_every_section(report):
    text = " ".join(text for _, text in Page(report("empty").html.read_text()).texts)
    for sentence in ("nothing to recommend", "No fold was finished", "nothing can be ranked",
                     "No search was run", "No feature was observed"):
        assert sentence in text


def test_jobs_and_logs_are_links_from_the_reports_own_folder(report):
    links = set(Page(report("sample").html.read_text()).values("href"))
    job = DOCUMENTS["sample"]().configurations[0].job
    assert f"../../experiment_results/stocks/{job}/" in links
    assert f"../../experiment_results/stocks/{job}/job.log" in links


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(first: str, second: str) -> float:
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_texts_and_marks_keep_their_contrast_in_both_themes(report):
    from outlast.report.charts.base import BASELINE_COLOUR, PALETTE

    css = "".join(Page(report("minimal").html.read_text()).inside("style"))
    colours = re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\)", css)
    themes = [{name: pair[at] for name, *pair in colours} for at in (0, 1)]
    assert len(colours) == len(re.findall(r"#\w{6}", css)) / 2
    for theme in themes:
        for token in ("ink", "muted", "link", "high", "medium", "low", "info", "good"):
            assert _contrast(theme[token], theme["paper"]) >= 4.5, token
            assert _contrast(theme[token], theme["panel"]) >= 4.5, token
        for colour in (*PALETTE, BASELINE_COLOUR):
            assert _contrast(colour, theme["paper"]) >= 3, colour


def feature_table(source: str) -> tuple[list[dict[str, str | None]], list[dict[str, str | None]]]:
    """The header cells of the feature table and the boxes that choose its columns."""
    chooser = source[source.index('<details class="columns"'):]
    elements = Page(chooser[: chooser.index("</thead>") + 8]).elements
    return ([a for tag, a in elements if tag == "th"], [a for tag, a in elements if tag == "input"])


def test_the_feature_table_shows_eight_columns_until_others_are_asked_for(report):
    source = report("sample").html.read_text()
    headers, boxes = feature_table(source)
    assert len(headers) == len(boxes) == 15
    assert [int(box["value"] or "") for box in boxes] == list(range(15))
    assert ["hidden" not in header for header in headers] == ["checked" in box for box in boxes]
    assert sum("checked" in box for box in boxes) == 8
    # Without a script the boxes would do nothing.
    assert '<details class="columns" data-table="t-features" hidden>' in source
    rows = source[source.index('id="t-features"'):].split("<tr")[2:3]
    cells = [a for tag, a in Page(rows[0].split("</tr>")[0]).elements
             if tag in {"td", "th"} and ("scope" in a or tag == "td")]
    assert ["hidden" in cell for cell in cells] == ["hidden" in header for header in headers]


def test_a_report_of_before_has_no_empty_columns():
    document = DOCUMENTS["sample"]()
    old = {"drift": None, "rank_low": None, "select_freq": None, "leak_points": None,
           "cluster": "", "cost": None, "roots": (), "family": ""}
    features = tuple(card.model_copy(update=old) for card in document.features)
    headers, _ = feature_table(render_html(document.model_copy(update={"features": features}), {}))
    assert len(headers) == 7
