from pathlib import Path

import numpy as np
import pytest

from outlast.config import make_config
from outlast.errors import InputError


def test_flags_win_over_the_file(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("n_trials: 5\nseed: 3\ndata: {target: up_5, horizon: 7D}\n")
    config = make_config({"n_trials": 9, "data": {"target": "big_move_5"}}, path)
    assert (config.n_trials, config.seed) == (9, 3)
    assert (config.data.target, config.data.horizon) == ("big_move_5", "7D")


def test_a_strategy_is_a_name_or_a_name_with_parameters():
    config = make_config({"splits": ["temporal", {"walk_forward": {"n_splits": 3}}],
                          "models": ["linear"]})
    assert [split.label for split in config.splits] == ["temporal", "walk_forward(n_splits=3)"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_trails": 3}, "unknown key 'n_trails': did you mean 'n_trials'"),
        ({"data": {"tim": "day"}}, r"unknown key 'data\.tim': did you mean 'time'"),
        ({"n_trials": 0}, "n_trials: .*greater than or equal to 1, got 0"),
        ({"optimization": ["optun"]}, "optimization.*'optuna'"),
        ({"splits": ["temporal", "temporal"]}, "listed twice"),
        ({"models": []}, "name at least one"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_bad_setting_is_named_with_its_rule(values, message):
    with pytest.raises(InputError, match=message):
        make_config(values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\nseed: 2\n", r"line 2: repeated key\(s\) seed"),
        ("a: &x [1]\nb: *x\n", "aliases are not allowed"),
        ("- 1\n- 2\n", "must hold keys and values, got list"),
        ("seed: [1\n", "cannot read"),
        ("x: !!python/object/apply:os.system [ls]\n", "cannot read"),
    ],
)
def test_a_bad_file_is_refused(tmp_path, text, message):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        make_config(path=path)


def test_a_key_that_yaml_calls_a_truth_value_is_a_word(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("data:\n  joins: [{table: b.csv, time: day, on: {store: shop}}]\nexam: off\n")
    config = make_config(path=path)
    assert config.data.joins[0]["on"] == {"store": "shop"}
    assert config.exam is None
    path.write_text("on: 1\nno: 2\n")
    with pytest.raises(InputError, match=r"'no'|'on'"):
        make_config(path=path)


def test_a_missing_or_huge_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no configuration file"):
        make_config(path=tmp_path / "none.yaml")
    (tmp_path / "huge.yaml").write_text("x" * 1_000_001)
    with pytest.raises(InputError, match="larger than 1 MB"):
        make_config(path=tmp_path / "huge.yaml")


def test_recipe_and_function_exclude_each_other():
    assert make_config({"recipe": "mine.yaml"}).recipe == "mine.yaml"
    with pytest.raises(InputError, match=r"recipe: a recipe and a function .* exclude each other"):
        make_config({"recipe": "mine.yaml", "features": "mine:build"})


def test_folders_as_python_and_people_write_them(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    assert make_config({"reports": Path("a/b")}).reports == "a/b"
    assert make_config({"reports": "~/b", "store": "~"}).reports == "/home/ann/b"
    assert make_config({"store": "s3://bucket/~b"}).store == "s3://bucket/~b"


@pytest.mark.parametrize("place", ["/usr/src/app/reports", "/usr/local/data", "/dev/shm/reports"])
def test_places_of_people_within_those_of_the_system(place):
    assert make_config({"reports": place}).reports == place


def test_numbers_and_arrays_of_numpy_are_numbers_and_lists():
    models = [{"lightgbm": {"num_leaves": np.int64(7), "monotone_constraints": np.array([1, 0])}},
              {"name": "linear", "params": {"alpha": np.float32(0.5)}}]
    plain = [{"lightgbm": {"num_leaves": 7, "monotone_constraints": [1, 0]}},
             {"name": "linear", "params": {"alpha": 0.5}}]
    assert make_config({"models": models}) == make_config({"models": plain})
