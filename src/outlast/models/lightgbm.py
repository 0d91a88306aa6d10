"""Gradient boosting with LightGBM."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from outlast.models.base import PATIENCE, Fitting, Model
from outlast.models.fitted import Card, FittedModel
from outlast.models.lightgbm_text import check_text
from outlast.models.matrix import FitContext, Floats, Matrix
from outlast.untrusted import file_bytes

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_FILE = "model.txt"
# Parameters that shape trees and leave the binned table as it is.
_OF_TREES = {"learning_rate", "num_leaves", "min_data_in_leaf", "feature_fraction",
             "bagging_fraction", "lambda_l2"}
# Under all their names: trees and bins from files, models to files, other machines.
_OF_FILES = frozenset({
    "forcedsplits_filename", "fs", "forced_splits_filename", "forced_splits_file",
    "forced_splits", "forcedbins_filename", "input_model", "model_input", "model_in",
    "output_model", "model_output", "model_out", "save_binary", "is_save_binary",
    "is_save_binary_file", "snapshot_freq", "save_period", "config", "config_file", "data",
    "train", "train_data", "train_data_file", "data_filename", "valid", "test", "valid_data",
    "valid_data_file", "test_data", "test_data_file", "valid_filenames", "parser_config_file",
    "initscore_filename", "machines", "workers", "nodes", "machine_list_filename",
    "machine_list_file", "machine_list", "mlist", "num_machines", "num_machine",
    "local_listen_port", "local_port", "port", "time_out"})
_OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}


class FittedLightGBM(FittedModel):
    """A LightGBM booster, cut at its best round."""

    def __init__(self, card: Card, booster: Any) -> None:
        super().__init__(card)
        self.booster = booster

    def gain(self) -> Floats:
        """Return the total gain of each column's splits."""
        return self._importance("gain")

    def splits(self) -> Floats:
        """Return the number of splits on each column."""
        return self._importance("split")

    @classmethod
    def read(cls, folder: Path, card: Card) -> Self:
        """Read LightGBM's text format, looked through first: its parser believes everything."""
        import lightgbm

        text = file_bytes(folder / _FILE).decode()
        check_text(text, len(card.columns))
        return cls(card, lightgbm.Booster(model_str=text))

    def _write(self, folder: Path) -> list[str]:
        self.booster.save_model(folder / _FILE, num_iteration=self.card.n_iterations)
        return [_FILE]

    def _predict(self, data: Matrix) -> npt.NDArray[Any]:
        return self._run(data)

    def _contributions(self, data: Matrix) -> Floats | None:
        if self.booster.params.get("linear_tree"):
            return None  # the library tells none of trees with linear leaves
        flat = self._run(data, pred_contrib=True).astype(np.float64)
        width = len(data.columns)
        if self.card.context.task != "multiclass":
            return flat[:, :width]
        return flat.reshape(len(data), -1, width + 1)[:, :, :width]

    def _importance(self, kind: str) -> Floats:
        values = self.booster.feature_importance(kind, iteration=self.card.n_iterations)
        return np.asarray(values, dtype=np.float64)

    def _run(self, data: Matrix, **options: Any) -> npt.NDArray[Any]:
        rounds, threads = self.card.n_iterations, self.card.context.threads
        raw = self.booster.predict(data.X, num_iteration=rounds, num_threads=threads, **options)
        return np.asarray(raw)


class LightGBM(Model):
    """Histogram gradient boosting, leaf-wise (Ke et al., NeurIPS 2017).

    Missing values and categories are handled natively. All parameters of
    ``lightgbm.train`` are accepted under their canonical names, and ``n_iterations``.
    """

    name = "lightgbm"
    stops_early = True
    takes_any_parameter = True
    fitted = FittedLightGBM

    default_params: ClassVar[Mapping[str, Any]] = {
        "n_iterations": 300, "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 30,
        "feature_fraction": 0.7, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 1.0,
        "max_bin": 63,
    }
    device_params: ClassVar[Mapping[str, Any]] = {"device_type": "cuda"}
    grid_points: ClassVar[Mapping[str, list[Any]]] = {
        "learning_rate": [0.05, 0.1], "num_leaves": [7, 31, 63], "min_data_in_leaf": [30, 150],
    }

    refused = _OF_FILES

    def failures(self) -> tuple[type[Exception], ...]:
        """Return the errors that parameters can drive LightGBM into."""
        from lightgbm.basic import LightGBMError

        return *super().failures(), LightGBMError

    def _space(self) -> dict[str, BaseDistribution]:
        from optuna.distributions import FloatDistribution, IntDistribution

        return {"learning_rate": FloatDistribution(0.02, 0.2, log=True),
                "num_leaves": IntDistribution(4, 63, log=True),
                "min_data_in_leaf": IntDistribution(10, 300, log=True),
                "feature_fraction": FloatDistribution(0.3, 1.0),
                "bagging_fraction": FloatDistribution(0.5, 1.0),
                "lambda_l2": FloatDistribution(1e-2, 1e2, log=True)}

    def _fit(self, order: Fitting) -> FittedModel:
        import lightgbm

        params = {**_fixed(order.context), **order.params}
        train = _dataset(order.train, params)
        watched, callbacks = [], []
        if order.valid is not None:
            watched = [_dataset(order.valid, params, order.train)]
            callbacks = [lightgbm.early_stopping(PATIENCE, verbose=False)]
        booster = lightgbm.train(params, train, order.rounds, valid_sets=watched,
                                 callbacks=callbacks)
        rounds = booster.best_iteration if order.valid is not None else booster.current_iteration()
        return FittedLightGBM(order.card(self.name, rounds), booster)


def _fixed(context: FitContext) -> dict[str, Any]:
    """Objective, silence, and one result whatever the machine."""
    # Columns are kept whatever min_data_in_leaf is, so that one binned table serves every value.
    params = {"objective": _OBJECTIVES[context.task], "num_threads": context.threads,
              "seed": context.seed, "deterministic": True, "force_col_wise": True,
              "feature_pre_filter": False, "verbosity": -1}
    if context.task == "multiclass":
        params["num_class"] = context.n_classes
    return params


def _dataset(data: Matrix, params: dict[str, Any], reference: Matrix | None = None) -> Any:
    """Return the binned rows; those that are watched are binned like the training rows."""
    import lightgbm

    binning = {key: value for key, value in params.items() if key not in _OF_TREES}

    def make() -> Any:
        like = None if reference is None else _dataset(reference, params)
        return lightgbm.Dataset(data.X, data.target, categorical_feature=list(data.categorical),
                                params=binning, reference=like).construct()

    return data.form(("lightgbm", repr(sorted(binning.items())), reference), make)
