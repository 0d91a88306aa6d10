"""Experiments: from configuration to finished jobs."""

from outlast.experiments.budget import foresee, within_budget
from outlast.experiments.estimate import Estimate
from outlast.experiments.exam import Choice
from outlast.experiments.explanation import refit
from outlast.experiments.folds import PlannedSplit, plan_splits
from outlast.experiments.matrix import Plan, make_plan, refuse_unreachable
from outlast.experiments.prepare import Prepared, audit_plan, load_panel, prepare
from outlast.experiments.resume import resumed
from outlast.experiments.run import Outcome, run
from outlast.experiments.shards import place_order, work_off
from outlast.experiments.work import Listener, Progress, Tally

__all__ = ["Choice", "Estimate", "Listener", "Outcome", "Plan", "PlannedSplit",
           "Prepared", "Progress", "Tally", "audit_plan", "foresee", "load_panel",
           "make_plan", "place_order", "plan_splits", "prepare", "refit",
           "refuse_unreachable", "resumed", "run",
           "within_budget", "work_off"]
