"""A fitted configuration in memory: one model or the mean of several, and its calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data import Events, Panel
from outlast.deployment.manifest import Manifest
from outlast.deployment.reference import Reference
from outlast.design import Design
from outlast.features import AnyRecipe, Feature, OrdinalCodes, Recipe, last_known_target
from outlast.judge.calibration import apply_sigmoid
from outlast.models import FittedModel, Matrix

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trained:
    """Everything that predictions are made of.

    Attributes
    ----------
    manifest : Manifest
    recipe : Recipe or FunctionRecipe
    fitted : sequence of FittedModel
        One for each member of the manifest.
    events : Events
        Those that were known when it was trained.
    reference : Reference
        Of the training rows.
    """

    manifest: Manifest
    recipe: AnyRecipe
    fitted: Sequence[FittedModel]
    events: Events
    reference: Reference

    @cached_property
    def design(self) -> Design:
        """All features that some member uses, with the codes of their categories."""
        levels = self.manifest.levels
        return Design(self.manifest.names, tuple(levels), OrdinalCodes(levels))

    def features(self, panel: Panel) -> pl.DataFrame:
        """Return the features that the members use, for all rows of a panel."""
        return needed_part(self.recipe, self.manifest.names).transform(panel).frame.select(
            self.manifest.names)

    def matrix_of(
        self, panel: Panel, features: pl.DataFrame, rows: npt.NDArray[np.intp]
    ) -> Matrix:
        """Return some rows of these features as numbers for models."""
        return self.design.matrix(features[rows], last_known=last_known_target(panel)[rows])

    def predict(self, data: Matrix) -> Floats:
        """Return P(class 1) (n,), class probabilities (n, k), or values (n,), calibrated."""
        means = np.mean([model.predict(data.select(model.card.columns))
                         for model in self.fitted], axis=0)
        calibrator = self.manifest.calibrator
        if calibrator is not None:
            means = apply_sigmoid(means, calibrator.slope, calibrator.intercept)
        return np.asarray(means, dtype=np.float64)


def needed_part(recipe: AnyRecipe, names: Sequence[str]) -> AnyRecipe:
    """Return the part of a recipe that makes some of its features.

    Parameters
    ----------
    recipe : Recipe or FunctionRecipe
        A function makes all or nothing, and is returned as it is.
    names : sequence of str

    Returns
    -------
    Recipe or FunctionRecipe
    """
    if not isinstance(recipe, Recipe):
        return recipe
    needed, kept = set(names), list[Feature]()
    for feature in reversed(recipe.features):
        if feature.name in needed:
            kept.append(feature)
            needed.update(feature.inputs)
    return replace(recipe, features=tuple(reversed(kept)), exported=tuple(names))
