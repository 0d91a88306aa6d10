"""Sizes of the report's page and of its Markdown, and how long they take to make and to open.

Run it from the repository root:

    python -m benchmarks.pages

Three reports: of a quick run over the embedded table, of a thousand stored jobs, and of these with
five hundred features. Each is rendered anew from its `report.json`, by the second time of two, so
that no import counts; then the page is opened in the system's Chromium, where there is one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from benchmarks.measure import Measure, show
from benchmarks.report_scale import SHAPES, fill_store
from outlast.config import QUICK, make_config
from outlast.pipeline import report_only, run_pipeline
from outlast.report.document import Document
from outlast.report.render import render

N_FEATURES = 500
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_PAINT = """() => {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    const [page] = performance.getEntriesByType("navigation");
    return [paint ? paint.startTime : 0, page.loadEventEnd];
}"""


def documents(folder: Path) -> Iterator[tuple[str, Document]]:
    """Three documents of growing size."""
    yield "quick run", run_pipeline({**QUICK, "reports": str(folder / "a")}).document
    with mock.patch.object(os, "fsync"):
        fill_store(SHAPES["small"], folder / "b")
    stored = report_only(make_config({"reports": str(folder / "b")})).document
    yield f"{SHAPES['small'].n_jobs:,} jobs", stored
    cards = [card.model_copy(update={"feature": f"{card.feature}_{k}"})
             for k in range(N_FEATURES) for card in stored.features[:1]]
    yield (f"{SHAPES['small'].n_jobs:,} jobs, {N_FEATURES} features",
           stored.model_copy(update={"features": tuple(cards)}))


def opened(html: Path) -> str:
    """Milliseconds until a page is first painted and until it has loaded, in words."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        return "not opened: no Chromium here"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(html.as_uri())
        page.wait_for_timeout(500)
        paint, load = page.evaluate(_PAINT)
        browser.close()
    return f"Chromium: first paint {paint:.0f} ms, loaded with scripts {load:.0f} ms"


def measure(name: str, document: Document, folder: Path) -> list[Measure]:
    """The sizes of one report, with its times beside them."""
    render(document, folder)
    begun = time.perf_counter()
    report = render(document, folder)
    seconds = time.perf_counter() - begun
    told = f"all files rendered in {seconds:.2f} s; {opened(report.html)}"
    figures = ", ".join(f"{path.stem} {path.stat().st_size / 1e3:.0f}" for path in report.figures)
    return [
        Measure("the page", name, report.html.stat().st_size / 1e6, 2, "less", told, "MB"),
        Measure("the Markdown", name, report.markdown.stat().st_size / 1e3, 40, "less",
                f"figures beside it, kB: {figures}", "kB"),
    ]


def run() -> list[Measure]:
    """Measure all three."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        return [each for at, (name, document) in enumerate(documents(folder))
                for each in measure(name, document, folder / f"page{at}")]


if __name__ == "__main__":
    show(run())
