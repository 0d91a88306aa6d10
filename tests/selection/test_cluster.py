from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.data import load_stocks
from outlast.errors import InputError
from outlast.features import Lineage, make_recipe
from outlast.records import Decision
from outlast.selection import TrainingRows
from outlast.selection.cluster import Cluster
from outlast.selection.correlation import rank_correlation

N = 400
RNG = np.random.default_rng(0)
A, B = RNG.normal(size=N), RNG.normal(size=N)


def entry(name: str, rows: int | None = 0) -> Lineage:
    text = "all rows" if rows is None else f"{rows} rows"
    return Lineage(name, name, "raw", name, (), (name,), text, rows, "stateless")


def decide(
    columns: dict[str, object], reach: dict[str, int | None] | None = None, **thresholds: float
) -> dict[str, Decision]:
    frame = pl.DataFrame(columns, strict=False)
    lineage = [entry(name, (reach or {}).get(name, 0)) for name in columns]
    rows = TrainingRows(frame, np.zeros(frame.height), np.arange(frame.height), lineage)
    chosen = Cluster(**thresholds).fit(rows)  # type: ignore[arg-type]
    assert [d.feature for d in chosen.decisions] == list(columns)
    assert chosen.kept == tuple(d.feature for d in chosen.decisions if d.action == "keep")
    return {d.feature: d for d in chosen.decisions}


def holes(values: np.ndarray, share: float) -> np.ndarray:  # type: ignore[type-arg]
    result = values.copy()
    result[: int(share * len(values))] = np.nan
    return result


def test_constant_features_go() -> None:
    nearly = np.zeros(2000)
    nearly[0] = 1.0
    x = RNG.normal(size=2000)
    found = decide({"x": x, "nearly": nearly, "text": ["same"] * 2000})
    assert found["nearly"].code == found["text"].code == "F01"
    assert found["nearly"].sentence == "dropped: constant (99.95% = 0)"
    assert found["text"].sentence == "dropped: constant (100.00% = 'same')"
    assert decide({"x": x, "nearly": nearly}, max_top_share=1.0)["nearly"].action == "keep"


def test_empty_features_go() -> None:
    found = decide({"a": A, "half": holes(B, 0.5), "few": holes(RNG.normal(size=N), 0.96),
                    "none": [None] * N})
    assert found["few"].code == "F03"
    assert found["few"].sentence == "dropped: missing 96.0% in train"
    assert (found["few"].value, found["few"].threshold) == (0.96, 0.95)
    assert found["none"].code == "F03"
    assert found["half"].action == "keep"


