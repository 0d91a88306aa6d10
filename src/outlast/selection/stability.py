"""Keep what is chosen again and again on halves of the training time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from outlast.selection.base import Fold, Ints, TrainingRows, require
from outlast.selection.clusters import correlation_clusters
from outlast.selection.judged import Finding, Judged
from outlast.selection.small_fits import contiguous, probed_fits

# Halves are made of stretches of time, long enough to keep what is alike together.
_BLOCKS = 12


@dataclass(frozen=True, kw_only=True)
class Stability(Judged):
    """Keep features that beat the best random probe on most halves of the training time.

    Each draw takes a random half of the stretches of time, and its complement; on both, a
    small fit with probes is asked as in `Probe`, with one random split into fit and later rows.

    Parameters
    ----------
    n_draws : int, default 20
        Halves, with their complements.
    threshold : float, default 0.6
        Share of the draws from which on a feature is kept.

    Notes
    -----
    The evidence holds the bound on the expected number of falsely kept features,
    q² / ((2 π - 1) p) for q chosen of p per draw and threshold π, which holds where noise is
    exchangeable and chosen no more often than by chance.

    References
    ----------
    N. Meinshausen and P. Bühlmann, "Stability selection", *JRSS B* 72 (2010); complementary
    halves: R. Shah and R. Samworth, *JRSS B* 75 (2013).
    """

    n_draws: int = 20
    threshold: float = 0.6
    code = "F18"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, ("threshold",), 0.5, 1.0)
        require(self, ("n_draws",), 2)

    def n_fits(self, n_features: int) -> int:  # noqa: ARG002
        """One per draw."""
        return self.n_draws

    def judge(self, rows: TrainingRows) -> Sequence[Finding]:
        """Count the halves on which each group of features beats the best probe."""
        groups = correlation_clusters(rows.frame)
        folds = list(self._halves(rows))
        fits = probed_fits(rows, folds, groups, n_repeats=2)
        chosen = {name: sum(fit.above(name) for fit in fits) for name in groups}
        n_per_fit = sum(chosen.values()) / max(1, len(fits))
        bound = n_per_fit**2 / ((2 * self.threshold - 1) * len(groups))
        found: dict[str, Finding] = {}
        for name, members in groups.items():
            worth = float(np.mean([fit.worth[name] for fit in fits])) if fits else 0.0
            found |= dict.fromkeys(members, self._finding(chosen[name], len(fits), worth, bound))
        return [found[name] for name in rows.frame.columns]

    def _halves(self, rows: TrainingRows) -> Iterator[Fold]:
        rng = np.random.default_rng([rows.context.seed, 1])
        for at in range(-(-self.n_draws // 2)):
            train, test = rows.inner[at % len(rows.inner)]
            pairs = zip(_halve(rows, train, rng), _halve(rows, test, rng), strict=True)
            yield from list(pairs)[: self.n_draws - 2 * at]

    def _finding(self, n_chosen: int, n: int, worth: float, bound: float) -> Finding:
        share = n_chosen / n if n else 1.0
        return Finding(
            share >= self.threshold,
            f"chosen on {n_chosen} of {n} halves of the training time ({share:.0%}, limit "
            f"{self.threshold:.0%})", worth,
            {"statistic": "selection frequency", "value": share, "threshold": self.threshold,
             "evidence": {"n_chosen": float(n_chosen), "n_draws": float(n), "importance": worth,
                          "false_bound": bound}})


def _halve(rows: TrainingRows, part: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    block = contiguous(rows.time[part], _BLOCKS)
    n = int(block.max()) + 1
    half = np.isin(block, rng.permutation(n)[: n // 2])
    return part[half], part[~half]
