"""A small report as it was when somebody last read it; a change of it is to be read as well.

After a change that is meant, write the snapshots anew and read the difference:

    python -m tests.report.test_snapshots && git diff tests/report/snapshots
"""

import re
import tempfile
from pathlib import Path

import pytest

from outlast.report.render import RenderedReport, render
from tests.report.conftest import DOCUMENTS

SNAPSHOTS = Path(__file__).with_name("snapshots")


def _markdown(report: RenderedReport) -> str:
    return report.markdown.read_text()


def _page(report: RenderedReport) -> str:
    """The page without style, script and pictures, which have tests of their own."""
    page = report.html.read_text()
    for tag in ("style", "script", "svg"):
        page = re.sub(rf"<{tag}\b.*?</{tag}>", f"<{tag}/>", page, flags=re.DOTALL)
    return re.sub(r"sha256-[\w+/=]+", "sha256-…", page)


TAKEN = {"sample.md": _markdown, "minimal.html": _page, "regression.md": _markdown}


@pytest.mark.parametrize("name", TAKEN)
def test_a_report_reads_as_it_was_last_reviewed(name, report):
    taken = TAKEN[name](report(name.split(".")[0]))
    assert taken.splitlines() == (SNAPSHOTS / name).read_text().splitlines(), (
        f"{__doc__.splitlines()[4].strip()}: {name} has changed")


if __name__ == "__main__":
    for name, take in TAKEN.items():
        with tempfile.TemporaryDirectory() as folder:
            taken = take(render(DOCUMENTS[name.split(".")[0]](), Path(folder)))
            (SNAPSHOTS / name).write_text(taken)
