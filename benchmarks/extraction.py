"""Time feature extraction against pandas and mlforecast, with the same windows and statistics.

Run it from the repository root:

    make bench
    python -m benchmarks.extraction --rivals .venv/rivals/bin/python

What is compared: lags, and mean, deviation, minimum and maximum over 5, 20 and 60 rows and over all
rows so far, and an exponential mean, of one column, from the table in memory to a table with all
features in memory. The rows of each rival lie as it likes them, sorted by entity, then time; ours
by time, then entity, as a panel is. First the values are compared, to 1e-6. mlforecast gets the
same number of threads and runs in a process of its own, warmed up, because it has dependencies of
its own: nothing of it is needed to use outlast.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from benchmarks.measure import Measure, show
from benchmarks.splits import make_panel
from outlast.data import Panel, load_stocks
from outlast.features import Feature, Recipe
from outlast.features.windows import Ewm, Expanding, Lag, Rolling

LAGS = (1, 2, 3, 5, 10, 21)
WINDOWS = (5, 20, 60)
STATISTICS = ("mean", "std", "min", "max")
SPAN = 10
RIVALS = Path(".venv/rivals/bin/python")


def recipe(source: str) -> Recipe:
    """The features that all three compute."""
    windows = [Rolling(f"{s}_{rows}", source, rows, rows, s)
               for rows in WINDOWS for s in STATISTICS]
    features: list[Feature] = [*(Lag(f"lag_{k}", source, k) for k in LAGS), *windows,
                               *(Expanding(f"{s}_so_far", source, s) for s in STATISTICS),
                               Ewm("ewm", source, span=SPAN)]
    return Recipe("windows", tuple(features))


def by_pandas(table: pd.DataFrame) -> pd.DataFrame:
    """The same by `groupby`, on rows sorted by entity and time."""
    groups = table.groupby("unique_id", sort=False)["y"]
    columns = {f"lag_{k}": groups.shift(k) for k in LAGS}
    for rows in WINDOWS:
        rolling = groups.rolling(rows)
        columns |= {f"{s}_{rows}": getattr(rolling, s)() for s in STATISTICS}
    columns |= {f"{s}_so_far": getattr(groups.expanding(), s)() for s in STATISTICS}
    columns["ewm"] = groups.ewm(span=SPAN).mean()
    return pd.DataFrame({name: column.to_numpy() for name, column in columns.items()})


def as_written(panel: pd.DataFrame) -> pd.DataFrame:
    """The same as it is usually written: a column at a time, put back by the index."""
    table = panel.copy()
    for k in LAGS:
        table[f"lag_{k}"] = table.groupby("entity")["y"].shift(k)
    for rows in WINDOWS:
        for s in STATISTICS:
            rolled = getattr(table.groupby("entity")["y"].rolling(rows), s)()
            table[f"{s}_{rows}"] = rolled.reset_index(level=0, drop=True)
    for s in STATISTICS:
        so_far = getattr(table.groupby("entity")["y"].expanding(), s)()
        table[f"{s}_so_far"] = so_far.reset_index(level=0, drop=True)
    ewm = table.groupby("entity")["y"].ewm(span=SPAN).mean()
    table["ewm"] = ewm.reset_index(level=0, drop=True)
    return table.drop(columns=["entity", "time", "y"])


_MLFORECAST = """
import json, statistics, sys, time
import pandas as pd
from mlforecast.core import TimeSeries
from mlforecast.lag_transforms import *
path, out, threads, repeats, lags, windows, span = json.loads(sys.argv[1])
table = pd.read_parquet(path)
kinds = RollingMean, RollingStd, RollingMin, RollingMax
made = [kind(rows) for rows in windows for kind in kinds]
made += [ExpandingMean(), ExpandingStd(), ExpandingMin(), ExpandingMax()]
made += [ExponentiallyWeightedMean(2 / (span + 1))]
def work():
    series = TimeSeries(freq=1, lags=lags, lag_transforms={1: made}, num_threads=threads)
    return series.fit_transform(table, id_col="unique_id", time_col="ds", target_col="y",
                                dropna=False, static_features=[])
result = work()
seconds = []
for _ in range(repeats):
    begun = time.perf_counter()
    work()
    seconds.append(time.perf_counter() - begun)
result.to_parquet(out)
print(json.dumps(statistics.median(seconds)))
"""


def by_mlforecast(
    python: Path, table: pd.DataFrame, repeats: int
) -> tuple[float, pd.DataFrame]:
    """Seconds of mlforecast in its own process, and what it made."""
    with tempfile.TemporaryDirectory() as text:
        path, out = Path(text) / "table.parquet", Path(text) / "out.parquet"
        table.to_parquet(path)
        order = [str(path), str(out), pl.thread_pool_size(), repeats, LAGS, WINDOWS, SPAN]
        done = subprocess.run([str(python), "-c", _MLFORECAST, json.dumps(order)], check=True,
                              capture_output=True, text=True)
        return float(json.loads(done.stdout)), pd.read_parquet(out)


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Median wall-clock seconds, after a first time that does not count."""
    work()
    measured = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        measured.append(time.perf_counter() - begun)
    return statistics.median(measured)


