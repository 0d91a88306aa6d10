"""The pages in a real browser: the Chromium of the system, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT = 20_000  # milliseconds
# One process that starts none for graphics or updates; its sandbox needs rights that tests lack.
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--no-first-run")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; without one the tests of the pages are skipped, and say so."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("NO BROWSER: the pages were not tested in one; install it and test again: "
                    f"apt-get install chromium (looked for {', '.join(NAMES)})")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(OPTIONS))
        yield opened
        opened.close()


class Visit:
    """A page that was opened, and all that a well-behaved page does not do.

    Attributes
    ----------
    page : playwright.sync_api.Page
    complaints : list of str
        Errors of scripts and of the content policy, dialogs, and whatever was loaded besides
        the page itself.
    """

    def __init__(self, page: Page, html: Path) -> None:
        self.page, self.complaints = page, list[str]()
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self._loaded(request.url, html))

    def _loaded(self, url: str, html: Path) -> None:
        if url.split("#")[0] != html.as_uri():
            self.complaints.append(f"loaded: {url}")


@pytest.fixture
def visit(browser, report) -> Iterator[Callable[..., Page]]:
    """Open the page of a document; what it should not have done fails the test at its end."""
    with ExitStack() as stack:
        visits: list[Visit] = []

        def opened(name: str, fragment: str = "", **options) -> Page:
            page = stack.enter_context(_page(browser, **options))
            html = report(name).html
            visits.append(Visit(page, html))
            page.goto(html.as_uri() + fragment)
            return page

        yield opened
        assert [told for each in visits for told in each.complaints] == []


@contextmanager
def _page(browser: Browser, **options) -> Iterator[Page]:
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    context.set_offline(True)
    try:
        yield context.new_page()
    finally:
        context.close()
