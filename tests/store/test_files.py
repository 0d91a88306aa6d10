import pytest

from outlast.store import files


def test_not_a_number_is_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(tmp_path / "x.json", {"score": float("nan")})


def test_latest_follows_the_newest_folder(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(name)
        files.point_latest(tmp_path, tmp_path / name)
    assert (tmp_path / "latest" / "index.html").read_text() == "two"
