"""A row's prediction may not depend on the rows that are predicted with it."""

from __future__ import annotations

import numpy as np

from outlast.audit.base import Check, Facts, Predict
from outlast.audit.held_out_rows import (
    Sides,
    finite,
    largest_change,
    learned,
    magnitude,
    predicted,
    sides,
)
from outlast.records import Finding

_PROBE_ROWS = 20
# Libraries multiply one row and many in a different order, often in Float32 (7 digits), so
# that honest predictions agree to about 1e-6; a batch that matters changes the first digits.
_TOLERANCE = 1e-5


class RowIsolation(Check):
    """Predicts test rows one by one, together, and together in another order."""

    code = "LK205"
    title = "Rows predicted alone"
    finds = "predictions that depend on the other rows of their batch"

    def look(self, facts: Facts) -> Finding:
        """Ask every protocol, fitted on one fold."""
        rows = sides(facts)
        if rows is None or not facts.protocols:
            return self.not_applicable("there is no fold, or nothing that learns, to predict with")
        answers = {label: _change_by_batch(facts, fitted, rows)
                   for label, fitted in learned(facts).items()}
        changed = {label: a for label, a in answers.items() if isinstance(a, float) and a > 0}
        unsure = {label: a for label, a in answers.items() if isinstance(a, str)}
        if changed:
            return self._issue(changed)
        if unsure:
            told = "; ".join(f"`{label}` {why}" for label, why in unsure.items())
            return self.tip(f"Not everything that learns could predict rows alone: {told}.",
                            "Let it predict a single row, the same each time.",
                            protocols=list(unsure))
        return self.passed(f"{len(answers)} fitted ways of learning predict a row the same alone, "
                           "in a batch and in a shuffled batch.", protocols=list(answers))

    def _issue(self, changed: dict[str, float]) -> Finding:
        worst = max(changed, key=lambda label: changed[label])
        size = changed[worst]
        told = f"change by up to {size:.3g}" if np.isfinite(size) else "have another shape"
        more = ", ".join(f"`{label}`" for label in changed if label != worst)
        return self.issue(
            f"`{worst}` looks at the other rows of a batch: its predictions {told} when rows are "
            f"predicted alone or in another order{f'; the same holds for {more}' if more else ''}.",
            "Learn means, ranks and scales on the train rows and keep them; never compute them "
            "from the rows to predict.", changes=finite(changed))


def _change_by_batch(facts: Facts, fitted: Predict | str, rows: Sides) -> float | str:
    """Return by how much the batch changes predictions, or why it is unknown."""
    if isinstance(fitted, str):
        return f"raises {fitted}"
    spread = np.linspace(0, rows.test.size - 1, min(rows.test.size, _PROBE_ROWS))
    probe = facts.features.frame[rows.test[spread.astype(np.intp)]]
    order = np.random.default_rng(facts.seed).permutation(probe.height)
    asked = [probe, probe, probe[order], *(probe.slice(i, 1) for i in range(probe.height))]
    answers = [predicted(fitted, frame) for frame in asked]
    errors = [answer for answer in answers if isinstance(answer, str)]
    if errors:
        return f"raises {errors[0]}"
    batch, again, shuffled, *single = [a for a in answers if not isinstance(a, str)]
    if largest_change(batch, again) > 0:
        return "predicts otherwise when it is asked twice"
    alone = np.concatenate([answer.ravel() for answer in single])
    worst = max(largest_change(batch.ravel(), alone), largest_change(batch[order], shuffled))
    return worst if worst > _TOLERANCE * magnitude(batch) else 0.0
