"""Rows that stand in train and test alike: remembering one predicts the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.audit.base import Check, Facts, Floats, Positions
from outlast.audit.wording import counted, listed
from outlast.data import Panel
from outlast.data.index_columns import index_columns
from outlast.records import Finding
from outlast.splits import Fold

# Below this share of the test rows copies hardly move a score.
_SHARE = 0.01
# A state that comes back, such as a closed shop, is one row many times over.
_MIN_DIFFERENT = 5
# Copies agree in the target; rows that are alike by chance only mostly do.
_AGREE = 0.99
_CHANCE = 1e-6
# Float32 has 24 bits; without the last 4 it has the 6 digits that survive a text file.
_LAST_BITS = np.uint32(0xF)

_Mask = npt.NDArray[np.bool_]


class RepeatedRows(Check):
    """Counts the test rows of which train has a copy: all columns and the target.

    Rows of few values repeat by nature, and so do those of a closed shop or a quiet
    customer. So the table must consist of different rows for the most part. A row counts
    if it holds a number that is found in no other row but its copies, and that has just
    changed. And copies must agree in the target where training rows that are merely alike
    do not.
    """

    code = "LK104"
    title = "Repeated rows"
    finds = "test rows that are copies of training rows, target included"

    def look(self, facts: Facts) -> Finding:
        """More than 1 % of such rows in a fold is a leak."""
        left_out = _left_out(facts)
        columns = [name for name in facts.raw_columns if name not in left_out]
        if not columns or not facts.honest:
            return self.not_applicable("there are no columns to compare" if facts.honest
                                       else "no honest split is planned")
        rows = _Rows.of(facts.panel, columns)
        if 2 * rows.n_different <= rows.usable.size:
            return self.not_applicable(
                f"rows repeat by nature: {rows.n_different:,} different ones among "
                f"{rows.usable.size:,}")
        copies = {label: [_copies(rows, fold) for fold in split.folds]
                  for label, split in facts.honest.items()}
        leaks = {label: [c for c in found if _is_leak(rows, c)] for label, found in copies.items()}
        bad = [label for label, found in leaks.items() if found]
        if not bad:
            most = max(c.share for found in copies.values() for c in found)
            return self.passed(f"At most {most:.1%} of the test rows of a fold are copies of "
                               "training rows.", share=most, splits=list(facts.honest))
        worst = max(leaks[bad[0]], key=lambda copies: copies.share)
        also = f"put {listed(left_out)} in ignore, and " if left_out else ""
        return self.issue(
            f"{bad[0]}, fold {worst.fold.index}: {worst.rows.size:,} of "
            f"{counted(worst.n_test, 'test row')} ({worst.share:.1%}) are copies of training rows, "
            "target included.",
            f"To mend it, {also}drop the copies with --duplicates drop, which keeps the earliest "
            "of each; those that differ after the sixth digit remain.", splits=bad,
            fold=worst.fold.index, copies=worst.rows.size, test_rows=worst.n_test,
            share=worst.share)


def _left_out(facts: Facts) -> list[str]:
    """The columns in which even copies differ: times, and what only says which row it is."""
    frame, numbered = facts.panel.frame, index_columns(facts.panel)
    return [name for name in facts.raw_columns
            if name in numbered or frame[name].dtype.is_temporal()
            or frame[name].dtype.is_nested() or frame[name].dtype in (pl.Binary, pl.Object)]


@dataclass(frozen=True, eq=False)
class _Rows:
    """What stands in each row of the panel.

    Attributes
    ----------
    usable : ndarray of intp
        The rows with a label.
    frame : polars.DataFrame
        The compared columns, numbers as codes of 6 digits.
    content : ndarray of uint64
        Hash of these columns.
    y : ndarray of uint32
        The target as such codes.
    columns, all : ndarray of intp
        A number for each repeated content of the columns, and of columns and target; -1 for
        rows that do not count.
    n_different : int
        Different rows among the usable ones, by their columns.
    """

    usable: Positions
    frame: pl.DataFrame
    content: npt.NDArray[np.uint64]
    y: npt.NDArray[np.uint32]
    columns: Positions
    all: Positions
    n_different: int

    @classmethod
    def of(cls, panel: Panel, columns: list[str]) -> _Rows:
        """Read the rows of a panel."""
        frame = pl.DataFrame([_rounded(panel.frame[name]).alias(f"column {k}")
                              for k, name in enumerate(columns)])
        content, y = frame.hash_rows(), _six_digits(panel.y)
        usable = np.flatnonzero(panel.usable)
        again = content.gather(usable).is_duplicated().to_numpy()
        repeated = usable[again]
        n_different = int(np.count_nonzero(~again)) + content.gather(repeated).n_unique()
        counts = repeated[_is_telling(panel, frame, content, repeated)]
        whole = pl.DataFrame([content.gather(counts), pl.Series("y", y[counts])]).hash_rows()
        return cls(usable, frame, content.to_numpy(), y,
                   _numbered(content.gather(counts), counts, panel.n_rows),
                   _numbered(whole, counts, panel.n_rows), n_different)


def _is_telling(
    panel: Panel, frame: pl.DataFrame, content: pl.Series, rows: Positions
) -> _Mask:
    """Which rows hold a number of their own that the entity's row before does not hold."""
    telling = np.zeros(rows.size, dtype=np.bool_)
    before = _row_before(panel)[rows]
    for column in frame.select(pl.col(pl.UInt32)) if rows.size else ():
        seen = pl.DataFrame([column.alias("value"), content.alias("content")])
        own = seen.filter(pl.Series(panel.usable)).group_by("value").agg(
            own=pl.col("content").min() == pl.col("content").max())
        is_own = seen[rows].join(own, on="value", how="left", maintain_order="left")["own"]
        values = column.to_numpy()
        changed = (values[rows] != values[before]) | (before == rows)
        telling |= changed & is_own.to_numpy()
    return telling


