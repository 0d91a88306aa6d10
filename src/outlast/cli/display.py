"""What the terminal shows: progress while it runs, then the answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel as Box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from outlast.cli.foresight import duration, show_left_out
from outlast.judge.board import Interval, Row
from outlast.report.formatting import number, plural
from outlast.report.view import rank_note, score_decimals, search_name, use_commands

if TYPE_CHECKING:
    from outlast.config import Config
    from outlast.experiments import Outcome
    from outlast.experiments import Progress as Step
    from outlast.recall import Recalled
    from outlast.report.document import Document

_COLOURS = {"clear": "green", "tie": "green", "none": "red", "not_enough_evidence": "yellow",
            "only_leaky": "yellow"}
_SHOWN_ROWS = 12
_ANY_WIDTH = 1_000
# What the bar counts.
_PHASES = {"train": "jobs", "explain": "explaining"}


class Watcher(Protocol):
    """Is told of every change of the jobs, and of every leak check before it looks."""

    def __call__(self, step: Step) -> None:
        """Show how far the jobs are."""

    def on_check(self, name: str) -> None:
        """Show which check looks now."""


@contextlib.contextmanager
def live_progress(console: Console) -> Iterator[Watcher]:
    """Show a bar with what is running; without a terminal, a line at every tenth.

    Yields
    ------
    Watcher
        The listener for `outlast.experiments.run`.
    """
    if not console.is_terminal:
        yield _PlainProgress(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn(), TextColumn("[dim]{task.fields[current]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        yield _LiveProgress(bar, console)


class _LiveProgress:
    """Moves the bar and prints failures above it."""

    def __init__(self, bar: Progress, console: Console) -> None:
        self._bar, self._console = bar, console
        self._task = bar.add_task("jobs", total=None, current="")

    def __call__(self, step: Step) -> None:
        self._bar.update(self._task, completed=step.done, total=step.total,
                         description=_PHASES[step.phase], current=escape(step.job.label))
        _print_failure(self._console, step)

    def on_check(self, name: str) -> None:
        """Show the check in the place of the job."""
        self._bar.update(self._task, current=escape(f"leak check {name}"))


class _PlainProgress:
    """A line at every tenth of the jobs, and one per failure."""

    def __init__(self, console: Console) -> None:
        self._console, self._shown, self._checking = console, -1, False
        self._explaining = False

    def __call__(self, step: Step) -> None:
        _print_failure(self._console, step)
        if step.phase == "explain":
            self._say_once(step)
            return
        tenth = 10 * step.done // max(1, step.total)
        if tenth > self._shown and step.kind != "started":
            self._shown = tenth
            self._console.print(f"{step.done} of {step.total} jobs done")

    def _say_once(self, step: Step) -> None:
        if not self._explaining:
            self._explaining = True
            self._console.print(f"explaining {step.total} fits")

    def on_check(self, name: str) -> None:  # noqa: ARG002
        """Say once that the checks are at work."""
        if self._shown < 0 and not self._checking:
            self._checking = True
            self._console.print("checking table, features and splits for leaks")


def _print_failure(console: Console, step: Step) -> None:
    # What no time was left for is counted at the end: hundreds of jobs, all with the same reason.
    if step.kind != "cancelled" and step.record is not None and step.record.failure is not None:
        failure = step.record.failure
        console.print(f"[red]failed[/] {escape(step.job.label)}: {escape(failure.kind)}: "
                      f"{escape(failure.message.splitlines()[0])}")


def show_result(console: Console, document: Document, html: Path) -> None:
    """Print the headline, the leaderboard of the headline split, and where the report is."""
    console.print()
    console.print(_headline(document))
    show_leaderboard(console, document)
    _show_issues(console, document)
    console.print(f"Report:   [bold]{escape(str(html))}[/]", soft_wrap=True)
    console.print(f"Markdown: {escape(str(html.with_name('report.md')))}", soft_wrap=True)


def show_use(console: Console, document: Document, config: Config) -> None:
    """Print the command that makes a model of what is recommended."""
    places = {"reports": config.reports, "store": config.store}
    # A folder that is the default need not be told.
    given = {name: place for name, place in places.items() if place not in (None, "reports")}
    flags = [word for name, place in given.items() for word in (f"--{name}", str(place))]
    for command in use_commands(document, *flags)[:1]:
        console.print(f"Use it:   {escape(command)}", soft_wrap=True, highlight=False)


def show_outcome(console: Console, outcome: Outcome) -> None:
    """Print what was left out, and how many jobs were trained, reused and failed."""
    for left_out in outcome.plan.skipped:
        show_left_out(console, vars(left_out))
    console.print(_counts(outcome))
    if outcome.explained is not None and outcome.explained.is_news:
        console.print(f"[dim]{outcome.explained}[/]")


def show_recalled(console: Console, known: Recalled) -> None:
    """Print the same of a run that was found finished."""
    for left_out in known.skipped:
        show_left_out(console, left_out)
    console.print(f"[dim]0 jobs trained, {known.n_jobs} reused from the store[/]")


def show_leaderboard(console: Console, document: Document) -> None:
    """Print the rows of the headline split with intervals."""
    split = document.headline_split or document.headline.split
    rows = [row for row in document.leaderboard if row.split == split]
    if not rows:
        return
    table = _board(document, rows, with_cost=True)
    unbounded = console.options.update(max_width=_ANY_WIDTH)
    if console.measure(table, options=unbounded).maximum > console.width:
        # Numbers that are cut say nothing; names can be folded, and the cost is in the report.
        table = _board(document, rows, with_cost=False)
    console.print(table)
    if note := rank_note(rows[:_SHOWN_ROWS]):
        console.print(f"[dim]{note}[/]")
    if len(rows) > _SHOWN_ROWS:
        console.print(f"[dim]and {len(rows) - _SHOWN_ROWS} more in the report[/]")


def _board(document: Document, rows: Sequence[Row], *, with_cost: bool) -> Table:
    better = "higher" if document.greater_is_better else "lower"
    folds = plural(rows[0].n_folds, "fold")
    table = Table(title=escape(f"{document.metric} under {rows[0].split} ({folds}, {better} is "
                               "better)"), box=None, title_justify="left",
                  header_style="bold", pad_edge=False)
    selections = len({row.selection for row in rows if not row.is_baseline}) > 1
    table.add_column("rank", no_wrap=True)
    table.add_column("model", overflow="fold")
    for name in ("search", f"{document.metric} [95 % CI]"):
        table.add_column(name, no_wrap=True)
    if selections:
        table.add_column("selection (features)", overflow="fold")
    else:
        table.add_column("over baseline [CI]", no_wrap=True)
    if with_cost:
        table.add_column("fit, s", justify="right", no_wrap=True)
    decimals = score_decimals(document)
    for row in rows[:_SHOWN_ROWS]:
        cells = _cells(row, selections, decimals)
        table.add_row(*(cells if with_cost else cells[:-1]), style="dim" if row.is_baseline else "")
    return table


def show_models(console: Console, document: Document, outcome: Outcome) -> None:
    """Print where the fitted model of each job lies."""
    experiment = outcome.experiment
    records = experiment.jobs.read_all(score.job for score in document.fold_scores)
    for score in document.fold_scores:
        place = f"{experiment.jobs.place(score.job)}/{records[score.job].attempt}/model"
        console.print(f"{escape(score.model)} fold {score.fold}: "
                      f"{escape(f'{experiment.storage.url}/{place}')}", soft_wrap=True,
                      highlight=False)
    console.print(_counts(outcome))


def _cells(row: Row, selections: bool, decimals: int) -> tuple[str, ...]:
    gain = None if row.is_baseline else row.over_baseline
    lead = escape(_with_range(gain, decimals, sign=True)) if gain else ""
    selected = "" if row.is_baseline else f"{row.selection} ({row.n_features})"
    return (row.rank, escape(row.model), escape(search_name(row.search)),
            escape(_with_range(row.score, decimals)),
            escape(selected) if selections else lead,
            number(row.fit_seconds, 2 if row.fit_seconds < 1 else 1))


def _with_range(estimate: Interval, decimals: int, sign: bool = False) -> str:
    told = number(estimate.value, decimals, sign)
    if estimate.low is None or estimate.high is None:
        return told
    return f"{told} [{number(estimate.low, decimals)}, {number(estimate.high, decimals)}]"


def _headline(document: Document) -> Box:
    head = document.headline
    told = [document.promise.sentence] if document.promise else []
    told += [document.exam.sentence] if document.exam.status == "opened" else []
    body = "\n\n".join([head.sentence, *told])
    text = f"{escape(body)}\n[dim]Trust: {head.trust} ({escape(head.trust_reason)})[/]"
    return Box(text, title=escape(document.title), title_align="left",
               border_style=_COLOURS[head.verdict])


def _show_issues(console: Console, document: Document) -> None:
    for finding in document.findings:
        if finding.outcome == "issue":
            console.print(f"[bold]{finding.code}[/] {finding.severity.upper()}: "
                          f"{escape(finding.sentence)}", highlight=False)


def _counts(outcome: Outcome) -> str:
    late = outcome.ended.get("cancelled", 0)
    failed = f", [red]{outcome.failed - late} failed[/]" if outcome.failed > late else ""
    left = f", [red]{late} left undone when the time was over[/]" if late else ""
    took = ""
    if outcome.estimated is not None:
        took = f" in {duration(outcome.seconds)} (estimated {duration(outcome.estimated)})"
    return (f"[dim]{plural(outcome.trained, 'job')} trained{took}, {outcome.reused} reused "
            f"from the store[/]{failed}{left}")
