"""outlast: find the model that outlasts its training data.

Names are loaded when they are first used, so that importing the package stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "AuditReport": "outlast.audit",
    "Columns": "outlast.report.predictions",
    "Config": "outlast.config",
    "Events": "outlast.data",
    "Experiment": "outlast.experiment",
    "FeatureTracker": "outlast.feature_tracker",
    "OutlastModel": "outlast.deployment.model",
    "Panel": "outlast.data",
    "Results": "outlast.results",
    "Schema": "outlast.data",
    "audit_table": "outlast.pipeline",
    "judge_predictions": "outlast.pipeline",
    "load_stocks": "outlast.data",
    "open_results": "outlast.results",
    "read_table": "outlast.data",
    "refit": "outlast.deployment.winner",
    "retrain": "outlast.deployment.retraining",
    "run_pipeline": "outlast.pipeline",
}

__all__ = [*sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'outlast' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
