"""A run on this machine listens nowhere."""

from __future__ import annotations

import psutil

from outlast import run_pipeline


def listening() -> set[tuple[str, int]]:
    """Where this process and those that it has started accept connections."""
    me = psutil.Process()
    return {connection.laddr for process in [me, *me.children(recursive=True)]
            for connection in process.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN}


def test_no_socket_listens_during_a_run(settings, tmp_path):
    before = listening()  # servers of other tests in this process
    looked: list[int] = []

    def look(progress: object) -> None:
        looked.append(len(psutil.Process().children(recursive=True)))
        assert listening() <= before

    run_pipeline({**settings, "models": ["prior", "linear"], "n_jobs": 2,
                  "reports": str(tmp_path / "reports")}, listener=look)
    assert max(looked) > 0
