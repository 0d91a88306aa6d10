"""What a leak check is: facts in, one finding out, always."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data import Panel
from outlast.features import AnyRecipe, FeatureTable
from outlast.records import Finding
from outlast.splits import Fold, Splitter

Positions = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Level = Literal["exact", "quick", "full"]

# Feature rows -> probability of the class, shape (n,) or (n, n_classes), or the value.
Predict = Callable[[pl.DataFrame], Floats]
# (features of all rows, target, train positions, test positions) -> Predict. Whatever it
# learns, it may learn from the train positions only; the checks find out whether it does.
Protocol = Callable[[pl.DataFrame, Floats, Positions, Positions], Predict]


@dataclass(frozen=True)
class AuditedSplit:
    """One split strategy as it will be used on the panel.

    Attributes
    ----------
    folds : tuple of Fold
        Positions are rows of the panel.
    leaky : bool
        Whether it leaks on purpose, as a contrast, and is never judged.
    splitter : Splitter, optional
        None for one of another library, of which only the yielded rows are known.
    """

    folds: tuple[Fold, ...]
    leaky: bool = False
    splitter: Splitter | None = None


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known before anything is trained.

    Attributes
    ----------
    panel : Panel
    features : FeatureTable
        Row i belongs to row i of the panel.
    recipe : AnyRecipe, optional
        What made the features; without it they cannot be replayed.
    splits : mapping of label to AuditedSplit
        The first honest one is the headline.
    protocols : mapping of label to Protocol
        The ways of learning that the run is going to use.
    level : {"exact", "quick", "full"}
        How much work the checks may do: statistical checks are skipped at "exact", use
        tens of repetitions at "quick" and hundreds at "full".
    seed : int
    """

    panel: Panel
    features: FeatureTable
    recipe: AnyRecipe | None = None
    splits: Mapping[str, AuditedSplit] = field(default_factory=dict)
    protocols: Mapping[str, Protocol] = field(default_factory=dict)
    level: Level = "quick"
    seed: int = 0

    @cached_property
    def honest(self) -> dict[str, AuditedSplit]:
        """The splits that do not leak on purpose."""
        return {label: split for label, split in self.splits.items() if not split.leaky}

    @cached_property
    def raw_columns(self) -> tuple[str, ...]:
        """The columns of the table that may become features: no key, target or reserved one."""
        schema = self.panel.schema
        return tuple(name for name in self.panel.frame.columns
                     if name not in schema.reserved and name != schema.entity)


class Check(ABC):
    """One check with a stable code.

    An exact check that finds an issue is never a false alarm; one that says ``blocking``
    stops a run unless leaks are allowed.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    finds: ClassVar[str]
    """What it looks for, in one line for the list of checks."""

    @abstractmethod
    def look(self, facts: Facts) -> Finding:
        """Look at the facts and answer."""

    def issue(
        self, sentence: str, action: str, *, blocking: bool = True, **numbers: Any
    ) -> Finding:
        """The check found a leak."""
        return self._finding("issue", sentence, action, numbers, blocking)

    def tip(self, sentence: str, action: str, **numbers: Any) -> Finding:
        """Nothing is wrong, but something could be better or is worth a look."""
        return self._finding("tip", sentence, action, numbers)

    def passed(self, sentence: str, **numbers: Any) -> Finding:
        """The check looked and found nothing."""
        return self._finding("passed", sentence, "", numbers)

    def not_applicable(self, reason: str) -> Finding:
        """The check had nothing to look at."""
        return self._finding("not_applicable", reason, "", {})

    def skipped(self, reason: str) -> Finding:
        """The check could have looked and was not asked to."""
        return self._finding("skipped", reason, "", {})

    def _finding(
        self, outcome: Any, sentence: str, action: str, numbers: Mapping[str, Any],
        blocking: bool = False,
    ) -> Finding:
        severity = ("high" if blocking else "medium") if outcome == "issue" else "info"
        return Finding(code=self.code, outcome=outcome, severity=severity, title=self.title,
                       sentence=sentence, action=action, evidence=dict(numbers),
                       anchor="validation", blocking=blocking)


@dataclass(frozen=True)
class Measured:
    """What a statistical check measured, before all p-values are corrected together.

    Attributes
    ----------
    p_value : float
        Of "there is no such leak", already corrected for what the check looked at inside.
    notable : bool
        Whether the effect is large enough to matter, whatever its p-value.
    sentence : str
        What was measured, true whatever the outcome.
    action : str
        What to do if it is a leak.
    numbers : mapping
        Every number that the sentence shows.
    """

    p_value: float
    notable: bool
    sentence: str
    action: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


class StatisticalCheck(Check):
    """A check whose answer is a p-value; it never stops a run.

    All p-values of one audit are corrected together (S. Holm, *Scandinavian Journal of
    Statistics* 6, 1979), so that a sound table meets any issue in at most 5 % of audits.
    """

    only_tip: ClassVar[bool] = False
    """Whether a finding is worth a look (drift) rather than a leak."""

    @abstractmethod
    def measure(self, facts: Facts) -> Measured | Finding:
        """Measure, or say why there is nothing to measure."""

    def look(self, facts: Facts) -> Finding:
        """Measure and conclude as if this were the only check."""
        found = self.skip(facts) or self.measure(facts)
        return found if isinstance(found, Finding) else self.conclude(found, found.p_value)

    def skip(self, facts: Facts) -> Finding | None:
        """Answer "skipped" where the audit was asked for its exact checks only."""
        if facts.level != "exact":
            return None
        return self.skipped("only the exact checks were asked for; use --audit quick or full")

    def conclude(self, measured: Measured, p_adjusted: float) -> Finding:
        """Turn a measurement into a finding, given its p-value among all of them."""
        numbers = {**measured.numbers, "p_value": measured.p_value, "p_adjusted": p_adjusted}
        if p_adjusted >= ALPHA or not measured.notable:
            return self.passed(measured.sentence, **numbers)
        if self.only_tip:
            return self.tip(measured.sentence, measured.action, **numbers)
        return self.issue(measured.sentence, measured.action, blocking=False, **numbers)


ALPHA = 0.05
