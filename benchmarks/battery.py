"""Panels with features whose worth is known, and how often the tracker's verdicts are right.

`python -m benchmarks.battery` runs outlast on tables with planted features and counts,
for every verdict, how often it finds what was planted and how often it says so of anything else.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast import Panel, Schema
from outlast.config import make_config
from outlast.experiments import prepare, run
from outlast.feature_tracker import FeatureTracker

Floats = npt.NDArray[np.float64]

N_ENTITIES, N_DAYS = 60, 250
N_WINDOWS, WINDOW = 10, 12
FIRST_TEST = N_DAYS - N_WINDOWS * WINDOW
# Noise in the table; `seeing` takes its mean over the days around each day.
CENTRED = "centred_mean"
WORTHY = frozenset({"core", "useful"})
WORTHLESS = frozenset({"noise", "undecided"})


@dataclass(frozen=True)
class Planted:
    """One feature, or a pair of copies, with what may be said of it.

    Attributes
    ----------
    verdict : str
        What it was planted to be found as; "" for none.
    accepted : frozenset of str
        Verdicts that are true of it.
    effect : str
        Its size, for the table that is printed.
    twin : str, default ""
        A copy of it: one of both must have the verdict.
    """

    verdict: str
    accepted: frozenset[str]
    effect: str
    twin: str = ""


@dataclass(frozen=True)
class Table:
    """A panel, and the truth about each of its features."""

    frame: pl.DataFrame
    truth: Mapping[str, Planted]


class _Maker:
    """Columns of one panel, entity by entity and day by day."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.logit = np.zeros((N_ENTITIES, N_DAYS))
        self.columns: dict[str, npt.NDArray[np.generic]] = {}
        self.truth: dict[str, Planted] = {}

    def noise(self) -> Floats:
        """Independent standard normal values."""
        return self.rng.normal(size=(N_ENTITIES, N_DAYS))

    def persistent(self, phi: float) -> Floats:
        """Standard normal values that each entity remembers from day to day."""
        values = self.noise()
        for day in range(1, N_DAYS):
            values[:, day] = phi * values[:, day - 1] + np.sqrt(1 - phi**2) * values[:, day]
        return values

    def add(
        self, name: str, values: npt.NDArray[np.generic], planted: Planted, weight: float = 0.0
    ) -> None:
        """Plant a feature that adds `weight` times itself to the log-odds."""
        self.columns[name] = values
        self.truth[name] = planted
        if weight:
            self.logit = self.logit + weight * values.astype(np.float64)

    def table(self, leaks: bool = False) -> Table:
        """Draw the labels and return the panel."""
        odds = 1 / (1 + np.exp(-self.logit))
        y = (self.rng.random(odds.shape) < odds).astype(np.int64)
        if leaks:
            told = y + self.rng.normal(scale=0.5, size=y.shape)
            self.add("told_early", told, Planted(
                "leak_suspect", frozenset({"leak_suspect"}),
                "the label + noise of sd 0.5, among features that last"))
            self.add(CENTRED, self.noise(), Planted(
                "look_ahead", frozenset({"look_ahead"}),
                "mean of noise over three days, the next among them"))
        days = np.datetime64("2020-01-01", "us") + np.arange(N_DAYS) * np.timedelta64(1, "D")
        who = np.repeat([f"e{i:02d}" for i in range(N_ENTITIES)], N_DAYS)
        frame = pl.DataFrame({"day": np.tile(days, N_ENTITIES), "entity": who, "y": y.ravel()})
        frame = frame.with_columns(pl.Series(name, values.ravel())
                                   for name, values in self.columns.items())
        return Table(frame, self.truth)


