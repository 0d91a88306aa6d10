"""Gradient boosting with XGBoost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from outlast.models.base import PATIENCE, Fitting, Model
from outlast.models.fitted import Card, FittedModel
from outlast.models.matrix import FitContext, Floats, Matrix

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_FILE = "model.ubj"
_OBJECTIVES = {"binary": "binary:logistic", "multiclass": "multi:softprob",
               "regression": "reg:squarederror"}


class FittedXGBoost(FittedModel):
    """An XGBoost booster, cut at its best round."""

    def __init__(self, card: Card, booster: Any) -> None:
        super().__init__(card)
        self.booster = booster

    @property
    def device(self) -> str:
        """Return the device in use, which is the CPU where the one asked for is not there."""
        config = json.loads(self.booster.save_config())
        return str(config["learner"]["generic_param"]["device"])

    def gain(self) -> Floats:
        """Return the total gain of each column's splits."""
        return self._importance("total_gain")

    def splits(self) -> Floats:
        """Return the number of splits on each column."""
        return self._importance("weight")

    @classmethod
    def read(cls, folder: Path, card: Card) -> Self:
        """Read XGBoost's universal binary JSON."""
        import xgboost

        booster = xgboost.Booster({"nthread": card.context.threads, "verbosity": 0})
        booster.load_model(folder / _FILE)
        return cls(card, booster)

    def _write(self, folder: Path) -> list[str]:
        self.booster.save_model(folder / _FILE)
        return [_FILE]

    def _predict(self, data: Matrix) -> npt.NDArray[Any]:
        return np.asarray(self.booster.predict(self._rows(data)))

    def _contributions(self, data: Matrix) -> Floats:
        shares = self.booster.predict(self._rows(data), pred_contribs=True)
        return np.asarray(shares[..., :-1], dtype=np.float64)

    def _importance(self, kind: str) -> Floats:
        values = np.zeros(len(self.card.columns))
        for name, value in self.booster.get_score(importance_type=kind).items():
            values[int(name.removeprefix("f"))] = value
        return values

    def _rows(self, data: Matrix) -> Any:
        import xgboost

        threads = self.card.context.threads
        return data.form(("xgboost rows", threads), lambda: xgboost.DMatrix(
            data.X, feature_types=_types(data), enable_categorical=True, nthread=threads))


class XGBoost(Model):
    """Histogram gradient boosting, depth-wise (Chen and Guestrin, KDD 2016).

    Missing values and categories are handled natively. All parameters of
    ``xgboost.train`` are accepted, and ``n_iterations``.
    """

    name = "xgboost"
    stops_early = True
    takes_any_parameter = True
    fitted = FittedXGBoost

    default_params: ClassVar[Mapping[str, Any]] = {
        "n_iterations": 300, "eta": 0.05, "max_depth": 5, "min_child_weight": 5.0,
        "colsample_bytree": 0.7, "subsample": 0.8, "lambda": 1.0, "max_bin": 64,
    }
    device_params: ClassVar[Mapping[str, Any]] = {"device": "cuda"}
    grid_points: ClassVar[Mapping[str, list[Any]]] = {
        "eta": [0.05, 0.1], "max_depth": [3, 5, 7], "min_child_weight": [5.0, 50.0],
    }

    def _space(self) -> dict[str, BaseDistribution]:
        from optuna.distributions import FloatDistribution, IntDistribution

        return {"eta": FloatDistribution(0.02, 0.2, log=True),
                "max_depth": IntDistribution(2, 7),
                "min_child_weight": FloatDistribution(1.0, 100.0, log=True),
                "colsample_bytree": FloatDistribution(0.3, 1.0),
                "subsample": FloatDistribution(0.5, 1.0),
                "lambda": FloatDistribution(1e-2, 1e2, log=True)}

    def _fit(self, order: Fitting) -> FittedModel:
        import xgboost

        params = {**_fixed(order.context), **order.params}
        train = _binned(order.train, params)
        stopping: dict[str, Any] = {}
        if order.valid is not None:
            stopping = {"evals": [(_binned(order.valid, params, order.train), "valid")],
                        "early_stopping_rounds": PATIENCE}
        booster = xgboost.train(params, train, order.rounds, verbose_eval=False, **stopping)
        if order.valid is not None:
            booster = booster[: booster.best_iteration + 1]
        card = order.card(self.name, booster.num_boosted_rounds())
        return FittedXGBoost(card, booster)


def _fixed(context: FitContext) -> dict[str, Any]:
    params = {"objective": _OBJECTIVES[context.task], "nthread": context.threads,
              "seed": context.seed, "tree_method": "hist", "verbosity": 0}
    if context.task == "multiclass":
        params["num_class"] = context.n_classes
    return params


def _binned(data: Matrix, params: dict[str, Any], reference: Matrix | None = None) -> Any:
    """Return the binned rows; those that are watched are binned like the training rows."""
    import xgboost

    max_bin, threads = params.get("max_bin"), params["nthread"]

    def make() -> Any:
        like = None if reference is None else _binned(reference, params)
        return xgboost.QuantileDMatrix(data.X, data.target, feature_types=_types(data),
                                       enable_categorical=True, max_bin=max_bin,
                                       nthread=threads, ref=like)

    return data.form(("xgboost bins", max_bin, threads, reference), make)


def _types(data: Matrix) -> list[str]:
    return ["c" if column in data.categorical else "q" for column in range(len(data.columns))]
