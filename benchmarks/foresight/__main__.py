"""Ask every contender about every table at every cut, and hold them to what they promise.

    make foresight
    python -m benchmarks.foresight --tables big_move --contenders outlast flaml --cuts 1
    python -m benchmarks.foresight --write docs/foresight.md

Results are kept in a file, and what it holds is not run again.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.foresight.contenders import CONTENDERS, Contender, FailedError
from benchmarks.foresight.results import Result, append, read, result_of
from benchmarks.foresight.sitting import SHARES, Budget, Sitting, sittings
from benchmarks.foresight.summary import lines, page
from benchmarks.foresight.tables import PUBLIC, TABLES
from outlast.errors import OutlastError


def asked_for(options: argparse.Namespace) -> Iterator[tuple[Sitting, Contender]]:
    """Yield every pair of a sitting and a contender that the options name."""
    chosen = [contender for contender in CONTENDERS.values()
              if {contender.tool, contender.name} & set(options.contenders)]
    for name in options.tables:
        budget = Budget(options.seconds, options.seed)
        for sitting in sittings(name, TABLES[name].panel(), budget)[-options.cuts:]:
            for contender in chosen:
                yield sitting, contender


def examine(sitting: Sitting, contender: Contender) -> Result:
    """Ask one contender; whoever has no answer has failed, and the others go on."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return result_of(sitting, contender, contender.ask(sitting, Path(folder)))
        except (FailedError, OutlastError) as error:
            return result_of(sitting, contender, error=str(error))


def told(result: Result) -> str:
    """A result on one line."""
    where = f"{result.table} {result.cut} {result.contender}"
    if result.answer is None:
        return f"{where}: failed, {result.error}"
    numbers = " ".join(f"{name} {value:.4f}" for name, value in
                       (("promised", result.answer.promise), ("realised", result.realised),
                        ("gap", result.gap)) if value is not None)
    return f"{where}: {numbers} in {result.answer.seconds:.0f} s, {result.answer.note}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tools = {contender.tool: None for contender in CONTENDERS.values()}
    parser.add_argument("--tables", nargs="+", choices=TABLES,
                        default=[table.name for table in PUBLIC])
    parser.add_argument("--contenders", nargs="+", choices=[*tools, *CONTENDERS],
                        default=list(tools), metavar="TOOL[:SETTING]")
    parser.add_argument("--cuts", type=int, default=len(SHARES) - 1, help="the last of them")
    parser.add_argument("--seconds", type=float, default=Budget.seconds)
    parser.add_argument("--seed", type=int, default=Budget.seed)
    parser.add_argument("--results", type=Path, default=Path("reports/foresight.jsonl"))
    parser.add_argument("--write", type=Path, help="Markdown file for the tables")
    options = parser.parse_args()
    known = {result.key: result for result in read(options.results)}
    found = []
    for sitting, contender in asked_for(options):
        key = result_of(sitting, contender).key
        if key not in known:
            known[key] = examine(sitting, contender)
            append(options.results, known[key])
            print(told(known[key]), flush=True)
        found.append(known[key])
    print("\n".join(lines(found)))
    if options.write:
        options.write.write_text(page(found, shlex.join(sys.argv[1:])), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
