import json

import pytest

from outlast.report.document import Document
from outlast.report.render import render
from outlast.report.tables import TABLES
from tests.report.conftest import DOCUMENTS

MAX_HTML = 1_500_000


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_json_gives_the_document_back(report, name):
    text = report(name).json.read_text()
    assert Document.model_validate_json(text) == DOCUMENTS[name]()
    json.loads(text, parse_constant=pytest.fail)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_all_files_are_there_and_small(report, name):
    made = report(name)
    folder = made.html.parent
    assert made.html.stat().st_size < MAX_HTML
    assert {path.name for path in (folder / "tables").iterdir()} == set(TABLES)
    for figure in made.figures:
        assert figure.is_file()
        assert not figure.with_suffix(".png").exists()


def test_figures_are_painted_for_slides_when_asked(tmp_path):
    made = render(DOCUMENTS["minimal"](), tmp_path, png=True)
    assert made.figures
    for figure in made.figures:
        assert figure.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_the_same_document_gives_the_same_bytes(report, tmp_path):
    again = render(DOCUMENTS["minimal"](), tmp_path, "minimal")
    before = report("minimal").html.parent
    names = [path.relative_to(tmp_path) for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    assert len(names) == 3 + len(TABLES) + len(again.figures) + 1  # the fingerprint
    for name in names:
        assert (tmp_path / name).read_bytes() == (before / name).read_bytes(), name


def test_a_report_can_be_rendered_from_its_json_alone(report, tmp_path):
    document = Document.model_validate_json(report("minimal").json.read_text())
    assert render(document, tmp_path).html.read_bytes() == report("minimal").html.read_bytes()
