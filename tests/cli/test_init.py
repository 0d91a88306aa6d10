"""Tables whose truth is known, as a stranger would bring them, from `outlast init` to a report."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import polars as pl
import pytest
import yaml

from outlast import load_stocks
from outlast.cli import _exit_code
from outlast.cli.schema import config_schema
from outlast.config import make_config
from outlast.data import read_table
from outlast.errors import InputError
from outlast.experiments.prepare import load_panel
from outlast.first_look import Given, Proposal, proposal_yaml, propose


def weekly(n: int = 60, shops: int = 5) -> pl.DataFrame:
    """A retail panel with the names that forecasting libraries use."""
    rng = np.random.default_rng(0)
    size = n * shops
    return pl.DataFrame({
        "unique_id": np.repeat([f"store_{i}" for i in range(shops)], n),
        "ds": np.tile(np.datetime64("2021-01-04") + 7 * np.arange(n), shops),
        "price": rng.normal(5, 1, size).round(2),
        "promo": rng.integers(0, 2, size),
        "y": rng.poisson(50, size),
    })


def minutes(count: float) -> np.timedelta64:
    return np.timedelta64(int(count), "m")


def patients(n: int = 40) -> pl.DataFrame:
    """Visits at irregular times, with a weight that carries its unit and a rare measurement."""
    rng = np.random.default_rng(1)
    rows = []
    for patient in range(n):
        time = np.datetime64("2020-01-01T08:00") + minutes(rng.integers(0, 300_000))
        for visit in range(int(rng.integers(5, 12))):
            time += minutes(rng.exponential(60_000) + 60)
            rows.append((1000 + patient, str(time), visit + 1, f"{rng.normal(70, 9):.1f} kg",
                         float(rng.normal()) if rng.random() < 0.2 else None,
                         int(rng.random() < 0.3)))
    return pl.DataFrame(rows, orient="row", schema=["patient_id", "visit_date", "visit_no",
                                                    "weight", "crp", "readmitted_30d"])


def load(n: int = 600) -> pl.DataFrame:
    """One hourly series with a row number and the load of a day later."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=n).cumsum() + 50
    return pl.DataFrame({
        "": np.arange(n),
        "timestamp": np.datetime64("2023-01-01T00", "us") + np.arange(n) * np.timedelta64(1, "h"),
        "temp": rng.normal(10, 3, n), "load": values,
        "load_next_24": [*values[24:].tolist(), *[None] * 24], "site": ["A"] * n,
    })


def titles(found: Proposal) -> list[str]:
    return [trap.title for trap in found.traps]


def roles(found: Proposal) -> tuple[object, ...]:
    return found.time.value, found.entity.value, found.target.value, found.horizon.value


def test_stocks():
    found = propose(load_stocks().frame, "stocks.csv")
    assert roles(found)[:2] == ("date", "ticker")
    assert found.target.value in ("big_move_5", "up_5", "fwd_ret_5")
    assert "target" in found.guesses
    assert found.label_end is not None
    assert found.label_end[0] == "label_end"
    assert {*found.leaky, found.target.value} == {"big_move_5", "up_5", "fwd_ret_5"}
    # Working days are a cadence of their own, without gaps.
    assert "gaps" not in titles(found)
    bare = load_stocks().frame.drop("label_end", "up_5", "big_move_5")
    made = propose(bare, "stocks.csv")
    assert roles(made) == ("date", "ticker", "fwd_ret_5", 5)
    assert made.horizon.reason == ("`fwd_ret_5` is the relative change of `adj_close` over 5 rows")


def test_a_retail_panel():
    found = propose(weekly(), "sales.csv")
    assert roles(found) == ("ds", "unique_id", "y", 1)
    assert found.task == ("regression", "read off the target")
    assert found.guesses == ["horizon"]
    assert titles(found) == ["a target of its own row"]


def test_visits_of_patients():
    found = propose(patients(), "visits.csv")
    assert roles(found) == ("visit_date", "patient_id", "readmitted_30d", "30D")
    assert found.task == ("binary", "read off the target")
    assert titles(found) == ["mostly missing", "numbers as text", "irregular times"]
    assert "kg" in found.traps[1].sentence


def test_a_single_series():
    found = propose(load(), "load.csv")
    assert roles(found) == ("timestamp", None, "load_next_24", 24)
    assert found.horizon.reason == "`load_next_24` is `load` 24 rows later"
    assert set(found.ignore) == {"", "site"}
    assert titles(found) == ["no time zone"]
    aware = load().with_columns(pl.col("timestamp").dt.replace_time_zone("Europe/Berlin",
                                                                         ambiguous="earliest"))
    assert "time zone" in titles(propose(aware, "load.csv"))


