"""What a configuration says of how a table is written, so that new rows are read the same way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import Field

from outlast.data.readers import read_table
from outlast.data.schema import Spoken
from outlast.data.time_formats import read_times
from outlast.data.wide import make_long


class Reading(Spoken):
    """How a file becomes the table that the roles speak of.

    Parameters
    ----------
    csv : mapping of str to object, optional
        See `read_table`.
    unpivot : mapping of str to object, optional
        See `outlast.data.wide.Unpivot`.
    time_format : str, optional
        How times are written that ISO would write otherwise.
    """

    csv: dict[str, Any] = Field(default_factory=dict)
    unpivot: dict[str, Any] | None = None
    time_format: str | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Reading:
        """Take what concerns the reading from the settings of a table."""
        return cls(**{name: data[name] for name in cls.model_fields if name in data})

    def table(self, source: str | Path) -> pl.DataFrame:
        """Read a file, and make it long if it is wide."""
        frame = read_table(source, self.csv)
        return frame if self.unpivot is None else make_long(frame, self.unpivot)

    def with_times(self, frame: pl.DataFrame, time: object) -> pl.DataFrame:
        """Return the table with its time column read; parts of a time are left as they are."""
        if self.time_format is None or not isinstance(time, str) or time not in frame.columns:
            return frame
        return frame.with_columns(read_times(frame[time], self.time_format))
