"""Drop what does not beat the shadows of the features: shuffled copies of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from outlast.importance.blocks import Shuffles, time_blocks
from outlast.models import Matrix
from outlast.selection.base import Floats, TrainingRows, require
from outlast.selection.judged import Finding, Judged
from outlast.selection.small_fits import Sides, Times, divide, fit, pushes


@dataclass(frozen=True, kw_only=True)
class Boruta(Judged):
    """Keep what pushes predictions of later rows more than any shadow does, again and again.

    A shadow is a copy of a feature, shuffled within time. In every round a small fit gets all
    features and their shadows; a feature that moves the predictions of the inner fold's later
    rows more than the best shadow scores a hit. Hits against a fair coin decide; what stays
    undecided is kept if its median exceeds that of the best shadow.

    Parameters
    ----------
    n_rounds : int, default 24
    alpha : float, default 0.05
        Level of the two-sided binomial test, corrected for the number of features.

    References
    ----------
    M. Kursa and W. Rudnicki, "Feature selection with the Boruta package", *Journal of
    Statistical Software* 36 (2010).
    """

    n_rounds: int = 24
    alpha: float = 0.05
    code = "F15"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, ("alpha",), 0.0, 1.0)
        require(self, ("n_rounds",), 1)

    def n_fits(self, n_features: int) -> int:  # noqa: ARG002
        """One per round, on twice the columns."""
        return 2 * self.n_rounds

    def judge(self, rows: TrainingRows) -> Sequence[Finding]:
        """Count hits over the rounds."""
        folds = [rows.inner[at % len(rows.inner)] for at in range(self.n_rounds)]
        rounds = [self._round(rows, sides, seed) for seed, sides in enumerate(divide(rows, folds))]
        width = len(rows.frame.columns)
        strength = np.array([own for own, _ in rounds]).reshape(-1, width)
        shadow = np.array([best for _, best in rounds])
        hits = (strength > shadow[:, None]).sum(axis=0)
        middle = np.median(strength, axis=0) if rounds else np.zeros(width)
        bar = float(np.median(shadow)) if rounds else 0.0
        return [self._finding(int(n), len(rounds), width, (float(m), bar))
                for n, m in zip(hits, middle, strict=True)]

    def _round(self, rows: TrainingRows, sides: Sides, seed: int) -> tuple[Floats, float]:
        """How much each feature pushes, and how much the best shadow does."""
        width, base = len(sides.train.columns), rows.context.seed
        train = _with_shadows(sides.train, sides.train_time, base + 2 * seed)
        test = _with_shadows(sides.test, sides.test_time, base + 2 * seed + 1)
        strength = pushes(fit(train, rows, seed), test)
        return strength[:width], float(strength[width:].max())

    def _finding(
        self, hits: int, n: int, n_features: int, medians: tuple[float, float]
    ) -> Finding:
        better, worse = (min(1.0, n_features * float(tail)) for tail in (
            special.bdtrc(hits - 1, n, 0.5), special.bdtr(hits, n, 0.5)))
        decided, p = min(better, worse) <= self.alpha / 2, min(better, worse)
        own, bar = medians
        passed = better < worse if decided else own > bar
        how = (f"p = {p:.2g} after Bonferroni for {n_features} features, limit "
               f"{self.alpha / 2:g}" if decided else
               f"undecided, median |SHAP| {own:.3g} against {bar:.3g}")
        return Finding(
            passed, f"beat the best shadow in {hits}/{n} rounds ({how})", own,
            {"statistic": "share of rounds above the best shadow", "value": hits / max(n, 1),
             "threshold": 0.5,
             "evidence": {"hits": float(hits), "n_rounds": float(n), "p": p,
                          "alpha": self.alpha / 2, "n_features": float(n_features),
                          "importance": own, "shadow": bar}})


def _with_shadows(data: Matrix, time: Times, seed: int) -> Matrix:
    shuffles = Shuffles.draw(time_blocks(time), 1, seed)
    shadows = np.column_stack([shuffles.of(column)[0] for column in data.X.T])
    width = len(data.columns)
    return replace(data, X=np.hstack([data.X, shadows.astype(np.float32)]),
                   columns=(*data.columns, *(f"shadow of {name}" for name in data.columns)),
                   categorical=(*data.categorical, *(width + at for at in data.categorical)))
