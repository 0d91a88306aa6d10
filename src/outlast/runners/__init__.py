"""Ways to run many jobs."""

from outlast.errors import unknown_name
from outlast.runners.base import NO_LIMITS, Event, Limits, Runner, attempt
from outlast.runners.inline import InlineRunner
from outlast.runners.local import LocalRunner

__all__ = ["NO_LIMITS", "RUNNERS", "Event", "InlineRunner", "Limits", "LocalRunner", "Runner",
           "attempt", "make_runner"]

RUNNERS: dict[str, type[Runner]] = {
    "local": LocalRunner,
    "inline": InlineRunner,
}


def make_runner(name: str, n_jobs: int = 1, threads: int = 1) -> Runner:
    """Return a runner by name.

    Raises
    ------
    InputError
        If no runner has that name.
    """
    if name not in RUNNERS:
        raise unknown_name("runner", name, RUNNERS)
    return RUNNERS[name](n_jobs, threads)
