"""`outlast splits`: the plan, drawn before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from outlast.cli.options import DataOptions, FileOptions, MatrixOptions, configure
from outlast.errors import InputError
from outlast.report.formatting import number, plural
from outlast.report.plan import (
    DROPPED,
    MIXED,
    TEST,
    TRAIN,
    UNUSED,
    Clock,
    FoldFacts,
    PlanFacts,
    SplitFacts,
    Stretch,
    plan_facts,
)

_NO_DATA, _NO_FILE = DataOptions(), FileOptions()
# A shape of its own for each part: the drawing is read without colour too.
_GLYPHS = {TRAIN: "━", DROPPED: "×", TEST: "█", MIXED: "▒", UNUSED: " "}
_STYLES = {TRAIN: "blue", DROPPED: "red", TEST: "bold", MIXED: "yellow", UNUSED: ""}
_COMMON, _OWN = "▼", "·"
_FOLDS_SHOWN = 24
_LEAST_BAR = 24
_MOST_BAR = 100
# Lengths of the calendar's units in nanoseconds, and the steps in which an axis counts them.
_UNITS = (("m", 60 * 10**9, (1, 5, 15, 30)), ("h", 3_600 * 10**9, (1, 3, 6, 12)),
          ("D", 86_400 * 10**9, (1, 2, 7, 14)), ("M", 2_629_746 * 10**9, (1, 3, 6)),
          ("Y", 31_556_952 * 10**9, (1, 2, 5, 10, 20, 50, 100)))


def splits(
    table: str | None = None,
    /,
    *,
    data: DataOptions = _NO_DATA,
    splits: tuple[str, ...] | None = None,
    file: FileOptions = _NO_FILE,
    svg: str | None = None,
) -> None:
    """Draw what each fold is going to train and test on, before anything is trained.

    Shows the folds over time with the events, the rows that are dropped between train and
    test and why, the boundaries that events moved, and what else is worth a look.

    Examples::

        outlast splits
        outlast splits --splits purged_kfold combinatorial_purged --svg plan.svg
        outlast splits sales.parquet --time week --entity store --target sold --horizon 4

    Parameters
    ----------
    table
        File, folder, URL or database, as for --data. [default: as for outlast run]
    splits
        Splits to draw. [default: those that `outlast run` would use]
    svg
        File to draw the plan into as well.
    """
    from outlast.experiments.folds import plan_splits
    from outlast.experiments.prepare import load_panel

    picture = None if svg is None else _picture(svg)
    given = replace(data, data=table) if table is not None else data
    settings = configure(given, MatrixOptions(splits=splits), file)
    panel = load_panel(settings.data)
    planned, left_out = plan_splits(settings, panel)
    if not planned:
        raise InputError(f"nothing to draw: {'; '.join(sorted(set(left_out.values())))}")
    leaky = frozenset(label for label, split in planned.items() if split.audited.leaky)
    plan = plan_facts(panel, {label: split.folds for label, split in planned.items()}, leaky)
    console = Console()
    show_plan(console, plan)
    for label, reason in left_out.items():
        console.print(Text(f"left out: {label}, {reason}", "dim"))
    if picture is not None:
        _draw(plan, picture)
        console.print(Text(f"Drawn into {picture}"), soft_wrap=True)


def show_plan(console: Console, plan: PlanFacts) -> None:
    """Print every split of a plan: a bar and the numbers of each fold, then the notes.

    Parameters
    ----------
    console : rich.console.Console
        Its width decides how much is shown.
    plan : PlanFacts
    """
    console.print(Text(plan.summary))
    console.print(_legend(plan))
    for split in plan.splits:
        console.print()
        style = "bold yellow" if split.leaky else "bold"
        console.print(Text(f"{split.label}: {plural(len(split.folds), 'fold')}", style))
        console.print(_table(plan, split, console.width))
        hidden = len(split.folds) - len(split.drawn(_FOLDS_SHOWN))
        if hidden:
            console.print(Text(f"  and {plural(hidden, 'more fold')} between these"), style="dim")
        for note in split.notes:
            console.print(Padding(Text(note), (0, 0, 0, 2), expand=False))


def cells(stretches: Sequence[Stretch], clock: Clock, width: int) -> list[str]:
    """Return the part that each character of a bar shows.

    Every stretch has at least one character, however short it is, unless there are more
    stretches than characters.

    Examples
    --------
    >>> parts = [Stretch("train", 0, 90), Stretch("dropped", 90, 91), Stretch("test", 91, 100)]
    >>> cells(parts, Clock("abstract", 0, 100), 4)
    ['train', 'train', 'dropped', 'test']
    """
    order = np.arange(len(stretches))
    starts = np.rint([clock.share(stretch.start) * width for stretch in stretches]).astype(int)
    if len(stretches) <= width:
        starts = np.maximum.accumulate(starts - order) + order
        starts = np.minimum(starts, width - len(stretches) + order)
    lengths = np.diff(np.append(starts, width))
    return np.repeat([stretch.part for stretch in stretches], lengths).tolist()


def axis(clock: Clock, width: int) -> str:
    """Return a line that names as many round instants as fit, each from where it lies.

    Examples
    --------
    >>> axis(Clock("abstract", 0, 40), 20)
    '0    10   20   30   '
    """
    line = ""
    for at, label in _ticks(clock, width):
        line = line.ljust(at) + label
    return line.ljust(width)


def _ticks(clock: Clock, width: int) -> list[tuple[int, str]]:
    """Column and label of the finest round instants whose labels stand apart."""
    for ruler in _rulers(clock, width):
        places = [(round(clock.share(instant) * width), label) for instant, label in ruler]
        places = [(at, label) for at, label in places if at + len(label) <= width]
        if places and all(after - at > len(label) + 1
                          for (at, label), (after, _) in pairwise(places)):
            return places
    return []


def _rulers(clock: Clock, width: int) -> Iterator[list[tuple[int, str]]]:
    """Round instants from fine to coarse, without those that can never fit."""
    span = clock.stop - clock.start
    if clock.abstract:
        for step in (n * 10**power for power in range(19) for n in (1, 2, 5)):
            if span <= step * width:
                first = -(-clock.start // step) * step
                yield [(at, str(at)) for at in range(first, clock.stop, step)]
        return
    first, last = (np.datetime64(at, "ns") for at in (clock.start, clock.stop))
    for unit, length, steps in _UNITS:
        for step in steps:
            if span <= step * length * width:
                begin, end = (int(at.astype(f"datetime64[{unit}]").astype(int))
                              for at in (first, last))
                rounds = np.arange(-(-begin // step) * step, end + 1, step)
                stamps = rounds.astype(f"datetime64[{unit}]")
                instants = stamps.astype("datetime64[ns]").astype(int).tolist()
                yield [(at, _written(stamp, unit))
                       for at, stamp in zip(instants, stamps, strict=True) if at >= clock.start]


def _written(stamp: np.datetime64, unit: str) -> str:
    text = str(stamp).replace("T", " ")
    return f"{text}:00" if unit == "h" else text


def _legend(plan: PlanFacts) -> Text:
    signs = [Text(2 * _GLYPHS[part], _STYLES[part]).append(f" {part}", "default not bold")
             for part in plan.parts]
    for mark, common, name in ((_COMMON, True, "event"), (_OWN, False, "of one entity")):
        if any(event.common == common for event in plan.events):
            signs.append(Text(f"{mark} {name}"))
    return Text("  ").join(signs)


def _table(plan: PlanFacts, split: SplitFacts, width: int) -> Table:
    """One line per fold; the last columns give way where the bar would be too short."""
    folds = split.drawn(_FOLDS_SHOWN)
    columns = _columns(plan, folds)
    while (room := width - sum(2 + max(map(len, column)) for column in columns)) < _LEAST_BAR:
        if len(columns) <= 3:
            break
        columns.pop()
    bar = max(1, min(room, _MOST_BAR))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(columns[0][0], no_wrap=True)
    table.add_column(axis(plan.clock, bar), no_wrap=True)
    for name, *_ in columns[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    if plan.events:
        table.add_row("", _events(plan, bar))
    for row, fold in enumerate(folds, start=1):
        first, *others = (column[row] for column in columns)
        table.add_row(first, _bar(fold, plan.clock, bar), *others)
    return table


def _columns(plan: PlanFacts, folds: Sequence[FoldFacts]) -> list[list[str]]:
    """Heading and cells of each column, the most needed first; reasons without rows are none."""
    audits = [fold.audit for fold in folds]
    show = plan.clock.show
    reasons = [reason for reason in folds[0].dropped if any(f.dropped[reason] for f in folds)]
    outside = [number(audit.n_outside, 0) for audit in audits]
    return [
        ["fold", *(fold.label for fold in folds)],
        ["train", *(number(audit.n_train, 0) for audit in audits)],
        ["test", *(number(audit.n_test, 0) for audit in audits)],
        [plan.target, *(fold.target for fold in folds)],
        *([reason, *(number(fold.dropped[reason], 0) for fold in folds)] for reason in reasons),
        ["tested from", *(show(audit.test_start) for audit in audits)],
        ["to", *(show(audit.test_end) for audit in audits)],
        *([["unused", *outside]] if any(audit.n_outside for audit in audits) else []),
    ]


def _bar(fold: FoldFacts, clock: Clock, width: int) -> Text:
    text = Text()
    for part, run in groupby(cells(fold.stretches, clock, width)):
        text.append(_GLYPHS[part] * len(list(run)), _STYLES[part])
    return text


def _events(plan: PlanFacts, width: int) -> Text:
    line = [" "] * width
    # The common ones last: they hide those of one entity and are not hidden by them.
    for event in sorted(plan.events, key=lambda event: event.common):
        first, last = (min(width - 1, int(plan.clock.share(at) * width))
                       for at in (event.start, event.stop))
        line[first:last + 1] = [_COMMON if event.common else _OWN] * (last + 1 - first)
    return Text("".join(line), "dim")


def _picture(path: str) -> Path:
    """The file to draw into, checked before anything is computed."""
    picture = Path(path)
    if picture.suffix != ".svg":
        raise InputError(f"--svg must name a file that ends in .svg, got {path!r}")
    if not picture.parent.is_dir():
        raise InputError(f"--svg: there is no folder {str(picture.parent)!r}; make it first, or "
                         "draw into another one")
    if picture.is_dir():
        raise InputError(f"--svg: {path!r} is a folder; name a file in it")
    return picture


def _draw(plan: PlanFacts, picture: Path) -> None:
    from outlast.report.charts import plan as chart
    from outlast.store.files import write_atomic

    write_atomic(picture, chart.draw(plan).standalone.encode())
