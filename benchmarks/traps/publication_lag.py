"""Quarterly figures dated to the quarter's end, known six weeks later."""

import numpy as np
import polars as pl

from benchmarks.traps.base import Trap, auc_of_folds, audit_of

FIRMS, QUARTERS = 100, 30


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """The price reacts when the figure is published; the figure itself is noise."""
    ends = pl.date_range(pl.date(2012, 3, 31), interval="1q", closed="left", eager=True,
                         end=pl.date(2012 + QUARTERS // 4 + 1, 3, 31))[:QUARTERS]
    frame = pl.DataFrame({"entity": [f"f{k:03d}" for k in range(FIRMS)]}).join(
        pl.DataFrame({"day": ends}), how="cross")
    figure = rng.normal(size=(FIRMS, QUARTERS))
    push = figure + 0.5 * rng.normal(size=figure.shape)
    if signal:
        push[:, 1:] += 1.5 * figure[:, :-1]
    return frame.with_columns(
        figure=pl.Series(figure.ravel()), other=pl.Series(rng.normal(size=frame.height)),
        published=pl.col("day") + pl.duration(days=45),
        y=pl.Series((push.ravel() > 0).astype(np.int8)))


def in_time(frame: pl.DataFrame):
    """A cut in time: the split is honest, the date of the figure is not."""
    late = (frame["day"] >= frame["day"].unique().sort()[int(0.8 * QUARTERS)]).to_numpy()
    yield np.flatnonzero(~late), np.flatnonzero(late)


TRAP = Trap(
    name="publication_lag",
    story="use a quarter's figure from the quarter's end on",
    code="LK103",
    table=table,
    naive=lambda frame, _: auc_of_folds(frame, ["figure", "other"], in_time(frame)),
    audited=audit_of(schema={"available_after": {}}),
    schema={"time": "day", "entity": "entity", "target": "y", "horizon": "80D",
            "available_after": {"figure": "published"}},
)
