"""The document as others read it: its schema, and what earlier versions have written."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from outlast.cli import main
from outlast.errors import InputError
from outlast.report.document import SCHEMA_VERSION, json_schema, read_document
from tests.report.conftest import DOCUMENTS

WRITTEN = sorted((Path(__file__).parent / "written").glob("*.json"))
PUBLISHED = Path(__file__).parents[2] / "docs" / "report.schema.json"


def command(*arguments: str) -> int:
    try:
        main(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_the_published_schema_is_that_of_the_code():
    # If this fails on purpose: outlast render --schema > docs/report.schema.json
    assert PUBLISHED.read_text("utf-8") == json_schema()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_report_keeps_the_published_schema(report, name):
    validator = jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text("utf-8")))
    assert not list(validator.iter_errors(json.loads(report(name).json.read_text("utf-8"))))


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_what_was_written_once_is_rendered_for_ever(path, tmp_path):
    # A written report is never changed to suit the code; a new version adds one of its own.
    assert command("render", str(path), "--folder", str(tmp_path)) == 0
    assert "</html>" in (tmp_path / "index.html").read_text("utf-8")
    assert (tmp_path / "report.md").stat().st_size > 500


def test_there_is_a_written_report_of_every_version():
    versions = {json.loads(path.read_text("utf-8"))["schema_version"] for path in WRITTEN}
    assert versions == {str(k) for k in range(1, int(SCHEMA_VERSION) + 1)}


def test_a_folder_is_rendered_in_place_and_its_numbers_stay(report, tmp_path):
    (tmp_path / "report.json").write_bytes(report("minimal").json.read_bytes())
    assert command("render", str(tmp_path)) == 0
    before = report("minimal").html.parent
    for name in ("report.json", "index.html", "report.md"):
        assert (tmp_path / name).read_bytes() == (before / name).read_bytes()


def test_links_of_a_report_that_moves_lead_where_they_led(report, tmp_path):
    home = report("minimal").json.parent
    assert command("render", str(home), "--folder", str(tmp_path / "a" / "b")) == 0
    moved, was = read_document(tmp_path / "a" / "b"), read_document(home)
    assert (tmp_path / "a" / "b" / moved.root).resolve() == (home / was.root).resolve()


@pytest.mark.parametrize(("content", "message"), [
    (None, "cannot be read .No such file"), ("<html>", "is not JSON"),
    ("[]", "is no report of outlast"), ('{"schema_version": "x"}', "is no report of outlast"),
    ('{"schema_version": "99"}', "reads up to 1: update outlast"),
    ('{"schema_version": "1", "title": 3}', "is no whole report: generated_at: Field required")])
def test_what_is_no_report_is_an_error_that_says_why(tmp_path, content, message):
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_document(path)


def test_the_command_needs_a_report_or_prints_the_schema(capsys):
    assert command("render") == 2
    assert command("render", "--schema") == 0
    assert capsys.readouterr().out == json_schema()
