"""AutoGluon with its defaults, or validated on the newest rows and refitted on everything."""

from typing import Any

import pandas as pd
from autogluon.tabular import TabularPredictor

from benchmarks.foresight.rivals.contract import CORES, Question, Shipped, serve


def learn(asked: Question) -> Shipped:
    table = asked.X.assign(y=asked.y)
    metric = "roc_auc" if asked.binary else "root_mean_squared_error"
    predictor = TabularPredictor(
        label="y", eval_metric=metric, path=str(asked.folder / "autogluon"), verbosity=0,
        problem_type="binary" if asked.binary else "regression")
    parts: dict[str, Any] = {"train_data": table}
    if asked.setting == "time":
        parts = {"train_data": table[:asked.n_early], "tuning_data": table[asked.n_early:]}
    if asked.setting == "structure":
        parts["validation_structure"] = {"time_on": "__time"}
    if asked.timely:
        # Without the refit, what it ships would never have seen the newest rows.
        parts |= {"refit_full": True, "set_best_to_refit_full": True}
    predictor.fit(time_limit=asked.seconds, num_cpus=CORES, **parts)
    scores = predictor.leaderboard().set_index("model")["score_val"]
    shipped = predictor.model_best
    # A refitted model has no score; its promise is that of the model that it repeats.
    promise = abs(scores[shipped.removesuffix("_FULL")])

    def predict(X: pd.DataFrame) -> Any:
        if asked.binary:
            return predictor.predict_proba(X)[predictor.positive_class]
        return predictor.predict(X)

    return Shipped(promise, predict, shipped)


if __name__ == "__main__":
    serve("autogluon.tabular", learn)
