"""Stored files that somebody else has made: nothing in them is run, and nothing never ends."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from outlast import open_results, run_pipeline
from outlast.cli import main
from outlast.errors import CorruptError, InputError
from outlast.models import FitContext, Matrix, load_model, make_model
from outlast.report.document import read_document
from outlast.store import open_storage

FILES = {"linear": "arrays.npz", "random_forest": "arrays.npz", "lightgbm": "model.txt",
         "xgboost": "model.ubj", "catboost": "model.cbm"}
DEEP = b"[" * 100_000 + b"]" * 100_000


def _matrix() -> Matrix:
    X = np.random.default_rng(0).normal(size=(300, 3)).astype("f4")
    X[:, 2] = np.arange(300) % 4
    return Matrix(X, ("a", "b", "c"), categorical=(2,), y=(X[:, 0] > 0).astype(float))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A saved model of each kind."""
    root = tmp_path_factory.mktemp("models")
    for kind in FILES:
        if kind == "catboost":
            pytest.importorskip("catboost")
        folder = root / kind
        folder.mkdir()
        size = {"n_estimators": 5} if kind == "random_forest" else (
            {} if kind == "linear" else {"n_iterations": 5})
        make_model(kind, size).fit(_matrix(), {}, FitContext("binary", n_classes=2)).save(folder)
    linear = make_model("lightgbm", {"n_iterations": 5, "linear_tree": True})
    (root / "linear leaves").mkdir()
    linear.fit(_matrix(), {}, FitContext("binary", n_classes=2)).save(root / "linear leaves")
    return root


@pytest.fixture(params=FILES)
def saved(request, models, tmp_path):
    """The file of a model that a test may damage."""
    return shutil.copytree(models / request.param, tmp_path / "copy") / FILES[request.param]


def test_a_pickle_in_the_place_of_a_model(saved, attack):
    saved.write_bytes(attack)
    with pytest.raises(InputError, match="holds a broken model"):
        load_model(saved.parent)


@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_a_model_that_was_cut_short(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match="holds a broken model"):
        load_model(saved.parent)


@pytest.mark.parametrize("content", [DEEP, b'{"kind": NaN}', b'{"kind": "os:system"}'],
                         ids=["deep", "NaN", "a dotted path"])
def test_cards_that_describe_no_model(content, models, tmp_path, marker):
    folder = shutil.copytree(models / "linear", tmp_path / "copy")
    card = json.loads((folder / "model.json").read_bytes())
    told = json.dumps({**card, "kind": "os:system"}).encode() if b"os:" in content else content
    (folder / "model.json").write_bytes(told)
    with pytest.raises(InputError, match=r"does not describe a model|unknown model 'os:system'"):
        load_model(folder)


TREES = {
    "a child a billion away": (r"left_child=\S+", "left_child=999999999", "node or leaf"),
    "a leaf that is not there": (r"right_child=\S+", "right_child=-999999", "node or leaf"),
    "a circle": (r"left_child=\S+", "left_child=0", "node or leaf"),
    "a column that is not there": (r"split_feature=\S+", "split_feature=77", "splits on a column"),
    "a column below zero": (r"split_feature=\S+", "split_feature=-1", "splits on a column"),
    "a set that is not there": (r"(decision_type=.*)", r"\1 9", "values of decision_type"),
    "too many leaves": (r"num_leaves=\d+", "num_leaves=999999999", "has not .* values of"),
    "sizes of other trees": (r"tree_sizes=\d+", "tree_sizes=1", "not the sizes of the trees"),
    "more columns": (r"max_feature_idx=\d+", "max_feature_idx=99", "another number of columns"),
    "a number of Python": (r"split_feature=\S+", "split_feature=1_0", "whole numbers split"),
    "a field twice": (r"(num_leaves=\d+)", r"\1\n\1", "field is there twice"),
}


