"""The whole road in Python: a table, what its columns mean, and what to try."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from outlast.config import QUICK, Config, DataConfig, make_config
from outlast.data import Events, Panel, Schema, read_table
from outlast.data.conventions import usual_roles
from outlast.data.readers import to_frame
from outlast.errors import InputError, unknown_name
from outlast.mlflow_log import log_results, need_mlflow
from outlast.own_metric import name_of
from outlast.pipeline import audit_table, run_pipeline
from outlast.results import Results

if TYPE_CHECKING:
    from outlast.audit import AuditReport
    from outlast.experiments import Listener, Progress

# Settings that are one thing or several.
_LISTS = ("models", "splits", "optimization", "leaky", "ignore", "categorical", "mute", "keep",
          "drop")
_ROLES = frozenset(DataConfig.model_fields) - {"source"}
_OWN = frozenset({"name", "callbacks", "greater_is_better", "quick"})


class Experiment:
    """A table and everything that a run needs to know about it.

    Parameters
    ----------
    table : table or path
        polars, pandas or Arrow, a dict of columns, a `Panel`, or a CSV or Parquet file;
        ``"stocks"`` is the embedded one.
    time, target : str, optional
        Columns with the time of prediction and with what is predicted; not needed where the
        columns are called ds, y and unique_id, or timestamp, target and item_id.
    entity : str or sequence of str, optional
        Column that says who or what a row is about, or several such as store and item.
    horizon : int or str, optional
        How far the label looks ahead: rows of the entity (5), or time ("7D", "1mo").
    **settings : object
        All other roles of columns (`outlast.data.Schema`: ``leaky``, ``label_end``, ``events`` …)
        and settings of a run (`outlast.Config`: ``models``, ``splits``, ``time_budget`` …), as on
        the command line; and

        ``models`` may hold scikit-learn estimators, or ``{"name": estimator}``; ``splits``
        cross-validators; ``features`` may be a function of the table or a recipe; ``metric`` a
        function ``f(y_true, y_pred) -> float``, with ``greater_is_better``; ``callbacks`` are
        called with a `Progress` after every change; ``name`` names a table in memory; ``quick``
        is ``--quick_run``.

    Raises
    ------
    InputError
        For an unknown setting, with a suggestion, or a value that breaks its rule.

    Examples
    --------
    >>> import tempfile
    >>> from outlast import Experiment
    >>> results = Experiment("stocks", models=["prior", "linear"], splits="temporal",
    ...                      optimization="none", importance=0, runner="inline",
    ...                      reports=tempfile.mkdtemp()).run()
    >>> results.leaderboard["model"].to_list()
    ['linear', 'prior']
    """

    def __init__(
        self, table: Any, *, time: str | Sequence[str] | None = None, target: str | None = None,
        entity: str | Sequence[str] | None = None, horizon: int | str | None = None,
        **settings: Any,
    ) -> None:
        known = set(Config.model_fields) - {"data"} | _ROLES | _OWN
        if unknown := sorted(settings.keys() - known):
            raise unknown_name("setting", unknown[0], known)
        roles = {"time": time, "target": target, "entity": entity, "horizon": horizon}
        given = {**{key: value for key, value in roles.items() if value is not None},
                 **{key: _several(key, value) for key, value in settings.items()}}
        self._table = table
        self._name = str(given.pop("name", "table"))
        self._callbacks: Sequence[Callable[[Progress], None]] = given.pop("callbacks", ())
        self._roles = {key: given.pop(key) for key in _ROLES & given.keys()}
        self._features = None if isinstance(given.get("features"), str) else (
            given.pop("features", None))
        self.config = _configured(table, self._roles, given)

    @cached_property
    def panel(self) -> Panel | None:
        """The table with its roles checked; None for a file, which the run reads itself."""
        if isinstance(self._table, Panel):
            if self._roles:
                raise InputError(f"a panel knows its columns; {', '.join(sorted(self._roles))} "
                                 "cannot be given beside one")
            return self._table
        if isinstance(self._table, (str, Path)):
            return None
        roles = usual_roles(to_frame(self._table).columns, self._roles)
        for name in ("time", "target"):
            if name not in roles:
                columns = ", ".join(to_frame(self._table).columns)
                raise InputError(f"{name}= is needed: name the column; the table has {columns}")
        events, joins = roles.pop("events", None), roles.pop("joins", ())
        return Panel.build(self._table, Schema(**roles), events=_events(events), name=self._name,
                           joins=joins)

    def audit(self) -> AuditReport:
        """Ask all leak checks; train nothing.

        Returns
        -------
        AuditReport
        """
        return audit_table(self.config, table=self.panel, features=self._features)

    def run(self) -> Results:
        """Train what is not trained yet, judge it, and write the report.

        Returns
        -------
        Results

        Raises
        ------
        InputError
            For anything wrong with the settings or the table, before any training.
        LeakError
            If an exact check finds a leak and ``allow_leaks`` is not set, before any training.
        """
        listener: Listener | None = self._tell if self._callbacks else None
        if self.config.mlflow is not None:
            need_mlflow()
        found = run_pipeline(self.config, table=self.panel, features=self._features,
                             listener=listener)
        results = Results(found.document, found.report, self.config.store_url, found.outcome)
        if self.config.mlflow is not None:
            log_results(results, self.config.mlflow)
        return results

    def _tell(self, progress: Progress) -> None:
        for callback in self._callbacks:
            callback(progress)


def _configured(table: Any, roles: dict[str, Any], given: dict[str, Any]) -> Config:
    if callable(metric := given.get("metric")):
        if not isinstance(given.get("greater_is_better"), bool):
            raise InputError("a metric of your own needs greater_is_better=True or False")
        given["metric"] = name_of(metric, given["greater_is_better"])
    elif "greater_is_better" in given:
        raise InputError("greater_is_better belongs to a metric that is a function; those of "
                         "outlast know their direction")
    given.pop("greater_is_better", None)
    values = {**(QUICK if given.pop("quick", False) else {}), **given}
    if isinstance(table, (str, Path)):
        values["data"] = {"source": str(table), **roles}
    return make_config(values)


def _several(key: str, value: Any) -> Any:
    """Put one thing in the place of several into a list."""
    several = isinstance(value, (list, tuple)) or (isinstance(value, dict) and key != "models")
    return value if key not in _LISTS or value is None or several else [value]


def _events(given: Any) -> Events | None:
    if given is None or isinstance(given, Events):
        return given
    return Events.from_frame(read_table(given) if isinstance(given, (str, Path)) else
                             to_frame(given))
