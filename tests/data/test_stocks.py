from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from outlast.data import Panel, load_stocks
from outlast.data.stocks import HORIZON, TARGETS, stock_events
from outlast.data.times import NAT
from outlast.errors import InputError


@pytest.fixture(scope="module")
def panel() -> Panel:
    return load_stocks()


def test_shape_and_balance(panel: Panel) -> None:
    assert panel.n_rows == 12_154
    assert int(panel.usable.sum()) == 12_129
    assert panel.frame["ticker"].unique().sort().to_list() == ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
    cut = np.datetime64("2010-12-02", "ns").astype(np.int64)
    early, late = panel.usable & (panel.time.ns < cut), panel.usable & (panel.time.ns >= cut)
    assert panel.y[early].mean() == pytest.approx(0.2516, abs=5e-4)
    assert panel.y[late].mean() == pytest.approx(0.1582, abs=5e-4)


@pytest.mark.parametrize("target", TARGETS)
def test_targets_by_hand(target: str) -> None:
    panel = load_stocks(target)
    aapl = panel.frame["ticker"].to_numpy() == "AAPL"
    price = panel.frame.filter(aapl)["adj_close"].to_numpy()
    change = price[HORIZON:] / price[:-HORIZON] - 1
    expected = {"fwd_ret_5": change, "up_5": change > 0, "big_move_5": np.abs(change) > 0.05}
    np.testing.assert_allclose(panel.y[aapl][:-HORIZON], expected[target])
    assert np.isnan(panel.y[aapl][-HORIZON:]).all()
    assert set(panel.schema.leaky) == {*TARGETS} - {target}


def test_labels_end_five_rows_later(panel: Panel) -> None:
    for ticker in range(5):
        own = panel.entity == ticker
        ends, times = panel.label_end[own], panel.time.ns[own]
        np.testing.assert_array_equal(ends[:-HORIZON], times[HORIZON:])
        assert (ends[-HORIZON:] == NAT).all()


def test_events(panel: Panel) -> None:
    events = stock_events()
    assert len(events) == 154
    assert len(events.common) == 13
    known = set(panel.frame["ticker"])
    assert set(events.table["entity"].drop_nulls()) <= known
    assert panel.events.table.equals(events.table)


def test_the_same_data_each_time(panel: Panel) -> None:
    assert load_stocks().fingerprint == panel.fingerprint
    assert panel.frame.select(pl.struct("ticker", "date").is_duplicated().any()).item() is False


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(InputError, match="unknown stocks target 'big_move': did you mean"):
        load_stocks("big_move")
