"""`outlast schema`: what outlast.yaml may hold, for editors and other programs."""

from __future__ import annotations

import inspect
import json
import re
import sys
from typing import Any

from outlast.config import Config

_NAMES = re.compile(r"(?P<names>\w+(, \w+)*) : ")


def schema() -> None:
    """Print the JSON Schema of outlast.yaml, for an editor that checks it while you type.

    Examples::

        outlast schema > outlast.schema.json
    """
    sys.stdout.write(json.dumps(config_schema(), indent=1) + "\n")


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of a configuration file, with a description of every key.

    Examples
    --------
    >>> config_schema()["properties"]["n_trials"]["description"]
    'Trials of one search, the defaults included as the first.'
    """
    from outlast.data import Schema

    found = Config.model_json_schema()
    data = found["$defs"]["DataConfig"]
    for part, texts in ((found, _parameters(Config)), (data, _parameters(Schema))):
        part["description"] = part["description"].split("\n")[0]
        for key, value in part["properties"].items():
            value.pop("title", None)
            if key in texts:
                value["description"] = texts[key]
    data["properties"]["source"]["description"] = (
        "Path or URL of a table, a database with a table or SELECT, or the embedded stocks.")
    data["properties"]["time_format"]["description"] = (
        "How times are written that are not ISO dates, such as %d.%m.%Y or %m/%d/%Y %H:%M.")
    data["properties"]["csv"]["description"] = (
        "How a CSV is written: separator, decimal, thousands, skip_rows, units_row, comment, "
        "encoding; all else is found out.")
    data["properties"]["unpivot"]["description"] = (
        "How a wide table becomes a long one: index, names, values.")
    data["properties"]["events"]["description"] = "Table of events with a column start."
    data["properties"]["joins"]["description"] = (
        "Further tables: table, time, on, available_after, max_age, columns, prefix.")
    found["properties"]["data"]["description"] = data["description"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "outlast.yaml",
            **{key: value for key, value in found.items() if key != "title"}}


def _parameters(documented: type) -> dict[str, str]:
    """Return what the docstring of a class says of each of its parameters."""
    text = (inspect.getdoc(documented) or "").partition("Parameters\n----------\n")[2]
    texts: dict[str, str] = {}
    names: list[str] = []
    for line in text.partition("\n\n")[0].splitlines():
        if found := _NAMES.match(line):
            names = found["names"].split(", ")
        else:
            texts.update({name: f"{texts.get(name, '')} {line.strip()}".strip() for name in names})
    return texts
