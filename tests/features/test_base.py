from __future__ import annotations

from outlast.features.windows import Rolling


def test_the_formula_leaves_out_what_was_not_given() -> None:
    assert Rolling("f", "x", rows=5).text(["x"]) == "Rolling(x, rows=5, statistic='mean')"
    assert Rolling("f", "x", min_rows=2).text(["g(x)"]).startswith("Rolling(g(x), rows=20, min_")
