"""Experiments: from configuration to finished jobs."""

from outlast.experiments.folds import PlannedSplit, plan_splits
from outlast.experiments.matrix import Plan, make_plan
from outlast.experiments.run import (
    Listener,
    Outcome,
    Prepared,
    Progress,
    audit_plan,
    load_panel,
    prepare,
    run,
)

__all__ = ["Listener", "Outcome", "Plan", "PlannedSplit", "Prepared", "Progress", "audit_plan",
           "load_panel", "make_plan", "plan_splits", "prepare", "run"]
