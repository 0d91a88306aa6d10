"""Compare the search inside a job with the loop that people write by hand, and with FLAML.

Run it from the repository root:

    make bench
    python -m benchmarks.search --quick
    python -m benchmarks.search --full
    python -m benchmarks.search --rivals /path/to/python/with/flaml

Both sides search parameters of the same booster on the same training rows with one thread and
refit on all of them; the last fifth of time, purged, scores what each of them found. The loop
by hand is Optuna's TPE over the scikit-learn wrapper and ``TimeSeriesSplit(5)``. Its 50 trials
take hours, so without ``--full`` a few are run, their seconds are scaled to 50, and its holdout
score is that of the few.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
import pandas as pd
from sklearn.model_selection import TimeSeriesSplit, cross_val_score

from benchmarks.measure import Measure, show
from benchmarks.panels import DAY, HORIZON, planted_columns
from outlast.data import load_stocks
from outlast.data.times import Instants
from outlast.design import Design
from outlast.features import make_recipe
from outlast.metrics import METRICS, weighted_scores
from outlast.models import FitContext, Matrix, make_model
from outlast.splits import make_splitter
from outlast.tuning import Search, Times, tune

# Both boosters, since FLAML chooses between them too.
BOOSTERS = ("lightgbm", "xgboost")
FLAML = """
import json, sys, numpy as np
from flaml import AutoML
folder, budget, split, seed = sys.argv[1], float(sys.argv[2]), sys.argv[3], int(sys.argv[4])
data = np.load(folder + "/table.npz")
chosen = {} if split == "default" else {"split_type": split}
learner = AutoML()
learner.fit(data["X"], data["y"], task="classification", metric="roc_auc", n_jobs=1, seed=seed,
            time_budget=budget, estimator_list=["lgbm", "xgboost"], eval_method="cv", verbose=0,
            **chosen)
np.save(folder + "/prediction.npy", learner.predict_proba(data["X_test"])[:, 1])
print(json.dumps({"model": learner.best_estimator, **learner.best_config}))
"""
AUC = METRICS["roc_auc"]
N_FOLDS = 5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """A table cut once: what both sides may learn from, and what scores them."""

    name: str
    train: Matrix
    times: Times
    test: Matrix
    day: npt.NDArray[np.int64]


def stocks() -> Table:
    """The embedded stocks with the features of the project's recipe."""
    panel = load_stocks()
    features = make_recipe(panel).transform(panel)
    usable = np.flatnonzero(panel.usable)
    design = Design.fit(features.frame[usable], features.names)
    data = design.matrix(features.frame[usable], panel.y[usable])
    return cut("stocks", data, panel.time.take(usable), panel.label_end[usable])


def planted() -> Table:
    """The planted panel, see `benchmarks.panels`."""
    numbers, codes, y, day = planted_columns()
    data = Matrix(np.column_stack([numbers, codes]).astype(np.float32),
                  tuple(f"x{k}" for k in range(50)), (46, 47, 48, 49), y)
    return cut("planted panel", data, Instants(day, "naive"), day + HORIZON * DAY)


def cut(name: str, data: Matrix, time: Instants, label_end: npt.NDArray[np.int64]) -> Table:
    """Keep the last fifth of time out, and the labels that reach into it."""
    splitter = make_splitter("temporal", {"test_size": 0.2})
    (fold,) = splitter.folds(time, Instants(label_end, time.zone, time.tz))
    times = Times(time.take(fold.train), label_end[fold.train])
    return Table(f"{name}, {len(data):,} x {len(data.columns)}", data.take(fold.train), times,
                 data.take(fold.test), time.ns[fold.test])


@dataclass(frozen=True)
class Plan:
    """How much is run: trials of a search, trials of the loop by hand, seconds for FLAML."""

    trials: int = 50
    by_hand: int = 2
    budget: float = 30.0
    rivals: Path = Path(".venv/rivals/bin/python")
    seeds: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Found:
    """What one side ended with: its predictions of the holdout, CPU seconds of search and refit."""

    prediction: Floats
    cpu: float
    params: dict[str, Any]
    refit: float = 0.0

    def auc(self, table: Table) -> float:
        return float(AUC.score(table.test.target, self.prediction) or 0.0)


