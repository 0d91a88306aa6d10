"""One feature that decides the target alone is more often a leak than a discovery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from outlast.audit.base import Facts, Floats, Measured, Positions, StatisticalCheck
from outlast.audit.probe import SCALE, Probe, block_scores
from outlast.audit.time_blocks import (
    draw,
    forward_folds,
    horizon_steps,
    no_split,
    p_above,
    time_blocks,
)
from outlast.features import last_known_target
from outlast.importance.single import predict_alone
from outlast.records import Finding

_DECIDES = 0.95
_CARRIES = 0.85
_SHARE_OF_LIFT = 0.95
_MAX_FOLDS = 5
_MAX_TRAIN, _MAX_TEST = 8_000, 4_000


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores per time block: of each feature alone, of all together, and without any."""

    alone: dict[str, Floats]
    together: Floats
    last_label: Floats
    entity: Floats

    @property
    def naive(self) -> float:
        """The better of the last known label and the entity's own mean."""
        return max(_mean(self.last_label), _mean(self.entity))

    def suspects(self) -> list[str]:
        """Return the features that are too good to be true, best first."""
        full = _mean(self.together)
        means = {name: _mean(values) for name, values in self.alone.items()}
        found = [name for name, mean in means.items() if _too_good(mean, full, self.naive)]
        return sorted(found, key=lambda name: -means[name])

    def best(self) -> str:
        """Return the feature with the highest score."""
        return max(self.alone, key=lambda name: np.nan_to_num(_mean(self.alone[name])))


class SingleFeature(StatisticalCheck):
    """Scores every feature alone on the headline's test, per time block.

    A feature alone is the target's mean in each of twenty bins, or per category, of the
    train rows. It is too good to be true if it scores 0.95, or 0.85 and with it 95 % of
    what all features reach beyond chance; and if it leaves at most half of the error of the
    last known label or the entity's own mean, which are as good on a target that hardly
    moves. Parts of the calendar are exempt: everybody knows them.
    """

    code = "LK301"
    title = "Single features"
    finds = "a feature that alone predicts nearly as well as can be"

    def measure(self, facts: Facts) -> Measured | Finding:
        """Score each feature, all of them, and what is known without any."""
        if reason := no_split(facts):
            return self.not_applicable(reason)
        scores = _scores(facts)
        if not scores.alone or np.isfinite(scores.together).sum() < 4:
            return self.not_applicable("the headline's test has fewer than four time blocks, of "
                                       "three horizons each, with two classes in them")
        suspects = scores.suspects()
        name = (suspects or [scores.best()])[0]
        values = scores.alone[name]
        n_blocks, others = int(np.isfinite(values).sum()), suspects[1:]
        also = f" So do {', '.join(f'`{other}`' for other in others)}." if others else ""
        return Measured(
            min(1.0, p_above(values, 0.5) * len(scores.alone)), bool(suspects),
            f"`{name}` alone scores {_mean(values):.3f} ({SCALE[facts.panel.task]}, mean of "
            f"{n_blocks} time blocks), all features together {_mean(scores.together):.3f}, the "
            f"last known label or the entity's mean {scores.naive:.3f}.{also}",
            f"If {_origin(facts, name)} is not known at prediction time, declare it as leaky.",
            {"feature": name, "score": _mean(values), "blocks": n_blocks, "others": others,
             "together": _mean(scores.together), "naive": scores.naive,
             "features": len(scores.alone)})


def _too_good(mean: float, full: float, naive: float) -> bool:
    carries = mean >= _CARRIES and mean - 0.5 >= _SHARE_OF_LIFT * (full - 0.5)
    beyond_naive = not 1 - mean > 0.5 * (1 - naive)
    return (mean >= _DECIDES or carries) and beyond_naive


def _scores(facts: Facts) -> Scores:
    panel, table = facts.panel, facts.features
    columns = {entry.feature: table.frame[entry.feature] for entry in table.lineage
               if entry.family != "calendar"}
    naive = [pl.Series(last_known_target(panel)), pl.Series(panel.entity).cast(pl.String)]
    folds = [(draw(train, _MAX_TRAIN, facts.seed), draw(test, _MAX_TEST, facts.seed))
             for train, test in forward_folds(facts)[-_MAX_FOLDS:]]
    rows = np.concatenate([test for _, test in folds])
    blocks = time_blocks(panel.time.ns[rows], horizon_steps(facts))

    def score(predict: Callable[[Positions, Positions], Floats]) -> Floats:
        guess = np.concatenate([predict(train, test) for train, test in folds])
        return block_scores(panel.task, panel.y[rows], guess, blocks)

    return Scores(
        {name: score(partial(_alone, facts, column)) for name, column in columns.items()},
        score(lambda train, test: Probe(table, train, test, seed=facts.seed).predict(
            panel.y, panel.task)),
        *(score(partial(_alone, facts, column)) for column in naive))


def _alone(facts: Facts, column: pl.Series, train: Positions, test: Positions) -> Floats:
    panel = facts.panel
    n_classes = panel.n_classes if panel.task == "multiclass" else 1
    return predict_alone(column[train], panel.y[train], column[test], n_classes)


def _origin(facts: Facts, name: str) -> str:
    roots = next(entry.roots for entry in facts.features.lineage if entry.feature == name)
    return f"`{roots[0]}`" if len(roots) == 1 else f"one of the columns that `{name}` is made of"


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
