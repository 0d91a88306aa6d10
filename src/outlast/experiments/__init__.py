"""Experiments: from configuration to finished jobs."""

from outlast.experiments.matrix import Plan, make_plan
from outlast.experiments.run import Listener, Outcome, Prepared, Progress, load_panel, prepare, run

__all__ = ["Listener", "Outcome", "Plan", "Prepared", "Progress", "load_panel", "make_plan",
           "prepare", "run"]
