"""The commands that train and report."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from outlast.cli.options import (
    DataOptions,
    LeakOptions,
    MatrixOptions,
    RunOptions,
    configure,
    given,
)
from outlast.config import Config
from outlast.errors import OutlastError

if TYPE_CHECKING:
    from outlast.experiments import Outcome

_NO_DATA, _NO_MATRIX, _NO_RUN = DataOptions(), MatrixOptions(), RunOptions()
_NO_LEAKS = LeakOptions()


def run(
    *,
    data: DataOptions = _NO_DATA,
    matrix: MatrixOptions = _NO_MATRIX,
    leaks: LeakOptions = _NO_LEAKS,
    options: RunOptions = _NO_RUN,
    skip_training: bool = False,
    dry_run: bool = False,
) -> None:
    """Run everything: features, the experiment matrix, the report.

    Without flags: the embedded stocks, every installed model type, six splits, with and
    without search. Finished jobs are never run again; run the same command to resume.

    Examples::

        outlast run --quick_run
        outlast run --models xgboost lightgbm --splits temporal event_aware
        outlast run --time_budget 30min --dry_run
        outlast run --data sales.parquet --time week --entity store --target sold --horizon 4

    Parameters
    ----------
    skip_training
        Only write the report over what is stored already.
    dry_run
        Say what would be run and what it would take, after some small fits; train nothing.
    """
    config = configure(data, matrix, options, leaks)
    if skip_training:
        _report(config, None)
    elif dry_run:
        _foresee(config)
    else:
        _run(config)


def resume(
    *,
    matrix: MatrixOptions = _NO_MATRIX,
    options: RunOptions = _NO_RUN,
    experiment: str | None = None,
    extend: bool = False,
    dry_run: bool = False,
) -> None:
    """Go on with an experiment as it was configured, whatever folder its command was typed in.

    Refused, with the differences, if the table or the configuration is not what it was.

    Examples::

        outlast resume
        outlast resume --dry_run
        outlast resume --extend --models lightgbm catboost

    Parameters
    ----------
    experiment
        Name of the experiment. [default: the one that was worked on last]
    extend
        Allow flags that add models, splits, searches or selections; only what is new is run.
    dry_run
        Say what is left to do and what it would take, after some small fits; train nothing.
    """
    from outlast.experiments import resumed

    config = resumed(given(matrix, options), experiment, extend=extend)
    if dry_run:
        _foresee(config)
    else:
        _run(config)


def _run(config: Config) -> None:
    from outlast.cli.display import (
        live_progress,
        show_outcome,
        show_recalled,
        show_result,
        show_use,
    )
    from outlast.recall import recall, remember

    console = Console()
    _log_to_mlflow(console, config, None)
    if (known := recall(config)) is not None:
        show_result(console, known.document, known.html)
        show_use(console, known.document, config)
        show_recalled(console, known)
        _log_to_mlflow(console, config, known.html)
        return
    from outlast.pipeline import run_pipeline

    with live_progress(console) as listener:
        result = run_pipeline(config, listener=listener, on_check=listener.on_check)
    show_result(console, result.document, result.report.html)
    show_use(console, result.document, config)
    if result.outcome is not None:
        show_outcome(console, result.outcome)
        judge_outcome(result.outcome, config)
        remember(config, result.outcome, result.report.html)
    _log_to_mlflow(console, config, result.report.html)


def _log_to_mlflow(console: Console, config: Config, page: Path | None) -> None:
    """Log a report where that is asked for; without one, see that it will be possible."""
    if config.mlflow is None:
        return
    from outlast.mlflow_log import log_results, need_mlflow
    from outlast.results import open_results

    need_mlflow()
    if page is not None:
        run = log_results(open_results(page.parent, config.store_url), config.mlflow)
        console.print(f"MLflow:   run {run} at {escape(config.mlflow)}", soft_wrap=True,
                      highlight=False)


def judge_outcome(outcome: Outcome, config: Config) -> None:
    """Raise where so many jobs failed that the command counts as failed.

    Raises
    ------
    OutlastError
        If all of them did, or with ``strict`` any of them.
    """
    if outcome.failed and outcome.failed == len(outcome.plan.jobs):
        if outcome.ended.get("cancelled") == outcome.failed:
            raise OutlastError("the time budget was over before any job was done; the same command "
                               "goes on with a longer --time_budget")
        raise OutlastError("every job failed; the logs are named in the report")
    if outcome.failed and config.strict:
        raise OutlastError(f"{outcome.failed} job(s) failed, and --strict forbids that")


def _foresee(config: Config) -> None:
    from outlast.cli.foresight import show_estimate
    from outlast.experiments import foresee, prepare, within_budget

    console = Console()
    with console.status("checking table, features and splits, and measuring small fits"):
        prepared = within_budget(prepare(config))
        found = foresee(prepared)
    show_estimate(console, prepared, found)


def experiments(
    *,
    data: DataOptions = _NO_DATA,
    matrix: MatrixOptions = _NO_MATRIX,
    leaks: LeakOptions = _NO_LEAKS,
    options: RunOptions = _NO_RUN,
    prepare_only: bool = False,
) -> None:
    """Run the experiment matrix and store its results, without a report.

    Write the report later with `outlast report`.

    Parameters
    ----------
    prepare_only
        Store the table, its features and the plan for `outlast worker`; train nothing.
    """
    from outlast.cli.display import live_progress
    from outlast.experiments import place_order, prepare
    from outlast.experiments import run as run_jobs

    console = Console()
    config = configure(data, matrix, options, leaks)
    if prepare_only:
        order = place_order(prepare(config))
        console.print(f"{len(order.jobs)} jobs in {len(order.groups)} fits are planned; let N "
                      "workers take their shares, i from 0 to N - 1:\n"
                      f"  outlast worker --shard i/N --store {escape(order.store)}",
                      soft_wrap=True, highlight=False)
        return
    with live_progress(console) as listener:
        outcome = run_jobs(prepare(config, on_check=listener.on_check), listener)
    console.print(f"{outcome.trained} jobs trained, {outcome.reused} reused, {outcome.failed} "
                  f"failed; results in {escape(outcome.experiment.storage.url)}",
                  soft_wrap=True)
    console.print("Report: outlast report")
    judge_outcome(outcome, config)


def train(
    *,
    data: DataOptions = _NO_DATA,
    matrix: MatrixOptions = _NO_MATRIX,
    leaks: LeakOptions = _NO_LEAKS,
    options: RunOptions = _NO_RUN,
) -> None:
    """Train models under one split, without search unless asked, and show their scores.

    Defaults: the temporal split, `--optimization none`. Prints where each fitted model lies.

    Examples::

        outlast train --models lightgbm
        outlast train --models xgboost --splits walk_forward --optimization random --n_trials 20
    """
    from outlast.cli.display import live_progress, show_leaderboard, show_models
    from outlast.pipeline import train_models

    config = configure(data, matrix, options, leaks)
    narrow = {"splits": ("temporal",), "optimization": ("none",)}
    missing = {k: v for k, v in narrow.items() if k not in config.model_fields_set}
    if missing:
        config = Config.model_validate({**config.model_dump(exclude_unset=True), **missing})
    console = Console()
    with live_progress(console) as listener:
        document, outcome = train_models(config, listener=listener, on_check=listener.on_check)
    show_leaderboard(console, document)
    show_models(console, document, outcome)


def report(
    *,
    matrix: MatrixOptions = _NO_MATRIX,
    options: RunOptions = _NO_RUN,
    experiment: str | None = None,
) -> None:
    """Write the consolidated report over all stored results of one experiment.

    Parameters
    ----------
    experiment
        Name of the experiment. [default: the one that was worked on last]
    """
    _report(configure(_NO_DATA, matrix, options), experiment)


def _report(config: Config, experiment: str | None) -> None:
    from outlast.cli.display import show_result
    from outlast.pipeline import report_only

    with _uncollected():
        result = report_only(config, experiment)
    show_result(Console(), result.document, result.report.html)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no cycles of garbage meanwhile.

    Ten thousand records are millions of objects that all stay until the report is written: to go
    through them again and again is a fifth of its time, and frees nothing.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
