"""The best columns of many, chosen on all rows before the first fold."""

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold

from benchmarks.traps.base import Positions, Trap, audit_of, days

ROWS, COLUMNS, KEPT = 400, 500, 20


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """Few rows, many columns of noise."""
    x = rng.normal(size=(ROWS, COLUMNS))
    push = rng.normal(size=ROWS) + (2.0 * x[:, 0] if signal else 0.0)
    return days(1, ROWS).select("day").with_columns(
        **{f"x{k:03d}": pl.Series(x[:, k]) for k in range(COLUMNS)},
        y=pl.Series((push > 0).astype(np.int8)))


def best(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Positions:
    """The columns that go with the target, over whatever rows are given."""
    x, y = x - x.mean(axis=0), y - y.mean()
    score = np.abs(y @ x) / np.sqrt((x**2).sum(axis=0))
    return np.argsort(score)[-KEPT:]


def naive(frame: pl.DataFrame, seed: int) -> float:
    """Choose on all rows, then cross-validate the choice."""
    x, y = frame.drop("day", "y").to_numpy(), frame["y"].to_numpy()
    x = x[:, best(x, y)]
    told = np.empty(len(y))
    for train, test in KFold(5, shuffle=True, random_state=seed).split(x):
        told[test] = LogisticRegression().fit(x[train], y[train]).predict_proba(x[test])[:, 1]
    return float(roc_auc_score(y, told))


def protocol(frame: pl.DataFrame, y: npt.NDArray[np.float64], train: Positions, test: Positions):
    """The same as a protocol: what it keeps depends on rows it will be tested on."""
    x = frame.to_numpy()
    kept = best(x, y)
    model = LogisticRegression().fit(x[train][:, kept], y[train])
    return lambda rows: model.predict_proba(rows.to_numpy()[:, kept])[:, 1]


def as_they_are(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns without any window over them."""
    return frame.drop("y")


TRAP = Trap(
    name="selection_on_all_rows",
    story="choose 20 of 500 columns on all rows, then cross-validate",
    code="LK204",
    table=table,
    naive=naive,
    audited=audit_of(features=as_they_are, protocols={"selected first": protocol}),
    schema={"time": "day", "target": "y"},
    config={"splits": [{"temporal": {"test_size": 0.4}}],
            "mute": ["LK201", "LK202", "LK203"]},  # no window looks over 1,500 columns
)
