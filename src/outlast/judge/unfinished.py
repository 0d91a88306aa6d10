"""What did not come to a result, and why, in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from outlast.records import Record

_LONGEST = 120
_NAMED = 3


def broken(records: Sequence[Record], splits: Collection[str] | None = None) -> list[Record]:
    """Return the records without a result, of some splits alone where they are named."""
    return [record for record in records if record.status != "ok"
            and (splits is None or record.job.split.label in splits)]


def told(records: Sequence[Record]) -> str:
    """Return how many records of which models have no result, and why most of them."""
    jobs = "1 job" if len(records) == 1 else f"{len(records)} jobs"
    if _are_late(records):
        return (f"the time of the run was over before {jobs} could be finished "
                f"({_by_model(records)})")
    often = "most of them " if len({_reason(record) for record in records}) > 1 else ""
    return f"{jobs} did not finish ({_by_model(records)}), {often}because of {_commonest(records)}"


def example(records: Sequence[Record]) -> Record:
    """Return the first record that ended as most of some records did."""
    (most, _), = Counter(_reason(record) for record in records).most_common(1)
    return next(record for record in records if _reason(record) == most)


def way_on(records: Sequence[Record]) -> str:
    """Return what to do about some records without a result, as a sentence."""
    if _are_late(records):
        return "Run the same command again with a longer --time_budget: only these jobs are run."
    return (f"Read the log with `outlast runs show {example(records).job.id}`, mend the cause and "
            "run the same command again: only these jobs are run.")


def _are_late(records: Sequence[Record]) -> bool:
    return all(record.status == "cancelled" for record in records)


def _by_model(records: Sequence[Record]) -> str:
    counts = Counter(record.job.model.label for record in records).most_common()
    more = f" and {len(counts) - _NAMED} more models" if len(counts) > _NAMED else ""
    return ", ".join(f"{name} {count}" for name, count in counts[:_NAMED]) + more


def _commonest(records: Sequence[Record]) -> str:
    kind, message = _reason(example(records))
    line = " ".join(message.split()).rstrip(".")
    shown = line if len(line) <= _LONGEST else f"{line[:_LONGEST - 1].rstrip()}…"
    return f"{kind}: {shown}" if shown and shown != kind else kind


def _reason(record: Record) -> tuple[str, str]:
    if record.failure is None:
        return record.status, "the score is undefined on these rows"
    return record.failure.kind, record.failure.message
