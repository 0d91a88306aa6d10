"""The configuration of a saved model, fitted to another table."""

from __future__ import annotations

from typing import Any

import numpy as np

from outlast.data import Panel
from outlast.data.times import LAST
from outlast.deployment.artefact import model_id
from outlast.deployment.fitting import Material, train
from outlast.deployment.tables import Given, open_panel
from outlast.deployment.trained import Trained
from outlast.errors import InputError


def refitted(known: Trained, given: Given, **more: Any) -> Trained:
    """Fit the configuration of a trained model to all labelled rows of a table.

    Parameters
    ----------
    known : Trained
    given : Given
    **more : Any
        What the new manifest says differently.

    Returns
    -------
    Trained

    Raises
    ------
    InputError
        If the table does not fit the model, or holds a class that it has never seen.
    """
    return refitted_until(known, learning_panel(known, given), LAST, **more)


def learning_panel(known: Trained, given: Given) -> Panel:
    """Return a table as a panel to learn from, by the roles that a trained model knows."""
    return open_panel(Given(given.table, given.events, to_learn=True), known.manifest, known.events)


def refitted_until(known: Trained, panel: Panel, until: int, **more: Any) -> Trained:
    """Fit the configuration to the rows of a panel whose label was known before a moment.

    Parameters
    ----------
    known : Trained
    panel : Panel
    until : int
        Nanoseconds.
    **more : Any
        See `refitted`.

    Returns
    -------
    Trained
    """
    manifest = known.manifest
    rows = np.flatnonzero(panel.labelled & (panel.label_known < until) & (panel.time.ns < until))
    if not rows.size:
        raise InputError("no row of the table has a label that may be learned from")
    material = Material(panel, known.recipe, rows, known.recipe.transform(panel), manifest.joins,
                        manifest.reading)
    said = {"experiment": manifest.experiment, "configuration": manifest.configuration,
            "told": manifest.told, "calibrator": manifest.calibrator, "range": manifest.range,
            "parent": model_id(manifest), "exam": "", **more}
    return train([member.job for member in manifest.members], material, said)