def honest_table(seed: int) -> Table:
    """Signals, near-copies, noise of several kinds, a shift, and a signal of one event only."""
    make = _Maker(seed)
    for name, weight, phi in (("strong", 0.9, 0.0), ("medium", 0.6, 0.9), ("modest", 0.4, 0.5)):
        make.add(name, make.persistent(phi), Planted(
            "useful", WORTHY, f"log-odds {weight} per sd, memory {phi}"), weight)
    pair = make.persistent(0.5)
    copied = Planted("redundant", WORTHY | {"redundant"}, "copy with |rho| = 0.99", "copy_b")
    make.add("copy_a", pair, copied, 0.6)
    twin = pair + 0.1 * make.noise()
    make.add("copy_b", twin, Planted("", WORTHY | {"redundant"}, "the other of both"))
    moved = make.persistent(0.5)
    make.add("moved", moved, Planted("drifting", frozenset({"drifting"}),
                                     "log-odds 0.6 per sd, mean +1 sd in the last fifth"), 0.6)
    make.columns["moved"] = moved + (np.arange(N_DAYS) >= 0.8 * N_DAYS)
    # Wide in two stretches of the training time and in one test window, hardly alive elsewhere.
    scale = np.full(N_DAYS, 0.05)
    for first in (20, 70, FIRST_TEST + 5 * WINDOW):
        scale[first:first + WINDOW] = 2.0
    make.add("promoted", scale * make.noise(), Planted(
        "event_specific", frozenset({"event_specific"}),
        "log-odds 0.8 per unit, sd 2 in one of ten test windows, 0.05 in the others"), 0.8)
    turn = np.where(np.arange(N_DAYS) < FIRST_TEST, 1.2, -0.4)
    turned = make.noise()
    make.add("turned", turned, Planted("harmful", frozenset({"harmful"}),
                                       "log-odds 1.2 per sd until the first test, then -0.4"))
    make.logit = make.logit + turn * turned
    worthless = Planted("noise", WORTHLESS, "none")
    for k in range(4):
        make.add(f"noise_{k}", make.noise(), worthless)
        make.add(f"slow_noise_{k}", make.persistent(0.9), worthless)
    levels = make.rng.integers(0, 6, (N_ENTITIES, N_DAYS)).astype(str)
    make.add("noise_category", levels, worthless)
    shared = np.broadcast_to(make.rng.normal(size=N_DAYS), (N_ENTITIES, N_DAYS))
    make.add("noise_of_the_day", shared, worthless)
    return make.table()


def leaky_table(seed: int) -> Table:
    """Three signals, noise, a column written after the label was known, one that looks ahead."""
    make = _Maker(seed + 10_000)
    for name, weight in (("strong", 0.9), ("medium", 0.6), ("modest", 0.4)):
        make.add(name, make.persistent(0.97), Planted(
            "", WORTHY | WORTHLESS, f"log-odds {weight} per sd, memory 0.97"), weight)
    for k in range(4):
        make.add(f"noise_{k}", make.noise(), Planted("", WORTHLESS, "none"))
    return make.table(leaks=True)


def seeing(frame: pl.DataFrame) -> pl.DataFrame:
    """The features as a user's function makes them, one of which looks a day ahead."""
    known = frame.drop("day", "entity", "y")
    if CENTRED not in frame.columns:
        return known
    middle = pl.col(CENTRED).rolling_mean(3, center=True).over("entity")
    return known.with_columns(frame.select(middle))


def verdicts(table: Table, folder: str, importance: float = 1.0) -> dict[str, str]:
    """Run outlast on a table and return what its tracker says of each feature."""
    panel = Panel.build(table.frame, Schema(time="day", entity="entity", target="y", horizon=1),
                        name="battery")
    config = make_config({
        "models": ["prior", "linear", "lightgbm"], "optimization": ["none"],
        "splits": [{"expanding_window": {"n_splits": N_WINDOWS, "test_size": f"{WINDOW}d"}}],
        "allow_leaks": True, "audit": "exact", "reports": folder, "importance": importance})
    run(prepare(config, panel, seeing))
    tracker = FeatureTracker.open(folder)
    return dict(tracker.features().select("feature", "verdict").iter_rows())


