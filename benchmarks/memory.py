"""Memory of several workers against one: how much is shared, and how much is copied."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil

from benchmarks.measure import Measure, show
from benchmarks.panels import as_it_is, planted_panel
from outlast.config import make_config
from outlast.experiments import prepare
from outlast.experiments import run as run_jobs

# What a fit needs without outlast: the training rows, the library, its bins and trees.
_BARE = """
import resource, sys
import lightgbm, numpy as np
X, y = np.load(sys.argv[1]), np.load(sys.argv[2])
lightgbm.train({"objective": "binary", "num_threads": 1, "verbosity": -1, "max_bin": 63},
               lightgbm.Dataset(X, y), 300)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


class Watch:
    """The most memory that the children of this process hold together, shared pages once."""

    def __init__(self) -> None:
        self.most, self._stop = 0.0, False
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._thread.join()

    def _look(self) -> None:
        while not self._stop:
            held = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    held += child.memory_full_info().pss
                except psutil.Error:
                    continue
            self.most = max(self.most, held)
            time.sleep(0.02)


def measure(n_jobs: int, folder: str) -> float:
    """Return the most bytes of so many workers that fit four folds of the planted panel."""
    models = [{"lightgbm": {"num_leaves": 31 + k}} for k in range(4)]
    config = make_config({"models": models, "splits": ["temporal"], "optimization": ["none"],
                          "audit": "exact", "importance": 0, "reports": folder, "n_jobs": n_jobs,
                          "seed": n_jobs})
    prepared = prepare(config, planted_panel(), as_it_is())
    with Watch() as watch:
        outcome = run_jobs(prepared)
    assert outcome.trained == 4
    return watch.most


def bare(folder: str) -> float:
    """Return the peak memory of one fit by the library alone, on rows of the same size."""
    rows = np.random.default_rng(0).normal(size=(82_000, 50)).astype("f4")
    x, y = Path(folder) / "x.npy", Path(folder) / "y.npy"
    np.save(x, rows)
    np.save(y, (rows[:, 0] > 0).astype(float))
    done = subprocess.run([sys.executable, "-c", _BARE, str(x), str(y)], check=True,
                          capture_output=True, text=True)
    return float(done.stdout)


def run() -> list[Measure]:
    """Measure one worker and four."""
    features = 103_000 * 50 * 4.0
    with tempfile.TemporaryDirectory() as folder:
        need = bare(folder)
        one, four = measure(1, f"{folder}/1"), measure(4, f"{folder}/4")
    allowed = 1.3 * features + 4 * need
    return [Measure(
        "memory of 4 workers / (1.3 x features + 4 x what a bare fit needs)",
        "planted panel, 103,000 x 50", four / allowed, 1.0, "less",
        f"4 workers {four / 1e6:.0f} MB, 1 worker {one / 1e6:.0f} MB, features "
        f"{features / 1e6:.0f} MB, a bare lightgbm fit {need / 1e6:.0f} MB")]


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    show(run())
