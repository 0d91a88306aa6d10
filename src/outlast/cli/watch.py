"""`outlast watch`: a page in the browser that shows all experiments, and each while it runs."""

from __future__ import annotations

import contextlib

from rich.console import Console
from rich.markup import escape

from outlast.errors import InputError


def watch(
    *, reports: str = "reports", store: str | None = None, port: int = 0,
    open_browser: bool = False,
) -> None:
    """Show all experiments in the browser, and how each matrix fills up while it runs.

    Serves on 127.0.0.1 alone, reads only, and needs no network. Ctrl-C ends it.

    Examples::

        outlast watch
        outlast watch --reports elsewhere --port 8080 --open_browser

    Parameters
    ----------
    reports
        The reports folder.
    store
        Folder or URL of features and results. [default: the reports folder]
    port
        Where to listen; 0 is any port that is free.
    open_browser
        Open the page in the browser of this machine.
    """
    from outlast.watch import HOST, Watch, serve

    if not 0 <= port <= 65535:
        raise InputError(f"--port must be from 0 to 65535, got {port}")
    with contextlib.suppress(KeyboardInterrupt), serve(Watch(reports, store), port) as server:
        url = f"http://{HOST}:{server.server_address[1]}/"
        Console().print(f"Watching {escape(store or reports)} at {url} (Ctrl-C ends it)",
                        soft_wrap=True, highlight=False)
        if open_browser:
            _open(url)
        server.serve_forever()


def _open(url: str) -> None:
    import webbrowser

    webbrowser.open(url)
