"""Models on a graphics card, and the word of warning where that does not work."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from outlast.errors import InputError
from outlast.models import kind_of, make_model
from outlast.models.matrix import FitContext, Matrix
from outlast.records import Strategy

CPU = "cpu"


def on_device(models: Sequence[Strategy], device: str) -> list[Strategy]:
    """Return models with the parameters that put boosters on a device, each tried by a small fit.

    Parameters
    ----------
    models : sequence of Strategy
        Those that know no device stay as they are.
    device : {"cpu", "cuda"}

    Returns
    -------
    list of Strategy

    Raises
    ------
    InputError
        If a booster cannot work there, or none of the models is a booster.

    Examples
    --------
    >>> [model.label for model in on_device([Strategy(name="xgboost")], "cpu")]
    ['xgboost']
    """
    if device == CPU:
        return list(models)
    if not any(kind_of(model.name).device_params for model in models):
        raise InputError(f"no model of this run can use {device!r}; boosters can")
    return [_moved(model, device) for model in models]


def _moved(model: Strategy, device: str) -> Strategy:
    params = kind_of(model.name).device_params
    if not params:
        return model
    moved = model.model_copy(update={"params": {**params, **model.params}})
    trial = make_model(moved.name, {**moved.params, "n_iterations": 2})
    rows = np.arange(200.0)
    few = Matrix(rows[:, None].astype(np.float32), ("row",), y=rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            used = trial.fit(few, {}, FitContext("regression")).device
        except trial.failures() as error:
            raise _unusable(model, device, str(error).splitlines()[0]) from error
    if used == CPU:
        raise _unusable(model, device, "it fell back to the CPU: no such device was found, or this "
                        "build has no use for one")
    return moved


def _unusable(model: Strategy, device: str, reason: str) -> InputError:
    hint = " (of the package xgboost, and not xgboost-cpu)" if model.name == "xgboost" else ""
    return InputError(f"model {model.name!r} cannot use {device!r} here: {reason.rstrip('.')}. "
                      f"Install a build for it{hint} and its driver, or leave the model out "
                      "(--models)")
