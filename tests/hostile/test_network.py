"""A run on this machine listens nowhere."""

from __future__ import annotations

import psutil

from outlast import run_pipeline


def test_no_socket_listens_during_a_run(settings, tmp_path):
    looked: list[int] = []

    def look(progress: object) -> None:
        me = psutil.Process()
        family = [me, *me.children(recursive=True)]
        looked.append(len(family))
        for process in family:
            open_now = process.net_connections(kind="inet")
            assert not [c for c in open_now if c.status == psutil.CONN_LISTEN]

    run_pipeline({**settings, "models": ["prior", "linear"], "n_jobs": 2,
                  "reports": str(tmp_path / "reports")}, listener=look)
    assert max(looked) > 1
