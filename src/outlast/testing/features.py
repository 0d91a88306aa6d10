"""What every feature must keep: it looks only backwards, and no further than it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs

from outlast.data.durations import duration_ns
from outlast.data.events import Events
from outlast.data.panel import Panel
from outlast.features.base import ACROSS_ENTITIES, Feature
from outlast.features.recipe import FeatureTable, Recipe
from outlast.testing.contract import Contract, check
from outlast.testing.panels import Clock, irregular_panel

# Where the table is cut in a replay, as shares of its distinct times.
CUTS = (0.15, 0.5, 0.62, 0.97)


class FeatureContract(Contract):
    """The rules of a feature; subclass it in a test file and return yours.

    The feature is computed on panels with ties, gaps, holes and entities that come and go,
    then again on what was known earlier: bit for bit, the earlier values must be the same.

    Examples
    --------
    >>> from outlast.features.windows import Lag
    >>> class TestLag(FeatureContract):
    ...     def feature(self):
    ...         return Lag("x_lag_2", "x", steps=2)
    >>> TestLag().test_later_rows_change_nothing()
    """

    def feature(self) -> Feature:
        """Return the feature; its inputs are columns of the panels."""
        raise NotImplementedError("return the feature that is tested")

    def panels(self) -> Sequence[Panel]:
        """Return the panels; override for a feature of other columns than these.

        By default numbers `x`, `price`, `ratio` and `count`, a truth value `flag`, a category
        `group`, the time `when` and the entity `who`, without a time zone, in a zone over a
        change of the clocks, and with plain integers as times.
        """
        clocks: list[Clock] = ["naive", "aware", "abstract"]
        return [irregular_panel(clock=clock) for clock in clocks
                if clock != "abstract" or not self.feature().needs_clock]

    def test_later_rows_change_nothing(self) -> None:
        """Values up to a cut are the same whether later rows are there, other, or missing."""
        for panel, full, cut in self._cuts():
            for changed in (known_at(panel, cut), disturbed_after(panel, cut)):
                self._assert_same_until(cut, full, changed, "later rows of the table")

    def test_later_events_change_nothing(self) -> None:
        """An event is not known before it starts, nor when it ends before it does."""
        for panel, full, cut in self._cuts():
            known = panel.events.table.filter(pl.col("start") <= cut)
            if known["kind"].n_unique() < panel.events.table["kind"].n_unique():
                continue  # a kind that is not known yet is a mistake of the caller
            later = pl.when(pl.col("end") >= cut).then(2**62).otherwise(pl.col("end"))
            events = Events(known.with_columns(end=later), panel.events.zone)
            self._assert_same_until(cut, full, replace(panel, events=events), "later events")

    def test_other_entities_change_nothing(self) -> None:
        """Only features of the families "cross_section" and "target_encoding" look at them."""
        if self.feature().family in ACROSS_ENTITIES:
            return
        for panel in self.panels():
            alone = panel.take(panel.entity == 1)
            own = self._table(panel).frame.filter(pl.Series(panel.entity == 1))
            assert self._table(alone).frame.equals(own), (
                f"{self.feature()}: an entity alone has other values than among others; compute "
                "over ENTITY (.over(ENTITY)), or declare family = 'cross_section'")

    def test_names_of_entities_do_not_matter(self) -> None:
        """The order of the rows within a timestamp has no meaning."""
        for panel in self.panels():
            if panel.schema.entity is None:
                continue
            order = np.lexsort((-panel.entity, panel.time.ns))
            mirrored = self._table(_mirrored(panel, order)).frame
            _assert_close(mirrored, self._table(panel).frame[order], (
                f"{self.feature()}: entities under other names, and so in another order, have "
                "other values; compute over ENTITY or over TIME, not over the whole table"))

    def test_it_reaches_back_no_further_than_it_says(self) -> None:
        """Rows before the declared lookback are not needed."""
        reach = self.feature().lookback
        for panel in self.panels() if not reach.unbounded else ():
            first = _cut(panel, 0.3)
            short = panel.take(panel.time.ns >= first)
            nth = pl.Series(short.entity).to_frame("e").select(pl.int_range(pl.len()).over("e"))
            warm = nth.to_series().to_numpy() >= reach.rows
            warm &= short.time.ns - first >= duration_ns(reach.time)
            assert warm.sum() > 10, f"{self.feature()}: use a shorter lookback on these panels"
            full = self._table(panel).frame.filter(pl.Series(panel.time.ns >= first))
            _assert_close(self._table(short).frame.filter(warm), full.filter(warm), (
                f"{self.feature()}: without the rows before its lookback ({reach}) the values "
                "differ; let lookback return all that it reaches, or unbounded=True"))

    def test_every_row_gets_one_value(self) -> None:
        """A recipe puts the values beside the rows as they come."""
        for panel in self.panels():
            frame = self._table(panel).frame
            assert frame.shape == (panel.n_rows, 1), (
                f"{self.feature()}: {frame.height} values for {panel.n_rows} rows")
            values = frame.to_series()
            assert values.null_count() + values.is_nan().sum() < len(values) \
                if values.dtype.is_float() else values.null_count() < len(values), (
                f"{self.feature()}: no value is known; test it with smaller parameters")

    def test_parameters_decide_the_identity_and_the_name_does_not(self) -> None:
        """The same formula has the same id under every name."""
        for panel in self.panels():
            feature = self.feature()
            entry, = self._table(panel).lineage
            renamed, = Recipe("b", (replace(feature, name="renamed"),)).transform(panel).lineage
            assert renamed.feature_id == entry.feature_id, (
                f"{feature}: another name gave another id; leave the name out of params")
            assert entry.roots == tuple(dict.fromkeys(feature.inputs)), (
                f"{feature}: input_fields must name the fields that hold the columns it reads")
            assert all(root in entry.expression for root in entry.roots), (
                f"{feature}: text() must show the columns that it is computed from")

    def _cuts(self) -> Iterator[tuple[Panel, pl.DataFrame, int]]:
        """Each panel with the values on it, and each time to cut it at."""
        for panel in self.panels():
            full = self._table(panel).frame
            yield from ((panel, full, _cut(panel, share)) for share in CUTS)

    def _table(self, panel: Panel) -> FeatureTable:
        return Recipe("contract", (self.feature(),)).transform(panel)

    def _assert_same_until(
        self, cut: int, full: pl.DataFrame, changed: Panel, what: str
    ) -> None:
        again = self._table(changed).frame.filter(pl.Series(changed.time.ns <= cut))
        assert full.head(again.height).equals(again), (
            f"{self.feature()}: {what} change earlier values, so it sees the future; use only "
            "windows that end at the row itself: shift(n) with n >= 0, rolling_*, cum_*")


def check_feature(feature: Feature, *, panel: Panel | None = None) -> None:
    """Raise if a feature breaks a rule of `FeatureContract`.

    Parameters
    ----------
    feature : Feature
    panel : Panel, optional
        What it is computed on, if its inputs are not among the columns of
        `FeatureContract.panels`.

    Raises
    ------
    AssertionError
        Naming every broken rule and how to mend it.

    Examples
    --------
    >>> from outlast.features.windows import Rolling
    >>> check_feature(Rolling("calm", "price", rows=5, statistic="std"))
    """

    class Given(FeatureContract):
        def feature(self) -> Feature:
            return feature

        def panels(self) -> Sequence[Panel]:
            return super().panels() if panel is None else [panel]

    check(Given(), repr(feature))


def known_at(panel: Panel, cut: int) -> Panel:
    """Return the rows up to a time, without the labels that were not known by then."""
    part = panel.take(panel.time.ns <= cut)
    return replace(part, y=np.where(part.label_known > cut, np.nan, part.y))


def disturbed_after(panel: Panel, cut: int) -> Panel:
    """Return the same rows with other values in every column after a time, and other labels."""
    keys = cs.by_name(panel.schema.time, panel.schema.entity or panel.schema.time)
    other = panel.frame.select(
        ((cs.signed_integer() | cs.float()) - keys).shift(3) * -3 + 5,
        (cs.unsigned_integer() - keys).shift(3),
        ~(cs.boolean() - keys).as_expr(),
        (cs.string() - keys).str.reverse(),
    )
    after = pl.Series(panel.time.ns > cut)
    mixed = [pl.when(after).then(column).otherwise(panel.frame[column.name]).alias(column.name)
             for column in other]
    y = np.where(panel.label_known > cut, panel.n_classes - 1 - panel.y, panel.y)
    return replace(panel, frame=panel.frame.with_columns(mixed), y=y)


def _cut(panel: Panel, share: float) -> int:
    times = np.unique(panel.time.ns)
    return int(times[int(share * (times.size - 1))])


def _mirrored(panel: Panel, order: npt.NDArray[np.intp]) -> Panel:
    """The same rows under names that sort the other way round."""
    names = panel.frame[panel.schema.entity or ""].cast(pl.String)
    last = int(panel.entity.max())
    renamed = dict(zip(names, (f"{last - code:09d}" for code in panel.entity), strict=True))
    frame = panel.frame.with_columns(names.replace_strict(renamed))
    table = panel.events.table.with_columns(pl.col("entity").replace(renamed))
    return replace(panel, frame=frame, events=Events(table, panel.events.zone)).take(order)


def _assert_close(got: pl.DataFrame, expected: pl.DataFrame, message: str) -> None:
    """Text must be equal; sums that start or add up elsewhere differ in their last digits."""
    left, right = got.to_series(), expected.to_series()
    if not left.dtype.is_float():
        assert left.equals(right), message
        return
    same = np.allclose(left.to_numpy(), right.to_numpy(), rtol=1e-5, atol=1e-8, equal_nan=True)
    assert same, message
