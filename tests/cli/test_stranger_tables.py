"""Tables as strangers bring them: from `outlast init` to a command that needs no flags."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from outlast.cli import _exit_code
from outlast.config import make_config
from outlast.data import Panel, Schema
from outlast.errors import InputError
from outlast.experiments.prepare import load_panel
from outlast.first_look import Given, look, propose


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def sales(n: int = 60) -> pl.DataFrame:
    """Two items in three shops, which sell more the higher their number, by day."""
    rng = np.random.default_rng(0)
    days = np.datetime64("2024-01-01") + np.arange(n)
    return pl.DataFrame({"day": np.repeat(days, 6), "shop": [1, 1, 2, 2, 3, 3] * n,
                         "item": ["a", "b"] * 3 * n, "price": rng.normal(5, 1, 6 * n).round(2),
                         "sold": rng.poisson(1500 + 300 * np.array([1, 1, 2, 2, 3, 3] * n))})


def init(capsys, *command: str) -> str:
    """What init says, as one line."""
    assert _exit_code(["init", *command]) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    return " ".join(told.split())


def test_a_german_export_of_stores_and_items(folder, capsys):
    lines = [f"{day:%d.%m.%Y};{shop};{item};{price!s}".replace(".", ",", 0).replace(
        str(price), str(price).replace(".", ",")) + f";{sold:,}".replace(",", ".")
        for day, shop, item, price, sold in sales().rows()]
    (folder / "export.csv").write_bytes(
        ("Umsatz aller Märkte\n\nday;shop;item;price;sold\n" + "\n".join(lines)
         + "\n;;;;\n").encode("cp1252"))
    told = init(capsys, "export.csv")
    assert ("csv separated by semicolons; 2 lines above the header left out; decimal commas; "
            "thousands grouped as in 1.234; text in windows-1252") in told
    assert "time format %d.%m.%Y" in told
    assert "entity shop, item (6 of them; only together they tell apart" in told
    data = make_config(path="outlast.yaml").data
    assert data.csv == {"separator": ";", "decimal": ",", "thousands": ".", "skip_rows": 2,
                        "encoding": "cp1252"}
    assert data.entity == ("shop", "item")
    plain = Panel.build(sales(), Schema(time="day", entity=["shop", "item"], target="sold"))
    assert load_panel(data).fingerprint == plain.fingerprint
    assert _exit_code(["run", "--quick_run", "--models", "prior", "linear", "--splits", "temporal",
                       "group", "--importance", "0", "--runner", "inline"]) == 0
    assert "sold on export" in capsys.readouterr().out


def test_a_model_of_joined_keys_predicts(folder, capsys):
    sales().write_csv("sales.csv")
    flags = ["--data", "sales.csv", "--time", "day", "--entity", "shop", "item", "--target", "sold",
             "--horizon", "1"]
    assert _exit_code(["run", "--quick_run", "--models", "prior", "linear", "--splits", "temporal",
                       "--importance", "0", "--runner", "inline", *flags]) == 0
    assert _exit_code(["refit", "--output", "model"]) == 0
    sales(70).with_columns(sold=pl.when(pl.col("day") < pl.date(2024, 3, 1)).then("sold")
                           ).write_csv("new.csv")
    assert _exit_code(["predict", "model", "new.csv", "--output", "out.parquet"]) == 0
    made = pl.read_parquet("out.parquet")
    assert made["shop_item"].unique().sort().to_list()[0] == "1 / a"
    assert made.height == 60
    capsys.readouterr()


def test_wide_tables(folder, capsys):
    rng = np.random.default_rng(1)
    lands = pl.DataFrame({"country": ["a", "b", "c"], "unit": ["m"] * 3,
                          **{str(year): rng.normal(size=3) for year in range(1960, 1990)}})
    lands.write_csv("lands.csv")
    told = init(capsys, "lands.csv")
    assert "the headings 1960 to 1989 become the column `year` and the cells `value`" in told
    assert "90 of which are filled" in told
    data = make_config(path="outlast.yaml").data
    assert (data.time, data.entity, data.target) == ("year", "country", "value")
    assert load_panel(data).n_rows == 90
    stores = sales().filter(pl.col("item") == "a").pivot(
        on="shop", index="day", values="sold").rename({"1": "north", "2": "south", "3": "west"})
    stores.write_csv("stores.csv")
    assert "one column each?: nothing tells which of `north`, `south`, `west`" in init(
        capsys, "stores.csv", "--force")
    told = init(capsys, "stores.csv", "--wide", "store", "sold", "--force")
    assert "entity store (3 values" in told
    panel = load_panel(make_config(path="outlast.yaml").data)
    assert (panel.schema.target, panel.n_rows) == ("sold", 180)
    months = pl.DataFrame({"YEAR": range(1990, 2000), **{
        month: rng.normal(size=10) for month in ("JAN", "FEB", "MAR", "APR", "MAY", "JUN")}})
    months.write_csv("months.csv")
    assert "time YEAR, month (together times from 1990-01-01 to 1999-06-01)" in init(
        capsys, "months.csv", "--force")
    with pytest.raises(InputError, match="--wide takes two names"):
        look("months.csv", Given(), wide=("a",))


def test_numbers_that_are_not_clear_stop_and_say_the_way_out(folder, capsys):
    rows = "".join(f'2024-01-{day:02d},"{day},{100 + day}"\n' for day in range(1, 29))
    (folder / "t.csv").write_text("day,sold\n" + rows)
    told = init(capsys, "t.csv")
    assert "✗ numbers with commas: 1,101 in `sold` may be a fraction, or a thousand" in told
    told = init(capsys, "t.csv", "--csv", "decimal=,", "--force")
    assert "✗" not in told
    panel = load_panel(make_config(path="outlast.yaml").data)
    assert panel.frame["sold"][0] == 1.101


def test_counted_times_are_proposed_in_words(folder, capsys):
    table = sales().filter((pl.col("shop") == 1) & (pl.col("item") == "a")).with_columns(
        timestamp=pl.col("day").dt.epoch("s"), serial=pl.col("day").dt.epoch("d") + 25_569)
    table.select("timestamp", "price", "sold").write_csv("t.csv")
    told = init(capsys, "t.csv")
    assert "time format unix s (1709164800 counts seconds since 1970)" in told
    assert load_panel(make_config(path="outlast.yaml").data).time.zone == "aware"
    table.select(pl.col("serial").alias("date"), "price", "sold").write_csv("t.csv")
    told = init(capsys, "t.csv", "--force")
    assert "time format excel (a guess: 45351 counts days as Excel does)" in told
    assert str(load_panel(make_config(path="outlast.yaml").data).frame["date"][0])[:10] == (
        "2024-01-01")


def test_years_that_were_saved_as_fractions_are_years(folder, capsys):
    years = pl.DataFrame({"year": np.arange(1950.0, 2010), "sold": np.arange(60)})
    years.write_csv("years.csv")
    assert "1950.0" in (folder / "years.csv").read_text()
    assert "time year (years from 1950 to 2009, named like a time" in init(capsys, "years.csv")
    panel = load_panel(make_config(path="outlast.yaml").data)
    assert (panel.time.zone, panel.time.ns[0]) == ("abstract", 1950)


def test_usual_names_run_without_init_and_say_so(folder, capsys):
    table = sales().filter(pl.col("item") == "a").rename({"day": "ds", "sold": "y"})
    table.with_columns(unique_id="shop").write_csv("t.csv")
    assert _exit_code(["splits", "--splits", "temporal", "--data", "t.csv"]) == 0
    told = capsys.readouterr()
    assert told.err.strip() == ("taken by the names of the columns: time=ds, target=y, "
                                "entity=unique_id; name others to change that")
    assert _exit_code(["init", "--entity", "unique_id", "t.csv"]) == 2
    assert "name the table, before flags that take several names" in capsys.readouterr().err
    assert "180 rows of 3 entities" in " ".join(told.out.split())


def test_a_measurement_with_a_word_in_it_is_no_entity():
    rng = np.random.default_rng(2)
    hours = np.datetime64("2024-01-01T00", "us") + np.arange(400) * np.timedelta64(1, "h")
    signal = [f"{value:.1f}" for value in rng.normal(20, 3, 400)]
    table = pl.DataFrame({"time": hours, "signal": ["error", *signal[1:]],
                          "glucose": rng.normal(150, 20, 400)})
    found = propose(pl.concat([table, table.tail(1).with_columns(signal=pl.lit("1.0"))]), "t.csv")
    assert found.entity.value is None
    assert found.traps[0].title == "repeated rows"
