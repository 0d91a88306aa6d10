"""The best of many configurations, named by the rows it was chosen on."""

import lightgbm
import numpy as np
import polars as pl
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.traps.base import Trap, days
from outlast.judge.luck import best_of_many
from outlast.records import Finding

ROWS, COLUMNS, TRIALS = 500, 12, 120
NAMES = [f"x{k:02d}" for k in range(COLUMNS)]


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """One row a day, and a dozen columns of noise."""
    x = rng.normal(size=(ROWS, COLUMNS))
    push = rng.normal(size=ROWS) + (1.2 * x[:, 0] if signal else 0.0)
    return days(1, ROWS).select("day").with_columns(
        **{name: pl.Series(x[:, k]) for k, name in enumerate(NAMES)},
        y=pl.Series((push > 0).astype(np.int8)))


def tried(frame: pl.DataFrame, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Predictions of all trials for the last fifth, shape (T, N), and its labels."""
    rng = np.random.default_rng(seed)
    cut = int(0.8 * ROWS)
    y = frame["y"].to_numpy()
    told = []
    for _ in range(TRIALS):
        chosen = list(rng.choice(NAMES, 4, replace=False))
        model = lightgbm.LGBMClassifier(n_estimators=int(rng.integers(5, 40)), verbose=-1, n_jobs=1,
                                        num_leaves=int(rng.integers(3, 16)), random_state=0)
        x = frame.select(chosen).to_numpy()
        told.append(model.fit(x[:cut], y[:cut]).predict_proba(x[cut:])[:, 1])
    return np.column_stack(told), y[cut:]


def naive(frame: pl.DataFrame, seed: int) -> float:
    """The AUC of the winner."""
    told, y = tried(frame, seed)
    return max(float(roc_auc_score(y, p)) for p in told.T)


def audited(trap: Trap, frame: pl.DataFrame, seed: int) -> Finding:
    """All trials against the base rate, on the rows that chose among them."""
    told, y = tried(frame, seed)
    share = frame["y"][: int(0.8 * ROWS)].mean()
    losses = -np.where(y[:, None] == 1, np.log(told), np.log1p(-told))
    baseline = -np.where(y == 1, np.log(share), np.log1p(-share))
    assert np.isclose(losses[:, 0].mean(), log_loss(y, told[:, 0]))
    return best_of_many(losses, baseline, block=1, seed=seed,
                        names=[f"trial {k}" for k in range(TRIALS)])


TRAP = Trap(
    name="best_of_many",
    story="try 120 configurations and report the best on the same test",
    code="LK307",
    table=table,
    naive=naive,
    audited=audited,
    schema={"time": "day", "target": "y"},
    config={"splits": ["expanding_window"], "optimization": ["random"], "n_trials": 8},
)