def _row_before(panel: Panel) -> Positions:
    """Row before of the same entity; the row itself where there is none."""
    order = np.argsort(panel.entity, kind="stable")
    same = np.diff(panel.entity[order], prepend=-1) == 0
    before = order.copy()
    before[order[same]] = order[np.flatnonzero(same) - 1]
    before[order[~same]] = order[~same]
    return before


def _rounded(column: pl.Series) -> pl.Series:
    if not column.dtype.is_numeric():
        return column
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return pl.Series(column.name, _six_digits(values))


def _six_digits(values: Floats) -> npt.NDArray[np.uint32]:
    """Code numbers so that those which differ after the sixth digit only are the same."""
    with np.errstate(over="ignore"):
        bits = (values + 0.0).astype(np.float32).view(np.uint32)
    return (bits + (_LAST_BITS + 1) // 2) & ~_LAST_BITS


def _numbered(content: pl.Series, rows: Positions, n_rows: int) -> Positions:
    """Number the contents of some rows; all others have -1."""
    numbers = np.full(n_rows, -1, dtype=np.intp)
    numbers[rows] = content.rank("dense").to_numpy().astype(np.intp) - 1
    return numbers


@dataclass(frozen=True, eq=False)
class _Copies:
    """The test rows of a fold with a copy in its train rows.

    `alike` counts the test rows whose columns stand in train, whatever their target.
    """

    fold: Fold
    rows: Positions
    alike: int

    @property
    def n_test(self) -> int:
        """Number of test rows."""
        return self.fold.test.size

    @property
    def share(self) -> float:
        """Copies among the test rows."""
        return self.rows.size / max(1, self.n_test)


def _copies(rows: _Rows, fold: Fold) -> _Copies:
    found = fold.test[_known(rows.all, fold)]
    return _Copies(fold, found, int(_known(rows.columns, fold).sum()))


def _known(numbers: Positions, fold: Fold) -> _Mask:
    """Which test rows have a content that a training row has."""
    seen = np.zeros(numbers.max(initial=-1) + 2, dtype=np.bool_)
    seen[numbers[fold.train]] = True
    # The last place is that of -1, the rows that do not count.
    seen[-1] = False
    return seen[numbers[fold.test]]


def _is_leak(rows: _Rows, copies: _Copies) -> bool:
    n_different = np.unique(rows.columns[copies.rows]).size
    return bool(
        copies.share > _SHARE
        and n_different >= _MIN_DIFFERENT
        and copies.rows.size >= _AGREE * copies.alike
        and _neighbours_agree(rows, copies) ** n_different < _CHANCE
    )


def _neighbours_agree(rows: _Rows, copies: _Copies) -> float:
    """How often the training row that is nearest to a copy, but no copy, has its target.

    Nearest means next after sorting by all columns, those with few values first.
    """
    found = copies.rows
    union = np.concatenate([copies.fold.train, found])
    frame = rows.frame[union].with_columns(place=np.arange(union.size))
    names = sorted(rows.frame.columns, key=lambda name: frame[name].n_unique())
    order = frame.sort(*names)["place"].to_numpy()
    content = rows.content[union[order]]
    begins = np.r_[True, content[1:] != content[:-1]]
    starts = np.append(np.flatnonzero(begins), order.size)
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    group = np.cumsum(begins)[place[copies.fold.train.size:]] - 1
    trains = np.flatnonzero(order < copies.fold.train.size)
    after = np.searchsorted(trains, starts[group + 1])
    before = np.searchsorted(trains, starts[group]) - 1
    nearest = trains[np.where(after < trains.size, after, before)]
    return float(np.mean(rows.y[union[order[nearest]]] == rows.y[found]))
