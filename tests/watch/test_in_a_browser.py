"""The live page as a person uses it."""

import shutil
from contextlib import contextmanager

import pytest

from outlast.store import Store, open_session
from tests.browser import serious_violations, well_behaved
from tests.watch.conftest import only_experiment, watching
from tests.watch.test_state import planned, records


@contextmanager
def opened(browser, folder, path="/", **options):
    with watching(folder) as client:
        address = f"http://127.0.0.1:{client.port}"
        with well_behaved(browser, lambda url: url.startswith(address), **options) as page:
            page.goto(address + path)
            yield page


@pytest.fixture
def two(copied):
    """A folder with two experiments, the second a copy of the first."""
    experiment = only_experiment(copied)
    shutil.copytree(experiment, experiment.with_name("other"))
    return copied


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_serious_violation_or_scrolls_sideways(browser, two, theme):
    name, = {path.name for path in (two / "experiment_results").iterdir()} - {"other"}
    paths = "/", f"/experiments/{name}", f"/compare?with={name}&with=other"
    with opened(browser, two, color_scheme=theme) as page:
        address = page.url.rstrip("/")
        for path in paths:
            page.goto(address + path)
            assert not serious_violations(page)
            for width in (400, 800, 1280):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_list_is_filtered_and_two_are_compared(browser, two):
    with opened(browser, two) as page:
        entries = page.locator(".entry")
        assert entries.count() == 2
        page.locator("#filter").fill("OTHER")
        assert [entry.is_visible() for entry in entries.all()].count(True) == 1
        page.locator("#filter").fill("")
        button = page.get_by_role("button", name="Compare two")
        assert button.is_disabled()
        for box in page.locator("input[name=with]").all():
            box.check()
        button.click()
        page.wait_for_url("**/compare?**")
        assert "other" in page.locator("main").inner_text()


def test_a_result_appears_in_place_while_the_page_is_open(browser, copied):
    path = records(copied)[0]
    content = path.read_bytes()
    path.unlink()
    experiment = Store.open(copied).experiments()[0]
    with experiment.lock(), open_session(experiment, **planned(copied)), \
            opened(browser, copied, f"/experiments/{experiment.name}") as page:
        page.get_by_text("11 of 12 jobs done").first.wait_for()
        page.evaluate("window.stayed = true")
        path.write_bytes(content)
        page.get_by_text("12 of 12 jobs done").first.wait_for()
        assert page.evaluate("window.stayed")


def test_without_scripts_the_pages_say_the_same(browser, copied):
    name = only_experiment(copied).name
    with opened(browser, copied, f"/experiments/{name}", java_script_enabled=False) as page:
        text = page.locator("main").inner_text()
    assert "12 of 12 jobs done" in text
    assert "linear" in text
