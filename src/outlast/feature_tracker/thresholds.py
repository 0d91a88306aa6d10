"""Every limit that a verdict depends on, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """The limits of all verdicts; each sentence shows the ones that decided it.

    Parameters
    ----------
    gate_errors : float, default 1.0
        A run counts if it beats the best baseline by this many standard errors.
    leak_points : int, default 2
        Signs of leakage from which on a feature is suspected.
    leak_skill : float, default 0.9
        A feature that alone reaches this share of the full model's skill is one sign.
    leak_lag : float, default 0.5
        Losing more than this share of its own skill by one more step of lag is one sign.
    leak_others : float, default 0.2
        That sign counts only where the typical other feature loses less than this.
    leak_ratio : float, default 3.0
        A share under random folds this many times that under temporal ones is one sign.
    noise_skill : float, default 0.01
        Noise is worth less than this share of the run's lead over the baseline.
    unstable : float, default 0.4
        Chosen in a smaller share of the sets than this.
    min_sets : int, default 10
        Fewer sets say nothing about stability.
    drift_effect : float, default 0.25
        Drift from this on, if also above the 99th percentile of chance.
    drift_share : float, default 0.02
        Drift counts only in features with this share of importance.
    concentration : float, default 0.6
        One fold or event with this share of all gain makes a feature specific to it, if it
        also stands out from the others.
    outlier : float, default 0.01
        It stands out if Grubbs' test for one outlier has a p-value below this.
    min_events : int, default 4
        Fewer folds or events say nothing about concentration.
    alpha : float, default 0.05
        One-sided level at which the worth of a useful feature must lie above zero.
    core : float, default 0.8
        Share of cells above the best probe from which on a feature is core.
    useful : float, default 0.5
        The same for useful; below it a feature may be noise.
    """

    gate_errors: float = 1.0
    leak_points: int = 2
    leak_skill: float = 0.9
    leak_lag: float = 0.5
    leak_others: float = 0.2
    leak_ratio: float = 3.0
    noise_skill: float = 0.01
    unstable: float = 0.4
    min_sets: int = 10
    drift_effect: float = 0.25
    drift_share: float = 0.02
    concentration: float = 0.6
    outlier: float = 0.01
    min_events: int = 4
    alpha: float = 0.05
    core: float = 0.8
    useful: float = 0.5


THRESHOLDS = Thresholds()
