"""The audit of a planned run: before anything is trained, and what it means for the jobs."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from outlast import audit
from outlast.audit import AuditReport, Facts
from outlast.config import Config
from outlast.data import Panel
from outlast.errors import InputError, import_advice, suggest
from outlast.experiments.folds import PlannedSplit
from outlast.experiments.matrix import Plan, code_fingerprint
from outlast.experiments.protocol import protocols
from outlast.features import AnyRecipe, FeatureTable, FunctionRecipe, Recipe, make_recipe
from outlast.features.declared import read_recipe
from outlast.records import content_hash, source_hash
from outlast.store import Experiment

# What marks the results of a split that leaks on purpose.
CONTRAST = "contrast"


def find_recipe(config: Config, panel: Panel, given: object = None) -> AnyRecipe:
    """Return the recipe that was given, the recipe or function configured, or the table's own.

    Parameters
    ----------
    config : Config
    panel : Panel
    given : Recipe, FunctionRecipe or callable, optional

    Returns
    -------
    Recipe or FunctionRecipe

    Raises
    ------
    InputError
        If the configured path leads to no function, or the file holds no recipe.
    """
    if given is None and config.recipe is not None:
        return read_recipe(config.recipe)
    if given is None and config.features is None:
        return make_recipe(panel)
    found = given if given is not None else import_features(str(config.features))
    if isinstance(found, (Recipe, FunctionRecipe)):
        return found
    if not callable(found):
        raise InputError(f"features must be a recipe or a function of the table, got {found!r}")
    return FunctionRecipe(found)


def facts_of(
    config: Config, panel: Panel, recipe: AnyRecipe, features: FeatureTable, plan: Plan
) -> Facts:
    """Gather what the leak checks are asked about: everything that a run is going to use.

    Parameters
    ----------
    config : Config
        Its `audit` is the level of work.
    panel : Panel
    recipe : Recipe or FunctionRecipe
    features : FeatureTable
    plan : Plan

    Returns
    -------
    Facts
    """
    return Facts(
        panel, features, recipe,
        splits={label: split.audited for label, split in plan.splits.items()},
        protocols=protocols([job.model for job in plan.jobs], config, panel, features),
        level=config.audit, seed=config.seed,
    )


def audit_key(config: Config, recipe: AnyRecipe, plan: Plan) -> str:
    """Return the name of an audit's result: all that decides it, the code included."""
    folds = [[label, split.strategy.model_dump(mode="json")]
             for label, split in plan.splits.items()]
    models = sorted({job.model.label for job in plan.jobs})
    code = source_hash(Path(audit.__file__).parent.glob("*.py"))
    first = plan.jobs[0]
    return content_hash([first.data, first.features, recipe.fingerprint, folds, models, code,
                         config.audit, sorted(config.mute), config.seed, code_fingerprint(),
                         [selection.model_dump(mode="json") for selection in config.selections]])


def stored_audit(experiment: Experiment, key: str, make: Callable[[], AuditReport]) -> AuditReport:
    """Return an audit that was made before, or make and keep it."""
    findings = experiment.read_audit(key)
    if findings is None:
        findings = make().findings
        experiment.save_audit(key, findings)
    return AuditReport(findings)


def leaks_of(report: AuditReport, split: PlannedSplit) -> tuple[str, ...]:
    """Return what is known to leak in the results of one split.

    A finding that names its splits concerns only those; any other concerns all.
    """
    label = split.strategy.label
    codes = [f.code for f in report.blocking if label in f.evidence.get("splits", [label])]
    return (*codes, CONTRAST) if split.audited.leaky else tuple(codes)


def import_features(path: str) -> object:
    """Return the function or recipe that a dotted path such as ``module:name`` leads to.

    Raises
    ------
    InputError
        If it leads to nothing.
    """
    module_name, _, name = path.partition(":")
    if not name:
        module_name, _, name = path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except (ImportError, ValueError) as error:
        raise InputError(f"features {path!r}: cannot import {module_name!r} ({error}); give a "
                         "path such as my_project.features:build"
                         f"{import_advice(module_name)}") from error
    if not hasattr(module, name):
        known = [n for n in dir(module) if not n.startswith("_")]
        raise InputError(f"features {path!r}: {module_name!r} has no {name!r}: "
                         f"{suggest(name, known)}")
    return getattr(module, name)
