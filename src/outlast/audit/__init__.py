"""Leak checks with stable codes: exact ones, replays, and statistical ones."""

from collections.abc import Callable, Iterable, Sequence

from outlast.audit.adversarial import AdversarialValidation
from outlast.audit.availability import Availability
from outlast.audit.base import (
    AuditedSplit,
    Check,
    Facts,
    Level,
    Measured,
    Predict,
    Protocol,
    StatisticalCheck,
)
from outlast.audit.best_of_many import BestOfMany
from outlast.audit.circular_shift import CircularShift
from outlast.audit.cut_events import CutEvents
from outlast.audit.fold_content import FoldContent
from outlast.audit.gap_sweep import GapSweep
from outlast.audit.held_out_rows import HeldOutRows
from outlast.audit.index_columns import IndexColumns
from outlast.audit.known_entities import KnownEntities
from outlast.audit.late_times import LateTimes
from outlast.audit.missingness import Missingness
from outlast.audit.placebo_target import PlaceboTarget
from outlast.audit.repeated_rows import RepeatedRows
from outlast.audit.replay_perturbed import PerturbationReplay
from outlast.audit.replay_truncated import TruncationReplay
from outlast.audit.replay_without_entity import DropEntityReplay
from outlast.audit.result import AuditReport
from outlast.audit.single_feature import SingleFeature
from outlast.audit.single_rows import RowIsolation
from outlast.audit.split_overlap import SplitOverlap
from outlast.audit.target_copy import TargetCopy
from outlast.errors import unknown_name
from outlast.records import Finding

__all__ = ["CHECKS", "AuditReport", "AuditedSplit", "Check", "Facts", "Level", "Predict",
           "Protocol", "StatisticalCheck", "run_checks"]

# LK1xx look at table and splits, LK2xx compute again, LK3xx are statistical.
CHECKS: dict[str, type[Check]] = {
    "LK101": SplitOverlap,
    "LK102": TargetCopy,
    "LK103": LateTimes,
    "LK104": RepeatedRows,
    "LK105": CutEvents,
    "LK106": FoldContent,
    "LK107": KnownEntities,
    "LK108": IndexColumns,
    "LK109": Availability,
    "LK201": TruncationReplay,
    "LK202": PerturbationReplay,
    "LK203": DropEntityReplay,
    "LK204": HeldOutRows,
    "LK205": RowIsolation,
    "LK301": SingleFeature,
    "LK302": Missingness,
    "LK303": CircularShift,
    "LK304": PlaceboTarget,
    "LK305": GapSweep,
    "LK306": AdversarialValidation,
    "LK307": BestOfMany,
}


def run_checks(
    facts: Facts, muted: Iterable[str] = (), listener: Callable[[str], None] | None = None
) -> AuditReport:
    """Ask every check that needs no trained model, and correct the p-values together.

    Parameters
    ----------
    facts : Facts
    muted : iterable of str, optional
        Codes of checks that are not asked.
    listener : callable, optional
        Called with the title of each check before it looks.

    Returns
    -------
    AuditReport
        Exactly one finding per check.

    Raises
    ------
    InputError
        For a muted code that no check has.
    """
    muted = frozenset(muted)
    for code in muted:
        if code not in CHECKS:
            raise unknown_name("check", code, CHECKS)
    answers: dict[str, Finding | Measured] = {}
    for code, kind in CHECKS.items():
        check = kind()
        if listener is not None:
            listener(f"{code} {check.title}")
        answers[code] = _muted(check) if code in muted else _ask(check, facts)
    return AuditReport(tuple(_concluded(answers)))


def _ask(check: Check, facts: Facts) -> Finding | Measured:
    if isinstance(check, StatisticalCheck):
        return check.skip(facts) or check.measure(facts)
    return check.look(facts)


def _muted(check: Check) -> Finding:
    return Finding(code=check.code, outcome="muted", severity="info", title=check.title,
                   sentence="this check was muted and did not look", anchor="validation")


def _concluded(answers: dict[str, Finding | Measured]) -> Iterable[Finding]:
    """Findings in order; what was only measured is judged by Holm's step-down p-values."""
    p_values = [a.p_value for a in answers.values() if isinstance(a, Measured)]
    adjusted = iter(holm(p_values))
    for code, answer in answers.items():
        if isinstance(answer, Finding):
            yield answer
            continue
        check = CHECKS[code]()
        assert isinstance(check, StatisticalCheck), "only statistical checks measure"
        yield check.conclude(answer, next(adjusted))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for the number of checks (Holm, 1979).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = largest
    return adjusted
