"""What only figures show, for the documents of the tests: of two classes, of values, of three."""

from __future__ import annotations

from outlast.judge.board import CoveragePeriod, Row
from outlast.judge.details import (
    AgeGroup,
    Bin,
    ConfusionCard,
    Curve,
    CurveCard,
    DecayCard,
    Details,
    EventScore,
    ReliabilityCard,
    ResidualBin,
    SegmentCard,
    SegmentGain,
    SuperiorityCard,
)
from tests.report.judged import DAY, INTERVALS, near

PERIODS = tuple(
    CoveragePeriod(start=k * 400 * DAY, end=(k + 1) * 400 * DAY - DAY, n_rows=900,
                   coverage=near(share, 0.025), half_width=0.03 + k / 1000)
    for k, share in enumerate(INTERVALS.by_period, start=1))
COVERED = INTERVALS.model_copy(update={"periods": PERIODS})
RESIDUALS = tuple(
    ResidualBin(said=0.02 * k - 0.08, bias=near(0.001 * k - 0.003, 0.002), low=-0.05 - k / 500,
                high=0.05 + k / 400, n_rows=240) for k in range(10))
CONFUSION = ConfusionCard(classes=(0, 1, 2), counts=((80, 15, 5), (20, 30, 10), (4, 6, 30)),
                          accuracy=near(0.7, 0.03), baseline=near(0.5, 0.02))


def detailed(rows: tuple[Row, ...]) -> Details:
    """All that a run over two classes can have, of the first of the rows."""
    best, bar = rows[0], next(row for row in rows if row.is_baseline)
    headline = [row.id for row in rows if row.split == best.split]
    return Details(
        row=best.id, label=best.label, baseline=bar.label, decay=_decay(best.model),
        events=_events(), segments=_segments(best.model),
        reliability=ReliabilityCard(
            before=_bins(0.0), after=_bins(0.02), error_before=0.031, error_after=0.012,
            counts=(900, 700, 500, 300, 200, 100, *[40] * 14)),
        curves=CurveCard(places=(0.0, 0.25, 0.5, 0.75, 1.0), positives=0.2577, curves=(
            _curve(best, 0.5), _curve(bar, 1.0))),
        superiority=SuperiorityCard(rows=tuple(headline), n_rows=len(headline), chances=tuple(
            tuple(min(0.999, 0.55 + 0.06 * (b - a)) for b in range(a + 1, len(headline)))
            for a in range(len(headline) - 1))),
    )


def _decay(model: str) -> DecayCard:
    points = tuple((k % 5, 1.0 + k / 2, 0.2 - 0.01 * k + 0.02 * (-1) ** k) for k in range(20))
    groups = tuple(AgeGroup(first=1 + 2 * k, last=2.5 + 2 * k, gain=near(0.19 - 0.04 * k, 0.02),
                            n_blocks=4) for k in range(5))
    return DecayCard(model=model, baseline="last_value", loss="log loss", unit="month",
                     points=points, groups=groups, slope=near(-0.02, 0.006), start=0.22,
                     middle=5.75, lasts=5.5)


def _events() -> tuple[EventScore, ...]:
    told = (("flash crash / euro crisis", "2010-05-04", "2010-06-15", 0.61),
            ("US downgrade", "2011-08-01", "2011-10-10", 0.70), ("", "2010-03-01", "", 0.75))
    return tuple(EventScore(name=name, start=start, end=end, n_rows=400, n_times=80,
                            score=near(score, 0.05), baseline=near(0.55, 0.04))
                 for name, start, end, score in told)


def _segments(model: str) -> SegmentCard:
    names = ("entity is FB", "quarter is 3", "entity is IBM", "weekday (Monday = 1) is 5")
    return SegmentCard(model=model, baseline="last_value", loss="log loss",
                       overall=near(0.09, 0.01), n_segments=19, segments=tuple(
                           SegmentGain(name=name, n_rows=500, gain=near(0.03 + 0.03 * k, 0.02))
                           for k, name in enumerate(names)))


def _bins(moved: float) -> tuple[Bin, ...]:
    return tuple(Bin(said=0.05 + 0.08 * k - moved, happened=near(0.05 + 0.07 * k, 0.03),
                     n_rows=300) for k in range(10))


def _curve(row: Row, power: float) -> Curve:
    return Curve(label=row.label, is_baseline=row.is_baseline, roc_auc=near(0.74, 0.03),
                 found=tuple(x**power for x in (0.0, 0.25, 0.5, 0.75, 1.0)),
                 precise=(0.8, 0.6, 0.5, 0.4, 0.26), average_precision=near(0.51, 0.05))
