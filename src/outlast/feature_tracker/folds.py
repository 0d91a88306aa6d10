"""How a feature's importance is spread over folds: in one of them, or fading over the years."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

Floats = npt.NDArray[np.float64]

_YEAR = 365.25 * 86_400e9


def concentration(cells: pl.DataFrame) -> pl.DataFrame:
    """Return the largest share of one fold in all positive gain of each feature.

    Parameters
    ----------
    cells : polars.DataFrame
        ``feature``, ``fold``, ``value``.

    Returns
    -------
    polars.DataFrame
        ``feature``, ``event_concentration``, ``top_event``, ``n_events``, and ``outlier_p``:
        how likely one fold of a steady feature stands out as far as the highest one does.

    Examples
    --------
    >>> cells = pl.DataFrame({"feature": "a", "fold": range(4), "value": [9.0, 1.0, 2.0, 0.0]})
    >>> concentration(cells).select("event_concentration", "top_event", "n_events").row(0)
    (0.75, 'fold 0', 4)
    """
    value = pl.col("value")
    folds = cells.group_by("feature", "fold").agg(value.mean()).sort("feature", "fold")
    total = value.clip(0).sum()
    table = folds.group_by("feature", maintain_order=True).agg(
        event_concentration=pl.when(total > 0).then(value.max() / total),
        top_event=pl.format("fold {}", pl.col("fold").sort_by("value", descending=True).first()),
        n_events=pl.len(), grubbs=(value.max() - value.mean()) / value.std())
    p = grubbs_p(table["grubbs"].cast(pl.Float64).to_numpy(), table["n_events"].to_numpy())
    return table.drop("grubbs").with_columns(outlier_p=pl.Series(p).fill_nan(None))


def grubbs_p(statistic: Floats, n: npt.NDArray[np.integer]) -> Floats:
    """Return how likely the highest of n normal values lies so many of their sds above the mean.

    Parameters
    ----------
    statistic : ndarray of float64
        (highest - mean) / sd, with n - 1 in the sd; NaN where it is not defined.
    n : ndarray of int
        NaN is returned below 3.

    Returns
    -------
    ndarray of float64
        An upper bound, close where it is small.

    References
    ----------
    F. E. Grubbs, "Sample criteria for testing outlying observations", *Annals of Mathematical
    Statistics* 21 (1950).

    Examples
    --------
    The critical value for ten values at 1 % is 2.410.

    >>> grubbs_p(np.array([2.41]), np.array([10])).round(3).tolist()
    [0.01]
    """
    size = n.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = (size - 1) ** 2 - size * statistic**2
        t = np.sqrt(size * (size - 2) * statistic**2 / rest)
        p = np.minimum(1.0, size * special.stdtr(size - 2, -np.where(rest > 0, t, np.inf)))
    return np.where((size > 2) & np.isfinite(statistic), p, np.nan)


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
