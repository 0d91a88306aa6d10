"""What each selection keeps, costs and is worth, on panels in which it is known what matters.

Run it from the repository root; it prints the table of docs/selection.md:

    python -m benchmarks.selection
    python -m benchmarks.selection --seeds 10

Eight features carry the label, weaker and weaker, one of them constant within each time; four
are near copies of those; forty know nothing, half of them with a memory in time. Every selection
sees the training rows of each outer fold; the next, purged stretch of time scores two models with
their defaults on what was kept.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from outlast.data.times import Instants
from outlast.design import Design
from outlast.experiments.selecting import training_rows
from outlast.feature_tracker.stability import nogueira
from outlast.metrics import METRICS
from outlast.models import FitContext, make_model
from outlast.selection import SELECTORS, make_selector
from outlast.splits import Fold, make_splitter
from outlast.tuning import Times

N_TIMES, N_ENTITIES, HORIZON = 400, 10, 3
SIGNALS = tuple(f"signal_{i}" for i in range(8))
COPIES = tuple(f"copy_{i}" for i in range(4))
NOISE = tuple(f"noise_{i}" for i in range(40))
MODELS = ("lightgbm", "linear")
AUC = METRICS["roc_auc"]


@dataclass(frozen=True, eq=False)
class Table:
    """A planted panel and its outer folds."""

    frame: pl.DataFrame
    y: np.ndarray
    time: Instants
    folds: list[Fold]


@dataclass
class Tally:
    """What one selection came to over all folds and tables."""

    gains: list[list[float]] = field(default_factory=list)
    signals: list[float] = field(default_factory=list)
    twins: list[float] = field(default_factory=list)
    noise: list[float] = field(default_factory=list)
    phi: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def planted(seed: int) -> Table:
    """Return a panel whose label follows eight columns, each with three quarters of the last."""
    rng = np.random.default_rng(seed)
    shape = (N_TIMES, N_ENTITIES)
    columns = {name: rng.normal(size=shape) for name in SIGNALS}
    columns["signal_2"] = np.broadcast_to(rng.normal(size=(N_TIMES, 1)), shape)
    level = sum(0.75**i * columns[name] for i, name in enumerate(SIGNALS))
    level = level + 1.5 * rng.normal(size=shape)
    for i, name in enumerate(COPIES):
        columns[name] = columns[SIGNALS[i]] + 0.1 * rng.normal(size=shape)
    for i, name in enumerate(NOISE):
        steps = rng.normal(size=shape)
        memory = 0.9 if i % 2 else 0.0
        for at in range(1, N_TIMES):
            steps[at] = memory * steps[at - 1] + np.sqrt(1 - memory**2) * steps[at]
        columns[name] = steps
    frame = pl.DataFrame({name: values.reshape(-1).astype("f4")
                          for name, values in columns.items()})
    stamps = Instants(np.repeat(np.arange(N_TIMES), N_ENTITIES), "abstract")
    splitter = make_splitter("expanding_window", {"n_splits": 3})
    folds = splitter.folds(stamps, Instants(stamps.ns + HORIZON, "abstract"))
    return Table(frame, (level > 0).reshape(-1).astype(float), stamps, folds)


def kept_of(name: str, table: Table, fold: Fold) -> tuple[tuple[str, ...], float]:
    """Select on the training rows of a fold; return what is kept and the CPU seconds."""
    rows = fold.train
    times = Times(table.time.take(rows), table.time.ns[rows] + HORIZON)
    given = training_rows(table.frame[rows], table.y[rows], times, (), AUC, FitContext("binary", 2))
    begun = time.process_time()
    kept = make_selector(name).fit(given).kept
    return kept, time.process_time() - begun


def scores_of(kept: tuple[str, ...], table: Table, fold: Fold) -> list[float]:
    """Fit each model with its defaults to the kept columns and score the rows of the test."""
    design, found = Design.fit(table.frame, fold.train, kept), []
    for model in map(make_model, MODELS):
        fitted = model.fit(design.matrix(table.frame[fold.train], table.y[fold.train]),
                           model.defaults(), FitContext("binary", 2))
        predicted = fitted.predict(design.matrix(table.frame[fold.test]))
        found.append(AUC.score(table.y[fold.test], predicted) or float("nan"))
    return found


def measure(name: str, tables: list[Table], full: list[list[list[float]]]) -> Tally:
    """Run one selection over all tables."""
    tally = Tally()
    for table, scores in zip(tables, full, strict=True):
        sets = []
        for fold, all_features in zip(table.folds, scores, strict=True):
            kept, seconds = kept_of(name, table, fold)
            tally.gains.append(np.subtract(scores_of(kept, table, fold), all_features).tolist())
            tally.seconds.append(seconds)
            known = {f"signal_{n[-1]}" if n in COPIES else n for n in kept}
            tally.signals.append(len(known & set(SIGNALS)))
            tally.twins.append(len(set(kept) & {*SIGNALS, *COPIES}) - tally.signals[-1])
            tally.noise.append(len(set(kept) & set(NOISE)))
            sets.append([column in kept for column in table.frame.columns])
        tally.phi.append(nogueira(np.array(sets)).phi)
    return tally


def lines(seeds: int) -> Iterator[str]:
    """Yield the table in Markdown, a row per selection."""
    tables = [planted(seed) for seed in range(seeds)]
    full = [[scores_of(tuple(t.frame.columns), t, fold) for fold in t.folds] for t in tables]
    told = ", ".join(f"{model} {score:.4f}" for model, score in
                     zip(MODELS, np.mean(full, axis=(0, 1)), strict=True))
    yield f"All {len(tables[0].frame.columns)} features: roc_auc {told}; {seeds} tables x " \
          f"{len(tables[0].folds)} folds.\n"
    yield f"| selection | {' | '.join(f'{model}, change (± se)' for model in MODELS)} | " \
          "signals kept of 8 | twins too of 4 | noise kept of 40 | Φ | CPU s per fold |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for name in SELECTORS:
        t = measure(name, tables, full)
        se = np.std(t.gains, axis=0, ddof=1) / np.sqrt(len(t.gains))
        changes = " | ".join(f"{gain:+.4f} ± {error:.4f}" for gain, error in
                             zip(np.mean(t.gains, axis=0), se, strict=True))
        phi = "–" if np.isnan(t.phi).all() else f"{np.nanmean(t.phi):.2f}"
        yield (f"| `{name}` | {changes} | {np.mean(t.signals):.1f} | "
               f"{np.mean(t.twins):.1f} | {np.mean(t.noise):.1f} | {phi} | "
               f"{np.mean(t.seconds):.2f} |")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="tables (default: %(default)s)")
    for line in lines(parser.parse_args().seeds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
