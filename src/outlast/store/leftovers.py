"""What killed processes leave behind, and how it is swept up."""

from __future__ import annotations

from collections.abc import Iterator

from outlast.store.experiments import FEATURES, Experiment, Store
from outlast.store.feature_tables import FeatureStore
from outlast.store.jobs import FAILURE, OUTPUT, RECORD


def leftovers(store: Store) -> list[str]:
    """Name everything in a store that nothing counts on any more.

    Files that were being written, attempts that no record names, and damaged jobs that were
    put aside. Nothing of this may be swept while a run works in the store.

    Parameters
    ----------
    store : Store

    Returns
    -------
    list of str
        Names relative to the store's root: files, and folders.
    """
    found = store.storage.temporaries() + list(_unnamed_parts(store))
    for experiment in store.experiments():
        base = f"experiment_results/{experiment.name}"
        found += [f"{base}/{name}" for name in _dead(experiment)]
    # What a link in the store leads to is not the store's, whatever it is called.
    return sorted(name for name in found if store.storage.inside(name))


def sweep(store: Store) -> list[str]:
    """Remove all `leftovers` and return their names.

    Raises
    ------
    StoreLockedError
        If a run works on one of the experiments.
    """
    found: list[str] = []
    for experiment in store.experiments():
        with experiment.lock():
            pass
    for name in leftovers(store):
        store.storage.remove(name)
        found.append(name)
    return found


def _unnamed_parts(store: Store) -> Iterator[str]:
    """Columns that no feature table names, as after a kill before its manifest was written."""
    tables = FeatureStore(store.features)
    names = [name for name in store.features.folders() if name not in ("columns", "ledger")]
    manifests = [tables.manifest(name) for name in names]
    if None in manifests:
        return  # what a damaged manifest names is not known, and is found by the next run
    named = {part.file for manifest in manifests if manifest for part in manifest.parts}
    for name in store.features.files("columns"):
        if not name.endswith(".json") and name not in named:
            yield f"{FEATURES}/{name}"


def _dead(experiment: Experiment) -> Iterator[str]:
    jobs, storage = experiment.jobs, experiment.storage
    for job_id in jobs.ids():
        if jobs.is_broken(job_id):
            continue  # the next run puts it aside as a whole
        record, place = jobs.index.records.get(job_id) or jobs.read(job_id), jobs.place(job_id)
        kept = {RECORD, FAILURE, OUTPUT, record.attempt if record else ""}
        for name in storage.folders(place):
            if name not in kept:
                yield f"{place}/{name}"
    if storage.folders("quarantine"):
        yield "quarantine"