def test_a_hole_that_is_all_there_is_counts_as_a_value() -> None:
    known = np.full(N, np.nan)
    known[: N // 2] = 1.0
    assert decide({"a": A, "known": known})["known"].action == "keep"


def test_copies_go_and_name_what_stays() -> None:
    found = decide({"copy_of_a": A, "a": A, "a3": A**3, "text": ["u", "v"] * (N // 2),
                    "text_2": ["u", "v"] * (N // 2)})
    assert found["a"].action == "keep"
    assert found["copy_of_a"].comparator == "a"
    assert found["copy_of_a"].sentence == (
        "dropped: identical to `a`, kept that one because its name is shorter"
    )
    assert found["a3"].code == "F02"
    assert "same order as `a` (|rho|=1.0000)" in found["a3"].sentence
    assert found["text_2"].sentence.startswith("dropped: identical to `text`")


def test_copies_are_found_in_short_tables_too() -> None:
    assert decide({"a": A[:8], "b": A[:8], "c": B[:8]})["b"].code == "F02"


def test_near_copies_go_and_the_mirror_image_too() -> None:
    near = -A + 0.05 * B
    found = decide({"a": A, "near": near, "b": B})
    assert found["near"].code == "F06"
    assert found["near"].threshold == 0.98
    assert found["near"].value == pytest.approx(0.998, abs=0.002)
    assert found["b"].action == "keep"
    assert decide({"a": A, "near": near}, max_rho=0.9999, same_rho=1.0)["near"].action == "keep"


def test_the_better_one_is_kept_and_the_reason_is_said() -> None:
    near = A + 0.05 * B
    by_holes = decide({"a": holes(A, 0.1), "near_a": near}, {"near_a": 63})
    assert by_holes["a"].sentence.endswith(
        "with `near_a`, kept that one because it misses fewer values (0.0% against 10.0%)"
    )
    by_reach = decide({"a": holes(A, 0.004), "near_a": near}, {"a": 21, "near_a": 63})
    assert by_reach["near_a"].sentence.endswith(
        "with `a`, kept that one because it looks back less (21 rows against 63 rows)"
    )
    unbounded = decide({"a": A, "near_a": near}, {"a": None, "near_a": 9999})
    assert "looks back less (9999 rows against all rows)" in unbounded["a"].sentence
    by_name = decide({"zz": near, "aa": A})
    assert by_name["zz"].sentence.endswith("because its name comes first in the alphabet")


def test_a_kept_feature_says_how_far_it_is_from_the_others() -> None:
    found = decide({"a": A, "half": A + B, "text": ["u", "v"] * (N // 2)})
    assert found["a"].code == "F13"
    assert found["a"].sentence.startswith("kept: not constant, distinct from the others (highest")
    assert found["a"].comparator == "half"
    assert found["text"].sentence == "kept: not constant, nothing like it is kept"


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), limit=st.sampled_from([0.5, 0.8, 0.98]))
def test_no_two_kept_are_close_and_every_dropped_one_is_close_to_a_kept_one(
    seed: int, limit: float
) -> None:
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(80, 3))
    mixed = base[:, rng.integers(0, 3, size=9)] + rng.normal(size=(80, 9)) * rng.random(9)
    mixed[rng.random(mixed.shape) < 0.05] = np.nan
    names = [f"f{i}" for i in range(9)]
    found = decide(dict(zip(names, mixed.T, strict=True)), max_rho=limit)
    rho = np.abs(rank_correlation(mixed, 30))
    kept = [i for i, name in enumerate(names) if found[name].action == "keep"]
    for i, name in enumerate(names):
        others = [j for j in kept if j != i]
        if i in kept:
            assert all(rho[i, j] < limit for j in others)
        else:
            stands_for = names.index(found[name].comparator or "")
            assert stands_for in kept
            assert rho[i, stands_for] >= limit


def test_the_order_of_the_columns_decides_nothing() -> None:
    columns = {"a": A, "near": A + 0.05 * B, "b": B, "text": ["u", "v"] * (N // 2)}
    backwards = dict(reversed(columns.items()))
    assert decide(columns) == decide(backwards)


def test_long_tables_are_sampled_the_same_way_each_time() -> None:
    n = 6000
    x, noise = RNG.normal(size=n), RNG.normal(size=n)
    columns = {"x": x, "near": x + 0.05 * noise, "entity": np.arange(n) % 6 + 0.0}
    first, second = decide(columns, sample_rows=1000), decide(columns, sample_rows=1000)
    assert first == second
    assert first["near"].code == "F06"
    assert first["entity"].action == "keep"


def test_on_stocks_the_near_duplicates_go() -> None:
    panel = load_stocks()
    table = make_recipe(panel).transform(panel)
    early = table.frame.filter(panel.time.ns < np.datetime64("2010-12-02", "ns").astype(int))
    rows = TrainingRows(early, np.zeros(early.height), np.arange(early.height), table.lineage)
    selection = Cluster().fit(rows)
    dropped = {d.feature: d for d in selection.decisions if d.action == "drop"}
    assert dropped["vol_30d"].comparator == "vol_21"
    assert {"r1", "vol_21", "ticker"} <= set(selection.kept)
    assert len(dropped) <= 4


def test_nothing_left_is_an_error_with_a_way_out() -> None:
    with pytest.raises(InputError, match=r"left none of 1 features.*constant.*'none'"):
        decide({"c": np.ones(N)})
    with pytest.raises(InputError, match="no training rows"):
        Cluster().fit(TrainingRows(pl.DataFrame({"a": []}), np.zeros(0), np.zeros(0)))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("max_rho", 1.5, "max_rho must lie above 0 and at most at 1, got 1.5"),
        ("max_missing", 0.0, "max_missing must lie above 0"),
        ("sample_rows", 2, "sample_rows must be >= 3, got 2"),
    ],
)
def test_impossible_thresholds_are_refused(name: str, value: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Cluster(**{name: value})  # type: ignore[arg-type]
