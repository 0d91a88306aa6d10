"""FLAML with its defaults, or with its split by time."""

from flaml import AutoML

from benchmarks.foresight.rivals.contract import CORES, Question, Shipped, serve


def learn(asked: Question) -> Shipped:
    learner = AutoML()
    learner.fit(asked.X, asked.y, time_budget=asked.seconds, n_jobs=CORES, seed=asked.seed,
                task="classification" if asked.binary else "regression",
                metric="roc_auc" if asked.binary else "rmse", verbose=0,
                **({"split_type": "time"} if asked.timely else {}))
    # FLAML minimizes: of an AUC it keeps what is missing to one.
    promise = 1 - learner.best_loss if asked.binary else learner.best_loss
    return Shipped(promise, asked.predictor(learner),
                   f"{learner.best_estimator}, {learner._state.eval_method}")


if __name__ == "__main__":
    serve("flaml", learn)
