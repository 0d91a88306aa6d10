"""The one package that writes: features, experiments, jobs, sessions, reports.

reports/
experiment_results/<experiment>/   rows, events, description
<job>/          record, predictions, observations, model, log
sessions/<id>/  manifest and log of one invocation
feature_data/<fingerprint>/        a feature table: its parts and its lineage
feature_data/columns/<data>/       the parts, shared by all feature tables of the same data
consolidated_reports/<when>/       a report
"""

from outlast.store.experiments import Experiment, latest_experiment
from outlast.store.feature_tables import FeatureStore
from outlast.store.files import (
    check_writable,
    point_latest,
    read_json,
    write_atomic,
    write_json,
    write_parquet,
)
from outlast.store.jobs import MODEL, OBSERVATIONS, PREDICTIONS, JobStore
from outlast.store.sessions import (
    Session,
    environment,
    find_session,
    keep_log,
    now,
    open_session,
    read_sessions,
)

__all__ = [
    "MODEL",
    "OBSERVATIONS",
    "PREDICTIONS",
    "Experiment",
    "FeatureStore",
    "JobStore",
    "Session",
    "check_writable",
    "environment",
    "find_session",
    "keep_log",
    "latest_experiment",
    "now",
    "open_session",
    "point_latest",
    "read_json",
    "read_sessions",
    "write_atomic",
    "write_json",
    "write_parquet",
]
