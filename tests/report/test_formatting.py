import pytest
from markdown_it import MarkdownIt

from outlast.judge.board import Interval
from outlast.report import formatting

HOSTILE_MARKDOWN = [
    "# heading", "- item", "+ item", "1. item", "12) item", "> quote", "* star *", "_it_ __is__",
    "`code`", "[x](javascript:1)", "![](http://x)", "<b>", "a | b", "---", "===", "~~gone~~", "$x$",
    "new\n# line", "http://example.org", "www.example.org", "\\*", "&lt;b&gt;",
]


@pytest.mark.parametrize("text", HOSTILE_MARKDOWN)
def test_markdown_shows_a_text_as_it_is(text):
    parsed = MarkdownIt("gfm-like", {"linkify": False}).parse(formatting.markdown(text))
    assert [token.type for token in parsed] == ["paragraph_open", "inline", "paragraph_close"]
    shown = "".join(child.content for child in parsed[1].children)
    kinds = {child.type for child in parsed[1].children}
    assert kinds <= {"text", "text_special"}
    assert shown == " ".join(text.split())


@pytest.mark.parametrize("text", ["big_move_5", "walk_forward", "roc_auc 0.741", "1= first"])
def test_markdown_leaves_plain_names_alone(text):
    assert formatting.markdown(text) == text


@pytest.mark.parametrize("text", ["a", "```", "a ```` b", "x\n```\n# y"])
def test_a_fence_cannot_be_closed_from_inside(text):
    (token,) = MarkdownIt().parse(formatting.fence(text, "yaml"))
    assert token.type == "fence"
    assert token.content == text + "\n"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "\0=1"])
def test_a_csv_cell_is_never_a_formula(text):
    assert formatting.csv_cell(text) == "'" + text


@pytest.mark.parametrize("value", [-1.5, 0, True])
def test_numbers_in_csv_stay_numbers(value):
    assert formatting.csv_cell(value) is value


@pytest.mark.parametrize("target", [
    "javascript:alert(1)", "JAVASCRIPT:x", " javascript:x", "java\nscript:x", "data:text/html,x",
    "vbscript:x", "//evil.example", "\\\\evil", "file:///etc/passwd", "a\u202e/b",
])
def test_unsafe_links_are_dropped(target):
    assert formatting.safe_link(target) == ""


@pytest.mark.parametrize("target", ["job/", "../../x/y.log", "#row", "https://example.org/a?b=c"])
def test_safe_links_stay(target):
    assert formatting.safe_link(target) == target


@pytest.mark.parametrize(("text", "kinds"), [
    ("drop `a_b` <now>", {"text", "code_inline"}),
    ("a lone ` tick", {"text"}),
    ("`<b>` and `x|y`", {"text", "code_inline"}),
    ("- `item`", {"text", "code_inline"}),
])
def test_prose_sets_code_and_nothing_else(text, kinds):
    parsed = MarkdownIt().parse(formatting.prose(text))
    assert [token.type for token in parsed] == ["paragraph_open", "inline", "paragraph_close"]
    children = [child for child in parsed[1].children if child.content]
    assert {child.type for child in children} == kinds
    assert "".join(child.content for child in children) == text.replace("`", "") or "lone" in text


def test_anchors_differ_where_texts_differ():
    texts = ["a b", "a-b", "a|b", "A-b", "a" * 70, "a" * 71, "", "ä"]
    assert len({formatting.anchor("f", text) for text in texts}) == len(texts)


def test_printable_keeps_scripts_that_need_joiners():
    assert formatting.printable("می\u200cخواهم 👩\u200d🔬") == "می\u200cخواهم 👩\u200d🔬"
    assert formatting.printable("a\ud800\x00\u2028b") == "a\ufffd\ufffd\ufffdb"


@pytest.mark.parametrize(("estimate", "text"), [
    (None, "–"),
    (Interval(value=None), "–"),
    (Interval(value=0.5), "0.500"),
    (Interval(value=-0.0001, low=-0.01, high=0.01), "0.000 (−0.010 to 0.010)"),
    (Interval(value=float("nan")), "–"),
])
def test_intervals(estimate, text):
    assert formatting.interval(estimate) == text


@pytest.mark.parametrize(("value", "text"), [
    (0, "0"), (0.05, "0.05"), (12.0, "12"), (-3.14159, "−3.14"), (1.2e-7, "1.2e−07"), (None, "–"),
    (123456.7, "123,457"), (2.5e9, "2.5e+09"),
])
def test_significant_digits(value, text):
    assert formatting.significant(value) == text


@pytest.mark.parametrize(("value", "text"), [
    (True, "yes"), (None, "–"), ([1, 2.5], "1, 2.5"), ({"a": 0.1}, "a: 0.1"), ("x" * 300, None),
])
def test_plain_values(value, text):
    shown = formatting.plain(value)
    assert shown == text if text else len(shown) == 200
