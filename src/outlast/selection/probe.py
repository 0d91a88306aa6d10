"""Drop what does not beat random columns on later rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from outlast.selection.base import Floats, TrainingRows, require
from outlast.selection.clusters import correlation_clusters
from outlast.selection.judged import Finding, Judged
from outlast.selection.small_fits import probed_fits


@dataclass(frozen=True, kw_only=True)
class Probe(Judged):
    """Keep what is worth more than the best of three random columns, most of the time.

    Small fits with probes beside the features are made on every inner fold; features that
    correlate closely are shuffled together.

    Parameters
    ----------
    min_share : float, default 0.5
        Rule F07: drop if it beats the best probe in no more than this share of the fits.
    level : float, default 0.95
        Rule F08: drop if the whole confidence interval of its worth lies below zero.
    n_rounds : int, default 3
        Fits per inner fold, each with other probes.

    References
    ----------
    Stoppiglia, Dreyfus, Dubois and Oussar, "Ranking a random feature for variable and feature
    selection", *JMLR* 3 (2003).
    """

    min_share: float = 0.5
    level: float = 0.95
    n_rounds: int = 3
    code = "F07"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, ("min_share", "level"), 0.0, 1.0)
        require(self, ("n_rounds",), 1)

    def n_fits(self, n_features: int) -> int:  # noqa: ARG002
        """One per round and inner fold."""
        return 3 * self.n_rounds

    def judge(self, rows: TrainingRows) -> Sequence[Finding]:
        """Count the fits in which each group beats the best probe."""
        groups = correlation_clusters(rows.frame)
        fits = probed_fits(rows, list(rows.inner) * self.n_rounds, groups)
        unit = rows.metric.name
        found: dict[str, Finding] = {}
        for name, members in groups.items():
            worth = np.array([fit.worth[name] for fit in fits])
            n_above = sum(fit.above(name) for fit in fits)
            bar = float(np.mean([fit.best_probe for fit in fits])) if fits else 0.0
            finding = self._finding(worth, n_above, bar, unit)
            found |= dict.fromkeys(members, finding)
        return [found[name] for name in rows.frame.columns]

    def _finding(self, worth: Floats, n_above: int, bar: float, unit: str) -> Finding:
        n = len(worth)
        mean = float(worth.mean()) if n else 0.0
        low, high = self._interval(worth, n // self.n_rounds)
        evidence = {"n_above": float(n_above), "n_fits": float(n)}
        if high < 0:
            return Finding(
                False, f"shuffling it improves {unit} by {-mean:.3g} ({self.level:.0%} CI "
                f"{-high:.3g} to {-low:.3g})", mean,
                {"statistic": f"delta {unit}", "value": mean, "threshold": 0.0,
                 "evidence": {"low": low, "high": high, "level": self.level}})
        share = n_above / n if n else 1.0
        only = "only " if share <= self.min_share else ""
        return Finding(
            share > self.min_share,
            f"beat the best random probe in {only}{n_above}/{n} fits on later rows (worth "
            f"{mean:.3g} {unit} on average, the probe {bar:.3g})", mean,
            {"statistic": "share of fits above the best probe", "value": share,
             "threshold": self.min_share,
             "evidence": {**evidence, "importance": mean, "probe": bar}})

    def _interval(self, worth: Floats, n_folds: int) -> tuple[float, float]:
        """Of the mean over folds; rounds on one fold share its rows and count once."""
        if n_folds < 2 or len(worth) != n_folds * self.n_rounds:
            return -np.inf, np.inf
        by_fold = worth.reshape(self.n_rounds, n_folds).mean(axis=0)
        margin = special.stdtrit(n_folds - 1, (1 + self.level) / 2) * by_fold.std(ddof=1)
        return (float(by_fold.mean() - margin / np.sqrt(n_folds)),
                float(by_fold.mean() + margin / np.sqrt(n_folds)))
