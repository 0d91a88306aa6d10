"""What lies behind the headline, as few numbers as a figure needs: time, events, curves, pairs."""

from __future__ import annotations

from pydantic import Field

from outlast.judge.board import Interval
from outlast.records import Frozen

# Code of all classes together that have no line of their own in a confusion table.
OTHER_CLASSES = -1


class AgeGroup(Frozen):
    """Mean gain of the blocks of time whose age lies between two ages, both included."""

    first: float
    last: float
    gain: Interval
    n_blocks: int


class DecayCard(Frozen):
    """How the gain over the baseline changes with the time since training.

    `points` hold fold, age and gain of each block of held-out time, `groups` the means of
    blocks of like age. Ages are counted in `unit`, `slope` per one of it; `start` is what the
    line gains at age 0, `middle` the age around which it may turn; `lasts` is the age at which
    it is time to retrain, None where no decay can be told.
    """

    model: str
    baseline: str
    loss: str
    unit: str
    points: tuple[tuple[int, float, float], ...]
    groups: tuple[AgeGroup, ...]
    slope: Interval
    start: float
    middle: float
    lasts: float | None = None


class EventScore(Frozen):
    """The score of the recommended row on the held-out rows of one event.

    A window without a name is all the time that lies in no event.
    """

    name: str
    start: str = ""
    end: str = ""
    n_rows: int
    n_times: int
    score: Interval
    baseline: Interval | None = None


class SegmentGain(Frozen):
    """What the model loses less than the baseline on each row of one segment."""

    name: str
    n_rows: int
    gain: Interval


class SegmentCard(Frozen):
    """The worst and the best segments of the held-out rows, the worst first."""

    model: str
    baseline: str
    loss: str
    overall: Interval
    n_segments: int
    segments: tuple[SegmentGain, ...]


class Bin(Frozen):
    """Predictions of like size: their mean, the share that happened, and their rows."""

    said: float
    happened: Interval
    n_rows: int


class ReliabilityCard(Frozen):
    """What was said against what happened, before and after recalibration, on the same rows.

    `after` is empty where nothing came before these rows to recalibrate by; the errors are
    those of `outlast.judge.calibration.calibration_error`. `counts` are the rows whose
    prediction lies in each of so many equal parts of 0 to 1.
    """

    before: tuple[Bin, ...]
    after: tuple[Bin, ...] = ()
    error_before: float
    error_after: float | None = None
    counts: tuple[int, ...]


class Curve(Frozen):
    """How one row tells the classes apart, as means over its folds.

    `found` is the share of positives found at each of the places as share of negatives that are
    taken for positive, `precise` the share of hits at each of the places as share of positives
    found.
    """

    label: str
    is_baseline: bool
    found: tuple[float, ...]
    precise: tuple[float, ...]
    roc_auc: Interval
    average_precision: Interval


class CurveCard(Frozen):
    """ROC and precision-recall curves; `places` run from 0 to 1."""

    places: tuple[float, ...]
    curves: tuple[Curve, ...]
    positives: float = Field(description="share of positives among all rows")


class ResidualBin(Frozen):
    """Rows of like prediction: its mean, what was true less what was said, and the spread.

    `bias` is the mean residual, `low` and `high` its 10 % and 90 % quantiles.
    """

    said: float
    bias: Interval
    low: float
    high: float
    n_rows: int


class ConfusionCard(Frozen):
    """How many rows of each class (a line) were taken for each class (a column).

    `classes` are positions in the order of the labels, or `OTHER_CLASSES`.
    """

    classes: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]
    accuracy: Interval
    baseline: Interval | None = None


class SuperiorityCard(Frozen):
    """With what chance each row is better than each that follows it, given the blocks of time.

    `chances` has a line for each row but the last; `n_rows` is how many rows there are in all.
    """

    rows: tuple[str, ...]
    chances: tuple[tuple[float, ...], ...]
    n_rows: int

    def chance(self, a: int, b: int) -> float:
        """Return the chance that row `a` is better than row `b`, by their positions.

        Examples
        --------
        >>> card = SuperiorityCard(rows=("x", "y"), chances=((0.75,),), n_rows=2)
        >>> card.chance(0, 1), card.chance(1, 0)
        (0.75, 0.25)
        """
        return self.chances[a][b - a - 1] if a < b else 1 - self.chances[b][a - b - 1]


class Details(Frozen):
    """All that figures need of the recommended row, or of the one nearest to it."""

    row: str = ""
    label: str = ""
    baseline: str = ""
    decay: DecayCard | None = None
    events: tuple[EventScore, ...] = Field(default=(), description="in order of time")
    segments: SegmentCard | None = None
    reliability: ReliabilityCard | None = Field(default=None, description="two classes only")
    curves: CurveCard | None = Field(default=None, description="two classes only")
    residuals: tuple[ResidualBin, ...] = Field(default=(), description="predicted values only")
    confusion: ConfusionCard | None = Field(default=None, description="three classes or more")
    superiority: SuperiorityCard | None = None


def short(value: float, digits: int = 4) -> float:
    """Return a number with so many significant digits: a figure shows no more.

    Examples
    --------
    >>> short(0.123456), short(1234.56)
    (0.1235, 1235.0)
    """
    return float(f"{value:.{digits}g}")


def short_interval(interval: Interval) -> Interval:
    """Return an estimate with as many digits as a figure shows."""
    return Interval(**{end: None if at is None else short(at) for end, at in interval})
