"""The whole configuration of a run: defaults, a YAML file, then flags, in that order."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PositiveFloat,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from outlast.errors import InputError, suggest
from outlast.records import USUAL_SELECTION, Strategy, Task
from outlast.strict_yaml import load_yaml

Optimization = Literal["optuna", "random", "grid", "none"]

_AMOUNT = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>[A-Za-z]*)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_BYTES = {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


class Settings(BaseModel):
    """Base of all settings: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataConfig(Settings):
    """Where the table is and what its columns mean (see `outlast.data.Schema`).

    `source` is the name of an embedded data set (``stocks``) or the path of a table; `joins` are
    the parameters of an `outlast.data.Join` for each further table.
    """

    source: str = "stocks"
    time: str | None = None
    entity: str | None = None
    target: str | None = None
    task: Task | None = None
    horizon: int | str = 0
    label_end: str | None = None
    label_delay: int | str = 0
    available_after: dict[str, str] = Field(default_factory=dict)
    duplicates: Literal["keep", "drop"] = "keep"
    events: str | None = None
    joins: tuple[dict[str, JsonValue], ...] = ()
    leaky: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()

    @field_validator("available_after", mode="before")
    @classmethod
    def _read_pairs(cls, value: Any) -> Any:
        return dict(map(_pair, value)) if isinstance(value, (list, tuple)) else value


