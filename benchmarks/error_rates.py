"""How often "A is better than B" is wrong, and how often a true lead is found.

`python -m benchmarks.error_rates` plants two models that are equally good by symmetry, or one
that is better, on panels whose labels overlap and whose entities share their shocks, and asks
the judge's test, a test over rows, and a circular block bootstrap of timestamps.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from outlast.judge.blocks import Blocks
from outlast.judge.results import Result, losses_over_time
from outlast.metrics import METRICS, row_losses, score_all
from outlast.records import FoldAudit, Job, Record, Strategy

Floats = npt.NDArray[np.float64]

DAY = 86_400 * 10**9
N_ENTITIES = 20
LEVEL = 0.05
LEADS = (0.0, 0.05, 0.10, 0.20)
HEADER = """\
# How often the judge is wrong about a lead

Two models on {n_entities} entities whose labels overlap by the horizon and whose entities share
most of their shocks. A lead of 0 makes them equally good by symmetry, so every "A is better" or
"B is better" is false: {level:.0%} is the nominal rate, 3 to 8 % the bar. Other columns are the
power: how often the better one is found. The lead is in units of each model's own signal.
Made by `make error_rates` over {repeats} panels each.

| timestamps | horizon | metric | test | {leads} |
| --- | --- | --- | --- | {rules} |
"""


@dataclass(frozen=True)
class World:
    """A panel: how many timestamps, and how many of them a label reaches ahead."""

    n_times: int
    horizon: int


WORLDS = (World(250, 1), World(250, 10), World(500, 5), World(1000, 10), World(500, 20))


def draw(world: World, lead: float, seed: int) -> tuple[Result, Result]:
    """Return the held-out rows of two models; the first one's signal is larger by `lead`.

    The label is whether a sum of `horizon` coming shocks, most of each shared by all
    entities, and both models' signals is positive. Signals have a memory of their own.
    """
    rng = np.random.default_rng([seed, world.n_times, world.horizon])
    shape = (world.n_times, N_ENTITIES)
    steps = world.n_times + world.horizon
    shocks = rng.normal(size=(steps, 1)) + 0.7 * rng.normal(size=(steps, N_ENTITIES))
    total = np.vstack([np.zeros((1, N_ENTITIES)), shocks.cumsum(axis=0)])
    ahead = (total[world.horizon:] - total[:-world.horizon])[: world.n_times]
    signals = [_persistent(rng, shape) for _ in range(2)]
    strength = 0.5 * np.sqrt(world.horizon)
    y = (ahead + strength * ((1 + lead) * signals[0] + (1 - lead) * signals[1]) > 0).astype(float)
    return tuple(_result(name, signal, y, world.horizon)  # type: ignore[return-value]
                 for name, signal in zip("ab", signals, strict=True))


def _persistent(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    noise = rng.normal(size=shape) * 0.8 + rng.normal(size=(shape[0], 1)) * 0.6
    for at in range(1, shape[0]):
        noise[at] = 0.9 * noise[at - 1] + np.sqrt(1 - 0.81) * noise[at]
    return noise


def _result(name: str, signal: Floats, y: Floats, horizon: int) -> Result:
    p = 1 / (1 + np.exp(-signal.ravel() * 0.8))
    time = np.repeat(np.arange(len(y)), N_ENTITIES) * DAY
    table = pl.DataFrame({
        "time": time, "label_end": time + horizon * DAY, "y": y.ravel(), "p": p,
        "code": np.tile(np.arange(N_ENTITIES), len(y)), "row": np.arange(y.size)})
    job = Job(data="", features="", task="binary", model=Strategy(name=name),
              split=Strategy(name="temporal"), fold=0, search=Strategy(name="none"),
              selection=Strategy(name="none"), metric="roc_auc", seed=0, code="")
    audit = FoldAudit(n_train=1, n_test=y.size, train_start=-2, train_end=-1, test_start=0,
                      test_end=int(time[-1]))
    record = Record(job=job, status="ok", session="", started="", audit=audit,
                    scores=score_all("binary", y.ravel(), p))
    return Result(record, table)


def by_blocks(metric: str, a: Result, b: Result) -> tuple[bool, bool]:
    """Ask the judge: is A better, is B better."""
    blocks = Blocks.of([a])
    gain = blocks.scores(METRICS[metric], [a]) - blocks.scores(METRICS[metric], [b])
    gain = gain if METRICS[metric].greater_is_better else gain.times(-1)
    return gain.p_above() < LEVEL / 2, gain.times(-1).p_above() < LEVEL / 2


def by_rows(metric: str, a: Result, b: Result) -> tuple[bool, bool]:
    """Ask a paired t-test of the losses of all rows, as if they were independent."""
    del metric
    lost = [row_losses("binary", each.y, each.prediction) for each in (a, b)]
    test = stats.ttest_rel(lost[1], lost[0])
    return (test.pvalue < LEVEL and test.statistic > 0), (test.pvalue < LEVEL
                                                          and test.statistic < 0)


def by_bootstrap(metric: str, a: Result, b: Result, n_draws: int = 499) -> tuple[bool, bool]:
    """Ask the percentiles of a circular block bootstrap of timestamps, two horizons a block."""
    del metric
    times = np.unique(a.time)
    gain = losses_over_time(times, [b]) - losses_over_time(times, [a])
    steps = (a.predictions["label_end"][0] - a.time[0]) // DAY
    length, rng = max(1, int(2 * steps)), np.random.default_rng(0)
    starts = rng.integers(0, gain.size, (n_draws, -(-gain.size // length)))
    drawn = gain[(starts[:, :, None] + np.arange(length)) % gain.size].mean(axis=(1, 2))
    low, high = np.quantile(drawn, [LEVEL / 2, 1 - LEVEL / 2])
    return bool(low > 0), bool(high < 0)


TESTS: Mapping[str, Callable[[Result, Result], tuple[bool, bool]]] = {
    "blocks of time, log_loss": partial(by_blocks, "log_loss"),
    "blocks of time, roc_auc": partial(by_blocks, "roc_auc"),
    "block bootstrap, log_loss": partial(by_bootstrap, "log_loss"),
    "rows, log_loss": partial(by_rows, "log_loss"),
}


def rates(world: World, repeats: int) -> Iterator[tuple[str, list[float]]]:
    """Yield, for each test, how often it names a winner (lead 0) or the better model."""
    named: dict[str, list[float]] = {name: [] for name in TESTS}
    for lead in LEADS:
        counts = dict.fromkeys(TESTS, 0)
        for seed in range(repeats):
            pair = draw(world, lead, seed)
            for name, test in TESTS.items():
                first, second = test(*pair)
                counts[name] += (first or second) if lead == 0 else first
        for name in TESTS:
            named[name].append(counts[name] / repeats)
    yield from named.items()


def page(repeats: int) -> Iterator[str]:
    """Yield the page in Markdown, line by line as it is measured."""
    heads = ["false alarms at a lead of 0", *(f"power at {lead:g}" for lead in LEADS[1:])]
    yield HEADER.format(n_entities=N_ENTITIES, level=LEVEL, repeats=repeats,
                        leads=" | ".join(heads), rules=" | ".join(["---"] * len(LEADS))).rstrip()
    for world in WORLDS:
        for name, found in rates(world, repeats):
            test, metric = name.split(", ")
            cells = " | ".join(f"{rate:.1%}" for rate in found)
            yield f"| {world.n_times} | {world.horizon} | {metric} | {test} | {cells} |"


def main() -> None:
    """Measure and print; with --write into a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000, help="panels of each kind")
    parser.add_argument("--write", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    lines = []
    for line in page(options.repeats):
        print(line, flush=True)
        lines.append(line)
    if options.write:
        options.write.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
