"""The rates of every rule, and the page that shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.insights import WORLDS, World
from outlast.judge.insights import RULES

DETECTION, FALSE_ALARMS = 0.8, 0.05
# Rules are tuned on seeds below this. Who tunes one by looking at those above moves it on.
FRESH = 10_000
HEADER = """# How often the insight rules are right

Every rule is asked about worlds in which its condition holds, with the effect that is stated, and
about worlds in which it does not. Worlds are simulated where rules look: records and held-out
predictions of 240 days and 10 entities, with labels over three days and shocks that all entities
of neighbouring days share; for rules on features, what the tracker has observed. *Found* is the
share of the first kind in which the rule fires, *false alarms* that of the second. Bars:
{found:.0%} and {false:.0%}, at which a rate has a standard error of {found_se:.1%} and
{false_se:.1%}. Made by `make insights` over {n} worlds of each kind, of seeds {first} to {last};
effects and thresholds were chosen on seeds below {fresh}.

| rule | fires when | with the effect | found | without it | false alarms |
| --- | --- | --- | --- | --- | --- |
"""
FOOTER = """
A reduced set of features that is no worse is told by OL606, features that repeat others by OL605;
there is no OL601. A rule that is *exact* counts and cannot err by chance. OL401 counts blocks and
labels, which are what they are. The verdicts behind OL104, OL603 and OL604 are also counted on
trained models, see [verdicts](verdicts.md).
"""


class Rates(NamedTuple):
    """How often a rule fires in worlds of both kinds."""

    world: World
    found: float
    false: float

    @property
    def holds(self) -> bool:
        """Whether both bars are kept."""
        return self.found >= DETECTION and self.false <= FALSE_ALARMS


def rates(at: int, seeds: range) -> Rates:
    """Ask a rule about worlds of both kinds."""
    found, false = (sum(WORLDS[at].fires(seed, holds) for seed in seeds) / len(seeds)
                    for holds in (True, False))
    return Rates(WORLDS[at], found, false)


def page(lines: Sequence[Rates], seeds: range) -> str:
    """The rates of all rules in Markdown, with those that miss a bar named below."""
    header = HEADER.format(
        found=DETECTION, found_se=_se(DETECTION, seeds), false=FALSE_ALARMS,
        false_se=_se(FALSE_ALARMS, seeds), n=len(seeds), first=seeds[0], last=seeds[-1],
        fresh=FRESH)
    rows = [f"| {r.world.code} {RULES[r.world.code].title} | {r.world.condition} | "
            f"{r.world.effect} | {r.found:.1%} | {r.world.null} | {r.false:.1%} |" for r in lines]
    missed = "; ".join(f"{r.world.code} (found {r.found:.1%}, false alarms {r.false:.1%})"
                       for r in lines if not r.holds)
    below = f"\nMisses a bar: {missed}.\n" if missed else ""
    return header + "\n".join(rows) + "\n" + below + FOOTER


def _se(rate: float, seeds: range) -> float:
    """Standard error of a rate over so many worlds."""
    return math.sqrt(rate * (1 - rate) / len(seeds))
