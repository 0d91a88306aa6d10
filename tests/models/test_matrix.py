"""The rows that a model is given."""

from __future__ import annotations

import numpy as np
import pytest

from outlast.errors import InputError
from outlast.models import Matrix


def matrix(**changes):
    parts = {"X": np.arange(6, dtype=np.float32).reshape(3, 2), "columns": ("a", "b"),
             "categorical": (1,), "y": np.array([0.0, 1.0, 2.0]),
             "last_known": np.array([np.nan, 0.0, 1.0])}
    return Matrix(**{**parts, **changes})


@pytest.mark.parametrize("rows", [np.array([2, 0]), np.array([True, False, True]), slice(1, 3)])
def test_taking_rows_takes_them_everywhere(rows):
    whole, part = matrix(), matrix().take(rows)
    np.testing.assert_array_equal(part.X, whole.X[rows])
    np.testing.assert_array_equal(part.y, whole.y[rows])
    np.testing.assert_array_equal(part.last_known, whole.last_known[rows])
    assert (part.columns, part.categorical, len(part)) == (whole.columns, (1,), 2)


def test_rows_without_labels_stay_without():
    part = matrix(y=None, last_known=None).take(slice(0, 1))
    assert part.y is None
    assert part.last_known is None


@pytest.mark.parametrize("view", [np.asfortranarray, lambda X: np.repeat(X, 2, axis=0)[::2]])
def test_rows_lie_side_by_side_whichever_way_they_came(view):
    given = view(matrix().X)
    assert not given.flags.c_contiguous
    kept = matrix(X=given)
    np.testing.assert_array_equal(kept.X, given)
    for each in (kept, kept.take(np.array([2, 0])), kept.select(["b", "a"])):
        assert each.X.flags.c_contiguous


def test_names_and_columns_must_agree():
    with pytest.raises(InputError, match=r"shape \(3, 2\) has 1 column names"):
        matrix(columns=("a",))


@pytest.mark.parametrize("name", ["y", "last_known"])
def test_values_and_rows_must_agree(name):
    with pytest.raises(InputError, match=f"{name} has 2 values for 3 rows"):
        matrix(**{name: np.zeros(2)})


@pytest.mark.parametrize("y", [None, np.array([0.0, np.nan, 1.0])])
def test_a_target_needs_a_label_in_every_row(y):
    with pytest.raises(InputError, match="a label in every row"):
        _ = matrix(y=y).target


def test_a_target_needs_rows():
    with pytest.raises(InputError, match="at least one row"):
        _ = matrix().take(slice(0, 0)).target


def test_a_form_is_made_once_per_key_and_not_handed_on_to_other_rows():
    whole, made = matrix(), []
    for key in ("a", "b", "a"):
        whole.form(key, lambda key=key: made.append(key))
    assert made == ["a", "b"]
    whole.take(slice(0, 2)).form("a", lambda: made.append("part"))
    assert made == ["a", "b", "part"]
