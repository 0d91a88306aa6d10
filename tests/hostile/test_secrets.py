"""Passwords, keys and tokens: refused in settings, and in no file and no output of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression

from outlast import read_table, run_pipeline
from outlast.config import make_config
from outlast.credentials import hidden
from outlast.errors import InputError

SECRETS = ("sekret", "zwei-words", "three-words", "wJalrXUtnFEMI", "sigsigsig", "tok3ntok3n",
           "AKIAIOSFODNN7EXAMPLE", "told-by-value")
SAID = ("postgresql://u:sekret@h/db?password=zwei-words&sslpassword=three-words "
        "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI https://h/x.parquet?sv=1&sig=sigsigsig "
        "{'Authorization': 'Bearer tok3ntok3n'} AKIAIOSFODNN7EXAMPLE s3://key:sekret@bucket "
        "and told-by-value")
SETTINGS = {
    "a database": {"data": {"source": "postgresql://u:sekret@h/db?password=zwei-words"}},
    "a password after the question mark": {"data": {"source": "mysql://h/db?password=zwei-words"}},
    "an object store": {"store": "s3://key:sekret@bucket"},
    "a signed address": {"data": {"events": "https://h/e.parquet?sig=sigsigsig"}},
    "a server": {"mlflow": "http://u:sekret@host"},
    "a joined table": {"data": {"joins": [{"source": "s3://key:sekret@b/x"}]}},
    "a token of a model": {"models": [{"lightgbm": {"note": "Bearer tok3ntok3n"}}]},
    "a password of a model": {"models": [{"lightgbm": {"password": "sekret"}}]},
    "a key": {"features": "AKIAIOSFODNN7EXAMPLE"},
    "a token as a user": {"data": {"source": "https://tok3ntok3n@h/x.csv"}},
}


class Client(LogisticRegression):
    """Says all that it knows when it fails."""

    def fit(self, X, y):
        print(SAID)  # noqa: T201
        raise RuntimeError(f"cannot reach {SAID}")


class Keyed(LogisticRegression):
    """Takes a key."""

    def __init__(self, api_key="", url=""):
        super().__init__()
        self.api_key = api_key
        self.url = url


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_settings_hold_no_secret(settings):
    with pytest.raises(InputError, match="give credentials in the environment") as caught:
        make_config(settings)
    assert not [secret for secret in SECRETS if secret in str(caught.value)]


@pytest.mark.parametrize(("variable", "made"), [
    ("PWD", True), ("OLDPWD", True), ("OLDPWD", False), ("AWS_WEB_IDENTITY_TOKEN_FILE", True)])
def test_where_things_are_is_no_secret(variable, made, tmp_path, monkeypatch):
    place = tmp_path / "place"
    if made:
        place.mkdir()
    monkeypatch.setenv(variable, str(place))
    assert make_config({"reports": str(place / "reports")}).reports == str(place / "reports")
    assert hidden(f"no such file: {place}") == f"no such file: {place}"


@pytest.mark.parametrize(("variable", "value"), [
    ("SECRET_NAME", "lightgbm"), ("TOKEN_FILE", "/no/such/file"), ("MAX_TOKENS", "100000000"),
    ("TOKENIZERS_PARALLELISM", "automatic"), ("CREDENTIAL_TYPE", "temporal_split")])
def test_what_tells_of_a_secret_is_none(variable, value, monkeypatch):
    monkeypatch.setenv(variable, value)
    assert make_config({"store": f"stored/{value}"}).store == f"stored/{value}"


@pytest.mark.parametrize("secret", ["/told-by-value", "x" * 9000])
def test_what_a_variable_says_is_a_secret(secret, monkeypatch):
    monkeypatch.setenv("DB_PWD", secret)
    with pytest.raises(InputError, match=r"reports holds a password.* \(the value of DB_PWD in"):
        make_config({"reports": f"/tmp{secret}"})


@pytest.mark.parametrize("params", [{"api_key": "sekret"}, {"url": "https://u:sekret@host"}])
def test_an_estimator_holds_no_secret(params):
    with pytest.raises(InputError, match=r"model Keyed.* holds a password") as caught:
        make_config({"models": [Keyed(**params)]})
    assert "sekret" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://u:sekret@h/db", "s3://key:sekret@b/x.csv",
                                 "https://h/x.csv?sig=sigsigsig"])
def test_a_table_is_not_asked_for_with_a_secret(url):
    with pytest.raises(InputError, match="holds a password") as caught:
        read_table(url)
    assert not [secret for secret in SECRETS if secret in str(caught.value)]


@pytest.mark.parametrize("text", [
    "design=5&x=1", "s3://bucket/prefix", "sqlite:///shop.db?select day from t", "keys: a, b",
    "tokenizer = 3", "sorted(rows, key=len)", "bearer of bad news", "basic checks",
    "sector 'Basic Materials'", "BASIC MATERIALS/ENERGY", "Bearer securities, 5 rows",
    "/data/sk-learn-runs-of-2024/x.csv", "postgresql://joe@localhost/sales",
    "abfss://container@account.dfs.core.windows.net/x.parquet", "ann@example.org",
    "unknown column 'signature': did you mean 'sign'?", "unknown key 'data.secret': it is none"])
def test_what_is_no_secret_is_left_as_it_is(text):
    assert hidden(text) == text
    assert make_config({"data": {"source": text}}).data.source == text


@pytest.mark.parametrize("text", [
    "Authorization: Bearer justletters", "bearer dXNlcjpwYXNzd29yZA==", "Basic tok3n-of-words",
    "{'password': 'sekret'}", '{"secret": 12345}', "DB_PASSWORD_PROD=sekret",
    "key sk-abcdefghijklmnopqrst0123", "sk-proj-Abc_DEF-ghi1-jklm-nopq", "redis://:sekret@h"])
def test_what_is_written_like_a_secret_is_hidden(text):
    assert "***" in hidden(text)


@pytest.mark.parametrize("part", ["a", "a.", "eyJ-", "a://", "?", "&token", "password", "basic "])
def test_a_long_text_is_looked_through_once(part):
    text = f"basic{part * 200_000}"  # with steps by the square of its length this takes hours
    assert hidden(text) == text


def test_no_secret_is_in_any_file_or_output(settings, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("MY_SERVICE_TOKEN", "told-by-value")
    monkeypatch.setattr(sys, "argv", ["outlast", "run", "--note", SAID])
    monkeypatch.chdir(tmp_path)  # the changes of a checkout, such as of this file, are on record
    root = tmp_path / "reports"
    models = ["prior", "linear", {"client": Client()}]
    found = run_pipeline({**settings, "models": models, "reports": str(root)}, runner="inline")
    assert "***" in found.document.failures[0].message
    files = [path for path in root.rglob("*") if path.is_file()]
    captured = capfd.readouterr()
    texts = {str(path): path.read_bytes() for path in files}
    texts |= {"stdout": captured.out.encode(), "stderr": captured.err.encode()}
    # What code of one's own prints reaches the terminal as it is, in a run within this process.
    texts["stdout"] = texts["stdout"].replace(SAID.encode(), b"")
    assert not [(name, secret) for name, text in texts.items() for secret in SECRETS
                if secret.encode() in text]
    (manifest,) = (root / "experiment_results").glob("*/sessions/*/manifest.json")
    assert "postgresql://***@h/db?password=***" in json.loads(manifest.read_bytes())["command"]


@pytest.mark.parametrize("arguments", [
    ["run", "--data", "postgresql://u:sekret@h/db?password=zwei-words"],
    ["audit", "s3://key:sekret@bucket/x.csv"],
    ["init", "https://h/x.parquet?sig=sigsigsig"],
    ["gc", "--store", "s3://key:sekret@bucket"],
])
def test_the_command_line_repeats_no_secret(arguments, tmp_path):
    done = subprocess.run([sys.executable, "-m", "outlast", *arguments], capture_output=True,
                          text=True, check=False, cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == 2
    assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]
    assert not list(Path(tmp_path).iterdir())


def test_an_error_that_nobody_foresaw_tells_no_secret(capsys):
    from outlast.cli import _show_crash

    error = RuntimeError(SAID)
    _show_crash(type(error), error, None)
    told = capsys.readouterr().err
    assert told.startswith("RuntimeError: postgresql://***@h/db")
    assert not [secret for secret in SECRETS[:-1] if secret in told]
