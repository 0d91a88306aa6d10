"""What an installation takes: megabytes of the wheel, of the base and of each extra; and seconds.

Run it from the repository root, with a package registry in reach:

    python -m benchmarks.footprint

The wheel is built and installed from the pinned `constraints.txt` into empty environments, one for
the base and one for each extra. A size is that of all files of the environment's packages,
compiled as pip compiles them. Times are medians of fresh processes after one that does not count.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from pathlib import Path

from benchmarks.measure import Measure, show

ROOT = Path(__file__).parents[1]
FOR_DEVELOPERS = {"dev", "test"}
UNWANTED = ("catboost", "lightgbm", "optuna", "pandas", "ray", "sklearn", "xgboost")
N_TIMES = 9
_IMPORT = "import time; t = time.perf_counter(); import {0}; print(time.perf_counter() - t)"
# Each package with the files that its own record names.
_PACKAGES = """
import importlib.metadata as m, json
print(json.dumps({d.name: [str(p) for f in d.files or () if (p := d.locate_file(f)).is_file()]
                  for d in m.distributions()}))
"""
_LOADED = """
import contextlib, io, sys
{code}
print(*{{name.partition(".")[0] for name in sys.modules}} & set({unwanted}))
"""
_HELP = """
from outlast.cli import main
sys.argv = ["outlast", "--help"]
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
"""


def told(*command: str | Path) -> str:
    """Run a command away from the checkout and return what it prints."""
    done = subprocess.run([str(part) for part in command], cwd=tempfile.gettempdir(), text=True,
                          capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def built(folder: Path) -> Path:
    """The wheel of this working tree."""
    told(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    wheel, = folder.glob("*.whl")
    return wheel


def installed(folder: Path, wheel: Path, extra: str = "") -> Path:
    """The Python of a new environment that holds the wheel, and nothing else."""
    told(sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, folder)
    python = folder / "bin" / "python"
    told(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode",
         "--python", python, "--constraint", ROOT / "constraints.txt",
         f"outlast{extra and f'[{extra}]'} @ {wheel.as_uri()}")
    return python


def megabytes(folder: Path) -> float:
    """All files below a folder, each once."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def largest(python: Path) -> str:
    """The ten largest packages of an environment, without what was compiled."""
    files = json.loads(told(python, "-c", _PACKAGES))
    sizes = Counter({name: sum(Path(path).stat().st_size for path in paths) / 1e6
                     for name, paths in files.items()})
    return ", ".join(f"{name} {size:.0f}" for name, size in sizes.most_common(10))


def loaded(python: Path, code: str) -> str:
    """Which of the heavy libraries are loaded after some code."""
    return told(python, "-c", _LOADED.format(code=code, unwanted=UNWANTED)).strip() or "none"


def seconds_to_import(python: Path, package: str) -> list[float]:
    """What an import takes, in fresh processes after one that does not count."""
    return [float(told(python, "-c", _IMPORT.format(package))) for _ in range(N_TIMES + 1)][1:]


def start_of(python: Path) -> list[Measure]:
    """How long the package takes to be imported, and the command to tell its help."""
    imports = seconds_to_import(python, "outlast")
    helps = []
    for _ in range(N_TIMES + 1):
        begun = time.perf_counter()
        told(python.parent / "outlast", "--help")
        helps.append(time.perf_counter() - begun)
    return [
        Measure("import outlast", "base", statistics.median(imports), 0.3, "less",
                f"fastest {min(imports):.3f} s; of the heavy libraries it loads: "
                f"{loaded(python, 'import outlast')}", "s"),
        Measure("outlast --help, with the start of Python", "base", statistics.median(helps[1:]),
                1, "less", f"fastest {min(helps):.3f} s; of the heavy libraries it loads: "
                f"{loaded(python, _HELP)}", "s"),
    ]


def run() -> list[Measure]:
    """Measure wheel, base, extras and starts."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = sorted(set(project["optional-dependencies"]) - FOR_DEVELOPERS)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        wheel = built(folder / "wheel")
        python = installed(folder / "base", wheel)
        base = megabytes(folder / "base")
        added = []
        for extra in extras:
            installed(folder / extra, wheel, extra)
            added.append(f"{extra} {megabytes(folder / extra) - base:.0f}")
        return [
            Measure("the wheel", "base", wheel.stat().st_size / 1e6, 5, "less", wheel.name, "MB"),
            Measure("installed", "base", base, 700, "less",
                    f"largest, MB: {largest(python)}; extras add, MB: {', '.join(added)}", "MB"),
            *start_of(python),
        ]


if __name__ == "__main__":
    show(run())
