"""Configuration files that would run code, fill the memory, or mean what nobody meant."""

from __future__ import annotations

import os

import numpy as np
import pytest

from outlast.config import make_config
from outlast.data import Schema
from outlast.errors import InputError
from outlast.imports import check_imports
from outlast.models import make_model
from outlast.splits import make_splitter

BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n"
                                  for a, b in zip("abcdefgh", "bcdefghi", strict=True))
UNREADABLE = {
    "an object of Python": ("x: !!python/object/apply:os.system [true]", "constructor for the tag"),
    "a name of Python": ("x: !!python/name:os.system", "constructor for the tag"),
    "an alias bomb": (BOMB, "line 2: aliases are not allowed"),
    "a repeated key": ("seed: 1\nseed: 2", "repeated key.* seed"),
    "a list as a key": ("? [a]\n: 1", "is no key"),
    "50 MB": ("x: " + "a" * 50_000_000, "larger than 1 MB"),
    "deep lists": ("x: " + "[" * 10_000 + "]" * 10_000, "nested deeper"),
    "deep mappings": ("{a: " * 10_000 + "}" * 10_000, "nested deeper"),
    "a number of 5,000 digits": ("seed: " + "9" * 5000, "cannot read .*digits"),
    "the year 0": ("exam: 0000-01-01", "cannot read .*year 0"),
    "no date": ("exam: 2024-99-99", "cannot read .*month"),
    "half of a character": (r'mute: ["\ud800"]', "half of a character"),
    "NUL": (b"seed: 1\0", "special characters"),
    "UTF-16": ("seed: 1".encode("utf-16"), "cannot read .*utf-8"),
    "latin-1": (b"mute: [\xe9]", "cannot read .*utf-8"),
    "a list": ("- a", "must hold keys and values, got list"),
    "two documents": ("seed: 1\n---\nseed: 2", "single document"),
}
WRONG = {
    "an unknown key": ("modles: [prior]", "unknown key 'modles': did you mean 'models'"),
    "too many trials": ("n_trials: 1.0e+12", "n_trials: .*less than or equal to 1000000"),
    "a clock as a number": ("n_trials: 12:30:45", "n_trials: .*got '12:30:45'"),
    "NaN": ("importance: .nan", "importance: .*finite"),
    "an infinite tolerance": ("selection_tolerance: .inf", "selection_tolerance: .*finite"),
    "an infinite exam": ("exam: '1e400'", "exam.*finite"),
    "an infinite budget": ("time_budget: .inf", "time_budget: .*finite"),
    "infinite costs": ("costs: [.inf, 1]", "costs.0: .*finite"),
    "NaN among parameters": ("models: [{lightgbm: {learning_rate: .nan}}]",
                             "lightgbm must be finite numbers"),
    "NaN in a split": ("splits: [{temporal: {test_size: .nan}}]", "temporal must be finite"),
    "a negative timeout": ("job_timeout: -5", "job_timeout: .*greater than 0"),
    "a negative timeout in words": ("job_timeout: '-5min'", "job_timeout: give a number"),
    "memory without end": ("memory_limit: .inf", "memory_limit: .*finite"),
    "more memory than there is": ("memory_limit: '" + "9" * 400 + "GB'", "memory_limit: .*finite"),
    "a seed that no library takes": ("seed: 4294967296", "seed: .*less than 2147483648"),
    "data that is none": ("data: [1]", "data: .*valid dictionary"),
    "reports in a URL": ("reports: file:///etc", "reports need a folder of this machine"),
    "reports in the system": ("reports: /etc/outlast", "'/etc/outlast' belongs to the system"),
    "a store in the system": ("store: file:///etc", "'/etc' belongs to the system"),
    "reports at the root": ("reports: /", "'/' belongs to the system"),
    "reports without a name": ("reports: ''", "name a folder"),
    "reports with NUL": (r'reports: "a\0b"', "name a folder"),
}


def _estimator(told: str) -> str:
    return f"models: [{{bad: {{estimator: {told}}}}}]"


CODE = {
    "a call as a model": _estimator("{class: 'os:system', params: {command: 'touch MARKER'}}"),
    "a program as a model": _estimator("{class: subprocess.Popen, params: {args: [touch, "
                                       "MARKER]}}"),
    "the same in a full strategy": "models: [{name: bad, params: {estimator: {class: os.system, "
                                   "params: {command: 'touch MARKER'}}}}]",
    "a function inside an estimator": _estimator(
        "{class: sklearn.preprocessing.FunctionTransformer, params: {func: {object: os.remove}}}"),
    "a call through scikit-learn": _estimator("{class: 'sklearn.base:warnings.warn', "
                                              "params: {message: x}}"),
    "what scikit-learn loads": _estimator("{class: sklearn.datasets.load_files}"),
    "what NumPy loads": _estimator("{class: 'numpy:load', params: {file: x}}"),
    "a splitter": "splits: [{subprocess.Popen: {args: [touch, MARKER]}}]",
    "a metric": "metric: 'os:system↓'",
    "features": "features: shutil:rmtree",
}
ODD = {
    "no class": (_estimator("{klass: 1}"), "described by class and params"),
    "nothing": (_estimator("{}"), "described by class and params"),
    "a number as a class": (_estimator("{class: 1}"), "named by a text"),
    "a relative path": (_estimator("{class: ..x}"), "named by a text"),
    "parameters without names": (_estimator("{class: sklearn.linear_model.Ridge, params: [1]}"),
                                 "params are names with values"),
    "an array of 400 MB": (_estimator("{array: ['<U100000000', [a]]}"), "numbers or short texts"),
    "a folder of pickles": (_estimator(
        "{class: sklearn.pipeline.Pipeline, params: {memory: here, steps: []}}"),
        "folder of pickles"),
}


