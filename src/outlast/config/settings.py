"""Every setting of a run, and its default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, PositiveFloat, ValidationInfo, field_validator

from outlast.config.values import (
    DISTINCT,
    Folder,
    Memory,
    Models,
    Named,
    Pairs,
    Pins,
    Place,
    Seconds,
    Selections,
    Settings,
    Splits,
    Stretch,
)
from outlast.records import USUAL_SELECTION, Strategy, Task

Optimization = Literal["optuna", "random", "grid", "none"]


class DataConfig(Settings):
    """Where the table is and what its columns mean (see `outlast.data.Schema`).

    `source` is the name of an embedded data set (``stocks``) or where `outlast.read_table` finds a
    table; `time_format` is how times are written that ISO would write otherwise, such as
    ``"%d.%m.%Y"``; `csv` is how a CSV is written (see `outlast.read_table`), `unpivot` how a wide
    table becomes a long one (``index``, ``names``, ``values``); `joins` are the parameters of an
    `outlast.data.Join` for each further table.
    """

    source: str = "stocks"
    csv: Named = Field(default_factory=dict)
    unpivot: dict[str, JsonValue] | None = None
    time: str | tuple[str, ...] | None = None
    time_format: str | None = None
    entity: str | tuple[str, ...] | None = None
    target: str | None = None
    task: Task | None = None
    horizon: int | str = 0
    label_end: str | None = None
    label_delay: int | str = 0
    available_after: Pairs = Field(default_factory=dict)
    duplicates: Literal["keep", "drop"] = "keep"
    events: str | None = None
    joins: tuple[dict[str, JsonValue], ...] = ()
    leaky: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()


class Config(Settings):
    """Everything that one run needs to know.

    Parameters
    ----------
    data : DataConfig
    models : sequence of strategies, optional
        Names or ``{name: params}``; in Python also estimators, or ``{name: estimator}``; default:
        the baselines, linear and every installed booster.
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
        The last stretch of time, sealed before anything is tuned: a share or a number of the
        distinct times, a duration, or the date it begins at; None or "off" for no exam.
    keep_sealed : bool, default False
        Whether the exam is not opened for the finalists at the end of a run.
    costs : (float, float), optional
        Of acting where nothing happens, and of not acting where it does.
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
        Of everything random.
    device : {"cpu", "cuda"}, default "cpu"
        Where boosters are fitted; other models stay on the CPU.
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
    mlflow : str, optional
        URI of an MLflow server or database to which the finished run is logged.
    strict : bool, default False
        Whether a single failed job makes the command fail; otherwise only all of them do.

    Examples
    --------
    >>> Config(models=["lightgbm"], splits=[{"temporal": {"test_size": 0.3}}]).splits[0].label
    'temporal(test_size=0.3)'
    """

    data: DataConfig = DataConfig()
    models: Models | None = None
    splits: Splits = (
        # Over the later half of time: models of the first few rows promise too little.
        Strategy(name="expanding_window", params={"test_size": 0.1}),
        *(Strategy(name=name) for name in ("temporal", "event_aware", "walk_forward",
                                           "purged_kfold", "random")),
    )
    optimization: Annotated[tuple[Optimization, ...], DISTINCT] = ("none", "optuna")
    n_trials: int = Field(default=10, ge=1, le=1_000_000)
    inner_splits: int = Field(default=2, ge=1, le=20)
    selection: Selections = (Strategy(name=USUAL_SELECTION),)
    keep: Pins = Field(default_factory=dict)
    drop: Pins = Field(default_factory=dict)
    selection_tolerance: float | None = Field(default=None, gt=0)
    metric: str | None = None
    headline_split: str | None = None
    exam: Stretch = 0.15
    keep_sealed: bool = False
    costs: tuple[PositiveFloat, PositiveFloat] | None = None
    importance: float = Field(default=0.25, ge=0, le=100)
    features: str | None = None
    recipe: str | None = None
    audit: Literal["exact", "quick", "full"] = "quick"
    allow_leaks: bool = False
    mute: tuple[str, ...] = ()
    seed: int = Field(default=0, ge=0, lt=2**31)
    device: Literal["cpu", "cuda"] = "cpu"
    n_jobs: int | None = Field(default=None, ge=1)
    time_budget: Seconds | None = None
    job_timeout: Seconds | None = None
    memory_limit: Memory | None = None
    reports: Folder = "reports"
    store: Place | None = None
    new_data: bool = False
    runner: Literal["local", "inline", "ray"] = "local"
    address: str | None = None
    mlflow: str | None = None
    strict: bool = False

    @field_validator("recipe")
    @classmethod
    def _either_of_the_two(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("features") is not None:
            raise ValueError("a recipe and a function (features) exclude each other; give one")
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
                 "allow_leaks", "runner", "address", "mlflow", "strict"})

QUICK: dict[str, Any] = {
    "models": ["prior", "last_value", "linear", "lightgbm"],
    "splits": ["temporal", "event_aware", "random"],
    "optimization": ["none"],
    "audit": "exact",
    "importance": 0.1,
}
