from __future__ import annotations

import numpy as np
import polars as pl

from outlast.selection import TrainingRows, make_selector


def test_everything_is_kept_and_said_so() -> None:
    frame = pl.DataFrame({"a": [1.0, 1.0], "b": ["x", None]})
    selection = make_selector("none").fit(TrainingRows(frame, np.zeros(2), np.arange(2)))
    assert selection.kept == ("a", "b")
    assert {(d.action, d.code, d.sentence) for d in selection.decisions} == {
        ("keep", "F13", "kept: no selection asked")
    }
