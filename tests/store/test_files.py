import os

import pytest

from outlast.errors import StoreError
from outlast.store import files


def test_a_failed_write_leaves_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "a" / "record.json"
    files.write_json(path, {"n": 1})

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError, match="No space left"):
        files.write_json(path, {"n": 2})
    assert files.read_json(path) == {"n": 1}


def test_not_a_number_is_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(tmp_path / "x.json", {"score": float("nan")})


def test_broken_json_is_named(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(StoreError, match=r"x\.json"):
        files.read_json(tmp_path / "x.json")


def test_a_file_in_the_way_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "reports").write_text("I am a file")
    with pytest.raises(StoreError, match="cannot write"):
        files.check_writable(tmp_path / "reports")


def test_latest_follows_the_newest_folder(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(name)
        files.point_latest(tmp_path, tmp_path / name)
    assert (tmp_path / "latest" / "index.html").read_text() == "two"
