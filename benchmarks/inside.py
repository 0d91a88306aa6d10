"""A job that notes how long it was inside the model libraries; workers import it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from outlast.experiments.train import run_job


def timed_job(spec: Mapping[str, Any]) -> None:
    """Run a job and write down how many seconds it spent inside the model libraries."""
    with _clocked() as clock:
        run_job(spec)
    name = f"{os.getpid()}-{time.monotonic_ns()}"
    (Path(os.environ["OUTLAST_BENCH"]) / name).write_text(json.dumps(clock))


@contextmanager
def _clocked() -> Iterator[dict[str, float]]:
    """Add up the time of everything that a loop over the bare libraries would call as well."""
    import catboost
    import lightgbm
    import xgboost
    from sklearn.linear_model import LogisticRegression, Ridge

    clock = {"seconds": 0.0, "depth": 0}

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if clock["depth"] or kwargs.get("pred_contrib") or kwargs.get("pred_contribs"):
                return call(*args, **kwargs)
            clock["depth"], begun = 1, time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                clock["seconds"] += time.perf_counter() - begun
                clock["depth"] = 0
        return wrapper

    places = [(lightgbm, "train"), (lightgbm.Dataset, "construct"), (lightgbm.Booster, "predict"),
              (xgboost, "train"), (xgboost.QuantileDMatrix, "__init__"),
              (xgboost.DMatrix, "__init__"), (xgboost.Booster, "predict"),
              (catboost, "train"), (catboost.Pool, "__init__"), (catboost.CatBoost, "predict"),
              (LogisticRegression, "fit"), (Ridge, "fit")]
    patches = [mock.patch.object(owner, name, timed(getattr(owner, name)))
               for owner, name in places]
    for patch in patches:
        patch.start()
    try:
        yield clock
    finally:
        for patch in patches:
            patch.stop()
