"""A file of a finished run is damaged: it is noticed, told with the way out, and made again."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from outlast import untrusted
from outlast.config import Config, make_config
from outlast.data import read_table
from outlast.errors import CorruptError, InputError, OutlastWarning, StoreError
from outlast.experiments import prepare, resumed, run, train
from outlast.experiments.prepare import order_of
from outlast.experiments.work import take_stock
from outlast.feature_tracker import FeatureTracker
from outlast.feature_tracker.tables import SCHEMAS
from outlast.pipeline import judged, report_only, run_pipeline
from outlast.report.marks import made_from
from outlast.store import Store, check, leftovers, open_storage, parquet, read_sessions
from outlast.store.stamps import stamped_json
from tests.tables import shop_table

DESCRIBED = ("rows.parquet", "events.parquet", "exam.parquet", "description.json")
SETTINGS = {"models": ["prior", "linear"], "splits": ["temporal"], "optimization": ["none"],
            "audit": "exact", "importance": 0}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a small finished run, with its table and its report."""
    root = tmp_path_factory.mktemp("finished")
    shop_table(n_days=90).write_csv(root / "shops.csv")
    run_pipeline(_config(root / "shops.csv", root), runner="inline")
    return root


@pytest.fixture
def place(finished, tmp_path):
    """A copy of it that a test may damage."""
    train.open_bench.cache_clear()
    return shutil.copytree(finished, tmp_path / "copy", symlinks=True)


@pytest.fixture
def config(finished, place):
    """The settings of the run, for the copy."""
    return _config(finished / "shops.csv", place)


def _config(table: Path, place: Path) -> Config:
    data = {"source": str(table), "time": "day", "entity": "shop", "target": "busy",
            "horizon": 2, "leaky": ["sales", "level"]}
    return make_config({**SETTINGS, "data": data, "reports": str(place / "reports")})


def _experiment(place: Path):
    (experiment,) = Store.open(place / "reports").experiments()
    return experiment, Path(experiment.storage.url)


def _harm(path: Path, how: str = "flip") -> None:
    whole, middle = path.read_bytes(), path.stat().st_size // 2
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how != "gone":
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:]
        path.write_bytes({"cut": whole[:middle], "flip": flipped}[how])


@pytest.mark.parametrize("name", DESCRIBED)
@pytest.mark.parametrize("how", ["gone", "cut", "flip", "folder"])
def test_what_describes_an_experiment_is_made_again_from_the_table(place, config, name, how):
    _, folder = _experiment(place)
    before = {file: (folder / file).read_bytes() for file in DESCRIBED[:3]}
    _harm(folder / name, how)
    with pytest.warns(OutlastWarning, match=f"{name} was .* made again from the table"):
        prepared = prepare(config)
    # The very same bytes, so that the hash of the exam that a report has told still holds.
    assert {file: (folder / file).read_bytes() for file in before} == before
    stock = take_stock(order_of(prepared), prepared.experiment)
    assert (len(stock.done), stock.n_waiting) == (2, 0)
    assert prepared.experiment.lacking() == []
    # What was there is put aside, and thrown away by nobody but `outlast gc`.
    aside = [path.name.partition("-")[2] for path in (folder / "quarantine").glob("*")]
    assert aside == [name] * (how != "gone")


@pytest.mark.parametrize("name", ["rows.parquet", "description.json"])
def test_a_report_names_the_damaged_file_and_the_command_that_mends_it(place, config, name):
    experiment, folder = _experiment(place)
    shutil.rmtree(place / "reports" / "consolidated_reports")
    _harm(folder / name)
    told = rf"{name} .*changed after it had been written; .* --experiment {experiment.name}: that"
    with pytest.raises(CorruptError, match=told):
        report_only(config)
    # That command finds its settings all the same.
    assert resumed({"reports": config.reports}).data == config.data


def test_no_other_experiment_is_taken_for_the_one_whose_description_is_gone(place, config):
    experiment, folder = _experiment(place)
    (folder / "description.json").unlink()
    shutil.rmtree(place / "reports" / "consolidated_reports")
    assert Store.open(config.reports).latest().name == experiment.name
    with pytest.raises(CorruptError, match=r"description\.json.*; run the command that made"):
        report_only(config)


def test_a_damaged_description_stops_no_run_on_another_table(place, config):
    _, folder = _experiment(place)
    _harm(folder / "description.json")
    shop_table(n_days=90, seed=1).write_csv(place / "others.csv")
    prepared = prepare(_config(place / "others.csv", place))
    assert prepared.experiment.name != folder.name
    del config


def test_rows_that_another_version_writes_in_other_bytes_are_described_anew(place, config):
    experiment, folder = _experiment(place)
    storage, told = experiment.storage, experiment.description
    storage.write_json("description.json",
                       {**told, "files": {**told["files"], "rows.parquet": "0" * 64}})
    with pytest.warns(OutlastWarning, match=r"description\.json was"):
        prepared = prepare(config)
    assert prepared.experiment.description == told
    assert prepared.experiment.rows.equals(pl.read_parquet(folder / "rows.parquet"))


def test_a_score_that_was_changed_in_a_record_is_not_believed(place, config):
    experiment, folder = _experiment(place)
    experiment.jobs.index.clear()
    record = next(r for r in experiment.jobs.records() if r.job.model.name == "linear")
    (path,) = folder.glob(f"jobs/*/{record.job.id}/record.json")
    text = path.read_text()
    changed = re.sub(r'("roc_auc": 0\.)(\d)', lambda m: m[1] + str(9 - int(m[2])), text)
    assert changed != text
    path.write_text(changed)
    assert _experiment(place)[0].jobs.read(record.job.id) is None
    with pytest.warns(OutlastWarning, match=r"records of 1 jobs .* are damaged and left out; run"):
        judged(config)
    outcome = run(prepare(config), runner="inline")
    assert (outcome.trained, outcome.reused) == (1, 1)
    assert outcome.experiment.jobs.read(record.job.id).scores == record.scores


