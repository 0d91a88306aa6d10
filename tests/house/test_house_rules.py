"""The package keeps the house rules, and each rule finds what breaks it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from tests.house import rules
from tests.house.rules import Rule, Source, sentences

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "outlast"

# A folder is an open list: a contract in base.py, one file per strategy, a dict that lists them.
OPEN_FOLDERS = ["features", "splits", "models", "selection", "audit", "runners", "judge/insights"]

# What is loaded when a job needs it, and not before.
HEAVY = {"lightgbm", "xgboost", "catboost", "optuna", "ray", "altair", "vl_convert"}

PACKAGE_RULES: list[Rule] = [
    rules.short_file,
    rules.short_class,
    rules.short_function,
    rules.few_parameters,
    rules.shallow_nesting,
    rules.no_print,
    rules.no_bare_except,
    rules.telling_name,
    rules.documented_parameters,
]

PARAMETERS = '''    """Do.

    Parameters
    ----------
    {} : int
        What it is.
    """
'''

BROKEN: list[tuple[Rule, str, str]] = [
    (rules.short_file, "x = 1\n" * 401, "got 401 lines"),
    (rules.short_class, "class A:\n" + "    x = 1\n" * 250, "A of 251 lines"),
    (rules.short_function, "def f():\n    '''Say.'''\n" + "    x = 1\n" * 51, "f of 51 lines"),
    (rules.few_parameters, "def f(a, b, /, c, d, *e, f, **g): ...", "f with 7"),
    (rules.few_parameters, "class A:\n    def m(self, a, b, c, d, e, f, g): ...", "m with 7"),
    (
        rules.shallow_nesting,
        "def f():\n for a in b:\n  with c:\n   if d:\n    pass\n   elif e:\n    while g: pass",
        "f nested 4 deep",
    ),
    (rules.no_print, "def f():\n    print('x')", "example.py:2 no print"),
    (rules.no_bare_except, "try: f()\nexcept: pass", "example.py:2 no bare except"),
    (rules.no_broad_except, "try: f()\nexcept Exception as e: pass", "Exception caught"),
    (rules.no_broad_except, "try: f()\nexcept (OSError, BaseException): pass", "BaseException"),
    (rules.no_broad_except, "with suppress(OSError, Exception): f()", "Exception caught"),
    (rules.raises_names_the_message, "with pytest.raises(ValueError): f()", "no match="),
    (
        rules.documented_parameters,
        "def f(a, b):\n" + PARAMETERS.format("b, a"),
        "f documents b, a; it takes a, b",
    ),
    (
        rules.documented_parameters,
        "class A:\n" + PARAMETERS.format("old") + "    new: int",
        "A documents old; it takes new",
    ),
    (rules.explicit_registry, "SPLITS = {cls.name: cls for cls in find()}", "no dict written out"),
]

KEPT: list[tuple[Rule, str]] = [
    (rules.short_file, "x = 1\n" * 400),
    (rules.short_class, "class A:\n" + "    x = 1\n" * 249),
    (rules.short_function, "def f():\n    '''Say.\n\n    More.\n    '''\n" + "    x = 1\n" * 50),
    (rules.few_parameters, "class A:\n    def m(self, a, b, c, d, e, f): ..."),
    (
        rules.shallow_nesting,
        "def f():\n for a in b:\n  with c:\n   if d: pass\n   elif e: pass\n   else: pass",
    ),
    (rules.shallow_nesting, "def f():\n if a:\n  if b:\n   def g():\n    if c: pass"),
    (rules.no_print, "console.print('x')"),
    (rules.no_bare_except, "try: f()\nexcept OSError: pass"),
    (rules.no_broad_except, "try: f()\nexcept (OSError, ValueError): pass"),
    (rules.raises_names_the_message, "with pytest.raises(ValueError, match='rule'): f()"),
    (rules.no_broad_except, "try: f()\nexcept BaseException:\n    log()\n    raise"),
    (rules.documented_parameters, "def f(self, a, *b):\n" + PARAMETERS.format("a, *b")),
    (rules.explicit_registry, "SPLITS: dict[str, type] = {'temporal': Temporal}"),
]


def read(file: Path) -> Source:
    """Read a file, to be named by its path below the repository's root."""
    return Source(PurePosixPath(file.relative_to(ROOT).as_posix()), file.read_text("utf-8"))