def by_outlast(table: Table, model: str, n_trials: int, seed: int) -> Found:
    """Search as a job does, then refit."""
    begun = time.process_time()
    learner, context = make_model(model), FitContext("binary", 2, seed)
    train = table.train.take(slice(None))  # nothing that an earlier search left behind
    tuned = tune(learner, train, table.times, Search("optuna", n_trials, N_FOLDS), AUC, context)
    fitted = learner.fit(train, tuned.params, context, n_iterations=tuned.n_iterations)
    took = time.process_time() - begun
    return Found(fitted.predict(table.test), took, {**tuned.params, "n": tuned.n_iterations})


def by_hand(table: Table, model: str, n_trials: int, seed: int) -> Found:
    """The loop that people write: wrapper, cross_val_score, refit on everything."""
    begun = time.process_time()
    X, y = frame(table.train), table.train.target

    def objective(trial: optuna.Trial) -> float:
        learner = wrapper(model, suggest(trial, model), seed)
        folds = TimeSeriesSplit(N_FOLDS)
        return float(cross_val_score(learner, X, y, cv=folds, scoring="roc_auc").mean())

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(objective, n_trials=n_trials)
    searched = time.process_time()
    fitted = wrapper(model, study.best_params, seed).fit(X, y)
    refit = time.process_time() - searched
    prediction = fitted.predict_proba(frame(table.test))[:, 1]
    return Found(prediction, searched - begun, study.best_params, refit)


def suggest(trial: optuna.Trial, model: str) -> dict[str, Any]:
    """The space that most tutorials search, under the names of the wrappers."""
    params = {
        "n_estimators": trial.suggest_int("n_estimators", 100, 1000),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.5, 1.0),
        "reg_alpha": trial.suggest_float("reg_alpha", 1e-8, 10.0, log=True),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-8, 10.0, log=True),
    }
    if model == "lightgbm":
        return params | {"num_leaves": trial.suggest_int("num_leaves", 15, 255, log=True),
                         "min_child_samples": trial.suggest_int("min_child_samples", 5, 100)}
    return params | {"max_depth": trial.suggest_int("max_depth", 3, 10),
                     "min_child_weight": trial.suggest_int("min_child_weight", 1, 10)}


def wrapper(model: str, params: dict[str, Any], seed: int) -> Any:
    """The scikit-learn estimator of a booster, with one thread."""
    if model == "lightgbm":
        from lightgbm import LGBMClassifier

        return LGBMClassifier(**params, subsample_freq=1, n_jobs=1, random_state=seed,
                              verbosity=-1)
    from xgboost import XGBClassifier

    return XGBClassifier(**params, n_jobs=1, random_state=seed, enable_categorical=True)


def frame(data: Matrix) -> pd.DataFrame:
    """A matrix as the wrappers like it: categories are categories."""
    table = pd.DataFrame(data.X, columns=list(data.columns))
    for column in data.categorical:
        # Both sides of the holdout must know the same levels.
        levels = np.arange(64, dtype=np.float32)
        table[data.columns[column]] = pd.Categorical(data.X[:, column], categories=levels)
    return table


def within(table: Table, budget: float, seed: int) -> Found:
    """The better of two boosters, each searched for half of a wall-clock budget."""
    begun = time.process_time()
    context, searches = FitContext("binary", 2, seed), []
    for name in BOOSTERS:
        search = Search("optuna", 10_000, N_FOLDS, time_budget=budget / len(BOOSTERS))
        tuned = tune(make_model(name), table.train, table.times, search, AUC, context)
        best = max(trial.score for trial in tuned.trials if trial.score is not None)
        searches.append((best, name, tuned))
    _, name, tuned = max(searches, key=lambda each: each[0])
    fitted = make_model(name).fit(table.train, tuned.params, context,
                                  n_iterations=tuned.n_iterations)
    took = time.process_time() - begun
    return Found(fitted.predict(table.test), took, {"model": name, **tuned.params})


