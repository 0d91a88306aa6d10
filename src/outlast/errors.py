"""Errors that a person can act on: the thing, the rule, what was got, the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class OutlastError(Exception):
    """Base of every error that outlast raises on purpose.

    Attributes
    ----------
    exit_code : int
        What the command line exits with when this error ends it.
    """

    exit_code = 1


class OutlastWarning(UserWarning):
    """Something makes a result less sure than it looks; the sentence says what and what to do."""


class InputError(OutlastError, ValueError):
    """The caller's data, configuration or flags break a stated rule (exit code 2)."""

    exit_code = 2


class MissingDependencyError(OutlastError, ImportError):
    """An optional library is needed and not installed (exit code 2)."""

    exit_code = 2


class LeakError(OutlastError):
    """An exact check found a leak, and leaks were not allowed (exit code 3)."""

    exit_code = 3


class StoreError(OutlastError):
    """The results folder cannot be read or written as it must be (exit code 73)."""

    exit_code = 73


class StoreLockedError(StoreError):
    """Another process writes into the same experiment (exit code 73)."""


class CorruptError(StoreError):
    """A stored file is missing or is not what was written (exit code 73)."""


class StorePausedError(StoreError):
    """The store takes nothing more for now: disk full, or out of reach (exit code 75)."""

    exit_code = 75


class BudgetError(OutlastError):
    """The memory or time that is allowed cannot hold the work (exit code 2)."""

    exit_code = 2


class ResumeError(OutlastError):
    """What is to be resumed is not what was begun; the differences are named (exit code 2)."""

    exit_code = 2


def suggest(got: str, known: Iterable[str]) -> str:
    """Return the way out for a mistyped name.

    Parameters
    ----------
    got : str
        The name as it was given.
    known : iterable of str
        Every name that would have been accepted.

    Returns
    -------
    str
        A closest match when there is one, and always the whole list.

    Examples
    --------
    >>> suggest("lightgmb", ["lightgbm", "linear"])
    "did you mean 'lightgbm'? Known: lightgbm, linear"
    """
    names = sorted(known)
    close = difflib.get_close_matches(got, names, n=1)
    listing = f"Known: {', '.join(names)}" if names else "none is known"
    return f"did you mean {close[0]!r}? {listing}" if close else listing


def import_advice(module: str) -> str:
    """Return what finds a module that lies in the working folder, where Python does not look.

    Examples
    --------
    >>> import_advice("nowhere.features")
    ''
    """
    top = module.partition(".")[0]
    if not top or not (Path(top).is_dir() or Path(f"{top}.py").is_file()):
        return ""
    return f"; {top} lies in this folder: set PYTHONPATH=. so that Python looks here"


def unknown_name(kind: str, got: str, known: Iterable[str]) -> InputError:
    """Return the error for a name that no registry or table holds.

    Examples
    --------
    >>> str(unknown_name("split", "temporel", ["temporal", "random"]))
    "unknown split 'temporel': did you mean 'temporal'? Known: random, temporal"
    """
    return InputError(f"unknown {kind} {got!r}: {suggest(got, known)}")
