"""The rules read off the rows themselves agree with the definition, pair by pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.splits import make_splitter
from outlast.splits.purge_audit import forbidden_rows, overlapping_rows
from outlast.splits.rules import Rules
from outlast.splits.timeline import Length, read_timeline


@st.composite
def folds(draw):
    n = draw(st.integers(6, 30))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    time = np.sort(rng.integers(0, 15, n))
    end = time + rng.integers(0, 5, n)
    side = rng.choice(3, n)
    rules = Rules(Length(draw(st.integers(0, 3)), steps=False),
                  Length(draw(st.integers(0, 3)), steps=False),
                  strict=draw(st.booleans()), after=draw(st.booleans()))
    return time, end, np.flatnonzero(side == 0), np.flatnonzero(side == 1), rules


def allowed(i, blocks, time, end, rules) -> bool:
    gap, embargo = rules.gap.amount, rules.embargo.amount
    fits = (lambda a, b: a < b) if rules.strict else (lambda a, b: a <= b)
    return all(
        (time[i] < a - gap and fits(end[i], a - gap))
        or (rules.after and time[i] > b + embargo and fits(e + embargo, time[i]))
        for a, b, e in blocks
    )


def blocks_of(test, time, end):
    """Runs of the distinct times of the data that are all tested: start, end, label end."""
    tested = set(time[test].tolist())
    runs: list[list[int]] = [[]]
    for t in np.unique(time).tolist():
        if t in tested:
            runs[-1].append(t)
        elif runs[-1]:
            runs.append([])
    return [(run[0], run[-1], max(end[i] for i in test if run[0] <= time[i] <= run[-1]))
            for run in runs if run]


@given(folds())
def test_a_row_is_forbidden_iff_it_is_neither_before_nor_after_a_block(fold):
    time, end, train, test, rules = fold
    blocks = blocks_of(test, time, end)
    expected = [i for i in train if not allowed(i, blocks, time, end, rules)]
    found = forbidden_rows(read_timeline(time, end), train, test, rules)
    assert found.tolist() == expected


@given(folds())
def test_a_label_overlaps_iff_some_pair_does(fold):
    time, end, train, test, _ = fold
    expected = [i for i in train if any(
        max(time[i], time[j]) < min(end[i], end[j]) for j in test)]
    assert overlapping_rows(read_timeline(time, end), train, test).tolist() == expected


@pytest.mark.parametrize("name", ["temporal", "walk_forward", "expanding_window", "purged_kfold",
                                  "combinatorial_purged", "group"])
@pytest.mark.parametrize("params", [{}, {"gap": 2, "embargo": 3}, {"boundary": "strict"}])
def test_our_own_splits_keep_their_rules(name, params):
    rng = np.random.default_rng(3)
    time = np.sort(rng.integers(0, 120, 700))
    end = time + rng.integers(0, 6, 700)
    splitter = make_splitter(name, params)
    timeline = read_timeline(time, end)
    rules = splitter._rules(timeline)
    for fold in splitter.folds(time, end, groups=rng.integers(0, 9, 700)):
        assert forbidden_rows(timeline, fold.train, fold.test, rules).size == 0
