"""Entities that no model was trained on, at times that no model was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.model_selection import GroupKFold, KFold

from outlast.errors import InputError
from outlast.splits import SPLITTERS, GroupSplit, TemporalSplit
from tests.splits.reference import events

N_TIMES = 20
NAMES = np.array(list("fdbace"))
TIME = np.repeat(np.arange(N_TIMES), NAMES.size)
ENTITY = np.tile(NAMES, N_TIMES)


def test_held_out_entities_are_tested_in_the_last_window_on_the_past_of_the_others() -> None:
    folds = GroupSplit(n_splits=3).folds(TIME, TIME + 2, groups=ENTITY)
    assert len(folds) == 3
    for fold in folds:
        tested = set(ENTITY[fold.test])
        assert len(tested) == 2
        assert sorted(set(ENTITY[fold.train])) == sorted(set("abcdef") - tested)
        assert set(TIME[fold.test]) == {16, 17, 18, 19}
        assert set(TIME[fold.train]) == set(range(15)), "a label of time 15 ends after the cut"
        assert fold.audit.clean
    assert sorted(np.concatenate([ENTITY[fold.test] for fold in folds])) == sorted(ENTITY[:24])


def test_the_window_is_that_of_the_temporal_split() -> None:
    for size in (0.3, 3, 17):
        temporal = TemporalSplit(size, gap=1).folds(TIME, TIME + 1)[0]
        folds = GroupSplit(n_splits=6, test_size=size, gap=1).folds(TIME, TIME + 1, groups=ENTITY)
        for fold in folds:
            held_out = ENTITY[fold.test[0]]
            assert fold.test.tolist() == temporal.test[ENTITY[temporal.test] == held_out].tolist()
            assert fold.train.tolist() == (
                temporal.train[ENTITY[temporal.train] != held_out].tolist())


@pytest.mark.parametrize(("n_splits", "seed"), [(2, 0), (3, 1), (6, 42)])
def test_entities_alone_are_scikit_learns_folds(n_splits: int, seed: int) -> None:
    ours = GroupSplit("entity", n_splits, random_state=seed).split(None, groups=ENTITY, time=TIME)
    theirs = GroupKFold(n_splits, shuffle=True, random_state=seed).split(TIME, groups=ENTITY)
    for (train, test), (other_train, other_test) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(train, other_train)
        np.testing.assert_array_equal(test, other_test)
    folds = KFold(n_splits, shuffle=True, random_state=seed).split(range(6))
    chosen = [set(np.array(list("abcdef"))[test]) for _, test in folds]
    both = GroupSplit(n_splits=n_splits, random_state=seed).folds(TIME, groups=ENTITY)
    assert [set(ENTITY[fold.test]) for fold in both] == chosen


def test_entities_alone_leak_what_happens_to_all_at_once() -> None:
    contrast, honest = GroupSplit("entity", 2), GroupSplit(n_splits=2)
    assert contrast.leaky
    assert not honest.leaky
    assert SPLITTERS["group"].needs_groups
    fold = contrast.folds(TIME, TIME + 2, groups=ENTITY)[0]
    assert not fold.audit.clean
    assert (fold.audit.n_shared_times, fold.audit.n_train + fold.audit.n_test) == (20, 120)
    assert contrast.set_params(mode="entity_time").leaky is False


def test_an_entity_on_one_side_of_the_cut_only() -> None:
    late = (ENTITY == "a") & (TIME < 16)
    early = (ENTITY == "b") & (TIME >= 10)
    kept = ~(late | early)
    splitter = GroupSplit(n_splits=6)
    folds = splitter.folds(TIME[kept], groups=ENTITY[kept])
    assert {ENTITY[kept][fold.test[0]] for fold in folds} == set("acdef")
    reasons = splitter.skipped(TIME[kept], groups=ENTITY[kept])
    assert len(reasons) == 1
    assert reasons[0].endswith(": no row is left to test")
    assert splitter.get_n_splits(time=TIME[kept], groups=ENTITY[kept]) == 5


def test_the_cut_moves_out_of_an_event() -> None:
    folds = GroupSplit(n_splits=2, events=events((15, 17))).folds(TIME, groups=ENTITY)
    assert all(set(TIME[fold.test]) == {18, 19} for fold in folds)
    assert all(fold.audit.moves[0].moved_to == 18 for fold in folds)


KINDS: dict[str, Any] = {
    "objects": ENTITY.astype(object),
    "list": ENTITY.tolist(),
    "polars": pl.Series(ENTITY),
    "polars categorical": pl.Series(ENTITY).cast(pl.Categorical),
    "pandas": pd.Series(ENTITY),
    "pandas categorical": pd.Series(ENTITY, dtype="category"),
    "numbers": np.searchsorted(list("abcdef"), ENTITY),
    "floats": np.searchsorted(list("abcdef"), ENTITY) / 2,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_group_gives_the_same_folds(kind: str) -> None:
    expected = GroupSplit(n_splits=3).folds(TIME, groups=ENTITY)
    got = GroupSplit(n_splits=3).folds(TIME, groups=KINDS[kind])
    assert [fold.test.tolist() for fold in got] == [fold.test.tolist() for fold in expected]


def test_the_order_of_the_rows_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(TIME.size)
    plain = GroupSplit(n_splits=3).folds(TIME, TIME + 1, groups=ENTITY)
    mixed = GroupSplit(n_splits=3).folds(TIME[order], TIME[order] + 1, groups=ENTITY[order])
    assert [fold.test.tolist() for fold in plain] == [sorted(order[fold.test]) for fold in mixed]
    assert [fold.audit for fold in plain] == [fold.audit for fold in mixed]


def test_groups_from_a_column() -> None:
    frame = pl.DataFrame({"day": TIME, "shop": ENTITY})
    got = list(GroupSplit(n_splits=2).split(frame, groups="shop", time="day"))
    expected = list(GroupSplit(n_splits=2).split(frame, groups=ENTITY, time=TIME))
    assert [test.tolist() for _, test in got] == [test.tolist() for _, test in expected]
    with pytest.raises(InputError, match=r"groups 'shp' is neither .* did you mean 'shop'"):
        next(GroupSplit().split(frame, groups="shp", time="day"))


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NaT, pd.NA])
def test_missing_groups_are_refused(missing: Any) -> None:
    message = r"groups: 2 missing value\(s\), first at row\(s\) \[1, 3\]; every row needs one"
    with pytest.raises(InputError, match=message):
        GroupSplit(n_splits=2).folds([1, 2, 3, 4], groups=["a", missing, "b", missing])


@pytest.mark.parametrize(
    ("params", "groups", "message"),
    [
        ({}, None, r"split 'group' needs groups=\.\.\., the entity of each row"),
        ({"mode": "entity"}, None, r"split 'group' needs groups=\.\.\."),
        ({"mode": "time"}, ENTITY, "unknown mode of split 'group' 'time'"),
        ({"n_splits": 7}, ENTITY, "from 2 to the 6 groups of the data, got 7"),
        ({"n_splits": 1}, ENTITY, "from 2 to the 6 groups of the data, got 1"),
        ({"n_splits": 2.5}, ENTITY, "from 2 to the 6 groups of the data, got 2.5"),
        ({"test_size": 20}, ENTITY, "takes all 20 distinct times"),
        ({}, ENTITY[1:], "groups has 119 values but time has 120"),
        ({"gap": 17}, ENTITY,
         r"split 'group': none of 5 fold\(s\) can be used: fold 0: no row is left .*horizon"),
    ],
)
def test_what_it_refuses(params: dict[str, Any], groups: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        GroupSplit(**params).folds(TIME, groups=groups)
