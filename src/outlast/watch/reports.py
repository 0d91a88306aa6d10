"""The written reports: which there are, what they say, and which of their files may be served."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from outlast.errors import InputError
from outlast.pipeline import REPORTS
from outlast.report import formatting, view
from outlast.report.document import Document, read_document
from outlast.report.words import VERDICTS

# A report's folder: when it was written, and of which experiment.
_FOLDER = re.compile(r"\d{8}-\d{6}-(?P<experiment>.+)", re.DOTALL)
_PAGE, _JSON = "index.html", "report.json"


@dataclass(frozen=True)
class ReportFacts:
    """What the index tells of a report, as texts.

    Attributes
    ----------
    folder : str
        Its name.
    winner : str
        The recommended configuration; empty where none is recommended.
    score : str
        With its interval, under the headline split.
    split, verdict : str
    promise, exam : str
        The promised score, and what came of it.
    """

    folder: str
    winner: str
    score: str
    split: str
    verdict: str
    promise: str
    exam: str

    @classmethod
    def of(cls, folder: str, document: Document) -> ReportFacts:
        """Take from a report what the index tells of it."""
        row, decimals = view.recommended(document), view.score_decimals(document)
        promise = document.promise
        return cls(
            folder=folder, winner=row.label if row else "",
            score=formatting.interval(row.score, decimals) if row else formatting.MISSING,
            split=(row.split if row else document.headline_split) or "",
            # The name of what is to be chosen stands elsewhere on the page.
            verdict=VERDICTS[document.headline.verdict].removesuffix(", choose"),
            promise=(f"{formatting.interval(promise.score, decimals)} at "
                     f"{formatting.share(promise.level, 0)}" if promise else formatting.MISSING),
            exam=document.exam.sentence or document.exam.status)


class Reports:
    """The reports of one reports folder.

    Parameters
    ----------
    folder : pathlib.Path
        The reports folder.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / REPORTS
        self._known: dict[tuple[str, int, int], ReportFacts | None] = {}

    def newest(self) -> dict[str, str]:
        """Return the folder of the newest whole report of each experiment."""
        try:
            names = sorted(path.name for path in self.root.iterdir())
        except OSError:
            return {}
        named = [(found["experiment"], name) for name in names
                 if (found := _FOLDER.fullmatch(name)) is not None]
        return {experiment: name for experiment, name in named
                if (self.root / name / _PAGE).is_file() and (self.root / name / _JSON).is_file()}

    def facts(self, folder: str) -> ReportFacts | None:
        """Return what a report says, None if it cannot be read."""
        try:
            status = (self.root / folder / _JSON).stat()
        except OSError:
            return None
        key = (folder, status.st_mtime_ns, status.st_size)
        if key not in self._known:
            document = self.document(folder)
            self._known[key] = None if document is None else ReportFacts.of(folder, document)
        return self._known[key]

    def document(self, folder: str) -> Document | None:
        """Return a report whole, None if it cannot be read."""
        try:
            return read_document(self.root / folder / _JSON)
        except InputError:
            return None

    def file(self, name: str) -> Path | None:
        """Return the file of a report that may be served under a name, None if there is none.

        Neither ``..`` nor a link leads out of the folder of all reports.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> Reports(Path(mkdtemp())).file("../secret") is None
        True
        """
        parts = name.split("/")
        if any(part.startswith(".") or not part or set(part) & {"\\", "\0"} for part in parts):
            return None
        try:
            path = self.root.joinpath(*parts).resolve(strict=True)
            inside = path.is_relative_to(self.root.resolve(strict=True))
        except (OSError, RuntimeError, ValueError):
            return None
        return path if inside and path.is_file() else None
