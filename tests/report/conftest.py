"""Every document of the tests, rendered once for all of them."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from functools import cache

import pytest

from outlast.report.document import Document
from outlast.report.render import RenderedReport, find_report, render
from tests.report import variants
from tests.report.sample import sample

DOCUMENTS: dict[str, Callable[[], Document]] = {
    "sample": sample,
    "minimal": variants.minimal,
    "empty": variants.empty,
    "regression": variants.regression,
    "multiclass": variants.multiclass,
    "abstract": variants.abstract,
    "crowded": variants.crowded,
    "hostile": variants.hostile,
}


@pytest.fixture(scope="session")
def report(tmp_path_factory, worker_id) -> Callable[[str], RenderedReport]:
    """Return the rendered report of a document, by the document's name."""
    root = tmp_path_factory.getbasetemp()
    # All test processes share what the first one renders.
    root = (root if worker_id == "master" else root.parent) / "reports"
    root.mkdir(exist_ok=True)

    @cache
    def rendered(name: str) -> RenderedReport:
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = find_report(root, name)
            return found[1] if found else render(DOCUMENTS[name](), root / name, name)

    return rendered
