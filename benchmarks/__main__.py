"""Everything that `make bench` measures: ratios against rivals in the same run, and their bars."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import extraction, footprint, matrix, memory, pages, report_scale, search, splits
from benchmarks.measure import show


def main() -> None:
    """Measure and print, part by part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer trials")
    parser.add_argument("--rivals", type=Path, default=search.Plan.rivals,
                        help="a Python that has FLAML and mlforecast (default: %(default)s)")
    options = parser.parse_args()
    plan = search.Plan(rivals=options.rivals)
    if options.quick:
        plan = search.Plan(trials=10, by_hand=1, budget=10, rivals=options.rivals)
    if not options.quick:
        show(footprint.run())
    show(extraction.run(options.rivals))
    show(matrix.run(options.quick))
    show(memory.run())
    show(report_scale.run())
    show(pages.run())
    show(search.run(plan))
    splits.main([])


if __name__ == "__main__":
    main()
