"""What a protocol predicts may not depend on the rows outside its train side."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from outlast.audit.base import Check, Facts, Floats, Positions, Predict, Protocol
from outlast.audit.disturbance import FAILURES, disturbed
from outlast.records import Finding

# Enough to learn from, and a fit in a second or so.
_TRAIN_ROWS, _TEST_ROWS = 1_000, 400
# Beyond the 9th digit two sums of the same numbers may differ by their order alone.
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Sides:
    """Train and test rows of one fold, few enough to fit several times."""

    train: Positions
    test: Positions


def sides(facts: Facts) -> Sides | None:
    """Return the latest fold of the first honest split: its last train rows, some test rows."""
    headline = next(iter(facts.honest.values()), None)
    if headline is None or not headline.folds:
        return None
    fold = headline.folds[-1]
    train, test = (rows[facts.panel.usable[rows]] for rows in (fold.train, fold.test))
    if not (train.size and test.size):
        return None
    spread = np.linspace(0, test.size - 1, min(test.size, _TEST_ROWS)).astype(np.intp)
    return Sides(train[-_TRAIN_ROWS:], test[spread])


@lru_cache(maxsize=1)
def learned(facts: Facts) -> dict[str, Predict | str]:
    """Fit every protocol once on the rows as they are; in place of a failed one, its error."""
    rows = sides(facts)
    assert rows is not None, "the check looks first"
    return {label: _fit(protocol, facts.features.frame, facts.panel.y, rows)
            for label, protocol in facts.protocols.items()}


def predicted(predict: Predict, frame: pl.DataFrame) -> Floats | str:
    """Predict; return the error if that fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.atleast_1d(np.asarray(predict(frame), dtype=np.float64))
        except FAILURES as error:
            return f"{type(error).__name__}: {error}"


def largest_change(before: Floats, after: Floats) -> float:
    """Return the largest difference; infinite where only one is known or the shapes differ."""
    if before.shape != after.shape or not np.array_equal(np.isnan(before), np.isnan(after)):
        return float("inf")
    return float(np.max(np.abs(before - after), where=~np.isnan(before), initial=0.0))


def magnitude(prediction: Floats) -> float:
    """Return the largest absolute prediction, against which a change is measured."""
    return largest_change(prediction, np.where(np.isnan(prediction), np.nan, 0.0))


def finite(changes: Mapping[str, float]) -> dict[str, float | None]:
    """Return changes as evidence, None for one without a size."""
    return {label: size if np.isfinite(size) else None for label, size in changes.items()}


class HeldOutRows(Check):
    """Fits again with other values in all rows outside the train side.

    The predictions for the untouched test rows must stay the same. If they do not, the
    preprocessing, the selection, a target encoding or the early stopping saw those rows.
    """

    code = "LK204"
    title = "Refit with other test rows"
    finds = "preprocessing, selection or early stopping that sees rows outside the train side"

    def look(self, facts: Facts) -> Finding:
        """Refit every protocol on one fold."""
        rows = sides(facts)
        if rows is None or not facts.protocols:
            return self.not_applicable("there is no fold, or nothing that learns, to refit")
        answers = {label: _change_by_noise(facts, label, rows) for label in facts.protocols}
        changed = {label: a for label, a in answers.items() if isinstance(a, float) and a > 0}
        unsure = {label: a for label, a in answers.items() if isinstance(a, str)}
        if changed:
            return self._issue(changed, rows)
        if unsure:
            told = "; ".join(f"`{label}` {why}" for label, why in unsure.items())
            return self.tip(f"Not every way of learning could be refitted: {told}.",
                            "Seed what is drawn at random.", protocols=list(unsure))
        named = ", ".join(f"`{label}`" for label in answers)
        return self.passed(f"{named}, fitted on {rows.train.size:,} train rows, predict the same "
                           f"for {rows.test.size:,} test rows whatever the rows outside the train "
                           "side hold.", protocols=list(answers), train=rows.train.size,
                           test=rows.test.size)

    def _issue(self, changed: dict[str, float], rows: Sides) -> Finding:
        worst = max(changed, key=lambda label: changed[label])
        if np.isfinite(changed[worst]):
            told = f"its predictions for {rows.test.size:,} test rows change by up to " \
                   f"{changed[worst]:.3g}"
        else:
            told = "it fails or predicts nothing"
        more = ", ".join(f"`{label}`" for label in changed if label != worst)
        return self.issue(
            f"`{worst}` sees rows outside its train side: once they hold other values, {told}"
            f"{f'; the same holds for {more}' if more else ''}.",
            "Fit the preprocessing, the selection and the encodings on the train rows of each "
            "fold alone, and stop early on a part of them.",
            changes=finite(changed), test=rows.test.size, train=rows.train.size)


def _change_by_noise(facts: Facts, label: str, rows: Sides) -> float | str:
    """Return by how much noise outside the train side changes predictions, or why it is unknown."""
    protocol, fitted = facts.protocols[label], learned(facts)[label]
    probe = facts.features.frame[rows.test]
    before = _predictions(fitted, probe)
    if isinstance(before, str):
        return f"raises {before}"
    # Other sizes move what was averaged; a mere permutation leaves nothing there to learn, so
    # that early stopping stops at once.
    for scale in (True, False):
        after = _predictions(_fit(protocol, *_noise(facts, rows, scale=scale), rows), probe)
        # What the train rows alone decide cannot fail over the others.
        change = float("inf") if isinstance(after, str) else largest_change(before, after)
        if change > _TOLERANCE * magnitude(before):
            again = _predictions(_fit(protocol, facts.features.frame, facts.panel.y, rows), probe)
            repeats = not isinstance(again, str) and largest_change(before, again) == 0
            return change if repeats else "is not the same when it is fitted again"
    return 0.0


def _noise(facts: Facts, rows: Sides, *, scale: bool) -> tuple[pl.DataFrame, Floats]:
    """Return features and target with other values of the same kind outside the train side."""
    rng = np.random.default_rng(facts.seed)
    outside = np.ones(facts.panel.n_rows, dtype=np.bool_)
    outside[rows.train] = False
    frame = facts.features.frame.select(
        disturbed(column, outside, rng, scale=scale) for column in facts.features.frame)
    y = pl.Series(facts.panel.y)
    labelled = outside & ~np.isnan(facts.panel.y)
    scale = scale and facts.panel.task == "regression"
    return frame, disturbed(y, labelled, rng, scale=scale).to_numpy()


def _fit(protocol: Protocol, frame: pl.DataFrame, y: Floats, rows: Sides) -> Predict | str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return protocol(frame, y.copy(), rows.train, rows.test)
        except FAILURES as error:
            return f"{type(error).__name__}: {error}"


def _predictions(fitted: Predict | str, probe: pl.DataFrame) -> Floats | str:
    return fitted if isinstance(fitted, str) else predicted(fitted, probe)
