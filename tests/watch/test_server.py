"""What a browser gets of a real store, and what it must not get."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from urllib.parse import quote

import pytest

from outlast.errors import InputError
from outlast.store.stamps import unstamped_json
from outlast.watch import Watch, serve
from tests.report.page import Page
from tests.watch.conftest import only_experiment, watching

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


def report_of(folder):
    return next(path for path in (folder / "consolidated_reports").iterdir()
                if not path.is_symlink())


def test_the_index_tells_of_the_experiment_and_leads_to_it(client, finished):
    name = only_experiment(finished).name
    reply = client.get("/")
    page = Page(reply.text)
    assert reply.status == 200
    assert not page.broken
    assert page.tags["h1"] == page.tags["main"] == 1
    assert f"/experiments/{name}" in page.values("href")
    assert f"/reports/{report_of(finished).name}/index.html" in page.values("href")
    texts = " ".join(text for _, text in page.texts)
    assert "12 of 12" in texts
    assert "target busy" in texts
    assert client.get(f"/experiments/{name}").status == 200


def test_the_page_of_an_experiment_shows_its_matrix(client, finished):
    reply = client.get(f"/experiments/{only_experiment(finished).name}")
    page = Page(reply.text)
    assert not page.broken
    assert page.tags["h1"] == 1
    assert page.tags["caption"] == page.tags["table"]
    assert {"prior", "linear"} <= set(page.inside("th"))
    assert ("p", {"data-text": "announce", "class": "hidden", "aria-live": "polite"}) in (
        page.elements)
    assert "leaks on purpose, for contrast" in reply.text
    assert 'http-equiv="refresh"' in reply.text


def test_every_key_of_the_page_is_brought_up_to_date(client, finished):
    name = only_experiment(finished).name
    page, state = Page(client.get(f"/experiments/{name}").text), client.get(f"/state/{name}").json
    for attribute, part in (("data-text", "texts"), ("data-class", "classes"),
                            ("data-bar", "bars"), ("data-rows", "tables"),
                            ("data-when", "tables")):
        keys = page.values(attribute)
        assert keys
        assert set(keys) <= state[part].keys()
    assert state["bars"]["progress"] == [12, 0, 0, 12]
    assert not state["active"]


def test_own_pages_load_nothing_from_elsewhere(client, finished):
    for path in ("/", f"/experiments/{only_experiment(finished).name}"):
        reply = client.get(path)
        policy = reply.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        page = Page(reply.text)
        assert page.values("src") == ["/static/watch.js"]
        assert not page.inside("script")
        assert not page.inside("style")
        assert not page.values("style")
    assert "--paper" in client.get("/static/watch.css").text
    script = client.get("/static/watch.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert "innerHTML" not in script.text


def test_a_report_is_served_with_its_own_script_and_an_origin_of_its_own(client, finished):
    folder = report_of(finished)
    reply = client.get(f"/reports/{folder.name}/index.html")
    assert reply.text == (folder / "index.html").read_text("utf-8")
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "script-src 'sha256-" in policy
    for name, kind in (("report.json", "application/json"), ("report.md", "text/plain"),
                       (f"figures/{next((folder / 'figures').glob('*.svg')).name}",
                        "image/svg+xml")):
        reply = client.get(f"/reports/{folder.name}/{name}")
        assert reply.status == 200
        assert reply.headers["Content-Type"].startswith(kind)
        assert "script-src 'none'" in reply.headers["Content-Security-Policy"]
    assert client.get("/reports/latest/index.html").status == 200


@pytest.mark.parametrize("path", [
    "/reports/../../etc/passwd", "/reports/%2e%2e/%2e%2e/etc/passwd",
    "/reports/..%2f..%2fetc%2fpasswd", "/reports/%252e%252e/secret.txt",
    "/reports/..%5c..%5csecret.txt", "/reports//etc/passwd", "/reports/../secret.txt",
    "/reports/latest/../../secret.txt", "/reports/outside/secret.txt", "/reports/secret.txt",
    "/reports/latest/.fingerprint", "/reports/latest", "/reports/", "/reports/a%00b",
    "/experiments/..", "/experiments/a%2Fb", "/experiments/none", "/state/none", "/nothing",
    "/static/../server.py",
])
def test_nothing_else_is_served(copied, path):
    (copied / "secret.txt").write_text("secret")
    root = copied / "consolidated_reports"
    (root / "outside").symlink_to(copied)
    (root / "secret.txt").symlink_to(copied / "secret.txt")
    with watching(copied) as client:
        reply = client.get(path)
    assert reply.status == 404
    assert "secret" not in reply.text
    assert "root:" not in reply.text


def test_a_link_of_a_report_to_a_log_says_where_the_log_is(client, finished):
    reply = client.get("/experiment_results/x/jobs/job.log")
    assert reply.status == 404
    assert f"{finished}/experiment_results/x/jobs/job.log" in reply.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1",
                                  "127.0.0.1", "localhost", "0.0.0.0:{port}", ""])
def test_another_host_is_refused(client, host):
    for path in ("/", "/state", "/static/watch.js"):
        reply = client.get(path, Host=host.format(port=client.port))
        assert reply.status == 403
        assert "experiment" not in reply.text


def test_the_own_names_are_served_and_none_is_refused(client):
    assert client.get("/", Host=f"localhost:{client.port}").status == 200
    with socket.create_connection(("127.0.0.1", client.port), timeout=10) as raw:
        raw.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 403 " in raw.makefile("rb").readline()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_changed(client, method):
    reply = client.get("/", method=method)
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET, HEAD"


def test_head_has_the_headers_alone(client):
    reply = client.get("/", method="HEAD")
    assert reply.status == 200
    assert int(reply.headers["Content-Length"]) > 1000
    assert reply.text == ""


def test_a_hostile_name_is_only_a_name(copied):
    experiment = only_experiment(copied)
    shutil.copytree(experiment, experiment.with_name(HOSTILE))
    with watching(copied) as client:
        for path in ("/", f"/experiments/{quote(HOSTILE, safe='')}",
                     f"/compare?with={quote(HOSTILE)}&with={experiment.name}"):
            reply = client.get(path)
            page = Page(reply.text)
            assert reply.status == 200
            assert not page.broken
            assert "img" not in page.tags
            assert ("img", "onerror") not in page.shapes
            assert any(HOSTILE in text for _, text in page.texts)


def test_two_experiments_are_set_side_by_side(copied):
    experiment = only_experiment(copied)
    other = experiment.with_name("other")
    shutil.copytree(experiment, other)
    manifest = next(other.glob("sessions/*/manifest.json"))
    text = unstamped_json(manifest.read_bytes())
    manifest.write_bytes(text.replace(b'"seed": 0', b'"seed": 7'))
    report = report_of(copied)
    shutil.copytree(report, report.with_name("20300101-000000-other"))
    with watching(copied) as client:
        reply = client.get(f"/compare?with={experiment.name}&with=other")
        assert client.get("/compare?with=other").status == 400
        assert client.get("/compare?with=other&with=none").status == 404
    page = Page(reply.text)
    texts = [text.strip() for _, text in page.texts]
    assert not page.broken
    at = texts.index("seed")
    assert [text for text in texts[at:at + 4] if text] == ["seed", "0", "7"]
    assert "Promised score" in texts
    assert "Sealed exam" in texts
    assert "linear" in texts


def test_a_folder_that_is_not_there_says_how_to_begin(tmp_path):
    with watching(tmp_path / "no reports") as client:
        reply = client.get("/")
        assert client.get("/state").json["texts"] == {}
    assert reply.status == 200
    assert "There is no experiment in" in reply.text
    assert "outlast run --quick_run --reports &#39;" in reply.text
    assert not (tmp_path / "no reports").exists()


def test_a_port_that_is_taken_is_said_so(finished):
    with serve(Watch(str(finished))) as server, \
            pytest.raises(InputError, match=r"cannot listen on port .* in use; choose another"):
        serve(Watch(str(finished)), server.server_port)


def test_the_command_serves_until_it_is_stopped(finished):
    # A process in the background may have been told to ignore Ctrl-C.
    command = [sys.executable, "-m", "outlast", "watch", "--reports", str(finished)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "COLUMNS": "200"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    with process:
        line = process.stdout.readline()
        assert f"Watching {finished} at http://127.0.0.1:" in line
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (0, "", "")