def _read(content, tmp_path, **options):
    path = tmp_path / "outlast.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return make_config(path=path, **options)


@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_files_that_hold_no_settings(content, message, tmp_path):
    with pytest.raises(InputError, match=message):
        _read(content, tmp_path)


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_values_that_break_a_rule(content, message, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        _read(content, tmp_path)
    assert "line 1" in str(caught.value)


@pytest.mark.parametrize("content", CODE.values(), ids=CODE)
def test_code_that_nobody_has_allowed(content, marker, tmp_path):
    with pytest.raises(InputError, match="is code that the configuration file would run"):
        _read(content.replace("MARKER", str(marker)), tmp_path)


@pytest.mark.parametrize(("content", "message"), ODD.values(), ids=ODD)
def test_descriptions_of_no_estimator(content, message, tmp_path):
    with pytest.raises(InputError, match=message):
        _read(content, tmp_path)


def test_scikit_learn_needs_no_permission(tmp_path):
    content = (_estimator("{class: sklearn.linear_model.Ridge, params: {alpha: 2.0}}")
               + "\nsplits: [sklearn.model_selection.TimeSeriesSplit]"
                 "\nmetric: 'sklearn.metrics:mean_pinball_loss↓'")
    assert _read(content, tmp_path).models[0].name == "bad"
    scored = {"score_func": {"object": "sklearn.feature_selection:f_classif"}}
    check_imports({"models": [{"class": "sklearn.feature_selection.SelectKBest",
                               "params": scored}]})


@pytest.mark.parametrize(("allowed", "is_taken"), [
    (["tests"], True), (["tests.api.estimators"], True), (["test"], False), (["os"], False)])
def test_a_package_is_allowed_by_its_whole_name(allowed, is_taken, tmp_path):
    content = "features: tests.api.estimators:calm"
    if is_taken:
        assert _read(content, tmp_path, allow_import=allowed).features is not None
    else:
        with pytest.raises(InputError, match=r"add --allow_import tests$"):
            _read(content, tmp_path, allow_import=allowed)


def test_what_an_allowed_package_has_imported_is_not_allowed_by_that(tmp_path):
    with pytest.raises(InputError, match=r"'tests.browser:shutil.rmtree' is code"):
        _read("features: tests.browser:shutil.rmtree", tmp_path, allow_import=["tests"])


def test_a_file_cannot_allow_itself(tmp_path):
    with pytest.raises(InputError, match="unknown key 'allow_import'"):
        _read("allow_import: [tests]", tmp_path)


def test_what_is_given_by_hand_needs_no_permission(tmp_path):
    path = tmp_path / "outlast.yaml"
    path.write_text("features: os:system")
    config = make_config({"features": "tests.api.estimators:calm"}, path)
    assert config.features == "tests.api.estimators:calm"


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "nothing"])
def test_what_is_no_file_is_not_read(kind, tmp_path):
    path = {"folder": tmp_path, "pipe": tmp_path / "pipe", "device": "/dev/zero",
            "nothing": tmp_path / "none.yaml"}[kind]
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(InputError, match="no configuration file at"):
        make_config(path=path)


def test_a_byte_order_mark_is_no_part_of_a_key(tmp_path):
    assert _read(b"\xef\xbb\xbfseed: 010", tmp_path).seed == 10


@pytest.mark.parametrize(("model", "parameter"), [
    ("lightgbm", "machines"), ("lightgbm", "local_listen_port"),
    ("lightgbm", "forcedsplits_filename"), ("catboost", "train_dir"),
    ("catboost", "allow_writing_files")])
def test_no_parameter_opens_files_or_connections(model, parameter):
    if model == "catboost":
        pytest.importorskip("catboost")
    with pytest.raises(InputError, match=f"model '{model}': {parameter} would read or write"):
        make_model(model, {parameter: "x"})


@pytest.mark.parametrize("horizon", [-2, 10**23, "99999999999999999999D"])
def test_horizons_that_no_time_holds(horizon):
    with pytest.raises(ValueError, match=r"horizon.*(must be|longer than)"):
        Schema(time="day", target="busy", horizon=horizon)


@pytest.mark.parametrize("split", ["walk_forward", "expanding_window"])
def test_a_window_is_never_nothing(split):
    folds = make_splitter(split, {"test_size": 1e-300}).folds(np.arange(60))
    assert all(fold.test.size for fold in folds)