@dataclass
class Count:
    """How often a verdict was right, of how many chances."""

    found: int = 0
    planted: int = 0
    false: int = 0
    others: int = 0


def count(truth: Mapping[str, Planted], told: Mapping[str, str],
          into: dict[str, Count]) -> Iterator[str]:
    """Add one table's verdicts to the counts; yield a line for each that is wrong."""
    for name, planted in truth.items():
        said = told[name]
        if planted.verdict:
            counted = into[planted.verdict]
            counted.planted += 1
            right = said in planted.accepted
            if planted.twin:
                right = [said, told[planted.twin]].count(planted.verdict) == 1
            counted.found += right
            if not right:
                yield f"{name} ({planted.effect}): {said}, should be {planted.verdict}"
        for verdict in VERDICTS:
            if verdict not in planted.accepted:
                into[verdict].others += 1
                into[verdict].false += said == verdict
                if said == verdict and not planted.verdict:
                    yield f"{name} ({planted.effect}): {said}"


VERDICTS = ("leak_suspect", "look_ahead", "harmful", "redundant", "noise", "unstable", "drifting",
            "event_specific", "useful", "core")
TABLES: tuple[Callable[[int], Table], ...] = (honest_table, leaky_table)
DETECTION, FALSE_ALARMS = 0.9, 0.05
HEADER = f"""# How often the verdicts are right

Features whose worth is known, in panels of {N_ENTITIES} entities and {N_DAYS} days, tested on \
{N_WINDOWS} windows of {WINDOW}
days that follow each other, with a linear model and LightGBM. *Found* counts the planted features
that got the verdict (a useful one may be core; noise must be called noise or left undecided);
*false alarms* the features of all other kinds that got it. Bars: {DETECTION:.0%} and \
{FALSE_ALARMS:.0%}. Made by
`make battery` over {{seeds}} seeds.

| verdict | planted | found | false alarms |
| --- | --- | --- | --- |
"""


def page(counts: Mapping[str, Count], seeds: int) -> str:
    """Return the rates of all verdicts in Markdown."""
    effects: dict[str, dict[str, None]] = defaultdict(dict)
    for kind in TABLES:
        for planted in kind(0).truth.values():
            effects[planted.verdict][planted.effect] = None
    lines = [f"| `{name}` | {_cell(effects[name])} "
             f"| {_rate(c.found, c.planted)} | {_rate(c.false, c.others)} |"
             for name in VERDICTS for c in [counts[name]]]
    return HEADER.format(seeds=seeds) + "\n".join(lines) + "\n"


def _cell(effects: Mapping[str, None]) -> str:
    return "; ".join(effects).replace("|", "\\|") or "not planted"


def misses(counts: Mapping[str, Count]) -> list[str]:
    """Return the verdicts that miss a bar."""
    return [name for name, c in counts.items()
            if c.found < DETECTION * c.planted or c.false > FALSE_ALARMS * c.others]


def main() -> int:
    """Count over some seeds, print the rates and every wrong verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="tables of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--write", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    logging.getLogger("outlast").setLevel(logging.ERROR)
    counts: dict[str, Count] = defaultdict(Count)
    for seed in range(options.first, options.first + options.seeds):
        for kind in TABLES:
            table = kind(seed)
            with tempfile.TemporaryDirectory() as folder:
                told = verdicts(table, folder)
            for line in count(table.truth, told, counts):
                print(f"seed {seed}, {kind.__name__}: {line}", flush=True)
    text = page(counts, options.seeds)
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    if missed := misses(counts):
        print(f"misses a bar: {', '.join(missed)}")
    return int(bool(missed))


def _rate(hits: int, chances: int) -> str:
    return f"{hits / chances:.1%} ({hits} of {chances})" if chances else ""


if __name__ == "__main__":
    sys.exit(main())
