"""Labels simulated from random walks have nothing to predict; no split may find something."""

from __future__ import annotations

import numpy as np

from outlast.audit.base import Facts, Floats, Positions
from outlast.audit.probe import Codes
from outlast.audit.surrogates import Scored, SurrogateCheck


class PlaceboTarget(SurrogateCheck):
    """Simulates labels that run as long as the real ones, from walks that know no features.

    The label of a row is how far a random walk goes from the row's time to its label end:
    one walk of each entity plus one that all share, with as much of the variance as real
    labels of a timestamp have in common. It is cut so that the classes are as frequent as
    in the real target. Labels that overlap in time are alike, and so are those of a
    timestamp; a split that lets them reach from train to test is seen to predict noise.
    """

    code = "LK304"
    title = "Placebo target"
    finds = "a split that predicts labels simulated from independent random walks"
    repeats = (10, 99)

    def surrogate(self, facts: Facts, rows: Positions, rng: np.random.Generator) -> Floats:
        """Simulate a label for every row."""
        panel = facts.panel
        start, end = _steps(panel.time.ns[rows], panel.label_end[rows])
        entity = panel.entity[rows]
        common = _in_common(panel.y[rows], start)
        walk = (np.sqrt(common) * _travelled(np.zeros_like(entity), start, end, rng)
                + np.sqrt(1 - common) * _travelled(entity, start, end, rng))
        y = panel.y.copy()
        y[rows] = walk if panel.task == "regression" else _cut(walk, panel.y[rows])
        return y

    def describe(self, worst: Scored, n_splits: int, scale: str) -> str:
        """Name the worst split and its score."""
        return (f"On a target simulated from independent random walks with the real label ends, "
                f"split {worst.label} scores {worst.mean:.3f} ({scale}, mean of "
                f"{worst.scores.size} simulations; chance is 0.5); {n_splits} "
                f"split{'s' * (n_splits > 1)} looked at.")


def _steps(time: Codes, end: Codes) -> tuple[Codes, Codes]:
    """Count the instants up to each; a label that takes no time takes one step."""
    instants = np.unique(np.concatenate([time, end]))
    start = np.searchsorted(instants, time)
    return start, np.maximum(np.searchsorted(instants, end), start + 1)


def _in_common(y: Floats, moment: Codes) -> float:
    """Return the correlation of labels of the same moment, from 0 to 1.

    Notes
    -----
    The analysis-of-variance estimate of the intraclass correlation; class codes are taken
    as numbers.
    """
    group = np.unique(moment, return_inverse=True)[1]
    count = np.bincount(group)
    if count.size in (1, y.size):
        return 0.0
    means = np.bincount(group, y) / count
    within = np.sum((y - means[group]) ** 2) / (y.size - count.size)
    between = np.sum(count * (means - y.mean()) ** 2) / (count.size - 1)
    typical = (y.size - np.sum(count**2) / y.size) / (count.size - 1)
    return float(np.clip((between - within) / (between + (typical - 1) * within), 0, 1))


def _travelled(group: Codes, start: Codes, end: Codes, rng: np.random.Generator) -> Floats:
    """Return how far the walk of each row's group goes from start to end.

    Only the instants that a group needs are simulated. Walks of neighbouring groups hang
    together, which no difference within a group can tell.
    """
    span = int(end.max()) + 1
    points = np.unique(np.concatenate([group * span + start, group * span + end]))
    steps = np.diff(points, prepend=points[0])
    walk = np.cumsum(rng.normal(size=points.size) * np.sqrt(steps))
    return np.asarray(walk[np.searchsorted(points, group * span + end)]
                      - walk[np.searchsorted(points, group * span + start)])


def _cut(values: Floats, classes: Floats) -> Floats:
    """Cut values so that each class is as frequent as among the given ones."""
    _, counts = np.unique(classes, return_counts=True)
    bounds = np.quantile(values, np.cumsum(counts)[:-1] / classes.size)
    return np.searchsorted(bounds, values, side="right").astype(np.float64)
