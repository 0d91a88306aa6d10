"""What the feature tracker and the searches tell in the sample document."""

from __future__ import annotations

from typing import Any

from outlast.judge.board import ParameterCard
from outlast.report.document import Row
from tests.report.board import around

_ROOTS = (("adj_close",), ("high", "low", "adj_close"), ("volume",), ("date",))


def further(k: int, dropped: bool) -> dict[str, Any]:
    """Worth, ranks, sets, drift and cost of the feature at a place of the importance."""
    told: dict[str, Any] = {
        "reason": ("F06", "F02", "F01")[k % 3] if dropped else "F13", "n_sets": 5,
        "select_freq": 0.0 if dropped else 0.6 if k == 30 else 1.0,
        "cluster_freq": 1.0, "cluster": "vol_21" if k in {3, 12, 17} else "", "leak_points": 0,
        "drift": 0.9 - 0.02 * k, "drift_chance": 0.3 + 0.015 * k,
        "drift_unit": "JS" if k == 31 else "sd", "cost": 0.01 * (k + 1), "roots": _ROOTS[k % 4],
    }
    if dropped:
        return told
    told |= {"rank_low": max(1.0, k - 1.0), "rank_high": k + 3.0}
    if k < 12:
        # Sure of both, of the first alone, of none.
        told |= {"reliance": around(0.03 - 0.002 * k, 0.01 if k < 8 else 0.05),
                 "replaceability": around(0.012 - 0.003 * k, 0.006)}
    return told


def parameters(rows: tuple[Row, ...]) -> tuple[ParameterCard, ...]:
    """Three ranges of one model, one of another; the first best at the end of its range."""
    best = {name: next(row.id for row in rows if row.model == name and row.search == "optuna")
            for name in ("lightgbm", "linear")}
    ranges = (("lightgbm", "num_leaves", 4, 64, True, (60.0, 64.0, 62.0), 0.31, "high"),
              ("lightgbm", "feature_fraction", 0.3, 1.0, False, (0.4, 0.99, 1.0), 0.12, ""),
              ("lightgbm", "lambda_l2", 0.01, 100, True, (1.0, 0.3, 5.0), 0.02, ""),
              ("linear", "C", 0.001, 10, True, (0.02, 0.1, 0.5), 0.09, ""))
    return tuple(ParameterCard(row=best[model], model=model, parameter=name, low=low, high=high,
                               log=log, bests=bests, share=share, p=0.0004 if share > 0.3 else 0.2,
                               n_trials=30, edge=edge)
                 for model, name, low, high, log, bests, share, edge in ranges)
