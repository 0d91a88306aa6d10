"""What a saved model knows of itself: everything but the numbers of the fit."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from outlast.data.reading import Reading
from outlast.data.schema import Schema, own_type
from outlast.data.times import Instants, Zone
from outlast.judge.board import Interval, Promise
from outlast.judge.details import EventScore, SegmentCard
from outlast.records import Frozen, Job, Task

# Counted up when an older outlast could not use what is written; a newer one reads all of them.
FORMAT = 1
KIND = "outlast model"

ColumnKind = Literal["number", "truth", "text", "time", "other"]


class Column(Frozen):
    """One column of the table: what it is for, and what it must be like.

    `needed` is False for those that a table to predict may leave out.
    """

    name: str
    role: Literal["time", "entity", "target", "label_end", "published", "input"]
    kind: ColumnKind
    dtype: str
    needed: bool = True


class Learned(Frozen):
    """The rows that a model has learned from; `first` to `known` are nanoseconds.

    `last` is the time of the newest row, `known` the time at which its label was known.
    """

    table: str
    fingerprint: str
    n_rows: int
    n_times: int
    first: int
    last: int
    known: int
    zone: Zone
    tz: str | None = None
    step: float = Field(description="usual time between two rows of an entity, in seconds")
    entities: tuple[str, ...] = ()
    class_shares: dict[str, float] = Field(default_factory=dict)
    exam: str = Field(default="", description="what became of the sealed rows")


class Member(Frozen):
    """One fitted model: the job that it repeats on all rows, and what came of it."""

    job: Job
    columns: tuple[str, ...]
    params: dict[str, Any] = Field(default_factory=dict)
    n_iterations: int | None = None


class Calibrator(Frozen):
    """A sigmoid on the log-odds of the predicted probability."""

    slope: float
    intercept: float
    gain: Interval


class Range(Frozen):
    """How far a value lies from the predicted one in so many of a hundred cases."""

    level: float
    half_width: float


class FeatureNote(Frozen):
    """One feature in a model card."""

    feature: str
    expression: str
    share: float | None = None
    verdict: str = ""


class Told(Frozen):
    """What the report has said of the configuration; empty where it has said nothing of it."""

    report: str = ""
    verdict: str = ""
    trust: str = ""
    promise: Promise | None = None
    retrain_days: float | None = None
    score: Interval | None = None
    exam: str = ""
    events: tuple[EventScore, ...] = ()
    segments: SegmentCard | None = None
    features: tuple[FeatureNote, ...] = ()
    caveats: tuple[str, ...] = ()


class Trial(Frozen):
    """How a retrained model did against the one that it replaces."""

    judged_at: str
    start: int
    end: int
    n_rows: int
    n_blocks: int
    champion: float
    challenger: float
    change: Interval
    tolerance: float


class Manifest(Frozen):
    """The content of ``manifest.json``.

    `recipe` declares the features as `outlast.features.declared` reads them; it is None for a
    function, of which only name and hash are kept. `levels` holds the categories of each text
    feature in the order of their codes, `files` the SHA-256 of every other file.
    """

    kind: Literal["outlast model"] = "outlast model"
    format: int = FORMAT
    trained_at: str
    outlast: str
    python: str
    libraries: dict[str, str] = Field(default_factory=dict)
    feature_code: str
    experiment: str
    configuration: str
    task: Task
    metric: str
    roles: Schema
    columns: tuple[Column, ...]
    learned: Learned
    recipe: dict[str, Any] | None
    recipe_name: str
    recipe_fingerprint: str
    joins: tuple[dict[str, Any], ...] = ()
    reading: Reading = Field(default=Reading(), description="how the file was written that was "
                                                            "learned from")
    events_zone: str
    levels: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    lookbacks: dict[str, int | None] = Field(default_factory=dict,
                                             description="rows that each feature reaches back")
    event_features: tuple[str, ...] = Field(default=(), description="those made from events")
    members: tuple[Member, ...]
    calibrator: Calibrator | None = None
    range: Range | None = None
    told: Told = Told()
    trial: Trial | None = None
    parent: str = ""
    files: dict[str, str] = Field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Every feature that a member uses, once."""
        return tuple(dict.fromkeys(name for member in self.members for name in member.columns))

    @property
    def calendar(self) -> bool:
        """Whether times are real ones and not plain integers."""
        return self.learned.zone != "abstract"

    def instants(self, ns: int) -> Instants:
        """Return a moment with the table's kind of clock."""
        return Instants(np.array([ns]), self.learned.zone, self.learned.tz)

    def classes(self) -> npt.NDArray[Any]:
        """Return the class labels in the type that the target had.

        Returns
        -------
        ndarray, shape (n_classes,)
            Empty for a regression.
        """
        (target,) = (column for column in self.columns if column.role == "target")
        return np.array(own_type(self.roles.labels, target.dtype))


def kind_of(dtype: pl.DataType) -> ColumnKind:
    """Return what kind of values a column holds.

    Examples
    --------
    >>> kind_of(pl.Int8()), kind_of(pl.Date())
    ('number', 'time')
    """
    if dtype == pl.Boolean:
        return "truth"
    if dtype.is_numeric():
        return "number"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    return "time" if dtype.is_temporal() else "other"
