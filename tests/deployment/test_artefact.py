"""A saved model is used whole or not at all."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from outlast import OutlastModel
from outlast.deployment.artefact import FORMAT, load, read_manifest
from outlast.errors import CorruptError, InputError
from outlast.features import FunctionRecipe
from outlast.records import content_hash


@pytest.fixture
def copy(shops, tmp_path):
    """A copy of the model that a test may damage."""
    return shutil.copytree(shops.saved, tmp_path / "copy")


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")
                  if path.is_file())


def rewrite(folder, **changes):
    """Change the manifest as somebody would who also makes a new hash of it."""
    path = folder / "manifest.json"
    content = {**json.loads(path.read_bytes()), **changes}
    content.pop("sha256")
    path.write_text(json.dumps({"sha256": content_hash(content, 64), **content}))


def test_what_is_read_back_predicts_the_same(shops, copy):
    table = shops.days(0, 245)
    again = OutlastModel.load(copy)
    assert again.manifest_ == shops.model.manifest_
    assert np.array_equal(again.predict_proba(table), shops.model.predict_proba(table))
    assert set(again.manifest_.files) == set(files_of(copy)) - {"manifest.json"}


def test_the_folder_holds_no_pickle(shops):
    kinds = {name.rpartition(".")[2] for name in files_of(shops.saved)}
    assert kinds <= {"json", "md", "parquet", "npz", "txt"}
    for path in shops.saved.rglob("*.npz"):
        with np.load(path, allow_pickle=False) as stored:
            assert all(stored[name].dtype.kind != "O" for name in stored.files)


def test_every_file_is_verified(shops, copy):
    for name in files_of(shops.saved):
        path = copy / name
        whole = path.read_bytes()
        for damaged in (whole[: len(whole) // 2], b"", whole[:-9] + bytes([whole[-9] ^ 1])
                        + whole[-8:]):
            path.write_bytes(damaged)
            with pytest.raises(CorruptError, match=f"{name} .*copy the folder again"):
                load(copy)
        path.unlink()
        with pytest.raises((CorruptError, InputError), match=name):
            load(copy)
        path.write_bytes(whole)
    assert load(copy).manifest == shops.model.manifest_


def test_a_file_outside_the_folder_is_never_read(copy, tmp_path):
    (tmp_path / "secret.txt").write_text("x")
    files = read_manifest(copy).files
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "members/../../secret.txt",
                 "..\\secret.txt"):
        rewrite(copy, files={**files, name: "0" * 64})
        with pytest.raises(CorruptError, match="lies outside the folder"):
            load(copy)


def test_a_link_out_of_the_folder_is_refused(copy, tmp_path):
    outside = tmp_path / "events.parquet"
    shutil.move(copy / "events.parquet", outside)
    (copy / "events.parquet").symlink_to(outside)
    with pytest.raises(CorruptError, match="is a link to a place outside"):
        load(copy)


def test_a_file_that_the_manifest_does_not_name_is_not_loaded(copy):
    files = dict(read_manifest(copy).files)
    del files["members/0/model.json"]
    rewrite(copy, files=files)
    with pytest.raises(CorruptError, match=r"members/0/model\.json is not named in the manifest"):
        load(copy)


def test_what_is_foreign_or_newer_is_told_apart_from_what_is_broken(copy, tmp_path):
    with pytest.raises(InputError, match="holds no model"):
        load(tmp_path)
    rewrite(copy, format=FORMAT + 1)
    with pytest.raises(InputError, match=f"format {FORMAT + 1}.*update outlast"):
        load(copy)
    rewrite(copy, format=FORMAT, task="ranking")
    with pytest.raises(InputError, match="task: Input should be 'binary'"):
        load(copy)
    (copy / "manifest.json").write_text('{"kind": "another thing"}')
    with pytest.raises(InputError, match="does not describe an outlast model"):
        load(copy)


def test_nothing_is_overwritten(shops, copy, tmp_path):
    with pytest.raises(InputError, match="exists already"):
        shops.model.save(copy)
    (tmp_path / "empty").mkdir()
    OutlastModel.load(copy).save(tmp_path / "empty")
    assert files_of(tmp_path / "empty") == files_of(copy)


def test_features_that_are_code_are_given_and_not_found(shops, copy, tmp_path):
    def build(table):
        return table.select("day", "shop", "signal")

    def other(table):
        return table.select("day", "shop", "noise")

    rewrite(copy, recipe=None, recipe_name="build",
            recipe_fingerprint=FunctionRecipe(build).fingerprint)
    with pytest.raises(InputError, match=r"Python code.*--features module:name"):
        load(copy)
    with pytest.raises(InputError, match=r"'.*other' are not those"):
        load(copy, other)
    assert isinstance(load(copy, build).recipe, FunctionRecipe)
