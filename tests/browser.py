"""Pages in a real browser: the Chromium of the system, without a network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT = 30_000  # milliseconds
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
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(OPTIONS))
        yield opened
        opened.close()


@contextmanager
def well_behaved(
    browser: Browser, may_load: Callable[[str], bool], **options: object
) -> Iterator[Page]:
    """A page that must not do what a well-behaved page does not do.

    Fails at the end for an error of a script or of the content policy, anything written to the
    console, a dialog, and whatever was loaded although it may not be.
    """
    complaints: list[str] = []
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    try:
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: may_load(request.url)
                or complaints.append(f"loaded: {request.url}"))
        yield page
    finally:
        context.close()
    assert complaints == []


def serious_violations(page: Page) -> str:
    """What axe-core finds serious or critical, in words; what is folded away is opened first.

    Of many marks in one group of a figure, or rows of a table, the first ten are looked at: the
    others are made alike, and there are thousands.
    """
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    page.evaluate("document.querySelectorAll('svg g > :nth-child(n+11), tbody > :nth-child(n+11)')"
                  ".forEach((each) => each.remove())")
    # Nodes that pass are not told of, which takes half of the time.
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    told = [(each["id"], node["target"], node["failureSummary"]) for each in found
            if each["impact"] in ("serious", "critical") for node in each["nodes"]]
    return json.dumps(told[:5], indent=1) if told else ""
