"""The commands for batch systems and for keeping a store tidy."""

from __future__ import annotations

import re

from rich.console import Console
from rich.markup import escape

from outlast.errors import InputError, OutlastError


def worker(
    *,
    store: str,
    shard: str = "0/1",
    experiment: str | None = None,
    n_jobs: int | None = None,
    memory_limit: str | None = None,
    job_timeout: str | None = None,
) -> None:
    """Run one share of a stored plan: for array jobs of a batch system, on any machine.

    The plan is made by `outlast experiments --prepare_only`. Workers need nothing of each other:
    whoever commits a job first wins, and a worker that is started again goes on where it
    was. Exits with 1 if a job of the share failed.

    Examples::

        outlast worker --shard 3/10 --store s3://bucket/prefix
        outlast worker --shard $SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT --store /shared/reports

    Parameters
    ----------
    store
        Folder or URL that the plan was stored in.
    shard
        Which share of how many, counted from 0.
    experiment
        Name of the experiment. [default: the one that was planned last]
    n_jobs
        Worker processes. [default: one per core, fewer where the table is large]
    memory_limit
        For all of them together, such as 8GB.
    job_timeout
        What one job may take before it is ended.
    """
    from outlast.cli.display import live_progress
    from outlast.config import make_config
    from outlast.experiments import work_off

    found = re.fullmatch(r"(\d+)/(\d+)", shard)
    if found is None or not int(found[1]) < int(found[2]):
        raise InputError(f"--shard must be such as 3/10, counted from 0/10 to 9/10, got {shard!r}")
    how = {"store": store, "n_jobs": n_jobs, "memory_limit": memory_limit,
           "job_timeout": job_timeout}
    config = make_config({name: value for name, value in how.items() if value is not None})
    console = Console()
    with live_progress(console) as listener:
        tally, reused = work_off(config, (int(found[1]), int(found[2])), experiment, listener)
    console.print(f"{tally.trained} jobs trained, {reused} done before, {tally.failed} failed")
    if tally.failed:
        raise OutlastError("not all jobs came to a result; start the worker again to retry them")


def gc(*, store: str = "reports", dry_run: bool = False) -> None:
    """Remove what killed processes left behind: half-written files, attempts without a record.

    Parameters
    ----------
    store
        Folder or URL of the store.
    dry_run
        Only name them.
    """
    from outlast.store import Store, leftovers, sweep

    console, opened = Console(), Store.open(store)
    found = leftovers(opened) if dry_run else sweep(opened)
    for name in found:
        console.print(escape(name), soft_wrap=True, highlight=False)
    console.print(f"{len(found)} {'would be' if dry_run else 'were'} removed")
