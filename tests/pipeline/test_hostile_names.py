"""A whole run over a table whose every name is an attack, and all that it wrote."""

import csv
import json
from html import unescape
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from markdown_it import MarkdownIt

from outlast.data import Events, Panel, Schema
from outlast.pipeline import run_pipeline
from tests.report.page import Page
from tests.report.variants import HOSTILE

# One name per place; a null character ends no name here.
NAMES = [f"{attack} {at}" for at, attack in enumerate(HOSTILE) if "\0" not in attack]
TARGET, TIME, ENTITY, CATEGORY, *COLUMNS = NAMES


def _panel() -> Panel:
    rng = np.random.default_rng(0)
    n_days, n_entities = 60, len(HOSTILE)
    n = n_days * n_entities
    days = np.datetime64("2022-01-01") + np.arange(n_days, dtype="timedelta64[D]")
    columns = {name: rng.normal(size=n) for name in COLUMNS}
    label = rng.random(n) < 1 / (1 + np.exp(-columns[COLUMNS[0]]))
    table = pl.DataFrame({
        TIME: np.repeat(days, n_entities), ENTITY: list(HOSTILE) * n_days,
        TARGET: label.astype(int), CATEGORY: rng.choice(HOSTILE[:6], size=n), **columns})
    starts = days[10:-10:9][: len(NAMES)].astype("datetime64[ns]")
    events = Events.from_frame(pl.DataFrame({
        "start": starts, "end": starts + np.timedelta64(2, "D"),
        "name": NAMES[: starts.size], "kind": NAMES[: starts.size][::-1]}))
    return Panel.build(table, Schema(time=TIME, entity=ENTITY, target=TARGET, horizon=1),
                       events=events, name="../../<script>alert(1)</script>|x")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("root") / "reports"
    recipe = tmp_path_factory.mktemp("recipe") / "recipe.yaml"
    recipe.write_text(yaml.safe_dump({"name": "x", "features": [
        {"lag": {"name": "{source} -1", "source": COLUMNS, "steps": 1}},
        {"category": {"name": CATEGORY, "source": CATEGORY}}]}))
    settings = {"models": ["prior", "lightgbm"], "splits": ["temporal"], "importance": 0,
                "optimization": ["none"], "reports": str(root), "recipe": str(recipe)}
    return run_pipeline(settings, table=_panel(), runner="inline").report.html.parent


def test_no_file_lies_outside_of_the_reports(folder):
    root = folder.parents[1]
    assert sorted(path.name for path in root.parent.iterdir()) == ["reports"]
    for path in root.rglob("*"):
        assert not set(path.name) & set('<>|"\n\t\0\\')


def test_the_page_has_the_elements_of_the_template_alone(folder):
    page = Page((folder / "index.html").read_text())
    assert not page.broken
    assert page.tags["script"] == page.tags["main"] == 1
    assert not set(page.tags) & {"img", "iframe", "object", "embed", "form", "base", "link"}
    assert not [name for _, name in page.shapes if name.startswith("on")]
    assert not [link for link in page.values("href") if "javascript" in link.split("#")[0]]
    text = " ".join(text for parent, text in page.texts if parent not in ("script", "style"))
    assert "<img src=x onerror=alert(1)>" in text
    assert "{{7*7}}" in text
    assert "49" not in text.split("{{7*7}}")[1][:3]


def test_markdown_holds_no_html_and_links_to_files_alone(folder):
    parsed = MarkdownIt("commonmark").enable("table").parse((folder / "report.md").read_text())
    every = [part for token in parsed for part in (token, *(token.children or ()))]
    assert not [part for part in every if part.type.startswith("html")]
    targets = [part.attrGet("href") or part.attrGet("src") for part in every
               if part.type in ("link_open", "image")]
    assert all((folder / target).exists() for target in targets)


def test_no_cell_of_a_table_is_a_formula(folder):
    tables = list((folder / "tables").glob("*.csv"))
    assert len(tables) > 5
    for table in tables:
        with table.open(newline="") as handle:
            for row in csv.reader(handle):
                for cell in row:
                    assert cell[:1] not in set("=@+-\t\r") or _is_number(cell), table.name


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_json_keeps_every_name_as_it_was(folder):
    content = json.loads((folder / "report.json").read_text())
    told = {card["feature"] for card in content["features"]}
    assert told == {CATEGORY, *(f"{name} -1" for name in COLUMNS)}
    assert content["data"]["target"] == TARGET
    assert set(content["data"]["entities"]) <= set(HOSTILE)


def test_a_name_is_escaped_once(folder):
    source = (folder / "index.html").read_text()
    assert "&amp;lt;" in source
    assert "&amp;amp;lt;" not in source
    assert "&lt;" in unescape(source)
