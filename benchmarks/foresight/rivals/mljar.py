"""mljar-supervised in the mode for real use, or validated on the last fifth."""

from supervised import AutoML

from benchmarks.foresight.rivals.contract import CORES, Question, Shipped, serve

LAST_FIFTH = {"validation_type": "split", "train_ratio": 0.8, "shuffle": False, "stratify": False}


def learn(asked: Question) -> Shipped:
    learner = AutoML(
        mode="Perform", total_time_limit=int(asked.seconds), n_jobs=CORES, random_state=asked.seed,
        eval_metric="auc" if asked.binary else "rmse",
        ml_task="binary_classification" if asked.binary else "regression",
        results_path=str(asked.folder / "mljar"), explain_level=0, verbose=0,
        **({"validation_strategy": LAST_FIFTH} if asked.timely else {}))
    learner.fit(asked.X, asked.y)
    board = learner.get_leaderboard(original_metric_values=True).set_index("name")["metric_value"]
    best = learner._best_model.get_name()
    return Shipped(abs(board[best]), asked.predictor(learner), best)


if __name__ == "__main__":
    serve("mljar-supervised", learn)
