import numpy as np
import polars as pl
import pytest

from outlast.data import Panel, Schema
from outlast.data.index_columns import (
    CALENDAR,
    CLOCK,
    COUNTER,
    ROW_NAME,
    ROW_NUMBER,
    RUNNING_NUMBER,
    index_columns,
)
from tests.tables import shop_table

DAY = pl.col("day")
ROW = pl.int_range(pl.len())
AGE = pl.col("shop").cum_count().over("shop").cast(pl.Int64)


def found(column: pl.Expr, *, late: bool = False, **options: int) -> str | None:
    """What a column of the shop table is found to be; `late` shops open one after the other."""
    table = shop_table(**options).with_columns(__opens=pl.col("shop").str.tail(1).cast(pl.Int64))
    if late:
        table = table.filter(DAY.dt.ordinal_day() > pl.col("__opens") * 20)
    table = table.drop("__opens").with_columns(x=column)
    schema = Schema(time="day", entity="shop", target="busy", leaky=("sales", "level"))
    columns = index_columns(Panel.build(table, schema))
    assert set(columns) <= {"x"}
    return columns.get("x")


@pytest.mark.parametrize(("column", "reason"), [
    (ROW, ROW_NUMBER),
    (ROW.cast(pl.Float64) + 1e6, ROW_NUMBER),
    (ROW.shuffle(seed=1), ROW_NUMBER),
    (pl.col("shop") + ROW.cast(pl.String), ROW_NAME),
    (DAY.dt.year(), CALENDAR),
    (DAY.dt.year() * 100 + DAY.dt.month(), CALENDAR),
    (DAY.dt.strftime("%Y%m%d").cast(pl.Int64), CALENDAR),
    (DAY.cast(pl.Datetime).dt.epoch("s"), CLOCK),
    (-(DAY.dt.epoch("d") // 7), CLOCK),
    (AGE, CLOCK),
    (ROW * 3 + (ROW // 4) ** 2, RUNNING_NUMBER),
])
def test_row_numbers_and_clocks_are_named(column, reason):
    assert found(column, n_days=500) == reason


@pytest.mark.parametrize("column", [AGE, AGE * 7 + 3.5, -AGE])
def test_a_counter_of_each_entity_is_named(column):
    assert found(column, late=True) == COUNTER


@pytest.mark.parametrize("column", [
    pl.col("noise").cum_sum().over("shop"),  # a level
    pl.col("noise").abs().cum_sum().over("shop"),  # a total that only ever rises
    (pl.col("noise").exp() * 100).cast(pl.Int64).cum_sum().over("shop"),
    pl.col("noise").first().over("day").abs().cum_sum(),  # the same for all, rising unevenly
    (pl.col("noise").exp() * 1e7).cast(pl.Int64),  # a volume: whole, hardly repeating
    (pl.col("noise") * 20).round(),
    DAY.dt.ordinal_day() % 90,
    DAY.dt.weekday(),
    pl.col("shop").str.tail(1).cast(pl.Int64),
    pl.lit(7),
    pl.when(ROW > 400).then(1).otherwise(0),
    pl.when(ROW > 3).then(ROW),  # with missing values
    pl.col("shop"),
])
def test_measurements_are_not(column):
    assert found(column) is None


def test_roles_and_small_tables_are_left_alone():
    table = shop_table(n_days=240).with_columns(id=ROW)
    roles = {"time": "day", "entity": "shop", "target": "busy", "leaky": ("sales", "level")}
    for role in ({"ignore": ("id",)}, {"categorical": ("id",)}):
        assert index_columns(Panel.build(table, Schema(**roles, **role))) == {}
    small = Panel.build(table.head(40), Schema(**roles))
    assert index_columns(small) == {}


def test_integer_time_has_no_calendar_but_a_clock():
    step = np.arange(0, 300, 3)
    table = {"step": step, "twice": step * 2.0 + 0.5, "square": step**2, "y": step % 2}
    panel = Panel.build(pl.DataFrame(table), Schema(time="step", target="y"))
    assert index_columns(panel) == {"twice": CLOCK}
