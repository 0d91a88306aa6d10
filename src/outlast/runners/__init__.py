"""Ways to run many jobs."""

from outlast.errors import InputError, unknown_name
from outlast.runners.base import NO_LIMITS, Event, Limits, Runner, attempt
from outlast.runners.inline import InlineRunner
from outlast.runners.local import LocalRunner
from outlast.runners.ray import RayRunner

__all__ = ["NO_LIMITS", "RUNNERS", "Event", "InlineRunner", "Limits", "LocalRunner", "RayRunner",
           "Runner", "attempt", "make_runner"]

RUNNERS: dict[str, type[Runner]] = {
    "local": LocalRunner,
    "inline": InlineRunner,
    "ray": RayRunner,
}


def make_runner(
    name: str, n_jobs: int = 1, threads: int = 1, address: str | None = None
) -> Runner:
    """Return a runner by name.

    Parameters
    ----------
    name : str
    n_jobs : int, default 1
        How many specifications run at once.
    threads : int, default 1
        How many threads the libraries of each may use.
    address : str, optional
        The cluster to use, for a runner that can reach one.

    Raises
    ------
    InputError
        If no runner has that name, or if it runs on this machine and an address is given.
    MissingDependencyError
        If it needs a library that is not installed.
    """
    if name not in RUNNERS:
        raise unknown_name("runner", name, RUNNERS)
    if address is None:
        return RUNNERS[name](n_jobs, threads)
    if RUNNERS[name] is not RayRunner:
        raise InputError(f"runner {name!r} runs on this machine and takes no address, got "
                         f"{address!r}; use runner 'ray'")
    return RayRunner(n_jobs, threads, address)
