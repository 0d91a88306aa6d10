"""How a feature's importance is spread over folds: in one of them, or fading over the years."""

from __future__ import annotations

import numpy as np
import polars as pl

_YEAR = 365.25 * 86_400e9


def concentration(cells: pl.DataFrame) -> pl.DataFrame:
    """Return the largest share of one fold or event in all positive gain of each feature.

    Parameters
    ----------
    cells : polars.DataFrame
        ``feature``, ``fold``, ``value``.

    Returns
    -------
    polars.DataFrame
        ``feature``, ``event_concentration``, ``top_event``, ``n_events``.

    Examples
    --------
    >>> cells = pl.DataFrame({"feature": "a", "fold": [0, 1], "value": [3.0, 1.0]})
    >>> concentration(cells).row(0)
    ('a', 0.75, 'fold 0', 2)
    """
    folds = cells.group_by("feature", "fold").agg(pl.col("value").mean().clip(0)).sort("fold")
    total = pl.col("value").sum()
    return folds.group_by("feature", maintain_order=True).agg(
        event_concentration=pl.when(total > 0).then(pl.col("value").max() / total),
        top_event=pl.format("fold {}", pl.col("fold").sort_by("value", descending=True).first()),
        n_events=pl.len())


def recency_slopes(seen: pl.DataFrame) -> pl.DataFrame:
    """Return Theil and Sen's slope of each feature's share per year, over three folds or more.

    Parameters
    ----------
    seen : polars.DataFrame
        Observations; those of mean |SHAP| are used.

    Returns
    -------
    polars.DataFrame
        ``feature``, ``recency_slope``.
    """
    cells = seen.filter(pl.col("method") == "shap_mean_abs").group_by("feature", "test_start").agg(
        pl.col("share").mean())
    empty = pl.DataFrame(schema={"feature": pl.String, "recency_slope": pl.Float64})
    times = cells["test_start"].drop_nulls().unique().sort()
    if len(times) < 3:
        return empty
    wide = cells.pivot("test_start", index="feature", values="share").sort("feature")
    shares = wide.select(str(time) for time in times).cast(pl.Float64).to_numpy()
    early, late = np.triu_indices(len(times), 1)
    years = times.to_numpy() / _YEAR
    slopes = (shares[:, late] - shares[:, early]) / (years[late] - years[early])
    known = np.isfinite(shares).sum(axis=1) >= 3
    medians = [float(np.nanmedian(row)) if ok else None
               for row, ok in zip(slopes, known, strict=True)]
    return pl.DataFrame({"feature": wide["feature"],
                         "recency_slope": pl.Series(medians, dtype=pl.Float64)})
