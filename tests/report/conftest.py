"""Every document of the tests, rendered once for all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from outlast.report.document import Document
from outlast.report.render import RenderedReport, render
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
def report(tmp_path_factory) -> Callable[[str], RenderedReport]:
    """Return the rendered report of a document, by the document's name."""

    @cache
    def rendered(name: str) -> RenderedReport:
        return render(DOCUMENTS[name](), tmp_path_factory.mktemp("report") / name)

    return rendered
