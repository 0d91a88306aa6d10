"""A recipe at work: the raw columns and steps of one panel, and features of them on demand."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from itertools import groupby, product
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs

from outlast.data.panel import Panel
from outlast.features.base import ENTITY, TIME, Context, ExpressionFeature, Feature
from outlast.features.column import Column
from outlast.features.grid import CELLS, Block, Grid
from outlast.features.memory import Floats, reuse
from outlast.features.windows import GridFeature

Results = dict[str, npt.NDArray[Any]]

# Threads cost more than they save below this number of rows.
_SMALL = 2**15


class Extraction:
    """Computes features of a panel, in as many parts as one likes.

    The raw columns and the steps (features that others build on) are made once and stay in
    memory; everything else is made when it is asked for, and then belongs to the caller.

    Parameters
    ----------
    panel : Panel
    features : sequence of Feature
        Inputs before the features that use them; they fit the panel.
    roots : sequence of str
        The raw columns that they need.

    Examples
    --------
    >>> from outlast.data import load_stocks
    >>> from outlast.features.windows import Return, Rolling
    >>> features = (Return("r1", "adj_close"), Rolling("calm", "r1", rows=5))
    >>> Extraction(load_stocks(), features, ["adj_close"]).table(["calm"]).dtypes
    [Float32]
    """

    def __init__(self, panel: Panel, features: Sequence[Feature], roots: Sequence[str]) -> None:
        self._panel = panel
        self._features = features
        self._context = Context.of(panel)
        self._frame = _working_table(panel, roots, features)
        self._spent: dict[str, list[float]] = defaultdict(list)

    def cost(self, name: str) -> float:
        """Return a made feature's seconds of CPU for 100,000 rows, without its inputs.

        What polars computes at once is shared out evenly.
        """
        return 1e5 * sum(self._spent[name]) / max(1, self._panel.n_rows)

    def table(self, names: Sequence[str]) -> pl.DataFrame:
        """Return some features: Float32 with NaN for what is missing, text for categories."""
        wanted = set(names)
        for step in levels(self._steps(wanted)):
            self._frame = self._frame.with_columns(self._computed(step, np.float64))
        ready = [feature for feature in self._features if feature.name in wanted]
        columns = pl.DataFrame(self._computed(ready, np.float32))
        return columns.select(names)

    def _steps(self, wanted: set[str]) -> list[Feature]:
        """The features that the wanted ones are computed from and that are not there yet."""
        needed: set[str] = set()
        steps, there = [], set(self._frame.columns)
        for feature in reversed(self._features):
            is_step = feature.name in needed and feature.name not in there
            if is_step:
                steps.append(feature)
            if is_step or feature.name in wanted:
                needed.update(feature.inputs)
        return steps[::-1]

    def _computed(self, features: Sequence[Feature], dtype: type[np.floating]) -> list[pl.Series]:
        on_grid = [f for f in features if isinstance(f, GridFeature) and self._holds_numbers(f)]
        arrays = self._on_grid(on_grid, dtype) if on_grid else {}
        made = [pl.Series(name, values, nan_to_null=dtype == np.float64)
                for name, values in arrays.items()]
        rest = [feature for feature in features if feature.name not in arrays]
        return made + self._expressed(rest, dtype) if rest else made

    def _expressed(self, features: Sequence[Feature], dtype: type[np.floating]) -> list[pl.Series]:
        """Compute features by polars, expressions all at once."""
        begun = time.process_time()
        expressions = self._frame.select(f.expression().alias(f.name) for f in features
                                         if isinstance(f, ExpressionFeature))
        others = [f.compute(self._frame, self._context).alias(f.name) for f in features
                  if not isinstance(f, ExpressionFeature)]
        made = pl.DataFrame([*expressions, *others])
        made = for_models(made) if dtype == np.float32 else made.with_columns(_tidy(made))
        for feature in features:
            self._spent[feature.name].append((time.process_time() - begun) / len(features))
        return made.get_columns()

    def _holds_numbers(self, feature: Feature) -> bool:
        return self._frame[feature.source].dtype.is_numeric()

    def _on_grid(self, features: Sequence[GridFeature], dtype: type[np.floating]) -> Results:
        """Compute the formulas on blocks of entities, on all cores."""
        # One array for all: the system hands out large ones in large pages.
        memory = self._grid.empty(len(features), dtype)
        results = {feature.name: memory[i] for i, feature in enumerate(features)}
        by_source = sorted(features, key=lambda feature: feature.source)
        groups = [(self._numbers(source), list(group))
                  for source, group in groupby(by_source, lambda feature: feature.source)]

        def work(task: tuple[tuple[Floats, list[GridFeature]], Block]) -> None:
            (values, some), block = task
            column = Column(self._grid.cells(values, block))
            for feature in some:
                begun = time.thread_time()
                self._grid.put(results[feature.name], block, feature.window(column).values)
                self._spent[feature.name].append(time.thread_time() - begun)

        tasks = list(product(groups, self._grid.blocks))
        list((map if self._panel.n_rows < _SMALL else _threads().map)(work, tasks))
        # Divisions by zero and what Float32 cannot hold are missing values.
        for values in results.values():
            if (infinite := np.isinf(values)).any():
                values[infinite] = np.nan
        return {name: values[: self._panel.n_rows] for name, values in results.items()}

    def _numbers(self, name: str) -> Floats:
        numbers: Floats = self._frame[name].cast(pl.Float64).to_numpy()
        return numbers

    @cached_property
    def _grid(self) -> Grid:
        return Grid(self._panel.entity)


@cache
def _threads() -> ThreadPoolExecutor:
    """As many threads as polars has; they live on, and with them the memory that they reuse."""
    return ThreadPoolExecutor(pl.thread_pool_size(), "features", reuse, (CELLS,))


def levels(features: Sequence[Feature]) -> list[list[Feature]]:
    """Group features so that each level needs only the levels before it."""
    depth: dict[str, int] = {}
    found: list[list[Feature]] = []
    for feature in features:
        depth[feature.name] = max(depth.get(name, -1) for name in feature.inputs) + 1
        if depth[feature.name] == len(found):
            found.append([])
        found[depth[feature.name]].append(feature)
    return found


def for_models(frame: pl.DataFrame) -> pl.DataFrame:
    """Return numbers as Float32 with NaN for missing; what Float32 cannot hold is missing too."""
    number = (cs.numeric() | cs.boolean()).cast(pl.Float32, strict=False)
    return frame.with_columns(pl.when(number.is_finite()).then(number).otherwise(float("nan")))


def _working_table(
    panel: Panel, roots: Sequence[str], features: Sequence[Feature]
) -> pl.DataFrame:
    """Select the raw columns, numbers as Float64 without infinities, and add the two keys."""
    entity = panel.schema.entity
    names = pl.lit("") if entity is None else panel.frame[entity].cast(pl.String)
    frame = panel.frame.select(roots)
    # A category keeps its type, so that code 7 reads "7" and not "7.0".
    kept = {column for feature in features if feature.accepts == "category"
            for column in feature.inputs}
    numbers = _tidy(frame.select(root for root in roots if root not in kept))
    time = pl.Series(TIME, panel.time.ns).cast(pl.Datetime("ns")).set_sorted()
    return frame.with_columns(time, names.alias(ENTITY), *numbers)


def _tidy(frame: pl.DataFrame) -> Iterator[pl.Expr]:
    """Numbers as Float64, with null for NaN and infinity: both would spread over windows."""
    for name in frame.select(cs.numeric() | cs.boolean()).columns:
        number = pl.col(name).cast(pl.Float64)
        yield pl.when(number.is_finite()).then(number)
