"""What holds tools to their promises: cuts, purge, the rivals' contract, ranks and gaps."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.foresight.__main__ import examine
from benchmarks.foresight.contenders import Answer, Contender, FailedError
from benchmarks.foresight.contenders.rival import _run
from benchmarks.foresight.results import Result, append, read
from benchmarks.foresight.rivals.contract import Question, Shipped, serve
from benchmarks.foresight.sitting import Budget, Sitting, sittings
from benchmarks.foresight.summary import OURS, bars, count, lines, page, ranks
from benchmarks.foresight.tables import delays
from tests.tables import shop_panel


def result(contender: str, realised: float | None, promise: float = 0.7, **changes) -> Result:
    tool, setting = contender.split(":")
    answer = None if realised is None else Answer(promise, realised, 1.0, 1.0, "1.0")
    found = Result("big_move", "2010-01-01", tool, setting, 60.0, 0, "roc_auc", 1.0, answer)
    return replace(found, **changes)


@pytest.fixture(scope="module")
def sat() -> list[Sitting]:
    return sittings("shops", shop_panel(), Budget())


def test_futures_follow_each_other_to_the_end(sat: list[Sitting]) -> None:
    assert [one.end for one in sat[:-1]] == [one.cut for one in sat[1:]]
    assert sat[-1].end == sat[0].panel.time.ns[sat[0].panel.usable].max()
    for one in sat:
        time = one.panel.time.ns[one.future]
        assert one.cut < time.min()
        assert time.max() == one.end
    assert not (sat[0].future & sat[1].future).any()


def test_the_past_knows_only_labels_that_were_known_at_the_cut(sat: list[Sitting]) -> None:
    one = sat[0]
    panel = one.panel
    assert one.horizon == 2
    assert panel.label_end[one.past].max() <= one.cut
    seen = panel.time.ns <= one.cut
    assert (seen & ~one.past).sum() == 2 * 4, "two days of four shops wait for their labels"
    assert not (one.past & one.future).any()


def test_the_future_comes_without_labels(sat: list[Sitting], tmp_path: Path) -> None:
    sat[1].write(tmp_path)
    past, future = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("past", "future"))
    assert {*past.columns} - {*future.columns} == {"y"}
    assert not {"busy", "sales", "level"} & {*past.columns}
    assert past["__time"].is_sorted()
    assert past["__time"].max() < future["__time"].min()
    np.testing.assert_array_equal(past["y"], sat[1].panel.y[sat[1].past])


@pytest.mark.parametrize("target", ["busy", "sales"])
def test_a_rival_answers_in_the_rows_of_the_future(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sitting = sittings("shops", shop_panel(target), Budget(5))[0]
    sitting.write(tmp_path)
    asked: list[Question] = []

    def learn(question: Question) -> Shipped:
        asked.append(question)
        return Shipped(0.75, lambda X: X["signal"])

    monkeypatch.setattr(sys, "argv", ["rival", str(tmp_path), "5.0", "time"])
    serve("outlast", learn)
    (question,) = asked
    assert (question.seconds, question.timely) == (5.0, True)
    assert question.binary == (target == "busy")
    assert question.X["weather"].cat.categories.tolist() == ["rain", "snow", "sun"]
    assert not {"y", "__time", "__entity"} & {*question.X.columns}
    assert json.loads((tmp_path / "answer.json").read_text())["promise"] == 0.75
    prediction = pl.read_parquet(tmp_path / "predictions.parquet")["p"].to_numpy()
    # The signal decides who is busy; sales are ten more than three times the signal.
    assert sitting.score(prediction) == pytest.approx(0.8 if target == "busy" else 10, rel=0.08)


def test_a_rival_that_is_stuck_or_breaks_has_failed(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match=r"not done after 0\.2 s"):
        _run([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log", 0.2)
    with pytest.raises(FailedError, match="exit status 1: no such model"):
        _run([sys.executable, "-c", "raise SystemExit('no such model')"], tmp_path / "log", 60)


def test_a_failure_is_a_result(sat: list[Sitting]) -> None:
    def ask(sitting: Sitting, folder: Path) -> Answer:
        raise FailedError("no such model")

    found = examine(sat[0], Contender("flaml", "time", "", ask))
    assert (found.error, found.realised, found.gap) == ("no such model", None, None)


def test_a_promise_that_was_too_good_is_a_gap_above_zero() -> None:
    assert result("flaml:time", 0.6, promise=0.7).gap == pytest.approx(10)
    assert result("flaml:time", 0.6, promise=0.5).gap == pytest.approx(-10)
    number = {"metric": "rmse", "unit": 4.0}
    assert result("flaml:time", 3.0, promise=2.0, **number).gap == pytest.approx(25)
    assert result("flaml:time", 3.0, promise=3.2, **number).gap == pytest.approx(-5)


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    told = [result("flaml:time", 0.6), result("flaml:default", None, error="no such model")]
    for one in told:
        append(tmp_path / "reports" / "results.jsonl", one)
    assert list(read(tmp_path / "reports" / "results.jsonl")) == told
    assert list(read(tmp_path / "none.jsonl")) == []


def test_ranks_share_ties_and_put_failures_last() -> None:
    first = [result("a:default", 0.6), result("b:default", 0.8), result("c:default", 0.6),
             result("d:default", None)]
    second = [result("a:default", 2.0, cut="2011", metric="rmse"),
              result("b:default", 3.0, cut="2011", metric="rmse"),
              result("c:default", None, cut="2011", metric="rmse"),
              result("d:default", None, cut="2011", metric="rmse")]
    unfinished = [result("d:default", 0.9, cut="2012")]
    assert ranks(first + second + unfinished) == {
        "a:default": [2.5, 1.0], "b:default": [1.0, 2.0], "c:default": [2.5, 3.5],
        "d:default": [4.0, 3.5]}


def test_the_bars_compare_with_the_best_rival_of_each_kind() -> None:
    def held(realised: float, low: float, high: float) -> Answer:
        return Answer(0.71, realised, 1.0, 1.0, "0.1", low, high)

    rivals = {"flaml:default": 0.6, "mljar:default": 0.66, "flaml:time": 0.72, "mljar:time": 0.6}
    results = [result(OURS, 0.7, answer=held(0.7, 0.6, 0.8)),
               *(result(name, realised) for name, realised in rivals.items())]
    counted = count(results)
    rank, default, time, low, high = bars(counted)
    assert (rank.value, rank.bar, rank.reached) == (2.0, 1.0, False)
    assert (default.value, default.bar) == (pytest.approx(1), pytest.approx(2))
    assert default.reached
    assert (time.bar, time.reached) == (pytest.approx(2), True)
    assert (low.value, low.reached, high.reached) == (1.0, True, False)
    text = page(results, "--cuts 1")
    assert '`make foresight ARGS="--cuts 1"` in 1 sittings' in text.replace("\n", " ")
    assert "| outlast:default | 1 | 0 | 2.00 | +1.00 | +1.00 | 1.00 | +1.00 |  | 100%" in text
    assert "does a stock move by more than 5 %" in text
    assert lines(results)[0].startswith("| contender | runs |")


def test_nothing_that_happens_later_is_a_column_of_the_delays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hours = pl.datetime_range(pl.datetime(2013, 6, 1), pl.datetime(2013, 6, 4), "1h", eager=True)
    hours = hours.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    rng = np.random.default_rng(0)
    flights = pl.DataFrame({"origin": "JFK", "time_hour": hours, "minute": 10,
                            "dep_delay": rng.exponential(15, len(hours)).round()})
    weather = flights.select("origin", "time_hour", *(
        pl.Series(name, rng.normal(size=len(hours))) for name in delays.MEASURES))
    told = {"flights": flights, "weather": weather}
    monkeypatch.setattr(delays, "raw", told.__getitem__)
    before = delays.panel()
    moment = 30
    late = pl.int_range(pl.len()) >= moment
    told["flights"] = flights.with_columns(
        dep_delay=pl.when(late).then(120.0).otherwise("dep_delay"))
    told["weather"] = weather.with_columns(
        pl.when(late).then(99.0).otherwise(name).alias(name) for name in delays.MEASURES)
    after = delays.panel()
    known = [name for name in before.frame.columns if name != "y"]
    assert before.frame[:moment + 1, known].equals(after.frame[:moment + 1, known])
    assert not before.frame[:, known].equals(after.frame[:, known])
    # The first late flight leaves two hours after it was planned.
    assert np.array_equal(before.y[:moment - 5], after.y[:moment - 5], equal_nan=True)
    assert after.y[moment + 2] == 1
