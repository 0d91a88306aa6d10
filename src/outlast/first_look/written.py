"""A proposal as outlast.yaml, with the reasons as comments."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from outlast.first_look.choices import Choice
from outlast.first_look.proposal import Proposal

_WIDTH = 96


def proposal_yaml(proposal: Proposal) -> str:
    """Return the settings of a table in YAML; a choice that may be wrong says so.

    Examples
    --------
    >>> import polars as pl
    >>> from outlast.first_look.proposal import propose
    >>> table = pl.DataFrame({"ds": ["2024-01-01", "2024-01-02"], "y": [1.5, 2.5]})
    >>> print(proposal_yaml(propose(table, "sales.csv")).splitlines()[5])
      source: "sales.csv"
    """
    return "\n".join(_lines(proposal)) + "\n"


def _lines(proposal: Proposal) -> Iterator[str]:
    yield from _comment(f"Proposed by `outlast init` for {proposal.source}: {proposal.rows:,} "
                        f"rows, {proposal.columns:,} columns.", "")
    yield "# Every line is yours to change; commands of outlast in this folder use this file."
    yield "# Look at what is marked GUESS first. Then: outlast audit, outlast run"
    yield ""
    yield "data:"
    yield f"  source: {_value(proposal.source)}"
    for key, found in (("csv", proposal.csv), ("unpivot", proposal.unpivot)):
        if found is not None:
            yield from _comment(found[1])
            yield f"  {key}: {{{', '.join(f'{k}: {_value(v)}' for k, v in found[0].items())}}}"
    yield from _choice("time", proposal.time)
    if proposal.time_format.value is not None:
        yield from _choice("time_format", proposal.time_format)
    yield from _choice("entity", proposal.entity)
    yield from _choice("target", proposal.target)
    if proposal.task is not None:
        yield f"  task: {proposal.task[0]}   # {proposal.task[1]}"
    if proposal.label_end is not None:
        name, reason = proposal.label_end
        yield from _comment(f"when the target was known, in place of a horizon: {reason}")
        yield f"  label_end: {_value(name)}"
    elif proposal.target.value is not None:
        yield from _choice("horizon", proposal.horizon)
    if proposal.events is not None:
        yield from _comment(proposal.events[1])
        yield f"  events: {_value(proposal.events[0])}"
    for role, told, names in (
            ("leaky", "known only with the target or later: never features", proposal.leaky),
            ("ignore", "say nothing about rows to come", proposal.ignore),
            ("categorical", "numbers that are names of kinds", proposal.categorical)):
        yield from _list(role, told, names)
    if proposal.traps:
        yield ""
        yield "# Worth a look:"
    for trap in proposal.traps:
        yield from _comment(f"- {trap.title}: {trap.sentence}. {_sentence(trap.action)}.", "")


def _choice(role: str, choice: Choice) -> Iterator[str]:
    mark = "" if choice.is_sure else "GUESS: "
    yield from _comment(f"{mark}{choice.reason}")
    for other in choice.others:
        yield from _comment(f"also possible: {other.name or repr('')} ({other.told})")
    if choice.value is None:
        yield f"  # {role}:"
    else:
        yield f"  {role}: {_value(choice.value)}"


def _list(role: str, told: str, names: dict[str, str]) -> Iterator[str]:
    if not names:
        return
    yield from _comment(told)
    yield f"  {role}:"
    for name, reason in names.items():
        yield f"  - {_value(name)}   # {one_line(reason)}"


def _comment(text: str, indent: str = "  ") -> Iterator[str]:
    lines = textwrap.wrap(one_line(text), _WIDTH - len(indent), break_long_words=False,
                          break_on_hyphens=False)
    yield from (f"{indent}# {line}" for line in lines)


def _value(value: Any) -> str:
    """A value as JSON, which is YAML whatever a column is called."""
    return json.dumps(value, ensure_ascii=not str(value).isprintable())


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def one_line(text: str) -> str:
    r"""Return a text in which nothing breaks the line or moves the cursor.

    Examples
    --------
    >>> one_line("a\nb")
    'a\\nb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
