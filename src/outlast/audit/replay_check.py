"""What the three replay checks share: one replay, and how a divergence becomes a finding."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from functools import lru_cache
from typing import ClassVar

import numpy as np

from outlast.audit.base import Check, Facts
from outlast.audit.replay import Comparison, Divergence, Mode, Replay, Value, replay
from outlast.data import Panel
from outlast.records import Finding

# Columns times cuts.
_COLUMNS_REPLAYED = 3000


@lru_cache(maxsize=1)
def replayed(facts: Facts) -> Replay:
    """Replay what is audited, once for the checks that read it."""
    assert facts.recipe is not None, "the check looks first"
    headline = next(iter(facts.honest.values()), None)
    folds = [] if headline is None else headline.folds
    starts = [int(facts.panel.time.ns[fold.test].min()) for fold in folds if fold.test.size]
    # Hundreds of columns of a recipe are made by a few formulas, which fewer cuts show as well.
    most = max(4, _COLUMNS_REPLAYED // len(facts.features.names))
    return replay(facts.recipe, facts.panel, cuts=min(24 if facts.level == "full" else 12, most),
                  seed=facts.seed, before=starts)


class ReplayCheck(Check):
    """What the three modes of a replay have in common."""

    mode: ClassVar[Mode]
    action: ClassVar[str]
    blocking: ClassVar[bool] = True
    reports_unassessed: ClassVar[bool] = False
    """Whether it is the one that names the features that no mode could replay."""

    @abstractmethod
    def tell(self, divergence: Divergence, panel: Panel) -> str:
        """Say what a divergence means, as a sentence without its full stop."""

    @abstractmethod
    def tell_passed(self, done: Replay) -> str:
        """Say what was compared and found to be the same."""

    def look(self, facts: Facts) -> Finding:
        """Replay the features, or read what was replayed."""
        if facts.recipe is None:
            return self.not_applicable("the features came without what computes them")
        done = replayed(facts)
        found: Comparison = getattr(done, self.mode)
        if found.divergences:
            return self._issue(found, facts.panel)
        if found.errors and not found.n_runs:
            return self.tip(f"The features could not be replayed: they raise {found.errors[0]}.",
                            "Let the feature function accept a table with fewer rows or other "
                            "values.", errors=list(found.errors))
        if not found.n_runs:
            unit = "entity" if self.mode == "drop_entity" else "timestamp"
            return self.not_applicable(f"the table has a single {unit}")
        if self.reports_unassessed and (blind := _blind(done)):
            told = "; ".join(f"`{name}` {why}" for name, why in blind.items())
            return self.tip(f"Some features could not be replayed: {told}.",
                            "Seed what is drawn at random, and compute every feature from the "
                            "table that the function is given.", columns=list(blind))
        return self.passed(self.tell_passed(done), features=len(done.columns), runs=found.n_runs,
                           rows=found.n_keys, failed=len(found.errors),
                           unmoved=list(done.unmoved))

    def _issue(self, found: Comparison, panel: Panel) -> Finding:
        first, *others = found.divergences
        more = f"; the same holds for {quoted(d.column for d in others)}" if others else ""
        return self.issue(f"{self.tell(first, panel)}{more}.", self.action, blocking=self.blocking,
                          columns=[d.column for d in found.divergences],
                          mode=self.mode,
                          gaps={d.column: d.gap for d in found.divergences}, entity=first.entity,
                          time=shown_time(panel, first.time), full=first.full,
                          replayed=first.replayed, cut=self._shown_cut(first, panel),
                          runs=found.n_runs)

    def _shown_cut(self, divergence: Divergence, panel: Panel) -> str:
        cut = divergence.cut
        return cut if isinstance(cut, str) else shown_time(panel, cut)


def _blind(done: Replay) -> dict[str, str]:
    """The features of which the replay says nothing, with the reason."""
    reason = "does not depend on the table's values"
    # Some such features are usual, weekdays for one; if all are, they come from elsewhere.
    unmoved = done.unmoved if set(done.unmoved) == set(done.columns) else ()
    return {**done.not_assessed, **dict.fromkeys(unmoved, reason)}


def shown_time(panel: Panel, time: int) -> str:
    """Return a time of the panel as its own clock shows it."""
    value = panel.frame[panel.schema.time][int(np.searchsorted(panel.time.ns, time))]
    return str(value).removesuffix(" 00:00:00")


def shown_key(divergence: Divergence, panel: Panel) -> str:
    """Return whom and when a divergence is about, such as "for AAPL on 2010-03-04"."""
    who = "" if divergence.entity is None else f"for {divergence.entity} "
    return f"{who}{_at(shown_time(panel, divergence.time))}"


def shown_values(divergence: Divergence) -> tuple[str, str]:
    """Return both values with as many digits as it takes to tell them apart."""
    full, replayed = (_text(value, 4) for value in (divergence.full, divergence.replayed))
    if full == replayed:
        full, replayed = (_text(value, 9) for value in (divergence.full, divergence.replayed))
    return full, replayed


def shown_end(divergence: Divergence, panel: Panel) -> str:
    """Return the cut, such as "on 2010-03-05"."""
    assert isinstance(divergence.cut, int), "only a mode that cuts in time is told so"
    return _at(shown_time(panel, divergence.cut))


def quoted(names: Iterable[str]) -> str:
    """Return names for a sentence, at most five of them."""
    listed = [f"`{name}`" for name in names]
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")


def _at(shown: str) -> str:
    return f"{'on' if len(shown) == 10 and shown.count('-') == 2 else 'at'} {shown}"


def _text(value: Value, digits: int) -> str:
    if value is None:
        return "missing"
    return repr(value) if isinstance(value, str) else f"{value:.{digits}g}"
