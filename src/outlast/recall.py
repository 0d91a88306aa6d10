"""A finished command that is asked again: found by all that decides its answer.

Neither the table nor a library is loaded: the answer is named by the hash of configuration, files
and code, and counts only while every result behind it is whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from outlast.config import HOW, Config
from outlast.data.readers import is_remote, local_files
from outlast.errors import StoreError
from outlast.records import Strategy, content_hash, source_hash
from outlast.report.document import Document
from outlast.report.marks import made_from
from outlast.store import FINAL, Store

if TYPE_CHECKING:
    from outlast.experiments import Outcome


@dataclass(frozen=True)
class Recalled:
    """The answer of a finished command.

    Attributes
    ----------
    document : Document
    html : pathlib.Path
        The page of the report.
    n_jobs : int
        How many results it is made of.
    skipped : list of dict
        What of the matrix was left out, and why.
    """

    document: Document
    html: Path
    n_jobs: int
    skipped: list[dict[str, Any]]


def remember(config: Config, outcome: Outcome, html: Path) -> None:
    """Keep the answer to a configuration, if all of its jobs came to a result.

    Parameters
    ----------
    config : Config
    outcome : Outcome
    html : pathlib.Path
        The page of the report.
    """
    if outcome.failed or not _can_be_named(config):
        return
    outcome.experiment.store.storage.write_json(_place(config), {
        "experiment": outcome.experiment.name,
        "jobs": [job.id for job in outcome.plan.jobs],
        "report": str(html),
        "skipped": [vars(entry) for entry in outcome.plan.skipped],
    })


def recall(config: Config) -> Recalled | None:
    """Return the answer to a configuration, None if there is none or anything of it is damaged.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Recalled or None
    """
    if not _can_be_named(config):
        return None
    store, place = Store.open(config.store_url), _place(config)
    if not store.storage.exists(place):
        return None
    try:
        known = store.storage.read_json(place)
        html = Path(known["report"])
        if made_from(html.parent) is None:
            return None
        document = Document.model_validate_json(html.with_name("report.json").read_bytes())
        jobs = store.experiment(known["experiment"]).jobs
        records = jobs.read_all(known["jobs"])
    except (StoreError, OSError, ValueError, KeyError):
        return None
    whole = len(records) == len(known["jobs"]) and all(
        record.status in FINAL and jobs.damage(record) is None for record in records.values())
    return Recalled(document, html, len(records), known["skipped"]) if whole else None


def _can_be_named(config: Config) -> bool:
    """Whether local files and code of the package decide the answer alone."""
    if any(map(is_remote, _sources(config))):
        return False
    own = all(isinstance(split, Strategy) and "." not in split.name for split in config.splits)
    return config.features is None and own and not config.new_data


def _place(config: Config) -> str:
    settings = config.model_dump(mode="json", exclude=set(HOW))
    return f"answers/{content_hash([settings, config.reports, *_files(config), _code()])}.json"


def _files(config: Config) -> Iterator[str]:
    """The hash of each file that the configuration names; the embedded table counts as code."""
    for name in (*_sources(config), *([config.recipe] if config.recipe else [])):
        for path in local_files(name):
            yield path.as_posix()
            with path.open("rb") as handle:
                yield hashlib.file_digest(handle, "sha256").hexdigest()


def _sources(config: Config) -> Iterator[str]:
    """Where the tables come from."""
    joined = [declared.get("table") for declared in config.data.joins]
    yield from (str(name) for name in (config.data.source, config.data.events, *joined) if name)


@cache
def _code() -> str:
    """The hash of the whole package."""
    files = Path(__file__).parent.rglob("*")
    return source_hash(path for path in files if path.is_file() and path.suffix != ".pyc")
