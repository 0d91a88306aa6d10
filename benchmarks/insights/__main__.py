"""Ask every rule about many worlds of both kinds, and write the rates as a page."""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.insights import WORLDS
from benchmarks.insights.rates import FRESH, page, rates
from outlast.judge.insights import RULES


def main() -> int:
    """Count, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=400, help="worlds of each kind")
    parser.add_argument("--first", type=int, default=FRESH,
                        help="the first seed; to tune a rule take one below the default")
    parser.add_argument("--only", nargs="+", help="codes of rules")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--write", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    chosen = [at for at, world in enumerate(WORLDS)
              if not options.only or world.code in options.only]
    seeds = range(options.first, options.first + options.seeds)
    # A fork would inherit the locks of polars' threads; threads of the products only wait.
    with ProcessPoolExecutor(options.jobs, get_context("spawn"), threadpool_limits, (1,)) as pool:
        lines = list(pool.map(rates, chosen, repeat(seeds)))
    for line in lines:
        print(f"{line.world.code} {RULES[line.world.code].title}: found {line.found:.1%}, false "
              f"alarms {line.false:.1%}{'' if line.holds else '  <- misses a bar'}")
    if options.write:
        options.write.write_text(page(lines, seeds), encoding="utf-8")
    return int(not all(line.holds for line in lines))


if __name__ == "__main__":
    sys.exit(main())
