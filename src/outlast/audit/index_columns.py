"""Row numbers and clocks must not be features."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.audit.base import Check, Facts, Floats
from outlast.audit.wording import counted
from outlast.data import Panel
from outlast.data.index_columns import ROW_NUMBER, RUNNING_NUMBER, index_columns
from outlast.features import FeatureTable
from outlast.records import Finding

# A row number predicts if it beats a coin, and the time alone, by this much AUC ...
_MARGIN = 0.05
# ... and by this many standard errors of the AUC of a column without any meaning.
_STANDARD_ERRORS = 4.0
_BINS = 20


class IndexColumns(Check):
    """Looks for columns that only say where a row stands in the table.

    One that goes with the target is an issue: it tells when a row was made, which a shuffled
    split rewards and the future does not. It blocks only where a feature is made of it and
    it predicts better than the time itself: then the order of the rows was made with the
    target.
    """

    code = "LK108"
    title = "Row numbers and clocks"
    finds = "columns that number the rows or count the time, and features made of them"

    def look(self, facts: Facts) -> Finding:
        """Compare every such column with the target and with the time."""
        reasons = index_columns(facts.panel)
        if not facts.raw_columns:
            return self.not_applicable("the table has no column that may become a feature")
        if not reasons:
            return self.passed(f"None of {counted(len(facts.raw_columns), 'column')} numbers the "
                               "rows or counts the time.", columns=len(facts.raw_columns))
        used = _used(facts.features)
        power = {name: _power(facts.panel, facts.panel.frame[name]) for name in reasons
                 if facts.panel.frame[name].dtype.is_numeric()}
        by_time = _power(facts.panel, pl.Series(facts.panel.time.ns))
        chance = _STANDARD_ERRORS * _standard_error(facts.panel)
        telling = [name for name, value in power.items() if value > max(_MARGIN, chance)]
        leaks = [name for name in telling if name in used and power[name] - by_time > _MARGIN
                 and reasons[name] in (ROW_NUMBER, RUNNING_NUMBER)]
        told = "; ".join(f"`{name}` {reason}{_strength(power.get(name))}"
                         f"{'' if name in used else ', and no feature uses it'}"
                         for name, reason in reasons.items())
        action = f"Put them in ignore: {', '.join(reasons)}."
        if telling:
            return self.issue(f"{told}.", action, blocking=bool(leaks), columns=reasons,
                              predicting=telling, power=power, power_of_time=by_time)
        return self.tip(f"{told}.", action, columns=reasons, power=power, power_of_time=by_time)


def _used(features: FeatureTable) -> set[str]:
    """The columns that surely feed a feature; a function does not tell what it reads."""
    known = [entry for entry in features.lineage if entry.family != "function"]
    passed_on = {entry.feature for entry in features.lineage if entry.family == "function"}
    return passed_on.union(*(entry.roots for entry in known))


def _strength(power: float | None) -> str:
    return "" if power is None else f" (AUC {0.5 + power:.2f} against the target)"


def _power(panel: Panel, column: pl.Series) -> float:
    """How far the AUC of a column is from a coin's, for the class that it tells best.

    For a measured target the AUC is that of telling its upper half from its lower. A base
    rate may rise and fall again: besides the column itself, the share of the class among
    its neighbours is scored, as every other row gives it, on the rows between.
    """
    usable = panel.usable & column.is_not_null().to_numpy()
    ranks = _ranks(column.cast(pl.Float64).to_numpy()[usable])
    return max((max(abs(_auc(ranks, is_class) - 0.5), _auc_by_place(ranks, is_class) - 0.5)
                for is_class in _classes(panel, usable)), default=0.0)


def _auc_by_place(ranks: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """AUC of the share of positives in the bin of each second row, told by the other rows."""
    bins = np.minimum((ranks - 1) * _BINS // ranks.size, _BINS - 1).astype(np.intp)
    order = np.argsort(ranks, kind="stable")
    told, scored = order[::2], order[1::2]
    rows = np.bincount(bins[told], minlength=_BINS)
    hits = np.bincount(bins[told], positive[told], minlength=_BINS)
    share = (hits + positive.mean()) / (rows + 1)
    return _auc(_ranks(share[bins[scored]]), positive[scored])


def _classes(panel: Panel, usable: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.bool_]]:
    y = panel.y[usable]
    if panel.task == "regression":
        return [y > np.median(y)]
    return [y == code for code in range(1 if panel.n_classes == 2 else panel.n_classes)]


def _auc(ranks: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """Mann-Whitney: the chance that a positive row ranks above a negative one."""
    n, m = np.count_nonzero(positive), np.count_nonzero(~positive)
    if not n * m:
        return 0.5
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def _standard_error(panel: Panel) -> float:
    """Standard error of the AUC of a column without meaning, for the rarest class."""
    usable = panel.usable
    sizes = [(np.count_nonzero(c), np.count_nonzero(~c)) for c in _classes(panel, usable)]
    return max(((n + m + 1) / (12 * n * m)) ** 0.5 if n * m else 0.0 for n, m in sizes)


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return pl.Series(values).rank().to_numpy()