def by_flaml(table: Table, split: str, plan: Plan, seed: int) -> Found:
    """FLAML in an environment of its own, with the same rows and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "table.npz", X=table.train.X, y=table.train.target,
                 X_test=table.test.X)
        command = [str(plan.rivals), "-c", FLAML, folder, str(plan.budget), split, str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        prediction = np.load(Path(folder) / "prediction.npy")
    return Found(prediction, plan.budget, json.loads(done.stdout.splitlines()[-1]))


def difference(table: Table, ours: Found, theirs: Found) -> tuple[float, float]:
    """Gain in holdout AUC, and its standard error over draws of blocks of ten days."""
    y, day = table.test.target, np.unique(table.day, return_inverse=True)[1]
    block = day // 10
    draws = np.random.default_rng(0).multinomial(
        block.max() + 1, np.full(block.max() + 1, 1 / (block.max() + 1)), size=200)
    scores = [weighted_scores(AUC, y, side.prediction, draws[:, block]) for side in (ours, theirs)]
    return ours.auc(table) - theirs.auc(table), float(np.nanstd(scores[0] - scores[1]))


def quality(what: str, table: Table, ours: Found, theirs: Found) -> Measure:
    """Not worse on the holdout than two standard errors of the difference."""
    gain, error = difference(table, ours, theirs)
    detail = (f"holdout AUC {ours.auc(table):.4f} against {theirs.auc(table):.4f}; the bar is two "
              f"block-bootstrap standard errors below equal; theirs: {shown(theirs.params)}; "
              f"ours: {shown(ours.params)}")
    return Measure(what, table.name, gain, -2 * error, "more", detail, unit="AUC")


def shown(params: dict[str, Any]) -> str:
    """Parameters on one line."""
    return ", ".join(f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}"
                     for key, value in params.items())


def against_hand(table: Table, plan: Plan, seed: int, model: str = "lightgbm") -> list[Measure]:
    """CPU seconds and holdout score of the search and of the loop by hand."""
    ours = by_outlast(table, model, plan.trials, seed)
    theirs = by_hand(table, model, plan.by_hand, seed)
    scaled = theirs.cpu * plan.trials / plan.by_hand + theirs.refit
    what = f"{plan.trials}-trial search over {N_FOLDS} folds, {model}, seed {seed}"
    detail = (f"CPU {ours.cpu:.1f} s against {scaled:.0f} s by hand ({theirs.cpu:.0f} s for "
              f"{plan.by_hand} of its {plan.trials} trials)")
    cost = Measure(f"CPU of a {what} / loop by hand", table.name, ours.cpu / scaled, 0.1, "less",
                   detail)
    return [cost, quality(f"quality of a {what} - loop by hand", table, ours, theirs)]


def against_flaml(table: Table, plan: Plan, seed: int) -> list[Measure]:
    """Holdout score after an equal wall-clock budget; nothing where FLAML is missing."""
    if not plan.rivals.exists():
        print(f"no FLAML: {plan.rivals} is missing; name a Python that has it with --rivals")
        return []
    ours = within(table, plan.budget, seed)
    return [quality(f"quality after {plan.budget:g} s - FLAML's (split_type {split}), seed {seed}",
                    table, ours, by_flaml(table, split, plan, seed))
            for split in ("default", "time")]


def run(plan: Plan | None = None) -> list[Measure]:
    """Measure everything on both tables."""
    plan, found = plan or Plan(), []
    for table in (stocks(), planted()):
        for seed in plan.seeds:
            found += against_hand(table, plan, seed) + against_flaml(table, plan, seed)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="10 trials, 1 by hand, 10 s of FLAML")
    parser.add_argument("--full", action="store_true", help="every trial by hand, two seeds; hours")
    parser.add_argument("--rivals", type=Path, default=Plan.rivals,
                        help="a Python that has FLAML (default: %(default)s)")
    options = parser.parse_args()
    plan = Plan(rivals=options.rivals)
    if options.quick:
        plan = Plan(trials=10, by_hand=1, budget=10, rivals=options.rivals)
    if options.full:
        plan = Plan(by_hand=50, budget=60, rivals=options.rivals, seeds=(0, 1))
    show(run(plan))


if __name__ == "__main__":
    main()
