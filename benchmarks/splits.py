"""Time every splitter and the exact leak checks on a panel of a million rows.

Run it from the repository root:

    make bench
    python -m benchmarks.splits --times 400 --entities 100

It prints seconds per fold set (all folds, with their purge audits), the exact checks of the
audit on the same panel, and as a ratio the same five purged folds by purgedcv.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import purgedcv

from outlast.audit import CHECKS, AuditedSplit, Facts
from outlast.data import Events, Panel, Schema
from outlast.features import FeatureTable, Lineage
from outlast.splits import SPLITTERS, Splitter, make_splitter

HORIZON = 5
DAY = 86_400 * 10**9
EXACT = [code for code in CHECKS if code < "LK200"]
PARAMS: dict[str, dict[str, Any]] = {"event_aware": {"base": "walk_forward"}}


def make_panel(n_times: int, n_entities: int) -> Panel:
    """A panel with ties at every timestamp, four numbers and labels of `HORIZON` days."""
    rng = np.random.default_rng(0)
    n = n_times * n_entities
    day = np.repeat(np.arange(n_times), n_entities)
    table = pl.DataFrame({
        "day": pl.Series(day * DAY).cast(pl.Datetime("ns")),
        "entity": np.tile([f"e{k:04d}" for k in range(n_entities)], n_times),
        "y": rng.integers(0, 2, n),
        **{f"x{k}": rng.normal(size=n) for k in range(4)},
    })
    starts = np.arange(20, n_times - 40, n_times // 12)
    events = Events.from_frame(pl.DataFrame({
        "start": pl.Series(starts * DAY).cast(pl.Datetime("ns")),
        "end": pl.Series((starts + 10) * DAY).cast(pl.Datetime("ns")),
        "kind": [f"kind {k % 3}" for k in range(starts.size)],
    }))
    schema = Schema(time="day", entity="entity", target="y", horizon=f"{HORIZON}D")
    return Panel.build(table, schema, events=events)


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Median wall-clock seconds of some work."""
    measured = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        measured.append(time.perf_counter() - begun)
    return statistics.median(measured)


def raw_features(panel: Panel) -> FeatureTable:
    """The four numbers as they are: the checks are timed, not the recipe."""
    names = [name for name in panel.frame.columns if name.startswith("x")]
    lineage = tuple(Lineage(n, n, "raw", n, (n,), (n,), "0 rows", 0, "stateless") for n in names)
    return FeatureTable(panel.frame.select(pl.col(names).cast(pl.Float32)), lineage, "raw")


def folds_of(splitter: Splitter, panel: Panel) -> AuditedSplit:
    """All folds of a splitter with their purge audits."""
    groups = panel.entity if splitter.needs_groups else None
    found = splitter.folds(panel.time, panel.label_end, groups=groups)
    return AuditedSplit(tuple(found), splitter.leaky, splitter)


def rival(panel: Panel) -> int:
    """The five purged folds of purgedcv, which binds the times to the splitter."""
    import pandas as pd

    times = pd.Series(panel.time.ns.astype("datetime64[ns]"))
    ends = pd.Series(panel.label_end.astype("datetime64[ns]"))
    splitter = purgedcv.PurgedKFold(n_splits=5, prediction_times=times, evaluation_times=ends)
    return sum(1 for _ in splitter.split(np.zeros((panel.n_rows, 1))))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=2000)
    parser.add_argument("--entities", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    panel = make_panel(options.times, options.entities)
    print(f"{panel.n_rows:,} rows, {options.entities} entities, {options.times} timestamps\n")
    print(f"{'split':<22}{'folds':>6}{'seconds':>9}")
    splits = {}
    for name in SPLITTERS:
        splitter = make_splitter(name, PARAMS.get(name), events=panel.events)
        splits[name] = folds_of(splitter, panel)
        took = seconds(lambda splitter=splitter: folds_of(splitter, panel), options.repeats)
        print(f"{name:<22}{len(splits[name].folds):>6}{took:>9.2f}")
    facts = Facts(panel, raw_features(panel), splits=splits, level="exact")
    print(f"\n{'exact check, on all of these folds':<44}{'seconds':>9}")
    for code in EXACT:
        check = CHECKS[code]()
        print(f"{code} {check.title:<38}{seconds(lambda c=check: c.look(facts), 1):>9.2f}")
    ours = seconds(lambda: folds_of(make_splitter("purged_kfold"), panel), options.repeats)
    theirs = seconds(lambda: rival(panel), 1)
    print(f"\npurged_kfold: {ours:.2f} s, purgedcv.PurgedKFold: {theirs:.2f} s, "
          f"ratio {theirs / ours:.1f}")


if __name__ == "__main__":
    main()
