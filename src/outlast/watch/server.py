"""The server: on this machine's own address alone, reading only."""

from __future__ import annotations

import json
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from outlast.errors import InputError, StoreError
from outlast.store import Store
from outlast.watch import telling
from outlast.watch.comparing import Side, side_by_side
from outlast.watch.pages import Pages
from outlast.watch.reading import Reader
from outlast.watch.reports import ReportFacts, Reports
from outlast.watch.telling import Place

HOST = "127.0.0.1"
# An own page loads its style and script, and asks this server for what is new; nothing else.
_POLICY = ("default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
           "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
# A report carries its own style and script in one file: it gets an origin of its own, so that
# whatever is in it cannot ask this server for anything.
_REPORT_POLICY = ("sandbox allow-scripts allow-popups allow-downloads; default-src 'none'; "
                  "style-src 'unsafe-inline'; img-src data:; script-src {}; base-uri 'none'; "
                  "form-action 'none'; frame-ancestors 'none'")
_SCRIPT = re.compile(rb"script-src ('sha256-[A-Za-z0-9+/]{43}=')")
_HEAD = 4096
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin"}
_HTML, _JSON = "text/html; charset=utf-8", "application/json"
_TYPES = {".html": _HTML, ".json": _JSON, ".md": "text/plain; charset=utf-8",
          ".csv": "text/csv; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
          ".txt": "text/plain; charset=utf-8"}


@dataclass(frozen=True)
class Answer:
    """What is sent back: a content, or a file."""

    content: bytes | Path
    type: str = _HTML
    status: HTTPStatus = HTTPStatus.OK
    policy: str = _POLICY


class Watch:
    """Answers what a browser asks for.

    Parameters
    ----------
    reports : str
        The reports folder.
    store : str, optional
        Folder or URL of the results; default: the reports folder.
    """

    def __init__(self, reports: str, store: str | None = None) -> None:
        self.reader = Reader(Store.open(store or reports))
        self.reports = Reports(Path(reports))
        self.pages = Pages(Place(reports, store))
        # Requests come in threads; what was read is shared among them.
        self._reading = threading.Lock()

    def answer(self, path: str, query: dict[str, list[str]]) -> Answer:
        """Return the answer to a path that was asked for, and its query."""
        with self._reading:
            try:
                found = self._answer(path, query)
            except (StoreError, OSError) as error:
                return self._message(HTTPStatus.SERVICE_UNAVAILABLE, "The store cannot be read",
                                     f"{error}. This page tries again by itself when reloaded.")
        return found or self._message(HTTPStatus.NOT_FOUND, "There is no such page", _elsewhere(
            path, self.pages.place))

    def _answer(self, path: str, query: dict[str, list[str]]) -> Answer | None:
        if path in self.pages.assets:
            kind, content = self.pages.assets[path]
            return Answer(content, kind)
        known: dict[str, Callable[[], Answer | None]] = {
            "/": self._index, "/state": self._index_state,
            "/compare": lambda: self._compare(query.get("with", []))}
        if path in known:
            return known[path]()
        first, _, rest = path.removeprefix("/").partition("/")
        below = {"experiments": self._experiment, "state": self._state, "reports": self._report}
        return below[first](rest) if first in below and rest else None

    def _index(self) -> Answer:
        return _html(self.pages.index(self._entries()))

    def _index_state(self) -> Answer:
        return _json(telling.index_updates(self._entries()))

    def _entries(self) -> list[dict[str, Any]]:
        newest = self.reports.newest()
        states = (self.reader.glance(name) for name in self.reader.names())
        return [telling.listed(state, self._facts(state.name, newest))
                for state in states if state is not None]

    def _side(self, name: str, newest: dict[str, str]) -> Side | None:
        state = self.reader.read(name)
        return None if state is None else Side(state, self._facts(name, newest))

    def _facts(self, name: str, newest: dict[str, str]) -> ReportFacts | None:
        return self.reports.facts(newest[name]) if name in newest else None

    def _experiment(self, name: str) -> Answer | None:
        side = self._side(name, self.reports.newest())
        return None if side is None else _html(
            self.pages.experiment(side.state, side.report, time.time()))

    def _state(self, name: str) -> Answer | None:
        side = self._side(name, self.reports.newest())
        if side is None:
            return None
        return _json(telling.updates(side.state, side.report, self.pages.place, time.time()))

    def _compare(self, names: list[str]) -> Answer | None:
        if len(names) != 2:
            return self._message(HTTPStatus.BAD_REQUEST, "Choose two experiments",
                                 f"Tick two experiments in the list; {len(names)} were chosen.")
        newest = self.reports.newest()
        one, other = (self._side(name, newest) for name in names)
        if one is None or other is None:
            return None
        return _html(self.pages.comparison(
            (one.state.name, other.state.name), side_by_side(one, other, self.reports)))

    def _report(self, name: str) -> Answer | None:
        path = self.reports.file(name)
        if path is None:
            return None
        with path.open("rb") as handle:
            found = _SCRIPT.search(handle.read(_HEAD))
        script = found[1].decode() if found else "'none'"
        return Answer(path, _TYPES.get(path.suffix, "application/octet-stream"),
                      policy=_REPORT_POLICY.format(script))

    def _message(self, status: HTTPStatus, title: str, text: str) -> Answer:
        return Answer(self.pages.message(title, text).encode(errors="replace"), status=status)


class Handler(BaseHTTPRequestHandler):
    """One request; GET and HEAD alone."""

    watch: ClassVar[Watch]
    server: ThreadingHTTPServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "outlast", ""
    timeout = 30

    def do_GET(self) -> None:
        """Answer with the content."""
        self._reply(with_content=True)

    def do_HEAD(self) -> None:
        """Answer with the headers alone."""
        self._reply(with_content=False)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the terminal is for the address alone."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request in plain words; any other method than GET and HEAD with 405."""
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            status = HTTPStatus.METHOD_NOT_ALLOWED
        self.close_connection = True
        text = f"{status.value} {status.phrase}: {explain or message or status.description}\n"
        self._send(Answer(text.encode(errors="replace"), "text/plain; charset=utf-8", status),
                   with_content=self.command != "HEAD")

    def _reply(self, with_content: bool) -> None:
        if self.headers.get_all("Host", []) not in self._own_names():
            # Another name that leads here is a page elsewhere that wants to read what is here.
            self.send_error(HTTPStatus.FORBIDDEN, explain="this page is only for this machine")
            return
        try:
            asked = urlsplit(self.path)
            path, query = unquote(asked.path, errors="strict"), parse_qs(asked.query)
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        self._send(self.watch.answer(path, query), with_content)

    def _own_names(self) -> list[list[str]]:
        port = self.server.server_port
        return [[f"{HOST}:{port}"], [f"localhost:{port}"]]

    def _send(self, answer: Answer, with_content: bool) -> None:
        content = answer.content
        try:
            size = content.stat().st_size if isinstance(content, Path) else len(content)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.type)
            self.send_header("Content-Length", str(size))
            self.send_header("Content-Security-Policy", answer.policy)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            if answer.status is HTTPStatus.METHOD_NOT_ALLOWED:
                self.send_header("Allow", "GET, HEAD")
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            if with_content:
                self._write(content)
        except OSError:
            # The browser has gone, or the file has.
            self.close_connection = True

    def _write(self, content: bytes | Path) -> None:
        if isinstance(content, bytes):
            self.wfile.write(content)
            return
        with content.open("rb") as handle:
            shutil.copyfileobj(handle, self.wfile)


def serve(watch: Watch, port: int = 0) -> ThreadingHTTPServer:
    """Return a server that listens on this machine's own address; let it `serve_forever`.

    Parameters
    ----------
    watch : Watch
    port : int, default 0
        Any free one.

    Returns
    -------
    http.server.ThreadingHTTPServer

    Raises
    ------
    InputError
        If the port is in use or may not be used.
    """
    handler = type("BoundHandler", (Handler,), {"watch": watch})
    try:
        return _Server((HOST, port), handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot listen on port {port} of {HOST}: {reason}; choose another with "
                         "--port, or 0 for any that is free") from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # On other systems than Windows this only skips the wait after an earlier server has ended.
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet where a browser went away in the middle of a request."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _html(text: str) -> Answer:
    return Answer(text.encode(errors="replace"))


def _json(value: Any) -> Answer:
    return Answer(json.dumps(value, allow_nan=False).encode(), _JSON)


def _elsewhere(path: str, place: Place) -> str:
    """Say where a file is that a report links to, and that is not served."""
    if path.startswith("/experiment_results/"):
        return (f"Only reports are served here. What you asked for is on the disk, below "
                f"{place.results}{path}")
    return "It may be an experiment that is no longer there."
