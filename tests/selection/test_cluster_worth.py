"""Of near copies the one is kept that costs more when it is shuffled on later rows."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from outlast.selection.cluster import Cluster, Worth
from tests.selection.planted import rows_of

SENTENCE = re.compile(
    r"dropped: \|rho\|=0\.\d+ with `(\w+)`, kept the one with higher permutation importance "
    r"\((-?\d\.\d+) vs (-?\d\.\d+) roc_auc\)")


@pytest.fixture
def rows():
    """`blurred` has the order of `close_lag_1` but for its neighbours, where the label turns."""
    rng = np.random.default_rng(0)
    close = rng.normal(size=3000)
    blurred = close + 0.15 * rng.normal(size=3000)
    frame = pl.DataFrame({"blurred": blurred, "close_lag_1": close})
    level = np.sin(8 * close) + 0.1 * rng.normal(size=3000)
    return rows_of(frame, level, np.arange(3000), "binary")


def test_the_sentence_names_both_importances(rows):
    chosen = Cluster().fit(rows)
    assert chosen.kept == ("close_lag_1",)
    (dropped,) = [d for d in chosen.decisions if d.removes]
    comparator, kept, lost = SENTENCE.fullmatch(dropped.sentence).groups()
    assert comparator == dropped.comparator == "close_lag_1"
    assert float(kept) == pytest.approx(dropped.evidence["kept_importance"], abs=6e-4)
    assert float(lost) == pytest.approx(dropped.evidence["importance"], abs=6e-4)
    assert float(kept) > float(lost)
    assert (dropped.code, dropped.threshold) == ("F06", 0.98)


def test_without_later_rows_the_shorter_name_decides(rows):
    chosen = Cluster().fit(replace(rows, inner=()))
    assert chosen.kept == ("blurred",)
    assert chosen.decisions[1].sentence.endswith("kept that one because its name is shorter")


def test_what_cannot_be_told_apart_is_a_tie():
    assert Worth(0.0121, 0.01).step == Worth(0.0119, 0.01).step
    assert Worth(0.04, 0.01).step > Worth(0.01, 0.01).step
    assert Worth(0.04, 0.0).step == 0
