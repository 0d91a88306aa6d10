"""`outlast doctor` tells whether this installation works, and if not, what is wrong."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from outlast.errors import OutlastError

_NEEDED = ("numpy", "polars", "scipy", "sklearn", "lightgbm", "xgboost", "optuna", "altair",
           "vl_convert", "jinja2", "pydantic")
_OPTIONAL = {"catboost": "catboost", "duckdb": "duckdb", "mlflow": "mlflow", "pandas": "pandas",
             "ray": "ray", "s3": "s3fs"}


def doctor() -> None:
    """Check the installation in about a minute and say what to do where something is wrong.

    Imports every library, reads the embedded data, and runs a tiny matrix with its report in
    a temporary folder. Exits with 1 if a check fails.
    """
    console, broken = Console(), 0
    for name, check in _CHECKS.items():
        begun = time.perf_counter()
        try:
            told = check()
        except (OutlastError, OSError, ImportError, AssertionError, ValueError) as error:
            broken += 1
            console.print(f"[red]FAIL[/]  {name}: {escape(str(error))}", soft_wrap=True)
        else:
            seconds = time.perf_counter() - begun
            console.print(f"[green]ok[/]    {name}: {escape(told)} [dim]({seconds:.1f} s)[/]",
                          soft_wrap=True, highlight=False)
    if broken:
        raise OutlastError(f"{broken} of {len(_CHECKS)} checks failed")
    console.print("outlast works here. Next: outlast run --quick_run")


def _python() -> str:
    return f"{sys.version.split()[0]} at {sys.executable}"


def _libraries() -> str:
    missing = []
    for name in _NEEDED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            missing.append(f"{name} ({error})")
    if missing:
        raise OutlastError(f"cannot import {', '.join(missing)}; install outlast again")
    return f"all {len(_NEEDED)} needed ones import"


def _extras() -> str:
    found = {extra: importlib.util.find_spec(name) for extra, name in _OPTIONAL.items()}
    absent = [extra for extra, spec in found.items() if spec is None]
    present = [extra for extra, spec in found.items() if spec is not None]
    told = f"installed: {', '.join(present) or 'none'}"
    if absent:
        told += f"; not installed: {', '.join(absent)} (pip install 'outlast[{absent[0]}]')"
    return told


def _data() -> str:
    from outlast.data import load_stocks

    panel = load_stocks()
    assert panel.n_rows == 12_154, f"expected 12,154 rows, got {panel.n_rows:,}"
    return f"{panel.n_rows:,} rows of stocks, {len(panel.events)} events"


def _writable() -> str:
    from outlast.store import Store

    Store.open("reports").check_writable()
    return f"{Path('reports').resolve()} can be written"


def _tiny_run() -> str:
    from outlast.pipeline import run_pipeline

    with tempfile.TemporaryDirectory() as folder:
        result = run_pipeline(
            {"models": ["prior", "lightgbm"], "splits": ["temporal"], "optimization": ["none"],
             "reports": folder, "n_jobs": 1},
        )
        best = result.document.leaderboard[0]
        assert best.model == "lightgbm", f"lightgbm should beat prior, got {best.model}"
        assert best.score.value is not None, "the score is missing"
        assert result.report.html.is_file(), "no report was written"
        return f"lightgbm in time: {result.document.metric} {best.score.value:.3f}"


_CHECKS: dict[str, Callable[[], str]] = {
    "Python": _python,
    "libraries": _libraries,
    "extras": _extras,
    "embedded data": _data,
    "reports folder": _writable,
    "a tiny run with its report": _tiny_run,
}
