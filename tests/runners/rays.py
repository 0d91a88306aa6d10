"""One Ray for all tests of a module: its start takes long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from outlast.runners.ray import RayRunner, _cluster


@contextmanager
def one_ray(n_jobs: int = 2) -> Iterator[RayRunner]:
    """A runner whose runs all use the same cluster of this machine."""
    runner = RayRunner(n_jobs)
    with _cluster(runner._ray, runner):
        yield runner
