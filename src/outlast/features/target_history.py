"""What was known of the target itself at each row: the naive baseline's only input."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.panel import Panel


def last_known_target(panel: Panel) -> npt.NDArray[np.float64]:
    """Return for each row the latest label of the same entity that was known by then.

    A label counts as known at a row's time t if its label end is at or before t. A row's
    own label never counts, not even where the horizon is zero. It is no feature: models
    never see it, the naive baseline sees nothing else.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    ndarray of float64, shape (n,)
        Class index or value, NaN before the first known label of an entity.

    Examples
    --------
    >>> from outlast.data import Schema
    >>> table = {"day": [1, 2, 3, 4], "y": [0.5, 1.5, 2.5, 3.5]}
    >>> panel = Panel.build(table, Schema(time="day", target="y", horizon=2, task="regression"))
    >>> last_known_target(panel).tolist()
    [nan, nan, 0.5, 1.5]
    """
    rows = pl.DataFrame({"entity": panel.entity, "time": panel.time.ns})
    labels = rows.with_columns(known=panel.label_known, end=panel.label_end, y=panel.y)
    labels = labels.filter(panel.labelled).sort("known", "end", "time")
    labels = labels.select("entity", "y", time=pl.col("known"))
    joined = rows.join_asof(labels, on="time", by="entity", strategy="backward",
                            check_sortedness=False)
    return joined["y"].fill_null(float("nan")).to_numpy()
