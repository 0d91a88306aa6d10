"""What one fit says of its features: importance in the fit's own units and as a share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.records import Job

Floats = npt.NDArray[np.float64]

_UNITS = {"gain": "loss reduction", "splits": "splits", "shap_mean_abs": "model output",
          "shap_sign_consistency": "correlation"}
_PARTS = {"gain": "train", "splits": "train", "shap_mean_abs": "test",
          "shap_sign_consistency": "test"}
# Their values have a direction and no amount: neither share nor rank.
_SIGNED = ("shap_sign_consistency",)

SCHEMA: dict[str, type[pl.DataType]] = {
    "job": pl.String, "experiment": pl.String, "model": pl.String, "split": pl.String,
    "search": pl.String, "selection": pl.String, "fold": pl.Int32, "seed": pl.Int64,
    "feature": pl.String, "feature_id": pl.String, "cluster": pl.String, "event": pl.String,
    "method": pl.String, "data_part": pl.String, "value": pl.Float64, "value_sd": pl.Float64,
    "n_repeats": pl.Int32, "n_rows": pl.Int64, "unit": pl.String, "share": pl.Float64,
    "rank": pl.Int32, "probe_best": pl.Float64, "score": pl.Float64,
    "test_start": pl.Int64, "test_end": pl.Int64, "seconds": pl.Float64, "status": pl.String,
}


def observe(
    job: Job, experiment: str, features: Sequence[tuple[str, str]],
    importances: Mapping[str, Floats | None], facts: Mapping[str, float | int | None],
) -> pl.DataFrame:
    """Return the observations of one fit, one row per feature and method.

    Parameters
    ----------
    job : Job
    experiment : str
    features : sequence of (name, feature_id)
        The columns of the model, in order.
    importances : mapping of method to ndarray of shape (p,) or None
        ``gain``, ``splits``, ``shap_mean_abs`` and ``shap_sign_consistency`` (the correlation
        of a feature with its own contribution); None where the model has no such importance.
    facts : mapping
        ``n_rows`` explained, held-out ``score``, ``test_start`` and ``test_end`` (ns).

    Returns
    -------
    polars.DataFrame
        Columns as in `SCHEMA`. ``share`` sums to one within a method; ``rank`` 1 is best; a
        direction has neither. A value that is not defined is null.
    """
    tables = [
        _method(features, method, values)
        for method, values in importances.items()
        if values is not None and len(features)
    ]
    if not tables:
        return pl.DataFrame(schema=SCHEMA)
    return of_job(pl.concat(tables).with_columns(status=pl.lit("ok")), job, experiment, facts)


def of_job(
    table: pl.DataFrame, job: Job, experiment: str, facts: Mapping[str, float | int | None]
) -> pl.DataFrame:
    """Return observations with all columns of `SCHEMA`, what the job tells of itself among them.

    Parameters
    ----------
    table : polars.DataFrame
        Some of the columns; those that are missing become null.
    job : Job
    experiment : str
    facts : mapping
        Further columns that are the same in every row.

    Returns
    -------
    polars.DataFrame
    """
    keys = {"job": job.id, "experiment": experiment, "model": job.model.label,
            "split": job.split.label, "search": job.search.label,
            "selection": job.selection.label, "fold": job.fold, "seed": job.seed, **facts}
    constants = [pl.lit(value, dtype=SCHEMA[name]).alias(name) for name, value in keys.items()]
    table = table.with_columns(constants)
    return table.select(
        pl.col(name).cast(dtype) if name in table.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in SCHEMA.items()
    )


def _method(features: Sequence[tuple[str, str]], method: str, values: Floats) -> pl.DataFrame:
    table = pl.DataFrame({
        "feature": [name for name, _ in features],
        "feature_id": [identity for _, identity in features],
        "value": pl.Series(values, dtype=pl.Float64).fill_nan(None),
    }).with_columns(method=pl.lit(method), data_part=pl.lit(_PARTS[method]),
                    unit=pl.lit(_UNITS[method]))
    if method in _SIGNED:
        return table.with_columns(share=pl.lit(None, pl.Float64), rank=pl.lit(None, pl.UInt32))
    total = float(np.sum(values))
    return table.with_columns(
        share=pl.Series(values / total if total > 0 else np.zeros_like(values)),
        rank=pl.col("value").rank("min", descending=True),
    )
