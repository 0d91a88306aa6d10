"""`outlast diff`: what has changed between two reports."""

from __future__ import annotations

import sys
from pathlib import Path


def diff(before: Path, after: Path, /) -> None:
    """Compare two reports: data, settings, code, features, the winner, and every score.

    A score's change is split into what has changed on the windows that both were tested on, by
    data, settings, features or code, and what comes from windows that only one has; beside it
    stands what other time alone would change. Written as Markdown.

    Examples::

        outlast diff reports/consolidated_reports/20261101-0900-stocks \
            reports/consolidated_reports/latest
        outlast diff main/report.json branch/report.json > difference.md

    Parameters
    ----------
    before, after
        Each a report.json, or the folder that holds one.
    """
    from outlast.report.difference import as_markdown, compare
    from outlast.report.document import read_document
    from outlast.report.view import score_decimals

    was, now = read_document(before), read_document(after)
    sys.stdout.write(as_markdown(compare(was, now), score_decimals(now)))