class GivenSplit(Settings):
    """A splitter object, or an iterable of (train, test) positions, in place of a name."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    splitter: Any = Field(exclude=True)
    title: str

    @property
    def label(self) -> str:
        """Its name for people."""
        return self.title


class Config(Settings):
    """Everything that one run needs to know.

    Parameters
    ----------
    data : DataConfig
    models : sequence of strategies, optional
        Names or ``{name: params}``; default: the baselines, linear and every installed
        booster.
    splits : sequence of strategies
        Names or ``{name: params}``; or, from other libraries, dotted paths such as
        ``sklearn.model_selection.TimeSeriesSplit``; in Python also splitter objects and
        iterables of (train, test) positions.
    optimization : sequence of {"optuna", "random", "grid", "none"}
        Each one is a column of the experiment matrix.
    n_trials : int, default 10
        Trials of one search, the defaults included as the first.
    inner_splits : int, default 2
        Time-respecting folds inside the training part that score a trial.
    selection : sequence of strategies, default ["cluster"]
        Feature selections, fitted on the training rows of each fold: names or
        ``{name: params}``; each one is a column of the experiment matrix.
    keep, drop : mapping of str to str, or sequence of str
        Features that are in or out whatever a selection says, with the reason.
    selection_tolerance : float, optional
        What leaving features out may cost, in units of the metric, for a selection to count as
        no worse than all features; default: a quarter of the standard error.
    metric : str, optional
        Primary metric; default: roc_auc, log_loss or rmse by task.
    headline_split : str, optional
        The split that is most like deployment; default: the first forward one that was run.
    exam : float, int or str, optional, default 0.15
        The last stretch of time that is sealed before anything is tuned: a share or a number of
        the distinct times, a duration, or the date at which it begins; None
        or "off" for no exam. Where
        a table is too short for the default, there is none either.
    keep_sealed : bool, default False
        Whether the exam is not opened for the finalists at the end of a run.
    costs : (float, float), optional
        What it costs to act where nothing happens, and not to act where it does; the report
        then tells from which probability on to act, and what that saves.
    importance : float, default 0.25
        How much of the time of fits and searches may go into explaining the best of them by
        permutation, probes and refits; 0 leaves that out.
    features : str, optional
        Dotted path of a function of the table that returns the features, such as
        ``my_project.features:build``; default: the recipe for the table.
    recipe : str, optional
        YAML file that declares the features, in place of `features`.
    audit : {"exact", "quick", "full"}, default "quick"
        How much work the leak checks may do: only exact ones, statistical ones with tens,
        or with hundreds of repetitions.
    allow_leaks : bool, default False
        Train although an exact check found a leak; the results carry it for ever.
    mute : sequence of str
        Codes of checks that are not to be asked.
    seed : int, default 0
    n_jobs : int, optional
        Worker processes; default: one per core, fewer where the table is large.
    time_budget : float or str, optional
        Seconds, or text such as ``"30min"`` or ``"2h"``: searches are made short enough to end
        in time, and nothing is started later.
    job_timeout : float or str, optional
        What one job may take before it is ended.
    memory_limit : int or str, optional
        Bytes, or text such as ``"8GB"``, for all workers together; default: nine tenths of
        what the machine has to give when the run starts.
    reports : str, default "reports"
        Folder for everything that is written.
    store : str, optional
        Folder or URL (``s3://bucket/prefix``) for features and results in place of `reports`.
    new_data : bool, default False
        Begin anew where a run that was not finished had been begun on another content of the
        same table.
    runner : {"local", "inline", "ray"}, default "local"
        Processes of this machine, this very process, or a Ray cluster.
    address : str, optional
        Of a Ray cluster; default: one that is started on this machine.
    strict : bool, default False
        Whether a single failed job makes the command fail; otherwise only all of them do.

    Examples
    --------
    >>> Config(models=["lightgbm"], splits=[{"temporal": {"test_size": 0.3}}]).splits[0].label
    'temporal(test_size=0.3)'
    """

    data: DataConfig = DataConfig()
    models: tuple[Strategy, ...] | None = None
    splits: tuple[Strategy | GivenSplit, ...] = (
        # Over the later half of time: models of the first few rows promise too little.
        Strategy(name="expanding_window", params={"test_size": 0.1}),
        *(Strategy(name=name) for name in ("temporal", "event_aware", "walk_forward",
                                           "purged_kfold", "random")),
    )
    optimization: tuple[Optimization, ...] = ("none", "optuna")
    n_trials: int = Field(default=10, ge=1, le=1_000_000)
    inner_splits: int = Field(default=2, ge=1, le=20)
    selection: tuple[Strategy, ...] = (Strategy(name=USUAL_SELECTION),)
    keep: dict[str, str] = Field(default_factory=dict)
    drop: dict[str, str] = Field(default_factory=dict)
    selection_tolerance: float | None = Field(default=None, gt=0)
    metric: str | None = None
    headline_split: str | None = None
    exam: float | int | str | None = 0.15
    keep_sealed: bool = False
    costs: tuple[PositiveFloat, PositiveFloat] | None = None
    importance: float = Field(default=0.25, ge=0, le=100)
    features: str | None = None
    recipe: str | None = None
    audit: Literal["exact", "quick", "full"] = "quick"
    allow_leaks: bool = False
    mute: tuple[str, ...] = ()
    seed: int = Field(default=0, ge=0)
    n_jobs: int | None = Field(default=None, ge=1)
    time_budget: float | None = Field(default=None, gt=0)
    job_timeout: float | None = Field(default=None, gt=0)
    memory_limit: int | None = Field(default=None, ge=50_000_000)
    reports: str = "reports"
    store: str | None = None
    new_data: bool = False
    runner: Literal["local", "inline", "ray"] = "local"
    address: str | None = None
    strict: bool = False

    @field_validator("time_budget", "job_timeout", mode="before")
    @classmethod
    def _read_seconds(cls, value: Any) -> Any:
        return _amount(value, _SECONDS, "90, '30min' or '2h'")

    @field_validator("exam", mode="before")
    @classmethod
    def _read_exam(cls, value: Any) -> Any:
        if isinstance(value, str):
            with contextlib.suppress(ValueError):
                return int(value) if value.isdigit() else float(value)
        return None if value in ("none", "off") else value

    @field_validator("memory_limit", mode="before")
    @classmethod
    def _read_bytes(cls, value: Any) -> Any:
        amount = _amount(value, _BYTES, "'800MB' or '8GB'")
        return amount if amount is None else int(amount)

    @field_validator("recipe")
    @classmethod
    def _either_of_the_two(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("features") is not None:
            raise ValueError("a recipe and a function (features) exclude each other; give one")
        return value

    @field_validator("splits", mode="before")
    @classmethod
    def _read_splits(cls, value: Any) -> Any:
        return tuple(map(_split, value)) if isinstance(value, (list, tuple)) else value

    @field_validator("models", mode="before")
    @classmethod
    def _read_strategies(cls, value: Any) -> Any:
        return tuple(map(_strategy, value)) if isinstance(value, (list, tuple)) else value

    @field_validator("selection", mode="before")
    @classmethod
    def _read_selection(cls, value: Any) -> Any:
        return tuple(map(_strategy, value if isinstance(value, (list, tuple)) else [value]))

    @field_validator("keep", "drop", mode="before")
    @classmethod
    def _read_pins(cls, value: Any) -> Any:
        return dict.fromkeys(value, "") if isinstance(value, (list, tuple)) else value

    @field_validator("models", "splits", "optimization", "selection")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        if value is not None and len(value) == 0:
            raise ValueError("name at least one")
        if value is not None and len({_label(item) for item in value}) < len(value):
            raise ValueError("the same entry is listed twice")
        return value

    @property
    def selections(self) -> tuple[Strategy, ...]:
        """The selections with the features that the user keeps and drops.

        Examples
        --------
        >>> config = Config(selection=["probe"], keep=["price"], drop={"id": "no meaning"})
        >>> config.selections[0].label
        'probe +price -id'
        """
        pins = {side: getattr(self, side) for side in ("keep", "drop") if getattr(self, side)}
        if not pins:
            return self.selection
        told = " ".join([*(f"+{name}" for name in self.keep), *(f"-{name}" for name in self.drop)])
        return tuple(Strategy(name=chosen.name, params={**chosen.params, **pins},
                              title=f"{chosen.label} {told}") for chosen in self.selection)

    @property
    def folder(self) -> Path:
        """The reports folder as a path."""
        return Path(self.reports)

    @property
    def store_url(self) -> str:
        """Where features and results are kept."""
        return self.store or self.reports


# Settings that decide how a run is done and not what comes out of it.
HOW = frozenset({"n_jobs", "job_timeout", "memory_limit", "reports", "store", "new_data",
                 "allow_leaks", "runner", "address", "strict"})

QUICK: dict[str, Any] = {
    "models": ["prior", "last_value", "linear", "lightgbm"],
    "splits": ["temporal", "event_aware", "random"],
    "optimization": ["none"],
    "audit": "exact",
    "importance": 0.1,
}


def _amount(value: Any, units: Mapping[str, float], example: str) -> Any:
    """Read a number with a unit; a number alone is in the first of them."""
    if not isinstance(value, str):
        return value
    found = _AMOUNT.fullmatch(value.strip())
    unit = found["unit"] or next(iter(units)) if found else ""
    if found is None or unit not in units:
        raise ValueError(f"give a number with one of the units {', '.join(units)}, such as "
                         f"{example}")
    return float(found["number"]) * units[unit]


def _pair(text: Any) -> tuple[str, str]:
    """Read ``"column=45D"``."""
    name, found, source = str(text).rpartition("=")
    if not found:
        raise ValueError("give COLUMN=DURATION or COLUMN=TIME_COLUMN")
    return name, source


def _strategy(value: Any) -> Any:
    """Read ``"name"``, ``{name: params}`` or ``{"name": ..., "params": ...}``."""
    if isinstance(value, str):
        return Strategy(name=value)
    if isinstance(value, Mapping) and "name" not in value and len(value) == 1:
        ((name, params),) = value.items()
        return Strategy(name=name, params=params or {})
    return value


def _split(value: Any) -> Any:
    """Read a strategy, a splitter object, or an iterable of folds."""
    if isinstance(value, (str, Mapping, Settings, Strategy)):
        return _strategy(value)
    if hasattr(value, "split"):
        return GivenSplit(splitter=value, title=_title(value))
    if isinstance(value, Iterable):
        return GivenSplit(splitter=list(value), title="given folds")
    raise ValueError("a split is a name, {name: params}, a splitter, or folds as pairs of "
                     "(train, test) positions")


def _title(splitter: Any) -> str:
    """Return a splitter's repr, where that is one short line, or else its type."""
    text = " ".join(repr(splitter).split())
    return text if len(text) <= 60 and " object at 0x" not in text else type(splitter).__name__


def _label(item: Any) -> str:
    return item.label if isinstance(item, (Strategy, GivenSplit)) else str(item)


def make_config(values: Mapping[str, Any] | None = None, path: str | Path | None = None) -> Config:
    """Merge a YAML file and given values (which win) into a checked configuration.

    Parameters
    ----------
    values : mapping, optional
        Settings by name; ``data`` is itself a mapping and is merged key by key.
    path : str or pathlib.Path, optional
        A YAML file with the same keys.

    Returns
    -------
    Config

    Raises
    ------
    InputError
        For a missing or unreadable file, an unknown key (with a suggestion) or a value
        that breaks its rule.

    Examples
    --------
    >>> make_config({"n_trials": 3}).n_trials
    3
    """
    merged = load_yaml(path) if path is not None else {}
    for key, value in (values or {}).items():
        if key == "data" and isinstance(value, Mapping):
            value = {**(merged.get("data") or {}), **value}
        merged[key] = value
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        origin = f" in {str(path)!r}" if path is not None else ""
        raise InputError(f"configuration{origin}: {_explain(error)}") from error


def _explain(error: ValidationError) -> str:
    return "; ".join(_reasons(error))


def _reasons(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            owner = DataConfig if item["loc"][0] == "data" else Config
            yield f"unknown key {where!r}: {suggest(str(item['loc'][-1]), owner.model_fields)}"
        else:
            yield f"{where}: {item['msg'].removeprefix('Value error, ')}, got {item['input']!r}"
