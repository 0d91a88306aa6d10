"""One verdict per feature and scope: the first rule that holds, with its numbers in a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from outlast.feature_tracker.thresholds import THRESHOLDS, Thresholds

Line = Mapping[str, Any]
_Rule = Callable[[Line, Thresholds], str | None]


class Verdict(NamedTuple):
    """What is said of a feature; every number of the sentence is in its row or a threshold."""

    verdict: str
    code: str
    sentence: str


def judge(row: Line, limits: Thresholds = THRESHOLDS) -> Verdict:
    """Return the verdict on one row of the ledger.

    Parameters
    ----------
    row : mapping
        See `outlast.feature_tracker.ledger.build_ledger`; a missing number is None.
    limits : Thresholds, optional

    Returns
    -------
    Verdict
        "undecided" with the reason where the evidence is not enough for any rule.

    Examples
    --------
    >>> judge({"n_runs": 1, "perm_mean": -0.02, "perm_lo95": -0.03, "perm_hi95": -0.01,
    ...        "perm_unit": "delta roc_auc"}).verdict
    'harmful'
    """
    shown = {name: _number(value) for name, value in row.items()}
    for name, code, rule in _RULES:
        sentence = rule(_Line(shown), limits)
        if sentence is not None:
            return Verdict(name, code, sentence)
    return Verdict("undecided", "", _missing(_Line(shown)))


class _Line(dict[str, Any]):
    """A row in which what is not there is None."""

    def __missing__(self, name: str) -> None:
        return None


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _leak(row: Line, t: Thresholds) -> str | None:
    if (row["leak_points"] or 0) < t.leak_points:
        return None
    return (f"suspected of leaking: {row['leak_points']} signs ({row['leak_reasons']}); "
            f"{t.leak_points} are enough")


def _look_ahead(row: Line, _: Thresholds) -> str | None:
    if row["pit_status"] != "violated":
        return None
    by = "" if row["pit_max_diff"] is None else f" by up to {row['pit_max_diff']:.4g}"
    return f"sees the future: its values change{by} when later rows are taken away"


def _harmful(row: Line, _: Thresholds) -> str | None:
    if row["perm_hi95"] is None or row["perm_hi95"] >= 0:
        return None
    return (f"shuffling it improves the score by {-row['perm_mean']:.4g} {_unit(row)} "
            f"(95 % CI {-row['perm_hi95']:.4g} to {-row['perm_lo95']:.4g})")


def _redundant(row: Line, _: Thresholds) -> str | None:
    if row["code"] not in ("F02", "F06") or (row["kept_share"] or 0) >= 0.5:
        return None
    close = ("" if row["decision_value"] is None else
             f": |rho| = {row['decision_value']:.3f}, limit {row['decision_threshold']:.4g}")
    return (f"says the same as `{row['nearest_feature']}`, dropped in {row['n_dropped']} of "
            f"{row['n_decisions']} fits{close}")


def _noise(row: Line, t: Thresholds) -> str | None:
    known = (row["above_probe_freq"], row["perm_hi95"], row["run_skill"])
    if None in known or row["above_probe_freq"] >= t.useful:
        return None
    if row["perm_hi95"] >= t.noise_skill * row["run_skill"]:
        return None
    return (f"beats the best random probe in {row['above_probe']} of {row['n_cells']} cells, worth "
            f"at most {row['perm_hi95']:.4g} {_unit(row)}, below {t.noise_skill:.0%} of the lead "
            f"of {row['run_skill']:.4g} over the baseline")


def _unstable(row: Line, t: Thresholds) -> str | None:
    if (row["select_sets"] or 0) < t.min_sets or row["select_freq"] >= t.unstable:
        return None
    return (f"chosen in {row['select_freq']:.0%} of {row['select_sets']} sets, "
            f"limit {t.unstable:.0%}")


def _drifting(row: Line, t: Thresholds) -> str | None:
    effect, chance, share = row["drift_effect"], row["drift_null_p99"], row["shap_share_mean"]
    if None in (effect, chance, share):
        return None
    if effect < t.drift_effect or effect <= chance or share < t.drift_share:
        return None
    return (f"its distribution moved by {effect:.2f}{_DRIFTS[row['drift_kind']]} between train and "
            f"the last test window, limit {t.drift_effect}, chance reaches {chance:.2f}; it "
            f"carries {share:.1%} of importance")


_DRIFTS = {"drift_w1": " standard deviations", "drift_js": " in Jensen-Shannon distance"}


def _event_specific(row: Line, t: Thresholds) -> str | None:
    part = row["event_concentration"]
    if part is None or (row["n_events"] or 0) < t.min_events or part < t.concentration:
        return None
    if row["outlier_p"] is None or row["outlier_p"] >= t.outlier:
        return None
    return (f"{part:.0%} of its gain comes from {row['top_event']}, one of {row['n_events']}, "
            f"limit {t.concentration:.0%}; that it stands out so far by chance has p = "
            f"{row['outlier_p']:.2g}, limit {t.outlier:.2g}")


def _core(row: Line, t: Thresholds) -> str | None:
    low, pi = row["perm_lo95"], row["above_probe_freq"]
    return _worth(row, t.core) if low is not None and low > 0 and (pi or 0) >= t.core else None


def _useful(row: Line, t: Thresholds) -> str | None:
    mean, pi = row["perm_mean"], row["above_probe_freq"]
    # One window has no error over time: only the probes speak.
    by_chance = row["perm_p"] is not None and row["perm_p"] >= t.alpha
    if mean is None or mean <= 0 or by_chance or (pi or 0) < t.useful:
        return None
    return _worth(row, t.useful)


def _worth(row: Line, limit: float) -> str:
    if row["perm_lo95"] is None:
        error = "one window: no interval over time"
    else:
        error = (f"95 % CI {row['perm_lo95']:.4g} to {row['perm_hi95']:.4g}, "
                 f"one-sided p = {row['perm_p']:.2g}")
    return (f"shuffling it costs {row['perm_mean']:.4g} {_unit(row)} ({error}); beats the best "
            f"random probe in {row['above_probe']} of {row['n_cells']} cells, limit {limit:.0%}")


def _unit(row: Line) -> str:
    return str(row["perm_unit"] or "").removeprefix("delta ")


def _missing(row: Line) -> str:
    if not row["n_runs"]:
        if row["n_gated"]:
            return (f"none of {row['n_gated']} runs that used it beats the baseline by a standard "
                    "error, so its importance means nothing")
        return "no model has used it"
    if row["perm_mean"] is None:
        return "no permutation importance yet"
    if row["above_probe_freq"] is None:
        return "no random probe to compare with yet"
    by_chance = "" if row["perm_p"] is None else f" (one-sided p = {row['perm_p']:.2g})"
    return (f"worth {row['perm_mean']:.4g} {_unit(row)}{by_chance}, above the best random probe in "
            f"{row['above_probe']} of {row['n_cells']} cells: no rule holds")


# Importance is judged where a run has skill; core comes before useful, which it implies.
def _with_skill(rule: _Rule) -> _Rule:
    return lambda row, limits: rule(row, limits) if row["n_runs"] else None


_RULES: tuple[tuple[str, str, _Rule], ...] = (
    ("leak_suspect", "F05", _leak), ("look_ahead", "F04", _look_ahead),
    ("harmful", "F08", _with_skill(_harmful)), ("redundant", "F06", _redundant),
    ("noise", "F07", _with_skill(_noise)), ("unstable", "F09", _unstable),
    ("drifting", "F10", _with_skill(_drifting)),
    ("event_specific", "F11", _with_skill(_event_specific)),
    ("core", "F13", _with_skill(_core)), ("useful", "F13", _with_skill(_useful)),
)
