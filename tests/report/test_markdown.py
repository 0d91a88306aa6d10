import re

import pytest
from markdown_it import MarkdownIt

from outlast.report.markdown import MAX_BYTES
from tests.report.conftest import DOCUMENTS


def tokens(text):
    """All tokens of a text as a Markdown parser reads them, inline ones included."""
    parsed = MarkdownIt("commonmark").enable("table").parse(text)
    return [part for token in parsed for part in (token, *(token.children or ()))]


@pytest.fixture(params=DOCUMENTS)
def text(request, report) -> str:
    return report(request.param).markdown.read_text()


def test_every_twin_is_small_and_holds_no_html(text):
    assert len(text.encode()) <= MAX_BYTES
    assert not [t for t in tokens(text) if t.type.startswith("html")]
    assert text.endswith("\n")
    assert "\n\n\n" not in text


def test_links_and_pictures_are_relative_files_of_the_report(text, report):
    links = [t.attrGet("href") for t in tokens(text) if t.type == "link_open"]
    pictures = [t.attrGet("src") for t in tokens(text) if t.type == "image"]
    folder = report("sample").html.parent
    assert all((folder / target).is_file() for target in links + pictures)


def test_pictures_have_a_text(text):
    assert all(len(t.content) > 20 for t in tokens(text) if t.type == "image")


def test_the_leaderboard_is_a_table_of_eight_columns_and_ten_rows(report):
    lines = report("sample").markdown.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| rank"))
    rows = [line for line in lines[start + 2 : start + 13] if line.startswith("|")]
    assert len(rows) == 10
    assert {line.count("|") for line in rows} == {9}
    assert rows[0].startswith("| 1= | lightgbm | defaults | 0.740 (0.706 to 0.774) | best |")


def test_hostile_names_change_no_heading_list_or_table(report):
    def shape(name):
        found = tokens(report(name).markdown.read_text())
        return [t.type for t in found if t.block and t.type not in ("inline", "html_block")]

    assert shape("hostile") == shape("sample")


def test_findings_are_alerts_that_a_code_host_colours(report):
    text = report("sample").markdown.read_text()
    assert re.search(r"> \[!WARNING\]\n> \*\*HIGH OL101: ", text)
    assert re.search(r"> \[!NOTE\]\n> \*\*TIP OL601: ", text)


def test_the_yaml_of_the_recommended_model_comes_first(report):
    document = DOCUMENTS["sample"]()
    fences = [t.content for t in tokens(report("sample").markdown.read_text()) if t.type == "fence"]
    best = next(c for c in document.configurations if c.row == document.headline.row)
    assert fences[1] == best.yaml  # after the commands that use it
    assert fences[2] == best.command + "\n"


def test_long_reports_are_cut_until_they_fit():
    from outlast.report.markdown import render_markdown

    document = DOCUMENTS["sample"]()
    many = document.findings[:1] * 100
    long = document.model_copy(update={"findings": tuple(
        f.model_copy(update={"sentence": f.sentence * 8}) for f in many)})
    text = render_markdown(long, {})
    assert len(text.encode()) <= MAX_BYTES
    assert re.search(r"\d+ more are in \[findings.csv\]", text)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_summary_is_a_screenful_that_stands_alone(name):
    from outlast.report.markdown import render_summary

    document = DOCUMENTS[name]()
    text = render_summary(document)
    found = tokens(text)
    assert not [t for t in found if t.type in ("link_open", "image") or t.type.startswith("html")]
    assert [t.tag for t in found if t.type == "heading_open"] == ["h1", "h2", "h2"]
    assert len(text.splitlines()) <= 60


def test_it_is_told_how_to_use_what_is_recommended_and_nothing_else(report):
    from outlast.report.view import use_commands

    sample = DOCUMENTS["sample"]()
    assert use_commands(sample, "--reports", "my reports") == (
        "outlast refit stocks --reports 'my reports'", "outlast predict model NEW_ROWS")
    assert "outlast refit stocks" in report("sample").markdown.read_text()
    assert "outlast refit stocks" in report("sample").html.read_text()
    undecided = sample.headline.model_copy(update={"verdict": "none"})
    assert use_commands(sample.model_copy(update={"headline": undecided})) == ()
    # Of predictions that were only judged there is no configuration to fit.
    assert use_commands(sample.model_copy(update={"configurations": ()})) == ()