LINEAR_LEAVES = {
    "a column that is not there": (r"leaf_features=( *)\d", "leaf_features=99", "adds up a column"),
    "a column below zero": (r"leaf_features=( *)\d", "leaf_features=-1", "below zero in leaf_"),
    "more columns than told": (r"leaf_features=", "leaf_features=1 ", "whole numbers leaf_"),
    "fewer coefficients": (r"leaf_coeff=( *)\S+", r"leaf_coeff=\1", "values of leaf_coeff"),
    "fewer constants": (r"leaf_const=\S+", "leaf_const=", "values of leaf_const"),
    "less than no columns": (r"num_features=\d+", "num_features=-1", "below zero in num_features"),
    "no leaf": (r"leaf_value=.*", "leaf_value=", "values of leaf_value"),
}
ATTACKS = [pytest.param(kind, *attack, id=f"{kind}: {name}")
           for kind, attacks in (("lightgbm", TREES), ("linear leaves", LINEAR_LEAVES))
           for name, attack in attacks.items()]


@pytest.mark.parametrize(("kind", "found", "put", "message"), ATTACKS)
def test_lightgbm_is_given_no_tree_that_leads_astray(kind, found, put, message, models, tmp_path):
    path = shutil.copytree(models / kind, tmp_path / "copy") / "model.txt"
    # The first trees of linear leaves have constants alone.
    start = "tree\n" if kind == "lightgbm" else "Tree=4\n"
    first, _, others = path.read_text().rpartition(start)
    text = first + start + re.sub(found, put, others, count=1)
    if "sizes" not in message:  # as somebody would who knows the format
        body = text.partition("\nend of trees\n")[0]
        trees = re.split(r"\n(?=Tree=\d+\n)", body)[1:]
        sizes = " ".join(str(len(tree) + 1) for tree in trees)
        text = re.sub("tree_sizes=.*", f"tree_sizes={sizes}", text)
    path.write_text(text)
    with pytest.raises(InputError, match=f"holds a broken model: .*{message}"):
        load_model(path.parent)


@pytest.mark.parametrize(("name", "value"), [("left", 0), ("right", 10**9), ("feature", 99),
                                             ("roots", -5)])
def test_a_forest_leads_from_parents_to_children(name, value, models, tmp_path):
    path = shutil.copytree(models / "random_forest", tmp_path / "copy") / "arrays.npz"
    with np.load(path) as stored:
        arrays = {key: stored[key] for key in stored.files}
    arrays[name][0] = value
    np.savez(path, **arrays)
    with pytest.raises(InputError, match="nodes or columns that are not there"):
        load_model(path.parent)


def test_an_array_of_objects_is_refused(models, tmp_path, marker, attack):
    path = shutil.copytree(models / "linear", tmp_path / "copy") / "arrays.npz"
    np.savez(path, coef=np.array([None, {"a": 1}], dtype=object))
    with pytest.raises(InputError, match="allow_pickle=False"):
        load_model(path.parent)


def test_an_archive_that_unpacks_to_far_more(models, tmp_path):
    path = shutil.copytree(models / "linear", tmp_path / "copy") / "arrays.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("coef.npy", bytes(10**6))
    content = path.read_bytes()
    # Both headers say so; unpacking would only then find out that it is not true.
    said, told = (10**6).to_bytes(4, "little"), (2**32 - 2).to_bytes(4, "little")
    path.write_bytes(content.replace(said, told))
    with pytest.raises(InputError, match="unpacks to 4,294,967,294 bytes"):
        load_model(path.parent)


REPORTS = {
    "a pickle": (b"\x80\x04\x95", "is not JSON"),
    "deep lists": (DEEP, "nested too deep"),
    "deep mappings": (b'{"a":' * 100_000, "nested too deep"),
    "NaN": (b'{"schema_version": "1", "thresholds": {"a": NaN}}', "NaN is no number of JSON"),
    "a number of 5,000 digits": (b'{"schema_version": ' + b"9" * 5000 + b"}", "is not JSON"),
    "a version of 5,000 digits": (b'{"schema_version": "' + b"9" * 5000 + b'"}',
                                  "no schema_version"),
    "a list": (b"[]", "is no report of outlast"),
    "no UTF-8": (b'{"a":"\xff"}', "is not JSON"),
}


@pytest.mark.parametrize(("content", "message"), REPORTS.values(), ids=REPORTS)
def test_reports_that_are_none(content, message, tmp_path):
    (tmp_path / "report.json").write_bytes(content)
    for read in (read_document, open_results):
        with pytest.raises(InputError, match=message):
            read(tmp_path)


