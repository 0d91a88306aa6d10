import re

import pytest

from tests.browser import serious_violations
from tests.report.conftest import DOCUMENTS
from tests.report.variants import HOSTILE

NAMES = list(DOCUMENTS)
FIGURE = "figure svg[role=img]"
_LOOKS = """(all) => all.map((figure) => {
    const picture = figure.querySelector("svg[role=img]");
    const { width, height } = picture.getBoundingClientRect();
    return { id: figure.id, width, height, label: picture.getAttribute("aria-label").length,
             marks: picture.querySelectorAll("path, line, rect").length,
             caption: figure.querySelector("figcaption").innerText.length };
})"""


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_drawn_and_has_a_text(visit, name):
    for figure in visit(name).locator("figure").evaluate_all(_LOOKS):
        assert figure["width"] > 300, figure
        assert figure["height"] > 40, figure
        assert figure["label"] > 20, figure
        assert figure["marks"] > 5, figure
        assert figure["caption"] > 40, figure


@pytest.mark.parametrize(("name", "theme"), [("sample", "light"), ("sample", "dark"),
                                             ("regression", "light"), ("hostile", "light")])
def test_axe_finds_nothing_serious(visit, name, theme):
    assert not serious_violations(visit(name, color_scheme=theme))


@pytest.mark.parametrize("name", ["sample", "crowded", "hostile"])
def test_the_page_itself_never_scrolls_sideways(visit, name):
    page = visit(name)
    for width in (400, 800, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", ["sample", "hostile"])
def test_without_scripts_the_page_says_the_same(visit, name):
    plain = visit(name, java_script_enabled=False)
    assert plain.locator(FIGURE).first.is_visible()
    without = _words(plain.locator("main").inner_text())
    with_scripts = visit(name)
    # What scripts add are tools: buttons, fields, links to headings.
    with_scripts.evaluate("document.querySelectorAll('.copy, .filter, .anchor, .columns')"
                          ".forEach((each) => each.remove())")
    assert _words(with_scripts.locator("main").inner_text()) == without


def _words(text: str) -> list[str]:
    return text.split()


def test_hostile_names_run_nothing(visit):
    page = visit("hostile")
    assert page.evaluate("document.scripts.length") == 1
    assert page.locator("main script, main iframe, main img, main form").count() == 0
    handlers = page.evaluate("[...document.querySelectorAll('*')].filter((node) => "
                             "[...node.attributes].some((a) => a.name.startsWith('on'))).length")
    assert handlers == 0
    # Every mark tells what it is, in a box of text.
    marks = page.locator(f"{FIGURE} [data-tip]")
    told = " ".join(marks.evaluate_all("(all) => all.map((mark) => mark.dataset.tip)"))
    assert any(attack[:12] in told for attack in HOSTILE)
    figure = page.locator("figure > .scroll").first
    figure.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        assert page.locator("#tip > strong").count() == 1
        assert page.locator("#tip *").evaluate_all(
            "(all) => all.every((node) => ['STRONG', 'SPAN'].includes(node.tagName))")


def test_a_header_sorts_by_mouse_and_by_keyboard_and_the_address_keeps_it(visit):
    page = visit("sample")
    table = page.locator("table.sortable").filter(has_text="predict, µs/row").first
    header = table.locator("thead th").filter(has_text="fit, s")
    place = header.evaluate("(th) => th.cellIndex")
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    ascending = _column(table, place)
    assert ascending == sorted(ascending)
    header.locator("button").press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert _column(table, place) == ascending[::-1]
    assert page.url.endswith(f"#{table.get_attribute('id')}?sort=-{place + 1}")


def _column(table, place: int) -> list[float]:
    cells = table.locator(f"tbody tr > :nth-child({place + 1})")
    return cells.evaluate_all("(all) => all.filter((cell) => cell.dataset.v)"
                              ".map((cell) => Number(cell.dataset.v))")


def test_a_filter_leaves_the_rows_that_have_all_words(visit):
    page = visit("sample")
    field = page.get_by_role("searchbox", name="Filter: Folds")
    rows = page.locator("#t-folds tbody tr")
    known = rows.count()
    field.fill("WALK 2009")
    shown = [row.inner_text() for row in rows.all() if row.is_visible()]
    assert 0 < len(shown) < known
    assert all("walk" in text and "2009" in text for text in shown)
    assert page.locator(".filter", has=field).inner_text().strip() == (
        f"{len(shown)} of {known} rows")
    field.fill("")
    assert sum(row.is_visible() for row in rows.all()) == known


def test_an_address_brings_back_filter_and_order(visit):
    first = visit("sample")
    first.get_by_role("searchbox", name="Filter: Folds").fill("window")
    header = first.locator("#t-folds thead button").nth(3)
    header.click()
    header.click()
    rows = "#t-folds tbody tr:not([hidden])"
    wanted = first.locator(rows).all_inner_texts()
    assert 0 < len(wanted) < first.locator("#t-folds tbody tr").count()
    again = visit("sample", first.url[first.url.index("#"):])
    assert again.locator(rows).all_inner_texts() == wanted
    _comes_into_sight(again, "t-folds")


@pytest.mark.parametrize("what", ["fig-importance", "OL101", "features"])
def test_a_deep_link_brings_its_target_into_sight(visit, what):
    page = visit("sample", f"#{what}")
    _comes_into_sight(page, what)


def test_a_link_to_a_folded_row_unfolds_it(visit):
    page = visit("sample")
    anchor = page.locator("details tr[id]").first.get_attribute("id")
    linked = visit("sample", f"#{anchor}")
    assert linked.locator(f"[id='{anchor}']").is_visible()
    _comes_into_sight(linked, anchor)


def _comes_into_sight(page, anchor: str) -> None:
    page.wait_for_function(
        "(id) => { const box = document.getElementById(id).getBoundingClientRect();"
        " return box.bottom > 0 && box.top < innerHeight }", arg=anchor)


def test_headings_and_figures_link_to_themselves(visit):
    page = visit("sample")
    links = page.locator("a.anchor")
    assert links.count() == page.locator("section[id] > h2, figure").count()
    targets = [link.get_attribute("href") for link in links.all()]
    assert all(page.locator(f"[id='{target[1:]}']").count() == 1 for target in targets)
    assert len(set(targets)) == len(targets)


def test_a_mark_tells_its_numbers_to_the_pointer(visit):
    page = visit("sample")
    mark = page.locator("#fig-leaderboard path[data-tip]").first
    mark.scroll_into_view_if_needed()
    mark.hover(force=True)
    tip = page.locator("#tip")
    assert tip.is_visible()
    assert re.fullmatch(r"lightgbm\nroc_auc 0\.740 \(0\.706 to 0\.774\)\n\w+\n\w+",
                        tip.inner_text())
    page.mouse.move(2, 2)
    assert not tip.is_visible()


def test_a_mark_tells_its_numbers_to_the_keyboard(visit):
    page = visit("sample")
    page.locator("#fig-over-time > .scroll").focus()
    page.keyboard.press("ArrowRight")
    first = page.locator("#tip").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator("#tip").inner_text() != first
    page.keyboard.press("ArrowLeft")
    assert page.locator("#tip").inner_text() == first
    page.keyboard.press("Escape")
    assert not page.locator("#tip").is_visible()


def test_words_of_the_trade_say_what_they_mean(visit):
    page = visit("sample")
    header = page.get_by_role("button", name="worst fold").first
    for reach in (header.hover, header.focus):
        page.mouse.move(2, 2)
        assert not page.locator("#tip").is_visible()
        reach()
        assert page.locator("#tip").inner_text().startswith("worst fold\nThe lowest score")
    header.blur()
    assert not page.locator("#tip").is_visible()
    assert header.get_attribute("aria-description").startswith("The lowest score")


def test_a_model_is_followed_through_all_figures(visit):
    page = visit("sample")
    page.locator("#fig-over-time .role-legend-label text", has_text="catboost").first.click()
    page.mouse.move(2, 2)
    for figure in ("fig-leaderboard", "fig-over-time", "fig-tuned"):
        on = page.locator(f"#{figure} svg.lit .on")
        assert on.count() > 0
        told = on.evaluate_all("(all) => all.map((mark) => mark.dataset.tip.split('\\n')[0])")
        assert set(told) == {"catboost"}
    page.locator("#fig-over-time .role-legend-label text", has_text="catboost").first.click()
    page.mouse.move(2, 2)
    assert page.locator("svg.lit").count() == 0


def test_the_theme_follows_the_system_until_it_is_chosen(visit):
    paper = "getComputedStyle(document.body).backgroundColor"
    assert visit("sample", color_scheme="light").evaluate(paper) == "rgb(255, 255, 255)"
    page = visit("sample", color_scheme="dark")
    dark = page.evaluate(paper)
    assert dark == "rgb(20, 22, 26)"
    button = page.get_by_role("button", name="Theme")
    button.click()
    assert button.inner_text() == "Theme: light"
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    page.reload()
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    button.click()
    assert page.evaluate(paper) == dark


def test_print_is_light_and_whole(visit):
    page = visit("sample", color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for tool in ("nav", ".theme", ".copy", ".filter"):
        assert not page.locator(tool).first.is_visible()
    # Chromium says that it is about to print; what is folded away opens.
    document = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", document)) > 5
    folded = page.locator("details.print")
    assert folded.evaluate_all("(all) => all.every((each) => each.open)")


def test_code_is_copied_or_at_least_selected(visit):
    page = visit("sample")
    block = page.locator("pre.copyable").first
    block.get_by_role("button", name="Copy").click()
    page.wait_for_function("['Copied', 'Selected'].includes("
                           "document.querySelector('pre .copy').textContent)")
    selected = page.evaluate("getSelection().toString().trim()")
    assert selected == block.locator("code").inner_text().strip()
