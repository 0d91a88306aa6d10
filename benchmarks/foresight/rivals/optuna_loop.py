"""The loop that people write: Optuna, LightGBM's wrapper, cross-validation, refit."""

from typing import Any

import optuna
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit, cross_val_score

from benchmarks.foresight.rivals.contract import CORES, Question, Shipped, serve


def learn(asked: Question) -> Shipped:
    def model(params: dict[str, float]) -> Any:
        wrapper = LGBMClassifier if asked.binary else LGBMRegressor
        return wrapper(**params, n_jobs=CORES, random_state=asked.seed, verbosity=-1)

    def objective(trial: optuna.Trial) -> float:
        scores = cross_val_score(
            model(suggest(trial)), asked.X, asked.y, cv=folds(asked),
            scoring="roc_auc" if asked.binary else "neg_root_mean_squared_error")
        return float(scores.mean())

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize",
                                sampler=optuna.samplers.TPESampler(seed=asked.seed))
    study.optimize(objective, timeout=asked.seconds)
    fitted = model(study.best_params).fit(asked.X, asked.y)
    return Shipped(abs(study.best_value), asked.predictor(fitted), f"{len(study.trials)} trials")


def folds(asked: Question) -> Any:
    if asked.timely:
        return TimeSeriesSplit(5)
    random = StratifiedKFold if asked.binary else KFold
    return random(5, shuffle=True, random_state=asked.seed)


def suggest(trial: optuna.Trial) -> dict[str, float]:
    """The space of Optuna's own example for LightGBM."""
    return {
        "reg_alpha": trial.suggest_float("reg_alpha", 1e-8, 10.0, log=True),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-8, 10.0, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 2, 256),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.4, 1.0),
        "subsample": trial.suggest_float("subsample", 0.4, 1.0),
        "subsample_freq": trial.suggest_int("subsample_freq", 1, 7),
        "min_child_samples": trial.suggest_int("min_child_samples", 5, 100),
    }


if __name__ == "__main__":
    serve("optuna", learn)
