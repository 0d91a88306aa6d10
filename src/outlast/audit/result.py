"""What an audit says: one finding per check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from outlast.audit.wording import counted
from outlast.errors import LeakError, unknown_name
from outlast.records import Finding


@dataclass(frozen=True, repr=False)
class AuditReport:
    """The findings of all checks, in the order of their codes.

    Attributes
    ----------
    findings : tuple of Finding

    Examples
    --------
    >>> from outlast.records import Finding
    >>> late = Finding(code="LK103", outcome="issue", severity="high", title="Late times",
    ...                sentence="`paid` is later than its row.", action="Ignore it.", blocking=True)
    >>> report = AuditReport((late,))
    >>> report.ok, report["LK103"].outcome, [f.code for f in report.blocking]
    (False, 'issue', ['LK103'])
    >>> report
    <AuditReport: 1 leak found by 1 check>
      LK103 Late times: `paid` is later than its row. Ignore it.
    """

    findings: tuple[Finding, ...]

    @property
    def issues(self) -> tuple[Finding, ...]:
        """The leaks that were found, exact and statistical ones."""
        return tuple(f for f in self.findings if f.outcome == "issue")

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The exact leaks, over which no run starts unless leaks are allowed."""
        return tuple(f for f in self.findings if f.blocking)

    @property
    def ok(self) -> bool:
        """Whether no leak was found."""
        return not self.issues

    def __repr__(self) -> str:
        asked = sum(f.outcome in ("passed", "issue") for f in self.findings)
        head = (f"<AuditReport: {counted(len(self.issues), 'leak')} found by "
                f"{counted(asked, 'check')}>")
        return "\n".join([head, *map(told, self.issues)])

    def __getitem__(self, code: str) -> Finding:
        """Return the finding of one check.

        Raises
        ------
        InputError
            If there is no check of this code.
        """
        found = {finding.code: finding for finding in self.findings}
        if code not in found:
            raise unknown_name("check", code, found)
        return found[code]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def to_frame(self) -> pl.DataFrame:
        """Return the findings as a table: code, outcome, severity, title, sentence, action."""
        columns = ("code", "outcome", "severity", "blocking", "title", "sentence", "action")
        return pl.DataFrame([[getattr(f, c) for c in columns] for f in self.findings],
                            schema=columns, orient="row")

    def raise_for_leaks(self) -> None:
        """Raise if an exact check found a leak.

        Raises
        ------
        LeakError
            With every such finding and its way out.
        """
        if not self.blocking:
            return
        lines = "\n".join(map(told, self.blocking))
        raise LeakError(f"{counted(len(self.blocking), 'leak')} found by exact checks, nothing was "
                        f"trained:\n{lines}\nMend this, or train all the same with --allow-leaks "
                        "(allow_leaks=True in Python); the results then carry it for ever.")


def told(finding: Finding) -> str:
    """Return a finding and its way out as an indented line."""
    return f"  {finding.code} {finding.title}: {finding.sentence} {finding.action}"
