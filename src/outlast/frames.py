"""Records of a report as data frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from pydantic import BaseModel

from outlast.judge.board import Interval
from outlast.records import canonical_json


def to_frame(records: Sequence[BaseModel], kind: type[BaseModel]) -> pl.DataFrame:
    """Return a data frame with one row per record.

    An interval becomes three columns (``score``, ``score_low``, ``score_high``), a mapping its
    JSON text, a sequence a list.

    Parameters
    ----------
    records : sequence of pydantic models
    kind : type
        Of all of them; its fields are the columns, whatever the records hold.

    Returns
    -------
    polars.DataFrame

    Examples
    --------
    >>> from outlast.judge.board import Headline
    >>> head = Headline(verdict="none", sentence="Do not deploy.", trust="low", trust_reason="",
    ...                 score=Interval(value=0.5, low=0.4, high=0.6))
    >>> to_frame([head], Headline).select("verdict", "score", "score_low", "score_high").row(0)
    ('none', 0.5, 0.4, 0.6)
    """
    columns = [column for name in kind.model_fields for column in _columns(records, kind, name)]
    return pl.DataFrame(dict(columns), strict=False)


def _columns(
    records: Sequence[BaseModel], kind: type[BaseModel], name: str
) -> Iterator[tuple[str, list[Any]]]:
    values = [getattr(record, name) for record in records]
    if kind.model_fields[name].annotation not in (Interval, Interval | None):
        yield name, [_plain(value) for value in values]
        return
    for suffix, part in (("", "value"), ("_low", "low"), ("_high", "high")):
        yield name + suffix, [None if v is None else getattr(v, part) for v in values]


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    if isinstance(value, Mapping):
        return canonical_json(dict(value))
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
