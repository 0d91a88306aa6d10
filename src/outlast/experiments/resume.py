"""Going on with what was begun: the stored configuration, checked against what is there now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outlast.config import Config, make_config
from outlast.errors import ResumeError
from outlast.experiments.changes import (
    config_changes,
    data_changes,
    describe_content,
    is_extension,
)
from outlast.experiments.prepare import load_panel
from outlast.store import Experiment, Store, last_session


def resumed(
    values: Mapping[str, Any], experiment: str | None = None, *, extend: bool = False
) -> Config:
    """Return the configuration of an experiment's last session, for going on with it.

    Parameters
    ----------
    values : mapping
        Settings that were given now, by name; those that only say how to run are free.
    experiment : str, optional
        Default: the one that was worked on last.
    extend : bool, default False
        Allow settings that add models, splits, searches or selections.

    Returns
    -------
    Config

    Raises
    ------
    ResumeError
        If the table or a setting is not what it was, with the differences.
    InputError
        If there is nothing to go on with.
    """
    store = Store.open(values.get("store") or values.get("reports") or "reports")
    chosen = store.experiment(experiment) if experiment else store.latest()
    session = last_session(chosen)
    before = session["config"]
    if any(set(split) == {"title"} for split in before["splits"]):
        raise ResumeError(f"{chosen.name!r} was run with splits that are Python objects; run the "
                          "same script again to go on with it")
    config = make_config({**before, **values})
    changes = config_changes(before, config.model_dump(mode="json"))
    if changes and not (extend and is_extension(before, config.model_dump(mode="json"))):
        hint = ("--extend only adds models, splits, searches or selections" if extend else
                "leave the flags out, or add to what was run with --extend")
        raise ResumeError(f"this is not what {chosen.name!r} was begun with: "
                          f"{'; '.join(changes)}; {hint}")
    if not config.new_data:
        _same_table(chosen, config, session["data"])
    return config


def _same_table(experiment: Experiment, config: Config, data: Mapping[str, Any]) -> None:
    panel = load_panel(config.data)
    if (data["name"], data["fingerprint"]) == (panel.name, panel.fingerprint):
        return  # whatever became of the description: the run makes it again
    known = experiment.description
    if known["table"] != panel.name:
        raise ResumeError(f"{experiment.name!r} was run on a table in memory; run the same script "
                          "again to go on with it")
    changes = data_changes(known["content"], describe_content(panel))
    if changes:
        raise ResumeError(f"the table of {experiment.name!r} has changed: {'; '.join(changes)}; "
                          "bring it back, or begin anew on this one with --new_data")