def test_half_a_character_in_a_report(finished, tmp_path):
    content = json.loads(finished.report.json.read_bytes())
    (tmp_path / "report.json").write_text(json.dumps({**content, "title": "\ud800"}))
    with pytest.raises(InputError, match="half of a character"):
        read_document(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "device", "1 GB"])
def test_reports_that_would_never_end(kind, tmp_path):
    path = tmp_path / "report.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "1 GB":
        with path.open("wb") as file:
            file.truncate(2**30)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(InputError, match=r"no regular file|at most 536,870,912"):
        read_document(tmp_path)


def test_a_record_of_a_gigabyte_is_not_read(tmp_path):
    with (tmp_path / "record.json").open("wb") as file:
        file.truncate(2**30)
    (tmp_path / "endless.json").symlink_to("/dev/zero")
    storage = open_storage(tmp_path)
    for name, message in (("record.json", "at most 536,870,912"), ("endless.json", "no regular")):
        with pytest.raises(CorruptError, match=message):
            storage.read_json(name)


def test_no_pickle_in_a_store_is_run(settings, finished, attack, tmp_path):
    """All but the table is replaced: it is made again, and comes out the same."""
    root = tmp_path / "reports"
    shutil.copytree(settings["reports"], root, symlinks=True)
    kept = ("description.json", "rows.parquet", "events.parquet", "exam.parquet", "run.lock",
            "manifest.json")
    replaced = [path for path in root.rglob("*") if path.is_file() and path.name not in kept
                and "consolidated_reports" not in path.parts]
    for path in replaced:
        path.write_bytes(attack)
    assert {path.suffix for path in replaced} >= {".json", ".parquet", ".npy", ".npz", ".txt"}
    again = run_pipeline({**settings, "reports": str(root)}, runner="inline")
    assert [row.score for row in again.document.leaderboard] == (
        [row.score for row in finished.document.leaderboard])


@pytest.mark.parametrize("command", [["gc", "--store"], ["gc", "--dry_run", "--store"]])
@pytest.mark.parametrize("place", ["jobs/et", "jobs/et/etc", "quarantine", "sessions"])
def test_nothing_behind_a_link_is_swept(command, place, settings, finished, tmp_path, capsys):
    del finished
    store, outside = tmp_path / "store", tmp_path / "outside"
    (outside / "etc" / "folder").mkdir(parents=True)
    (outside / "etc" / "folder" / "mine").write_text("dear to me")
    (outside / "folder").mkdir()
    experiment = Path(settings["reports"]) / "experiment_results"
    (copied,) = shutil.copytree(experiment, store / "experiment_results").iterdir()
    link = copied / place
    shutil.rmtree(link, ignore_errors=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside, target_is_directory=True)
    with pytest.raises(SystemExit, match=r"^0$"):
        main([*command, str(store)])
    assert (outside / "etc" / "folder" / "mine").read_text() == "dear to me"
    assert (outside / "folder").is_dir()
    assert "folder" not in capsys.readouterr().out


def test_a_run_folder_behind_a_link_is_used_like_any_other(settings, finished, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(settings["reports"], target_is_directory=True)
    again = run_pipeline({**settings, "reports": str(link)}, runner="inline")
    assert again.outcome.trained == 0
    assert again.document.headline == finished.document.headline


def test_a_bomb_in_a_limited_process(tmp_path):
    """An archive whose array claims 8 TB ends with a message, not with the process."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    header += b" " * (117 - len(header)) + b"\n"
    npy = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(tmp_path / "arrays.npz", "w") as packed:
        packed.writestr("coef.npy", npy)
    code = ("from outlast.untrusted import npz_arrays; import sys, pathlib\n"
            "try: npz_arrays(pathlib.Path(sys.argv[1]))\nexcept ValueError as e: print('told:', e)")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "arrays.npz")], capture_output=True, text=True,
        check=True, timeout=60, preexec_fn=_limited)
    assert done.stdout.startswith("told: arrays.npz: Unable to allocate")


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