def test_a_report_with_a_damaged_file_is_written_anew_beside_it(place, config):
    (page,) = (place / "reports/consolidated_reports").glob("2*/index.html")
    assert made_from(page.parent) is not None
    for name in ("index.html", "report.json", "figures"):
        folder = shutil.copytree(page.parent, place / name)
        _harm(next(folder.glob("figures/*.svg")) if name == "figures" else folder / name)
        assert made_from(folder) is None
    _harm(page.with_name("report.json"), "cut")
    made = report_only(config)
    assert made.report.html.parent != page.parent
    assert made_from(made.report.html.parent) is not None


def test_settings_of_a_damaged_session(place, config):
    experiment, folder = _experiment(place)
    (path,) = (folder / "sessions").glob("*/manifest.json")
    later = shutil.copytree(path.parent, path.parents[1] / "99990101-000000-ffff")
    _harm(later / "manifest.json")
    assert len(read_sessions(experiment)) == 1
    with pytest.warns(OutlastWarning, match=f"99990101.* damaged; .* of session {path.parts[-2]}"):
        resumed({"reports": config.reports})
    _harm(path)
    with pytest.raises(InputError, match="holds no whole manifest; run the command that made it"):
        resumed({"reports": config.reports})


@pytest.mark.parametrize("table", ["catalog", "decisions", "observations", "runs", "selections"])
def test_a_damaged_file_of_the_tracker_is_left_out_and_taken_in_again(place, config, table):
    tracker = FeatureTracker.open(config.reports)
    whole = {name: tracker.files.read(name) for name in SCHEMAS}
    (path,) = (place / "reports/feature_data/ledger" / table).glob("*/*.parquet")
    _harm(path)
    assert tracker.files.read(table).is_empty()
    assert run(prepare(config), runner="inline").trained == 0
    for name, rows in whole.items():
        assert_frame_equal(tracker.files.read(name), rows, check_row_order=False)


def test_a_damaged_ledger_is_made_again(place, config):
    tracker = FeatureTracker.open(config.reports)
    whole = tracker.ledger()
    (path,) = (place / "reports/feature_data/ledger/ledger").glob("*.parquet")
    _harm(path)
    assert_frame_equal(tracker.ledger(), whole)


@pytest.mark.parametrize("name", ["feature_data/*/manifest.json", "experiment_results/*/jobs/*/*/"
                                  "record.json"])
def test_what_a_damaged_file_may_name_is_not_swept_up(place, config, name):
    (path, *_) = (place / "reports").glob(name)
    _harm(path)
    assert leftovers(Store.open(config.reports)) == []


def test_a_report_says_that_it_does_not_know_its_features(place, config):
    shutil.rmtree(place / "reports/consolidated_reports")
    (path,) = (place / "reports/feature_data").glob("*/manifest.json")
    _harm(path)
    with pytest.warns(OutlastWarning, match="does not tell what features are made of"):
        poor = judged(config)
    prepare(config)
    whole = judged(config)
    assert not any(card.family for card in poor.features)
    assert all(card.family for card in whole.features)


@pytest.mark.parametrize("whole", [
    stamped_json(json.dumps({"a": [1, 2.5], "b": "outlast-sha256:"}, indent=1)),
    parquet(pl.DataFrame({"a": range(300), "b": ["outlast-sha256:"] * 300}))],
    ids=["json", "parquet"])
def test_every_flipped_byte_is_noticed(whole):
    check(whole)
    unnoticed = []
    for at in range(len(whole)):
        with contextlib.suppress(ValueError):
            check(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
            unnoticed.append(at)
    # A flip in the words before the hash hides the stamp; what was stamped is whole then.
    begins = whole.rfind(b"outlast-sha256:")
    assert set(unnoticed) <= set(range(begins, begins + len(b"outlast-sha256:")))


def test_files_of_older_versions_have_no_stamp_and_are_read(tmp_path):
    storage, table = open_storage(tmp_path), pl.DataFrame({"a": [1, 2]})
    (tmp_path / "old.json").write_text(json.dumps({"a": 1}))
    table.write_parquet(tmp_path / "old.parquet")
    assert storage.read_json("old.json") == {"a": 1}
    assert storage.read_parquet("old.parquet").equals(table)
    assert pl.read_parquet(parquet(table)).equals(table)


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(StoreError, match=r"a\.json.*move that folder away and run the same"):
        open_storage(tmp_path).write_json("a.json", {"a": 1})


def test_a_small_file_that_claims_to_fill_the_memory_is_not_unpacked(tmp_path, monkeypatch):
    pl.select(a=pl.repeat(1, 4_000_000, dtype=pl.Int64)).write_parquet(tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 50_000
    assert open_storage(tmp_path).read_parquet("a.parquet").height == 4_000_000
    # Of a machine with 16 MB that are free.
    monkeypatch.setattr(untrusted, "free_memory", lambda: 2**24)
    with pytest.raises(CorruptError, match="claims to have 4,000,000 rows of 1 columns"):
        open_storage(tmp_path).read_parquet("a.parquet")
    with pytest.raises(InputError, match="claims to have 4,000,000 rows of 1 columns"):
        read_table(tmp_path / "a.parquet")