def sorted_by_entity(panel: Panel, source: str) -> tuple[pd.DataFrame, np.ndarray]:
    """The column as rivals like it, and the panel's row of each of its rows."""
    order = np.lexsort((panel.time.ns, panel.entity))
    entity = panel.entity[order]
    first = np.flatnonzero(np.diff(entity, prepend=-1))
    place = np.arange(entity.size) - np.repeat(first, np.diff([*first, entity.size]))
    values = panel.frame[source].cast(pl.Float64).to_numpy()[order]
    return pd.DataFrame({"unique_id": entity, "ds": place, "y": values}), order


def as_a_panel(panel: Panel, source: str) -> pd.DataFrame:
    """The column as it usually comes: by time, with names of entities."""
    names = panel.frame[str(panel.schema.entity)].cast(pl.String).to_list()
    return pd.DataFrame({"entity": names, "time": panel.time.ns.astype("datetime64[ns]"),
                         "y": panel.frame[source].cast(pl.Float64).to_numpy()})


def check_equal(ours: pl.DataFrame, theirs: np.ndarray, order: np.ndarray, who: str) -> None:
    """Raise if a value differs by more than Float32 and 1e-6 of the column's size explain."""
    mine = ours.to_numpy()[order]
    scale = np.nanmax(np.abs(theirs), axis=0)
    far = ~np.isclose(mine, theirs, rtol=1e-6, atol=1e-6 * scale, equal_nan=True)
    if far.any():
        row, column = np.argwhere(far)[0]
        raise AssertionError(f"{who}: {far.sum()} values differ, first {ours.columns[column]} in "
                             f"row {row}: {mine[row, column]} and {theirs[row, column]}")


def compare(panel: Panel, source: str, name: str, rivals: Path, repeats: int) -> list[Measure]:
    """Both ratios on one table."""
    made, (table, order) = recipe(source), sorted_by_entity(panel, source)
    # The hash of the data is known before features are computed, and is timed on its own.
    assert panel.fingerprint
    check_equal(made.transform(panel).frame, by_pandas(table).to_numpy(), order, "pandas")
    check_equal(made.transform(panel).frame, as_written(as_a_panel(panel, source)).to_numpy(),
                np.arange(panel.n_rows), "pandas as written")
    ours = seconds(lambda: made.transform(panel), 2 * repeats + 1)
    theirs = seconds(lambda: by_pandas(table), max(1, repeats // 2))
    plain = as_a_panel(panel, source)
    written = seconds(lambda: as_written(plain), 1)
    title = f"{name}, {panel.n_rows:,} rows x {len(made.exported)} features"
    both, pandas = f"ours {ours * 1e3:.1f} ms", f"pandas {pd.__version__}"
    measures = [
        Measure("pandas groupby().rolling() as it is usually written / extraction", title,
                written / ours, 30, "more",
                f"{both}, {pandas} {written * 1e3:.0f} ms: panel order, text keys, a column at "
                "a time put back by the index; wall"),
        Measure("pandas groupby().rolling() at its best / extraction", title, theirs / ours, 30,
                "more", f"{both}, {pandas} {theirs * 1e3:.0f} ms: sorted rows, integer keys, one "
                "groupby for all, values without an index; wall")]
    if not rivals.is_file():
        print(f"no {rivals}: not compared with mlforecast [{title}]")
        return measures
    its, result = by_mlforecast(rivals, table, 2 * repeats + 1)
    check_equal_lags(made.transform(panel).frame, result, order, table)
    measures.append(Measure("mlforecast core / extraction", title, its / ours, 2, "more",
                            f"{both}, mlforecast {its * 1e3:.1f} ms on {pl.thread_pool_size()} "
                            "threads; wall"))
    return measures


def check_equal_lags(
    ours: pl.DataFrame, result: pd.DataFrame, order: np.ndarray, table: pd.DataFrame
) -> None:
    """Compare with mlforecast, whose windows end one row before the row itself.

    Its exponential mean starts at the first value instead of weighing it, so it is timed only.
    """
    width = len(LAGS)
    theirs = result.sort_values(["unique_id", "ds"]).iloc[:, 3:].to_numpy()
    check_equal(ours.select(ours.columns[:width]), theirs[:, :width], order, "mlforecast")
    later = table.groupby("unique_id").cumcount(ascending=False).to_numpy() > 0
    rows = np.flatnonzero(later)
    names = [name for name in ours.columns[width:] if name != "ewm"]
    columns = [width + ours.columns[width:].index(name) for name in names]
    check_equal(ours.select(names), theirs[rows + 1][:, columns], order[rows], "mlforecast")


def run(rivals: Path = RIVALS, repeats: int = 4, *, large: bool = False) -> list[Measure]:
    """Compare on the embedded stocks, on 103,000 rows, and on a million if asked."""
    panels = [(load_stocks(), "adj_close", "stocks"), (make_panel(500, 206), "x0", "206 entities")]
    if large:
        panels.append((make_panel(2000, 500), "x0", "500 entities"))
    return [measure for panel, source, name in panels
            for measure in compare(panel, source, name, rivals, repeats)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rivals", type=Path, default=RIVALS, help="a Python with mlforecast")
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--large", action="store_true", help="a million rows as well")
    options = parser.parse_args()
    show(run(options.rivals, options.repeats, large=options.large))


if __name__ == "__main__":
    main()
