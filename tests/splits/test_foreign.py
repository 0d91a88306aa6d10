"""Splitters of other libraries on a table that is not in the order of time."""

import numpy as np
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from outlast.data import Panel, Schema
from outlast.errors import InputError
from outlast.splits import TemporalSplit
from outlast.splits.foreign import foreign_folds, import_splitter
from tests.tables import shop_table

SCHEMA = Schema(time="day", entity="shop", target="busy", horizon=2, leaky=("sales", "level"))


@pytest.fixture(scope="module")
def shuffled():
    table = shop_table()
    return table[np.random.default_rng(3).permutation(table.height)]


@pytest.fixture(scope="module")
def panel(shuffled):
    return Panel.build(shuffled, SCHEMA)


def days(panel, rows):
    return panel.frame["day"][rows].to_list()


def test_positions_refer_to_the_rows_of_the_source(shuffled, panel):
    early = np.flatnonzero((shuffled["day"] < shuffled["day"].median()).to_numpy())
    usable_late = shuffled["day"].unique().sort()[-4]
    tested = np.flatnonzero((shuffled["day"] == usable_late).to_numpy())
    (fold,) = foreign_folds([(early, tested)], panel, "given")
    assert {str(day)[:10] for day in days(panel, fold.test)} == {str(usable_late)}
    assert max(days(panel, fold.train)) < min(days(panel, fold.test))
    assert (np.diff(fold.train) > 0).all()
    assert fold.audit.clean


def test_rows_without_a_label_are_left_out_on_both_sides(panel):
    everything = np.arange(panel.n_rows)
    (fold,) = foreign_folds([(everything[:-10], everything[-10:])], panel, "given")
    assert fold.audit.n_train + fold.audit.n_test < panel.n_rows
    assert panel.usable[fold.train].all()
    assert panel.usable[fold.test].all()


def test_masks_are_positions_too(shuffled, panel):
    early = (shuffled["day"] < shuffled["day"].median()).to_numpy()
    by_mask, by_row = (foreign_folds([(side(early), side(~early))], panel, "given")[0]
                       for side in (np.asarray, np.flatnonzero))
    assert by_mask.train.tolist() == by_row.train.tolist()
    assert by_mask.test.tolist() == by_row.test.tolist()


@pytest.mark.parametrize("splitter", [KFold(4, shuffle=True, random_state=0), StratifiedKFold(4),
                                      TimeSeriesSplit(4), GroupKFold(3), LeaveOneGroupOut()])
def test_every_row_that_scikit_learn_yields_is_found_again(shuffled, panel, splitter):
    y = shuffled["busy"].fill_null(0).to_numpy()
    groups = shuffled["shop"].to_numpy()
    kwargs = {"groups": groups} if isinstance(splitter, (GroupKFold, LeaveOneGroupOut)) else {}
    if isinstance(splitter, StratifiedKFold):  # a missing label is filled in, so only the count
        assert len(foreign_folds(splitter, panel, "s")) == 4
        return
    place = np.argsort(panel.source_row)
    for (train, test), fold in zip(splitter.split(y, y, **kwargs),
                                   foreign_folds(splitter, panel, "s"), strict=True):
        for theirs, ours in ((train, fold.train), (test, fold.test)):
            assert sorted(r for r in place[theirs] if panel.usable[r]) == ours.tolist()


def test_a_shuffle_and_held_out_entities_are_seen_to_leak(panel):
    assert not foreign_folds(KFold(4, shuffle=True), panel, "k")[0].audit.clean
    grouped = foreign_folds(GroupKFold(3), panel, "g")[0].audit
    assert grouped.n_shared_times > 0


def test_a_splitter_that_asks_for_times_gets_them(panel):
    splitter = TemporalSplit(test_size=0.3, on_missing="drop")
    (fold,) = foreign_folds(splitter, panel, "ours")
    usable = np.flatnonzero(panel.usable)
    (plain,) = splitter.folds(panel.time.ns[usable], panel.label_end[usable])
    assert fold.train.tolist() == usable[plain.train].tolist()
    assert fold.test.tolist() == usable[plain.test].tolist()


def test_a_predefined_split_is_in_the_order_of_the_source(shuffled, panel):
    fold_of_row = np.where(shuffled["shop"] == shuffled["shop"][0], 0, -1)
    (fold,) = foreign_folds(PredefinedSplit(fold_of_row), panel, "p")
    assert set(panel.frame["shop"][fold.test]) == {shuffled["shop"][0]}


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ([], "yields no folds"),
        ([(np.array([0, 1]), np.array([10**6]))], "whole numbers from 0 to 959"),
        ([(np.array([-1]), np.array([3]))], "whole numbers from 0 to 959, got int64 from -1"),
        ([np.array([0, 1, 2])], "must yield pairs"),
        ([(np.array([0.5]), np.array([1]))], "whole numbers"),
        ([(np.array([], int), np.array([1]))], "none of its 0 rows has a label"),
        ([(np.array([True]), np.array([1]))], "a mask of 1 for 960 rows"),
    ],
)
def test_bad_folds_are_refused(panel, folds, message):
    with pytest.raises(InputError, match=message):
        foreign_folds(folds, panel, "mine")


@pytest.mark.parametrize(
    ("path", "params", "message"),
    [
        ("nowhere.at_all.Split", {}, "cannot import 'nowhere.at_all'"),
        ("sklearn.model_selection.TimeSeriesSplt", {}, "did you mean 'TimeSeriesSplit'"),
        ("sklearn.model_selection.TimeSeriesSplit", {"splits": 3}, "refuses {'splits': 3}"),
    ],
)
def test_a_dotted_path_that_leads_nowhere_is_refused(path, params, message):
    with pytest.raises(InputError, match=message):
        import_splitter(path, params)


def test_a_splitter_that_cannot_split_the_table_says_why(panel):
    with pytest.raises(InputError, match="cannot split this table: Cannot have number of splits"):
        foreign_folds(KFold(5000), panel, "KFold(5000)")
