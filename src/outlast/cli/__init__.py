"""The command line of outlast: one module per group of commands."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cyclopts import App, CycloptsError, Parameter
from cyclopts.exceptions import UnusedCliTokensError
from rich.console import Console
from rich.markup import escape

from outlast import __version__
from outlast.credentials import hidden
from outlast.errors import OutlastError, OutlastWarning

app = App(
    name="outlast",
    help="Find the model that outlasts its training data.",
    version=__version__,
    # Ctrl-C is answered below, with the command that resumes.
    suppress_keyboard_interrupt=False,
    # Flags are shown as they are documented, --n_trials; --n-trials is understood too.
    default_parameter=Parameter(negative=(), consume_multiple=True, name_transform=str),
)
# By path: a command imports what it needs, and not what all the others need. So it is said here
# what each does, as the first line of its docstring does.
COMMANDS = {
    "init:init": "Look at a table, propose what its columns mean, and write that down to be "
                 "edited.",
    "commands:run": "Run everything: features, the experiment matrix, the report.",
    "commands:resume": "Go on with an experiment as it was configured, whatever folder its command "
                       "was typed in.",
    "commands:experiments": "Run the experiment matrix and store its results, without a report.",
    "commands:train": "Train models under one split, without search unless asked, and show their "
                      "scores.",
    "commands:report": "Write the consolidated report over all stored results of one experiment.",
    "deployment:refit": "Fit the recommended configuration to all labelled rows, and write it as a "
                        "folder.",
    "deployment:predict": "Predict the rows of a table that have no label yet.",
    "deployment:retrain": "Bring a model up to date with a newer table, if it is time and the new "
                          "one is no worse.",
    "judge:judge": "Judge held-out predictions that another tool has made.",
    "render:render": "Render a report again from its report.json alone.",
    "diff:diff": "Compare two reports: data, settings, code, features, the winner, and every "
                 "score.",
    "watch:watch": "Show all experiments in the browser, and how each matrix fills up while it "
                   "runs.",
    "plan:splits": "Draw what each fold is going to train and test on, before anything is trained.",
    "audit:audit": "Look for leaks in a table, its features, splits and models, without training "
                   "the matrix.",
    "worker:worker": "Run one share of a stored plan: for array jobs of a batch system, on any "
                     "machine.",
    "worker:gc": "Remove what killed processes left behind: half-written files, attempts without a "
                 "record.",
    "schema:schema": "Print the JSON Schema of outlast.yaml, for an editor that checks it while "
                     "you type.",
    "doctor:doctor": "Check the installation in seconds and say what to do where something is "
                     "wrong.",
}
for path, told in COMMANDS.items():
    app.command(f"outlast.cli.{path}", help=told)
app.command("outlast.cli.tracker:app", name="features",
            help="What the feature tracker knows, across all runs.")
app.command("outlast.cli.runs:app", name="runs",
            help="Sessions and jobs: what was run, when, and how it ended.")
app.register_install_completion_command(
    add_to_startup=False, help="Let the shell complete commands and options of outlast.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit.

    With 0 done, 1 failed, 2 bad input, 3 leak, 73 store locked, damaged or not to be written,
    75 store full or out of reach for now (the same command goes on later), 130 stopped.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.
    """
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            # A batch system that takes the machine back is answered like Ctrl-C.
            signal.signal(getattr(signal, name), _interrupt)
    sys.excepthook = _show_crash
    sys.exit(_exit_code(arguments))


def _show_crash(*error: Any) -> None:
    """Show an error that outlast did not foresee as Python does, without passwords."""
    sys.stderr.write(hidden("".join(traceback.format_exception(*error))))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _exit_code(arguments: Sequence[str] | None) -> int:
    errors = Console(stderr=True)
    with warnings.catch_warnings():
        warnings.simplefilter("always", OutlastWarning)
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
            if issubclass(category, OutlastWarning):
                errors.print(f"[dim]{escape(str(message))}[/]", soft_wrap=True, highlight=False)
            else:
                shown(message, category, *where)

        warnings.showwarning = show  # type: ignore[assignment]
        return _answered(arguments, errors)


def _answered(arguments: Sequence[str] | None, errors: Console) -> int:
    try:
        app(list(arguments) if arguments is not None else None, exit_on_error=False,
            print_error=True, error_console=errors, result_action="return_value")
    except CycloptsError as error:
        if isinstance(error, UnusedCliTokensError):
            _name_the_table(errors, error.unused_tokens or [])
        return 2
    except OutlastError as error:
        told = escape(hidden(str(error)))
        errors.print(f"[red]error:[/] {told}", soft_wrap=True, highlight=False)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read the output has gone, as `head` does; Python must not write to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        # A second Ctrl-C ends the process at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        errors.print("\nstopped; nothing that was finished is lost. Go on with:\n  "
                     f"{escape(hidden(_resume_command()))}", soft_wrap=True)
        return 130
    return 0


def _name_the_table(errors: Console, unused: Sequence[str]) -> None:
    for token in unused:
        if "://" in token or Path(token).exists():
            errors.print(f"if this is the table: --data {escape(hidden(token))}", soft_wrap=True,
                         highlight=False)


def _resume_command() -> str:
    """Return the command line that goes on where this one was stopped."""
    name = sys.argv[0]
    start = ["python", name] if name.endswith(".py") else ["outlast"]
    if name.endswith("__main__.py"):
        start = ["python", "-m", "outlast"]
    return shlex.join([*start, *sys.argv[1:]])