def sources(folder: Path) -> list[Source]:
    """Read every Python file below a folder."""
    return [read(file) for file in sorted(folder.rglob("*.py"))]


def broken(rule: Rule, folder: Path) -> list[str]:
    """Return every place below a folder that breaks a rule."""
    return [line for source in sources(folder) for line in sentences(rule, source)]


def loaded_by(code: str) -> set[str]:
    """Return the names of the top-level modules that a fresh interpreter holds after ``code``."""
    code += "; import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("rule", PACKAGE_RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("folder", ["src", "scripts"])
def test_the_package_keeps_the_rule(rule: Rule, folder: str) -> None:
    found = broken(rule, ROOT / folder)
    assert not found, "\n".join(found)


def test_only_a_runner_catches_everything_and_once() -> None:
    found = broken(rules.no_broad_except, PACKAGE)
    assert len(found) <= 1, "\n".join(found)
    assert all(line.startswith("src/outlast/runners/") for line in found), "\n".join(found)


def test_every_test_of_an_error_reads_its_message() -> None:
    found = broken(rules.raises_names_the_message, ROOT / "tests")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("folder", OPEN_FOLDERS)
def test_an_open_folder_has_a_contract_and_a_registry(folder: str) -> None:
    assert (PACKAGE / folder / "base.py").is_file(), f"{folder}/base.py: state the contract there"
    found = sentences(rules.explicit_registry, read(PACKAGE / folder / "__init__.py"))
    assert not found, "\n".join(found)


def test_importing_outlast_loads_no_heavy_library() -> None:
    assert loaded_by("import outlast").isdisjoint(HEAVY | {"sklearn"})


def test_importing_every_module_loads_no_booster_search_or_chart_library() -> None:
    code = (
        "import importlib, pkgutil, outlast; "
        "found = pkgutil.walk_packages(outlast.__path__, 'outlast.'); "
        "[importlib.import_module(m.name) for m in found if not m.name.endswith('__main__')]"
    )
    assert loaded_by(code).isdisjoint(HEAVY)


@pytest.mark.parametrize(("rule", "text", "message"), BROKEN)
def test_a_rule_finds_what_breaks_it(rule: Rule, text: str, message: str) -> None:
    (found,) = sentences(rule, Source(PurePosixPath("example.py"), text))
    assert message in found


@pytest.mark.parametrize(("rule", "text"), KEPT)
def test_a_rule_is_silent_at_its_limit(rule: Rule, text: str) -> None:
    assert not sentences(rule, Source(PurePosixPath("example.py"), text))


@pytest.mark.parametrize("path", ["outlast/utils.py", "outlast/_helpers/dates.py"])
def test_a_name_that_says_nothing_is_found(path: str) -> None:
    assert sentences(rules.telling_name, Source(PurePosixPath(path), ""))


def test_only_an_estimator_may_take_many_options() -> None:
    text = "class A:\n    def __init__(self, a, b, c, d, e, f, g): ..."
    assert not sentences(rules.few_parameters, Source(PurePosixPath("splits/purged.py"), text))
    assert sentences(rules.few_parameters, Source(PurePosixPath("store/files.py"), text))


def test_only_a_command_may_leave_options_to_their_own_documentation() -> None:
    text = "def f(options, a):\n" + PARAMETERS.format("a")
    stale = "def f(options, a):\n" + PARAMETERS.format("b")
    command = PurePosixPath("outlast/cli/commands.py")
    assert not sentences(rules.documented_parameters, Source(command, text))
    assert sentences(rules.documented_parameters, Source(command, stale))
    assert sentences(rules.documented_parameters, Source(PurePosixPath("store/files.py"), text))
