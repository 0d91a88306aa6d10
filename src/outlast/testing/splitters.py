"""What every splitter must keep: sound folds, and the manners of a scikit-learn splitter."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.events import Events
from outlast.data.times import Instants, to_instants
from outlast.errors import InputError
from outlast.splits.base import Fold, Splitter
from outlast.splits.temporal import TemporalSplit
from outlast.testing.contract import check, refused
from outlast.testing.folds import FoldRules, accounted, overlapping, pairs, split
from outlast.testing.panels import DAY_NS, START, TimedRows, Times


class SplitterContract(FoldRules):
    """The rules of a splitter; subclass it in a test file and return yours.

    Folds are checked pair by pair on random panels: see `FoldRules`. The rules here are
    about calls: kinds of time, kinds of table, clones, nested search and bad input.

    Examples
    --------
    >>> from outlast.splits import WalkForwardSplit
    >>> class TestWalkForward(SplitterContract):
    ...     def splitter(self):
    ...         return WalkForwardSplit(n_splits=2, test_size=2, train_size=3)
    >>> TestWalkForward().test_no_timestamp_is_on_both_sides()
    """

    def test_get_n_splits_counts_what_split_yields(self) -> None:
        """Scikit-learn sizes its results by this number."""
        splitter, rows = self._plain()
        told = splitter.get_n_splits(None, None, self.groups(rows.time), time=rows.time,
                                     label_end=rows.label_end)
        found = len(self._pairs(splitter, rows))
        assert told == found, f"get_n_splits says {told} but split yields {found} folds; count them"

    def test_the_order_of_the_rows_does_not_matter(self) -> None:
        """The same rows in another order are split in the same way."""
        splitter, rows = self._plain()
        groups = self.groups(rows.time)
        order = np.random.default_rng(1).permutation(len(rows))
        mixed = None if groups is None else np.asarray(groups)[order]
        got = split(splitter, rows.take(order), mixed)
        same = pairs((np.sort(order[a]), np.sort(order[b])) for a, b in got)
        assert splitter.leaky or same == self._pairs(splitter, rows), (
            "rows in another order gave other folds; decide by time (and group), not by position")

    def test_a_clone_splits_the_same(self) -> None:
        """Scikit-learn clones, shows and changes a splitter by its parameters."""
        from sklearn.base import clone

        splitter, rows = self._plain()
        try:
            copy = clone(splitter)
        except (RuntimeError, TypeError) as error:
            raise AssertionError(f"{splitter} cannot be cloned: {error}; __init__ must store its "
                                 "arguments as they are, under their own names") from error
        copy.set_params(**splitter.get_params(deep=False))
        assert self._pairs(copy, rows) == self._pairs(splitter, rows), "a clone splits otherwise"
        assert repr(splitter).startswith(type(splitter).__name__), "repr must name the class"
        try:
            copy.set_params(no_such=1)
        except ValueError:
            return
        raise AssertionError("set_params must refuse a parameter that __init__ does not have")

    def test_a_pickled_copy_splits_the_same(self) -> None:
        """Worker processes are given the splitter by pickle."""
        splitter, rows = self._plain()
        if not _importable(type(splitter)):
            return
        try:
            copy = pickle.loads(pickle.dumps(splitter))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise AssertionError(f"{splitter} cannot be pickled: {error}; keep no function, lock "
                                 "or open file in it") from error
        assert self._pairs(copy, rows) == self._pairs(splitter, rows), "a pickle splits otherwise"

    def test_every_kind_of_time_gives_the_same_folds(self) -> None:
        """Units, libraries and plain text name the same times."""
        splitter, rows = self._plain()
        expected, groups = self._folds(splitter, rows), self.groups(rows.time)
        for kind, convert in _kinds().items():
            got = splitter.folds(convert(rows.time), convert(rows.label_end), groups=groups)
            assert _same(got, expected), f"times as {kind} gave other folds; read them with " \
                "find_time and read_timeline"

    def test_every_zone_gives_the_same_folds(self) -> None:
        """An instant is the same instant in every zone; without a zone it is another clock."""
        splitter, rows = self._plain()
        expected, groups = self._pairs(splitter, rows), self.groups(rows.time)
        if getattr(splitter, "events", None) is not None:
            splitter.set_params(events=Events(splitter.events.table, "aware"))
        for zone in ("UTC", "Asia/Kolkata"):
            time, end = _aware(rows.time, zone), _aware(rows.label_end, zone)
            got = splitter.folds(time, end, groups=groups)
            assert pairs((fold.train, fold.test) for fold in got) == expected, (
                f"the same instants written in {zone} gave other folds; compare nanoseconds in UTC")
        with refused("aware", "Times with a zone and label ends without one must be refused."):
            splitter.folds(time, rows.label_end, groups=groups)

    def test_integers_are_abstract_time(self) -> None:
        """Days as plain numbers split as days do, unless a parameter is clock time."""
        splitter, rows = self._plain()
        expected, groups = self._pairs(splitter, rows), self.groups(rows.time)
        if getattr(splitter, "events", None) is not None:
            splitter.set_params(events=_in_days(splitter.events))
        try:
            got = splitter.folds(_days(rows.time), _days(rows.label_end), groups=groups)
        except InputError:
            return
        assert pairs((fold.train, fold.test) for fold in got) == expected, (
            "days as integers gave other folds than the same days as dates")

    def test_every_kind_of_table_gives_the_same_folds(self) -> None:
        """Times are also found by the name of a column or of an index level."""
        splitter, rows = self._plain()
        expected, groups = self._pairs(splitter, rows), self.groups(rows.time)
        for kind, (X, time) in _tables(rows).items():
            got = pairs(splitter.split(X, None, groups, time=time, label_end="until"))
            assert got == expected, f"{kind} gave other folds; read it with find_time"

    def test_bad_times_are_refused(self) -> None:
        """An error names the rows that are wrong, before anything is split."""
        splitter, rows = self._plain()
        early, missing = rows.label_end.copy(), rows.time.copy()
        early[[3, 7]] = rows.time[[3, 7]] - np.timedelta64(1, "D")
        missing[4] = np.datetime64("NaT", "s")
        bad = [(rows.time, early, r"row\(s\) \[3, 7\]", "A label that ends before its row"),
               (missing, None, r"row\(s\) \[4\]", "A missing time"),
               (rows.time, rows.label_end[1:], "39 .* 40", "One label end too few")]
        for time, label_end, words, what in bad:
            with refused(words, f"{what} must be refused; read the times with read_timeline."):
                splitter.folds(time, label_end, groups=self.groups(rows.time))

    def test_rows_without_a_label_are_dropped_and_counted(self) -> None:
        """With on_missing="drop" the other rows are split as if these were not there."""
        splitter, rows = self._plain()
        splitter.set_params(on_missing="drop")
        ends, groups = rows.label_end.copy(), self.groups(rows.time)
        ends[[3, 7]] = np.datetime64("NaT", "s")
        kept = np.delete(np.arange(len(rows)), [3, 7])
        fewer = None if groups is None else np.asarray(groups)[kept]
        alone = split(splitter, rows.take(kept), fewer)
        folds = splitter.folds(rows.time, ends, groups=groups)
        expected = pairs((kept[train], kept[test]) for train, test in alone)
        assert pairs((fold.train, fold.test) for fold in folds) == expected, (
            "on_missing='drop' gave other folds than the table without these rows")
        assert all(accounted(fold.audit) == len(rows) for fold in folds), (
            "the audit must count the rows that on_missing='drop' left out")

    def test_bad_lengths_are_refused(self) -> None:
        """A gap or an embargo is never negative and never NaN; a leaky contrast has none."""
        known = () if self.splitter().leaky else self.splitter().get_params(deep=False)
        for name in {"gap", "embargo"} & set(known):
            for bad in (-1, "-1D", float("nan")):
                splitter, rows = self._plain()
                splitter.set_params(**{name: bad})
                with refused(name, f"{name}={bad!r} must be refused: see timeline.duration."):
                    self._folds(splitter, rows)

    def test_a_nested_search_gets_the_times_of_its_rows(self) -> None:
        """Scikit-learn hands times, label ends and groups down to an inner search."""
        splitter, rows = self._plain(days=60)
        for train, test in _nested_fits(splitter, rows, self.groups(rows.time)):
            shared = np.intersect1d(rows.time[train], rows.time[test])
            assert splitter.leaky or not (shared.size or overlapping(rows, train, test).any()), (
                "a fold inside a nested search leaks; take times as arguments of split, not of "
                "__init__, so that scikit-learn slices them with the rows")


def check_splitter(
    splitter: Splitter, *, groups: Callable[[Times], Any] | None = None
) -> None:
    """Raise if a splitter breaks a rule of `SplitterContract`.

    Parameters
    ----------
    splitter : Splitter
    groups : callable, optional
        Given the times of some rows (whole days of 2024), returns a group for each.

    Raises
    ------
    AssertionError
        Naming every broken rule and how to mend it.

    Examples
    --------
    >>> from outlast.splits import ExpandingWindowSplit
    >>> check_splitter(ExpandingWindowSplit(n_splits=2))
    """

    class Given(SplitterContract):
        def splitter(self) -> Splitter:
            return splitter

        def groups(self, time: Times) -> Any:
            return None if groups is None else groups(time)

    check(Given(), repr(splitter))


def _kinds() -> dict[str, Callable[[Times], Any]]:
    """Ways to write the same naive times."""
    kinds: dict[str, Callable[[Times], Any]] = {
        "days": lambda t: t.astype("datetime64[D]"),
        "seconds": lambda t: t.astype("datetime64[s]"),
        "microseconds": lambda t: t.astype("datetime64[us]"),
        "polars": pl.Series,
        "text": lambda t: t.astype("datetime64[s]").astype(str).tolist(),
        "datetimes": lambda t: t.astype("datetime64[us]").tolist(),
        "instants": lambda t: Instants(to_instants(t).ns, "naive"),
    }
    if find_spec("pandas"):
        import pandas as pd

        kinds["pandas"] = pd.Series
    if find_spec("pyarrow"):
        import pyarrow as pa

        kinds["arrow"] = pa.array
    return kinds


def _tables(rows: TimedRows) -> dict[str, tuple[Any, Any]]:
    """Tables with the label end in the column `until`, and where their times are."""
    columns = {"x": np.zeros(len(rows)), "when": rows.time, "until": rows.label_end}
    tables: dict[str, tuple[Any, Any]] = {"a polars table": (pl.DataFrame(columns), "when")}
    if find_spec("pandas"):
        import pandas as pd

        frame = pd.DataFrame(columns)
        tables["a pandas table"] = (frame, "when")
        tables["a pandas index level"] = (frame.set_index(["x", "when"]), "when")
        tables["a pandas DatetimeIndex"] = (frame.set_index("when"), None)
    return tables


def _nested_fits(
    splitter: Splitter, rows: TimedRows, groups: Any
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Yield the rows of each fit and each score of cross-validated searches with the splitter."""
    from sklearn import config_context
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import GridSearchCV, cross_validate

    seen = []

    class Recorder(BaseEstimator):  # type: ignore[misc]
        def __init__(self, value: float = 0.0) -> None:
            self.value = value

        def fit(self, X: Any, y: Any) -> Recorder:
            del y
            self.rows_ = X[:, 0].astype(np.intp)
            return self

        def score(self, X: Any, y: Any) -> float:
            del y
            seen.append((self.rows_, X[:, 0].astype(np.intp)))
            return self.value

    params = {"time": rows.time, "label_end": rows.label_end}
    if groups is not None:
        params["groups"] = groups
    X = np.arange(len(rows), dtype=float)[:, None]
    with config_context(enable_metadata_routing=True):
        ours = splitter.set_split_request(time=True, label_end=True)
        assert groups is None or "groups" in ours.get_metadata_routing().consumes(
            "split", ["groups"]), ("scikit-learn hands groups only to those who ask: declare "
                                   "__metadata_request__split = {'groups': True} in the class")
        outer = TemporalSplit(0.2).set_split_request(time=True, label_end=True)
        search = GridSearchCV(Recorder(), {"value": [0.0, 1.0]}, cv=ours)
        for estimator, cv in ((search, outer), (Recorder(), ours)):
            cross_validate(estimator, X, X[:, 0], cv=cv, params=params, error_score="raise")
    yield from seen


def _same(got: list[Fold], expected: list[Fold]) -> bool:
    sides = [pairs((fold.train, fold.test) for fold in folds) for folds in (got, expected)]
    return sides[0] == sides[1] and [f.audit for f in got] == [f.audit for f in expected]


def _aware(time: Times, zone: str) -> pl.Series:
    return pl.Series(time).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)


def _days(time: Times) -> npt.NDArray[np.int64]:
    return (time - START).astype("timedelta64[D]").astype(np.int64)


def _in_days(events: Events) -> Events:
    first = int(START.astype("datetime64[ns]").astype(np.int64))
    columns = ((pl.col(name) - first) // DAY_NS for name in ("start", "end"))
    return Events(events.table.with_columns(*columns), "abstract")


def _importable(kind: type) -> bool:
    """Whether a pickle could find the class again; not if a function or a prompt defined it."""
    module = sys.modules.get(kind.__module__)
    return getattr(module, kind.__qualname__, None) is kind
