"""The one package that writes: features, experiments, jobs, sessions, reports.

experiment_results/<experiment>/     rows, events, description
    jobs/<two digits>/<job>/         record, predictions, observations, model, log
    index/                           finished jobs in few files
    sessions/<id>/                   manifest and log of one invocation
feature_data/<fingerprint>/          a feature table: its parts and its lineage
feature_data/columns/<data>/         the parts, shared by all feature tables of the same data
feature_data/ledger/                 what the feature tracker knows
consolidated_reports/<when>/         a report, always in a folder

The first two may lie below the URL of an object store.
"""

from outlast.store.experiments import EXPERIMENTS, SESSIONS, Experiment, Store
from outlast.store.feature_tables import FeatureStore
from outlast.store.files import point_latest, write_atomic, write_json
from outlast.store.index import Index
from outlast.store.jobs import FINAL, MODEL, OBSERVATIONS, PREDICTIONS, Attempt, JobStore
from outlast.store.leftovers import leftovers, sweep
from outlast.store.sessions import (
    Session,
    environment,
    find_session,
    is_alive,
    keep_log,
    last_session,
    now,
    open_session,
    read_sessions,
    shard_lock,
)
from outlast.store.stamps import check, parquet
from outlast.store.storage import Storage, open_storage

__all__ = [
    "EXPERIMENTS",
    "FINAL",
    "MODEL",
    "OBSERVATIONS",
    "PREDICTIONS",
    "SESSIONS",
    "Attempt",
    "Experiment",
    "FeatureStore",
    "Index",
    "JobStore",
    "Session",
    "Storage",
    "Store",
    "check",
    "environment",
    "find_session",
    "is_alive",
    "keep_log",
    "last_session",
    "leftovers",
    "now",
    "open_session",
    "open_storage",
    "parquet",
    "point_latest",
    "read_sessions",
    "shard_lock",
    "sweep",
    "write_atomic",
    "write_json",
]
