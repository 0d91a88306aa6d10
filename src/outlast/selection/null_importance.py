"""Drop what is split on no more than when the target means nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from outlast.importance.blocks import Shuffles, spread_rows, time_blocks
from outlast.models import Matrix
from outlast.selection.base import Floats, TrainingRows, require
from outlast.selection.judged import Finding, Judged
from outlast.selection.small_fits import TRAIN_ROWS, Times, encode, fit


@dataclass(frozen=True, kw_only=True)
class NullImportance(Judged):
    """Keep features whose gain is beyond what they reach with permuted targets.

    A permuted target is moved along time by a random stretch and then permuted within each
    time, so that it knows nothing of the features and keeps its own course. The root of the
    gain is compared with its null draws by Student's t for one further draw, and the p-values
    by Benjamini and Hochberg.

    Parameters
    ----------
    n_draws : int, default 30
    alpha : float, default 0.05
        False discovery rate.

    References
    ----------
    Altmann, Toloşi, Sander and Lengauer, "Permutation importance: a corrected feature
    importance measure", *Bioinformatics* 26 (2010).
    """

    n_draws: int = 30
    alpha: float = 0.05
    code = "F17"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, ("alpha",), 0.0, 1.0)
        require(self, ("n_draws",), 5)

    def n_fits(self, n_features: int) -> int:  # noqa: ARG002
        """The real one, and one per draw."""
        return 1 + self.n_draws

    def judge(self, rows: TrainingRows) -> Sequence[Finding]:
        """Compare the gain with that under permuted targets."""
        from scipy import stats

        chosen = spread_rows(rows.time, TRAIN_ROWS, rows.context.seed)
        data, time = encode(rows).take(chosen), rows.time[chosen]
        real = _root_gain(data, rows)
        null = np.stack([_root_gain(replace(data, y=y), rows) for y in
                         _null_targets(data.target, time, self.n_draws, rows.context.seed)])
        mean, spread = null.mean(axis=0), null.std(axis=0, ddof=1)
        p = _p_values(real, mean, spread, self.n_draws)
        adjusted = stats.false_discovery_control(p)
        return [self._finding(*numbers) for numbers in
                zip(real.tolist(), mean.tolist(), spread.tolist(), adjusted.tolist(), strict=True)]

    def _finding(self, real: float, mean: float, spread: float, p: float) -> Finding:
        return Finding(
            p <= self.alpha,
            f"its gain (root {real:.3g}) against {mean:.3g} (sd {spread:.2g}) over "
            f"{self.n_draws} permuted targets: p = {p:.2g} after Benjamini-Hochberg, limit "
            f"{self.alpha:g}", real - mean,
            {"statistic": "p of root gain", "value": p, "threshold": self.alpha,
             "evidence": {"importance": real, "null_mean": mean, "null_sd": spread,
                          "n_draws": float(self.n_draws)}})


def _root_gain(data: Matrix, rows: TrainingRows) -> Floats:
    gain = fit(data, rows).gain()
    assert gain is not None, "trees have a gain"
    return np.sqrt(gain)


def _null_targets(y: Floats, time: Times, n_draws: int, seed: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    order = np.argsort(time, kind="stable")
    shuffles = Shuffles.draw(time_blocks(time), n_draws, seed)
    is_panel = shuffles.blocks.max(initial=0) > 0
    found = []
    for within, move in zip(shuffles.within, rng.uniform(0.1, 0.9, n_draws), strict=True):
        moved = np.empty_like(y)
        moved[order] = np.roll(y[order], int(move * len(y)))
        # Without several rows per time there is one block, and its order in time must stay.
        found.append(moved[within] if is_panel else moved)
    return found


def _p_values(real: Floats, mean: Floats, spread: Floats, n: int) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (real - mean) / (spread * np.sqrt(1 + 1 / n))
    constant = np.where(real > mean, 0.0, 1.0)
    return np.where(spread > 0, special.stdtr(n - 1, -np.nan_to_num(t)), constant)
