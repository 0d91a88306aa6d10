"""A market that closes later the same day, joined by the calendar date."""

import numpy as np
import polars as pl

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days

STOCKS, DAYS = 6, 1200


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """Tokyo reacts overnight to New York, whose session of the date ends fifteen hours later."""
    frame = days(STOCKS, DAYS)
    t = frame["t"].to_numpy()
    york = rng.normal(size=DAYS)
    push = york[t] + 0.5 * rng.normal(size=frame.height)
    if signal:
        push += 2.0 * np.concatenate([[0.0], york[:-1]])[t]
    return frame.select(
        "entity",
        decided=(pl.col("day").cast(pl.Datetime("us")) + pl.duration(hours=15)
                 ).dt.replace_time_zone("Asia/Tokyo"),
        york=pl.Series(york[t]),
        york_closed=(pl.col("day").cast(pl.Datetime("us")) + pl.duration(hours=16)
                     ).dt.replace_time_zone("America/New_York"),
        own=pl.Series(rng.normal(size=frame.height)),
        y=pl.Series((push > 0).astype(np.int8)))


def in_time(frame: pl.DataFrame):
    """A cut in time: the split is honest, the join by date is not."""
    late = (frame["decided"] >= frame["decided"].unique().sort()[int(0.7 * DAYS)]).to_numpy()
    yield np.flatnonzero(~late), np.flatnonzero(late)


TRAP = Trap(
    name="time_zones",
    story="join two markets by calendar date across time zones",
    code="LK103",
    table=table,
    naive=lambda frame, _: auc_of_folds(frame, ["york", "own"], in_time(frame)),
    audited=audit_of(schema={"available_after": {}}),
    schema={"time": "decided", "entity": "entity", "target": "y", "horizon": "20h",
            "available_after": {"york": "york_closed"}},
    config={"splits": [{"temporal": {"test_size": 0.3}}]},
)
