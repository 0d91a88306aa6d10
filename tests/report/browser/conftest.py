"""Reports that are opened in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page

from tests.browser import well_behaved


@pytest.fixture
def visit(browser, report) -> Iterator[Callable[..., Page]]:
    """Open the page of a document, which may load nothing but itself."""
    with ExitStack() as stack:

        def opened(name: str, fragment: str = "", **options: object) -> Page:
            address = report(name).html.as_uri()
            page = stack.enter_context(well_behaved(
                browser, lambda url: url.split("#")[0] == address, offline=True, **options))
            page.goto(address + fragment)
            return page

        yield opened
