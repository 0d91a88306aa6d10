"""A cluster of several machines, played by one, that loses one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from outlast.runners import RayRunner
from outlast.runners.ray import _QUIET, _environment, _on_loopback
from tests.runners.alive import wait_for_pids
from tests.runners.faults import misbehave

ray = pytest.importorskip("ray")


@pytest.fixture
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    with _environment(_QUIET), _on_loopback(ray):
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        try:
            for _ in range(2):
                cluster.add_node(num_cpus=1)
            yield cluster
        finally:
            cluster.shutdown()


@pytest.mark.slow
def test_a_machine_that_is_lost_takes_its_own_jobs_alone(cluster, tmp_path):
    pids = [tmp_path / f"pids.{k}" for k in range(3)]
    specs = [{"action": "sleep", "seconds": 15, "pids": str(file)} for file in pids]
    kinds, lost = {}, next(iter(cluster.worker_nodes))
    for event in RayRunner(3, address=cluster.address).run(
            misbehave, [*specs, {"action": "nothing"}]):
        kinds[event.index] = event.kind
        if len(kinds) == 3 and lost in cluster.worker_nodes:
            for file in pids:
                wait_for_pids(file, 1)
            cluster.remove_node(lost, allow_graceful=False)
    assert sorted(kinds.values()) == ["lost", "ok", "ok", "ok"]
    assert kinds[3] == "ok"
