"""Run the battery and print its table; with --write also into the documentation.

    python -m benchmarks.traps
    python -m benchmarks.traps --seeds 8 --jobs 2 --write docs/traps.md
    python -m benchmarks.traps --only clock_column time_zones --seeds 2
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from benchmarks.traps import TRAPS
from benchmarks.traps.base import Answer, Trap, ask_outlast

CHANCE, TOLERANCE = 0.50, 0.05


@dataclass(frozen=True)
class Trial:
    """One seed of one trap: what is said about noise, and about its twin."""

    name: str
    seed: int
    naive: float
    fired: str
    noise: Answer
    twin: Answer


def try_trap(name: str, seed: int) -> Trial:
    """Spring one trap with one seed."""
    import numpy as np

    trap = TRAPS[name]
    key = sum(ord(letter) for letter in name)
    noise, twin = (trap.table(np.random.default_rng([key, seed, signal]), bool(signal))
                   for signal in (0, 1))
    finding = trap.audited(trap, noise, seed)
    return Trial(name, seed, trap.naive(noise, seed), finding.outcome,
                 ask_outlast(trap, noise), ask_outlast(trap, twin))


def summary(trap: Trap, trials: Sequence[Trial]) -> list[str]:
    """One line of the table."""
    n = len(trials)
    noise = [t.noise.score for t in trials]
    twin = [t.twin.score for t in trials]
    fired = sum(t.fired == "issue" for t in trials)
    alarms = sum(t.noise.found for t in trials)
    found = sum(t.twin.found for t in trials)
    return [trap.name, trap.story, f"{fmean(t.naive for t in trials):.2f}",
            f"{fmean(noise):.2f} ± {stdev(noise) if n > 1 else 0:.2f}", f"{alarms}/{n}",
            f"{trap.code} {fired}/{n}", f"{fmean(twin):.2f}", f"{found}/{n}"]


def holds(trials: Sequence[Trial]) -> bool:
    """Whether a trap does what it should: fools people, not outlast, and its twin is found."""
    n = len(trials)
    return (fmean(t.naive for t in trials) > 0.6
            and abs(fmean(t.noise.score for t in trials) - CHANCE) <= TOLERANCE
            and sum(t.fired == "issue" for t in trials) >= n - n // 8
            and sum(t.twin.found for t in trials) >= n - n // 8)


HEADER = ["trap", "what people do", "they report", "outlast says", "recommends", "check fires",
          "twin", "twin found"]


def page(lines: Sequence[Sequence[str]], seeds: int) -> str:
    """The table as a page of the documentation."""
    rows = ["| " + " | ".join(cells) + " |" for cells in [HEADER, ["---"] * len(HEADER), *lines]]
    return f"""# Traps

Each line is a table of pure noise on which a common mistake looks like skill, and a twin with a
real signal in it; means over {seeds} seeds. *They report* is the AUC of the mistake; *outlast says*
the AUC of its headline on the same noise, which should be 0.50, and *recommends* how often it
called that a model worth shipping. *Check fires* names the leak check that must find the mistake
and how often it did; *twin* is outlast's AUC where there is something to find, and *twin found* how
often it said so. Made by `make traps`; each trap is a short file in `benchmarks/traps/`.

""" + "\n".join(rows) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--only", nargs="+", choices=TRAPS, default=list(TRAPS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.jobs) as pool:
        waiting = {name: [pool.submit(try_trap, name, seed) for seed in range(options.seeds)]
                   for name in options.only}
        lines, failed = [], []
        print(" | ".join(HEADER))
        for name, futures in waiting.items():
            trials = [future.result() for future in futures]
            lines.append(summary(TRAPS[name], trials))
            failed += [] if holds(trials) else [name]
            print(" | ".join(lines[-1]), "" if holds(trials) else "  <- does not hold", flush=True)
    if options.write:
        options.write.parent.mkdir(exist_ok=True)
        options.write.write_text(page(lines, options.seeds))
    print(f"\n{len(lines) - len(failed)} of {len(lines)} traps hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
