from __future__ import annotations

import numpy as np
import polars as pl

from outlast.features import OrdinalCodes

TRAIN = pl.DataFrame({"a": ["m", None, "k", "m"], "x": [1.0, 2.0, 3.0, 4.0],
                      "b": ["q", "q", "q", "q"]})


def test_codes_are_learned_from_training_rows_alone() -> None:
    codes = OrdinalCodes.fit(TRAIN, ["a", "b"])
    test = pl.DataFrame({"a": ["k", "m", "new", None], "x": [0.0] * 4, "b": ["q", "r", None, "q"]})
    coded = codes.transform(test)
    assert coded.columns == ["a", "x", "b"]
    assert coded.schema["a"] == pl.Float32
    np.testing.assert_array_equal(coded["a"].to_numpy(), [0, 1, np.nan, np.nan])
    np.testing.assert_array_equal(coded["b"].to_numpy(), [0, np.nan, np.nan, 0])


def test_a_column_without_values_gives_no_codes() -> None:
    empty = pl.DataFrame({"a": [None, None]}, schema={"a": pl.String})
    coded = OrdinalCodes.fit(empty, ["a"]).transform(pl.DataFrame({"a": ["k", None]}))
    assert coded["a"].is_nan().all()


def test_without_categories_the_table_stays() -> None:
    assert OrdinalCodes.fit(TRAIN, []).transform(TRAIN).equals(TRAIN)


def test_codes_are_plain_data() -> None:
    assert OrdinalCodes.fit(TRAIN, ["a"]).levels == {"a": ("k", "m")}