def test_other_targets_and_copies_are_leaky():
    rng = np.random.default_rng(3)
    table = weekly().with_columns(
        y_target=pl.col("y") > 50, in_dozens=pl.col("y") / 12,
        ahead=pl.Series(rng.normal(size=300)),
        next_price=pl.col("price").shift(-1).over("unique_id"),
        price_lag_1=pl.col("price").shift(1).over("unique_id"))
    found = propose(table, "sales.csv", Given(target="y", horizon=1))
    assert set(found.leaky) == {"y_target", "in_dozens", "ahead", "next_price"}
    assert found.leaky["next_price"] == "it is `price` 1 row later"
    assert "linear copy" in found.leaky["in_dozens"]


def test_flags_fix_a_choice():
    said = Given(time="ds", entity="none", target="promo", horizon="2W")
    found = propose(weekly(shops=1), "sales.csv", said)
    assert roles(found) == ("ds", None, "promo", "2W")
    assert found.guesses == []
    with pytest.raises(InputError, match=r"--target: no column 'yy' .*: did you mean 'y'"):
        propose(weekly(), "sales.csv", Given(target="yy"))


def test_traps_of_keys():
    twice = propose(pl.concat([weekly(), weekly().head(3)]), "sales.csv")
    assert roles(twice)[:2] == ("ds", "unique_id")
    assert twice.traps[0].title == "repeated rows"
    assert "6 of 303 rows share" in twice.traps[0].sentence
    assert "3 of them are whole copies" in twice.traps[0].sentence
    assert not twice.can_run
    number = pl.col("unique_id").str.tail(1).cast(pl.Int64)
    pairs = weekly(shops=6).with_columns(store=number // 3, item=number % 3).drop("unique_id")
    found = propose(pairs, "sales.csv")
    assert found.entity.value == ("store", "item")
    assert found.entity.is_sure
    assert found.can_run
    half = propose(pairs, "sales.csv", Given(entity="store"))
    assert "give them as the entity (--entity store item)" in half.traps[0].action


def test_traps_of_values():
    rng = np.random.default_rng(4)
    odd = rng.random(300) < 0.05
    table = weekly().with_columns(
        grams=pl.Series(np.where(odd, 1000, 1) * rng.uniform(1, 2, 300)),
        level=pl.col("y") * 2 + pl.Series(rng.normal(0, 0.5, 300)),
        booked_until=pl.col("ds").dt.offset_by("3d"))
    found = propose(table.filter(pl.col("ds") != table["ds"][20]), "sales.csv")
    assert {"mixed units", "nearly the target", "a later time"} <= set(titles(found))
    later = next(trap for trap in found.traps if trap.title == "a later time")
    assert later.stops
    assert "`booked_until` is after `ds` in 295 of 295 rows" in later.sentence
    gap = next(trap for trap in propose(weekly().filter(~pl.col("ds").is_in(
        weekly()["ds"][20:24].implode())), "x").traps if trap.title == "gaps")
    assert "every 7 days, with 5 longer gaps, the longest of 35 days" in gap.sentence
    unknown = weekly().with_columns(y=pl.when(pl.col("promo") == 0).then(pl.col("y")))
    assert "target not known" in titles(propose(unknown, "sales.csv"))


def test_one_row_each_and_counts_and_times_in_parts():
    rng = np.random.default_rng(6)
    loans = pl.DataFrame({
        "loan_id": np.arange(400), "defaulted": rng.integers(0, 2, 400),
        "issued_date": np.datetime64("2015-01-01") + rng.integers(0, 200, 400)})
    found = propose(loans, "loans.csv")
    assert roles(found) == ("issued_date", "loan_id", "defaulted", 0)
    assert found.can_run
    counts = propose(weekly().rename({"y": "sales"}).with_columns(pl.col("sales") % 6), "m5.csv")
    assert counts.target.value == "sales"
    assert counts.task == ("regression", "a quantity, although it takes few values")
    parts = weekly().with_columns(year=pl.col("ds").dt.year(), month=pl.col("ds").dt.month())
    monthly = parts.drop("ds").unique(["unique_id", "year", "month"], maintain_order=True)
    found = propose(monthly, "x.csv")
    assert roles(found)[:3] == (("year", "month"), "unique_id", "y")
    assert found.time.reason == "together times from 2021-01-01 to 2022-02-01"
    wrong = monthly.with_columns(month=pl.col("month") + 11)
    assert titles(propose(wrong, "x.csv")) == ["a time in parts"]
    assert propose(parts, "x.csv").time.value == "ds"


@pytest.mark.parametrize(("texts", "form", "others"), [
    (["31.12.2023", "01.01.2024", "02.01.2024"], "%d.%m.%Y", []),
    (["1/30/2024", "1/31/2024", "2/1/2024"], "%m/%d/%Y", []),
    ([f"{month}/1/{year}" for year in (2023, 2024) for month in range(1, 13)], "%m/%d/%Y",
     ["%d/%m/%Y"]),
    (["19-Sep-03", "18-Sep-03", "17-Sep-03"], "%d-%b-%y", []),
    (["202311", "202312", "202401"], "%Y%m", []),
    (["20231231", "20240101", "20240102"], "%Y%m%d", []),
    (["31/12/2023 13:00", "31/12/2023 14:00", "1/1/2024 09:30"], "%d/%m/%Y %H:%M", []),
])
def test_dates_that_are_not_iso_are_read_as_they_are_written(texts, form, others, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("date,y\n" + "".join(f"{text},{i % 2}\n" for i, text in enumerate(texts)))
    found = propose(read_table(path), str(path))
    assert found.time_format.value == form
    assert [other.name for other in found.time_format.others] == others
    assert ("time_format" in found.guesses) == bool(others)
    panel = load_panel(make_config({"data": found.data}).data)
    assert panel.n_rows == len(texts)
    wrong = {**found.data, "time_format": "%Y_%d_%m"}
    with pytest.raises(InputError, match=r"time column 'date': .* does not fit the time_format"):
        load_panel(make_config({"data": wrong}).data)


def test_tables_that_cannot_be_run_say_why():
    with pytest.raises(InputError, match=r"'sales\.csv' has no rows; there is nothing to propose"):
        propose(weekly().head(0), "sales.csv")
    none = propose(pl.DataFrame({"a": [1.5, 2.0], "b": ["x", "y"]}), "t.csv")
    assert titles(none) == ["no time"]
    odd = propose(pl.DataFrame({"date": ["2024 wk 1", "2024 wk 2"], "y": [1, 2]}), "t.csv")
    assert "`date` holds times such as '2024 wk 1'" in odd.traps[0].sentence
    flat = propose(pl.DataFrame({"date": ["2024-01-01", "2024-01-02"], "y": [1, 1]}), "t.csv")
    assert titles(flat) == ["no target"]
    tiny = propose(pl.DataFrame({"date": ["2024-01-01", "2024-01-02"], "y": [1, 2]}), "t.csv")
    assert roles(tiny)[:3] == ("date", None, "y")
    assert {"few times", "few rows"} <= set(titles(tiny))
    for found in (none, odd, flat):
        assert not found.can_run
        assert make_config(yaml.safe_load(proposal_yaml(found))).data.source == "t.csv"


HOSTILE = ["date\n  leaky: [y]", 'we"ird [red]', "# y", "a: b", "{x}", "- x", "\u202ecol", "é\x00b",
           "`tick`", "%s", "[bold]", "null"]


def test_hostile_names_stay_names(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(5)
    time = [f"2024-{month:02d}-{day:02d}" for month in range(1, 5) for day in range(1, 29)]
    columns = [time * 3, np.repeat(["[a]", "b", "c"], len(time)), rng.integers(0, 2, 336)]
    table = pl.DataFrame({name: columns[i] if i < 3 else rng.normal(size=336)
                          for i, name in enumerate(HOSTILE)})
    monkeypatch.chdir(tmp_path)
    table.write_parquet("hostile.parquet")
    assert _exit_code(["init", "hostile.parquet"]) == 0
    shown = capsys.readouterr().out
    assert "\u202e" not in shown
    assert "\x00" not in shown
    data = make_config(path="outlast.yaml").data
    assert (data.time, data.entity, data.target) == tuple(HOSTILE[:3])
    assert load_panel(data).n_rows == 336


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a table and its settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    weekly(shops=3).write_csv("sales.csv")
    return tmp_path


def test_from_init_to_a_report(folder, capsys):
    pl.DataFrame({"start": ["2021-07-05"], "name": ["summer"]}).write_csv("holidays.csv")
    assert _exit_code(["init", "sales.csv"]) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    assert "Written to outlast.yaml, which commands in this folder use from now on." in told
    assert make_config(path="outlast.yaml").data.events == "holidays.csv"
    assert _exit_code(["run", "--quick_run", "--models", "prior", "linear", "--splits", "temporal",
                       "--importance", "0", "--runner", "inline"]) == 0
    told = capsys.readouterr()
    assert "settings from outlast.yaml in this folder" in told.err
    assert "y on sales" in told.out
    report = folder / "reports" / "consolidated_reports" / "latest" / "report.json"
    assert json.loads(report.read_text())["title"] == "y on sales"


def test_nothing_is_written_over_without_force(folder, capsys):
    Path("outlast.yaml").write_text("seed: 7\n")
    assert _exit_code(["init", "sales.csv"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert Path("outlast.yaml").read_text() == "seed: 7\n"
    assert _exit_code(["init", "sales.csv", "--output", "no/where.yaml"]) == 2
    assert "there is no folder 'no'" in capsys.readouterr().err
    assert _exit_code(["init", "sales.csv", "--force", "--horizon", "4", "--target", "promo"]) == 0
    data = make_config(path="outlast.yaml").data
    assert (data.target, data.horizon, data.task) == ("promo", 4, "binary")


def test_flags_win_over_the_file_and_another_table_leaves_it_aside(folder, capsys):
    assert _exit_code(["init", "sales.csv"]) == 0
    capsys.readouterr()
    assert _exit_code(["splits", "--splits", "temporal", "--target", "promo", "--task",
                       "binary"]) == 0
    assert "target promo (binary" in " ".join(capsys.readouterr().out.split())
    weekly().rename({"ds": "week"}).write_csv("other.csv")
    assert _exit_code(["splits", "--splits", "temporal", "--data", "other.csv"]) == 2
    told = capsys.readouterr().err
    assert "settings from" not in told
    assert "--time is needed for 'other.csv'" in told
    Path("other.yaml").write_text("data: {source: other.csv, time: week}\n")
    assert _exit_code(["splits", "--splits", "temporal", "--config", "other.yaml"]) == 2
    assert "--target is needed" in capsys.readouterr().err


def test_a_mistake_names_file_and_line(folder, capsys):
    Path("outlast.yaml").write_text("# mine\nn_trials: 3\ndata:\n  source: sales.csv\n  tiem: ds\n"
                                    "splits:\n- temporal\n- name: 3\n")
    assert _exit_code(["splits"]) == 2
    told = capsys.readouterr().err
    assert "outlast.yaml, line 5: unknown key 'data.tiem': did you mean 'time'?" in told
    assert "outlast.yaml, line 8: splits.1" in told
    Path("outlast.yaml").write_text("n_trials: 3\n")
    # A flag is no line of the file.
    with pytest.raises(InputError, match=r"^configuration: n_trials: .* got 0"):
        make_config({"n_trials": 0}, "outlast.yaml")


GOOD = ["{}", "seed: 1", "models: [linear, {lightgbm: {num_leaves: 7}}, prior]", "exam: off",
        "time_budget: 30min", "time_budget: 90", "memory_limit: 8GB", "keep: [a, b]",
        "drop: {id: no meaning}", "selection: probe", "selection: [none, {probe: {n: 3}}]",
        "data: {time: day, horizon: 1mo, available_after: {x: 45D}}",
        "data: {available_after: [x=45D]}", "splits: [temporal, {walk_forward: null}]",
        "data: {csv: {separator: ';', skip_rows: 2, units_row: true}, entity: [store, item]}",
        "data: {csv: [decimal=,], unpivot: {index: [day], names: store, values: sold}}",
        "data: {time: [year, month]}",
        "costs: [1, 5]", "optimization: [none]", "data: {joins: [{table: a.csv, time: t}]}"]
BAD = ["sead: 1", "data: {csv: 3}", "data: {unpivot: long}", "data: {tiem: day}",
       "models: lightgbm", "models: []", "time_budget: soon", "n_trials: 0", "optimization: [best]",
       "data: {leaky: 3}", "keep: 3", "splits: [{temporal: {}, random: {}}]"]


def test_the_schema_allows_what_a_run_takes_and_describes_it(capsys):
    assert _exit_code(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema == json.loads(json.dumps(config_schema()))
    check = jsonschema.Draft202012Validator(schema)
    check.check_schema(schema)
    for text in GOOD:
        make_config(yaml.safe_load(text))
        assert check.is_valid(yaml.safe_load(text)), text
    for text in BAD:
        with pytest.raises(InputError, match="configuration: "):
            make_config(yaml.safe_load(text))
        assert not check.is_valid(yaml.safe_load(text)), text
    described = [*schema["properties"].items(),
                 *schema["$defs"]["DataConfig"]["properties"].items()]
    assert [key for key, value in described if not value.get("description")] == []
    assert check.is_valid(yaml.safe_load(proposal_yaml(propose(weekly(), "sales.csv"))))
