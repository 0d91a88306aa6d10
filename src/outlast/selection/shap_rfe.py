"""Drop what moves the predictions of later rows least, step by step, while the score allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from outlast import metrics
from outlast.models import Matrix
from outlast.selection.base import Floats, TrainingRows, require
from outlast.selection.judged import Finding, Judged
from outlast.selection.small_fits import Sides, contiguous, divide, fit, pushes

_BLOCKS = 8


@dataclass(frozen=True, eq=False)
class _Step:
    """One set of features: what each pushes, and what the set scores on later rows."""

    columns: tuple[str, ...]
    strength: dict[str, float]
    score: float
    se: float


@dataclass(frozen=True, kw_only=True)
class ShapRFE(Judged):
    """Recursive elimination by mean absolute SHAP on rows that the fit has not seen.

    Each step fits the features that are left on every inner fold and eliminates those that
    push the predictions of later rows least. The smallest set is kept that scores within some
    standard errors of the best one on these rows (their time is left out block by block for
    that error).

    Parameters
    ----------
    step : float, default 0.25
        Share of the features that are left which one step eliminates, one at least.
    tolerance_se : float, default 1.0

    References
    ----------
    Guyon, Weston, Barnhill and Vapnik, "Gene selection for cancer classification using support
    vector machines", *Machine Learning* 46 (2002); the rule of one standard error is that of
    Breiman, Friedman, Olshen and Stone, *Classification and Regression Trees* (1984).
    """

    step: float = 0.25
    tolerance_se: float = 1.0
    code = "F16"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, ("step", "tolerance_se"), 0.0, 100.0)

    def n_fits(self, n_features: int) -> int:
        """Three per step; early ones have more columns."""
        steps = 1
        while n_features > 1:
            n_features -= max(1, int(n_features * self.step))
            steps += 1
        return 3 * steps

    def judge(self, rows: TrainingRows) -> Sequence[Finding]:
        """Eliminate down to one feature, then choose among the sets on the way."""
        path = self._path(rows, list(divide(rows, rows.inner)))
        sign = 1 if rows.metric.greater_is_better else -1
        best = max(path, key=lambda step: (sign * step.score, -len(step.columns)))
        limit = best.score - sign * self.tolerance_se * best.se
        chosen = next(step for step in reversed(path) if sign * (step.score - limit) >= 0)
        last = {name: step for step in path for name in step.columns}
        return [self._finding(name, last[name], chosen, best, rows.metric.name)
                for name in rows.frame.columns]

    def _path(self, rows: TrainingRows, folds: Sequence[Sides]) -> list[_Step]:
        columns, path = tuple(rows.frame.columns), []
        while columns:
            path.append(_measure(rows, [sides.select(columns) for sides in folds]))
            strength = path[-1].strength
            ranked = sorted(columns, key=lambda name: (strength[name], name))
            gone = set(ranked[: max(1, int(len(columns) * self.step))])
            columns = tuple(name for name in columns if name not in gone)
        return path

    def _finding(self, name: str, last: _Step, chosen: _Step, best: _Step, unit: str) -> Finding:
        strength = last.strength[name]
        passed = name in chosen.columns
        n_left = len(last.columns)
        told = ("last of" if n_left == 1 else f"among the weakest of {n_left} by mean |SHAP|")
        place = (f"one of {len(chosen.columns)} features that score" if passed else
                 f"{told} on later rows ({strength:.3g}); the {len(chosen.columns)} kept score")
        errors = f"{self.tolerance_se:g} standard error{'s' * (self.tolerance_se != 1)}"
        return Finding(
            passed, f"{place} {chosen.score:.4g} {unit}, within {errors} ({best.se:.2g}) of the "
            f"best {best.score:.4g}", strength,
            {"statistic": "mean |SHAP| on later rows", "value": strength,
             "evidence": {"n_left": float(n_left), "n_kept": float(len(chosen.columns)),
                          "score": chosen.score, "best_score": best.score, "se": best.se,
                          "tolerance_se": self.tolerance_se, "importance": strength}})


def _measure(rows: TrainingRows, folds: Sequence[Sides]) -> _Step:
    columns = folds[0].train.columns
    strength, scores, variances = np.zeros(len(columns)), [], []
    for sides in folds:
        fitted = fit(sides.train, rows)
        strength += pushes(fitted, sides.test) / len(folds)
        score, se = _score(rows, sides, fitted.predict(sides.test))
        scores.append(score)
        variances.append(se**2)
    return _Step(columns, dict(zip(columns, strength.tolist(), strict=True)),
                 float(np.mean(scores)), float(np.sqrt(np.sum(variances)) / len(folds)))


def _score(rows: TrainingRows, sides: Sides, prediction: Floats) -> tuple[float, float]:
    """Score of later rows, and its error by leaving out one stretch of their time each."""
    block = contiguous(sides.test_time, _BLOCKS)
    n = int(block.max()) + 1
    weights = np.vstack([np.ones(len(block)), block != np.arange(n)[:, None]]).astype(np.float64)
    score, *left_out = metrics.weighted_scores(rows.metric, _labels(sides.test), prediction,
                                               weights)
    known = np.array([value for value in left_out if np.isfinite(value)])
    if known.size < 2:
        return float(score), 0.0
    return float(score), float(np.sqrt((known.size - 1) * known.var()))


def _labels(data: Matrix) -> Floats:
    return data.target
