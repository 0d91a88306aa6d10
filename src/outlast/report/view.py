"""What the reports ask of a document: orders, groups and small sums, without any markup."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from outlast.records import Finding
from outlast.report.document import Cell, Document, FeatureCard, FoldCard, Row
from outlast.report.formatting import decimals_for

SEVERITIES = ("high", "medium", "low", "info")
FIRED = ("issue", "tip")
QUIET = ("passed", "not_applicable", "skipped", "muted")
NO_SEARCH = "none"
# What is left out for all models, splits or searches alike.
EVERY = "all"
# What a person can take in at once; the tables beside the page hold everything.
MODELS_DRAWN = 40
SPLITS_DRAWN = 12
_ROWS_SHOWN = 100
_ROWS_ELSEWHERE = 200


@dataclass(frozen=True)
class NamedFinding:
    """A finding with its id in the page, which is its code (numbered from the second on)."""

    id: str
    finding: Finding


@dataclass(frozen=True)
class GridCell:
    """One square of the coverage matrix: how many jobs of a model under a split are done."""

    planned: int
    done: int
    failed: int
    reasons: tuple[str, ...]

    @property
    def state(self) -> str:
        """``done``, ``partial``, ``failed`` or ``none``."""
        if self.planned == 0 or self.done + self.failed == 0:
            return "none"
        if self.done >= self.planned:
            return "done"
        return "partial" if self.done else "failed"


def search_name(search: str) -> str:
    """Name of a search for people: no search means the model's defaults."""
    return "defaults" if search == NO_SEARCH else search.replace("n_trials=", "")


def use_commands(document: Document, *flags: str) -> tuple[str, ...]:
    """Return the commands that make a model of what is recommended and use it, if anything is."""
    if document.headline.verdict not in ("clear", "tie") or not document.configurations:
        return ()  # predictions that were only judged come without any configuration
    return (shlex.join(["outlast", "refit", document.experiment, *flags]),
            "outlast predict model NEW_ROWS")


def score_decimals(document: Document) -> int:
    """Decimals that every score of a document is written with."""
    return decimals_for(row.score.value for row in document.leaderboard)


def fired(document: Document) -> list[NamedFinding]:
    """Findings that ask for attention, the most severe first."""
    chosen = [f for f in named_findings(document) if f.finding.outcome in FIRED]
    return sorted(chosen, key=lambda f: SEVERITIES.index(f.finding.severity))


def quiet(document: Document, outcome: str) -> list[NamedFinding]:
    """Findings of one other outcome, such as ``passed``, by code."""
    chosen = [f for f in named_findings(document) if f.finding.outcome == outcome]
    return sorted(chosen, key=lambda f: f.finding.code)


def named_findings(document: Document) -> list[NamedFinding]:
    """All findings with unique ids, in the document's order."""
    seen: dict[str, int] = defaultdict(int)
    named = []
    for finding in document.findings:
        seen[finding.code] += 1
        number = seen[finding.code]
        name = finding.code if number == 1 else f"{finding.code}-{number}"
        named.append(NamedFinding(name, finding))
    return named


def splits(document: Document) -> list[str]:
    """Splits of the leaderboard: the headline one, then the honest, then the leaky ones."""
    leaky = {row.split: row.leaky for row in document.leaderboard}
    return sorted(leaky, key=lambda split: (split != document.headline_split, leaky[split]))


def leaky_splits(document: Document) -> set[str]:
    """Splits that are shown as a contrast only."""
    rows = {row.split for row in document.leaderboard if row.leaky}
    return rows | {fold.split for fold in document.folds if fold.leaky}


def folds(document: Document) -> list[FoldCard]:
    """Folds in the order of the splits."""
    order = {split: position for position, split in enumerate(splits(document))}
    return sorted(document.folds, key=lambda fold: (order.get(fold.split, len(order)), fold.fold))


def rows_of(document: Document, split: str | None) -> list[Row]:
    """Leaderboard rows of one split, best first."""
    return [row for row in document.leaderboard if row.split == split]


def shown_rows(document: Document, split: str) -> list[Row]:
    """Rows of one split that the page has room for, best first.

    A hundred of the headline split, and two hundred of all others together, five at least.
    """
    others = max(1, len({row.split for row in document.leaderboard}) - 1)
    elsewhere = min(_ROWS_SHOWN, max(5, _ROWS_ELSEWHERE // others))
    limit = _ROWS_SHOWN if split == splits(document)[0] else elsewhere
    return rows_of(document, split)[:limit]


def rank_note(rows: Iterable[Row]) -> str:
    """What the sign behind some ranks means, "" where no row has it.

    Examples
    --------
    >>> rank_note([])
    ''
    """
    if not any(row.rank.endswith("~") for row in rows):
        return ""
    return ("A rank with ~ cannot be told from the best either, as its interval is wide, but its "
            "mean is below that of a row that can.")


def drawn_rows(document: Document, split: str, most: int = MODELS_DRAWN) -> list[Row]:
    """Best row of each of the best models of a split, and the best baseline, which sets the bar."""
    rows = without_weak_baselines(best_per_model(rows_of(document, split)))
    return [row for at, row in enumerate(rows) if at < most or row.is_baseline]


def best_per_model(rows: Iterable[Row]) -> list[Row]:
    """The first, that is the best, row of each model."""
    best: dict[str, Row] = {}
    for row in rows:
        best.setdefault(row.model, row)
    return list(best.values())


def models(document: Document) -> list[str]:
    """All models: by rank under the headline split, baselines last."""
    rows = sorted(document.leaderboard, key=lambda row: row.split != document.headline_split)
    honest_first = sorted(rows, key=lambda row: row.leaky and row.split != document.headline_split)
    names = [row.model for row in sorted(honest_first, key=lambda row: row.is_baseline)]
    names += [cell.model for cell in document.coverage if cell.model != EVERY]
    return list(dict.fromkeys(names))


def baselines(document: Document) -> set[str]:
    """Models that only set the bar."""
    return {row.model for row in document.leaderboard if row.is_baseline}


def without_weak_baselines(rows: Sequence[Row]) -> list[Row]:
    """Rows of one split without all baselines but the best, which sets the bar."""
    bar = next((row for row in rows if row.is_baseline), None)
    return [row for row in rows if not row.is_baseline or row is bar]


def baseline_score(rows: Sequence[Row]) -> float | None:
    """Score of the best baseline among the rows of one split."""
    return next((row.score.value for row in rows if row.is_baseline), None)


def several_selections(document: Document) -> bool:
    """Whether rows differ in their feature selection."""
    return len({row.selection for row in document.leaderboard}) > 1


def recommended(document: Document) -> Row | None:
    """The leaderboard row that the headline recommends."""
    return next((row for row in document.leaderboard if row.id == document.headline.row), None)


def train_gap(row: Row, greater_is_better: bool) -> float | None:
    """How much better a row scores on its own training rows than on the test rows."""
    if row.train_score is None or row.score.value is None:
        return None
    gap = row.train_score - row.score.value
    return gap if greater_is_better else -gap


def tuned_pairs(document: Document, split: str | None) -> list[tuple[Row, Row]]:
    """Rows of one split as (with defaults, best tuned) for every model that has both."""
    rows = [row for row in rows_of(document, split) if not row.is_baseline]
    default = {(row.model, row.selection): row for row in rows if row.search == NO_SEARCH}
    tuned = best_per_model(row for row in rows if row.search != NO_SEARCH
                           and (row.model, row.selection) in default)
    return [(default[row.model, row.selection], row) for row in tuned]


def features_by_share(document: Document) -> list[FeatureCard]:
    """Features by their mean share of the importance, those without one last."""
    return sorted(document.features, key=lambda card: (card.share is None, -(card.share or 0.0)))


@dataclass(frozen=True)
class Column:
    """One column of the feature table, and whether it is shown unless asked for."""

    key: str
    title: str
    shown: bool
    is_number: bool


# Title, field that must be known of some feature, whether it is shown at first, whether a number.
_COLUMNS = {
    "feature": ("feature", "", True, False),
    "decision": ("decision", "", True, False),
    "verdict": ("verdict", "", True, False),
    "share": ("share", "", True, True),
    "reliance": ("reliance", "", True, True),
    "replaceability": ("replaceability", "", True, True),
    "drift": ("drift", "drift", True, True),
    "rank": ("rank, middle half", "rank_low", False, True),
    "chosen": ("chosen by folds", "select_freq", False, True),
    "leaks": ("signs of leakage", "leak_points", False, True),
    "cluster": ("near copies of", "cluster", False, False),
    "cost": ("cost, s per 100,000 rows", "cost", False, True),
    "family": ("operation", "family", False, False),
    "roots": ("raw columns", "roots", False, False),
    "why": ("why", "", True, False),
}


def feature_columns(document: Document) -> list[Column]:
    """Columns of the feature table of which anything is known."""
    def known(field: str) -> bool:
        return not field or any(getattr(card, field) not in (None, "", ())
                                for card in document.features)

    return [Column(key, title, shown, is_number)
            for key, (title, field, shown, is_number) in _COLUMNS.items() if known(field)]


def panel_columns(count: int, most: int) -> int:
    """How many columns spread so many panels evenly over the fewest rows."""
    return -(-count // -(-count // most)) if count else 1


def grid(document: Document) -> dict[tuple[str, str], GridCell]:
    """Coverage of the matrix by (model, split), summed over the searches."""
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in document.coverage:
        groups[cell.model, cell.split].append(cell)
    return {key: _merged(cells) for key, cells in groups.items()}


def _merged(cells: Sequence[Cell]) -> GridCell:
    reasons = tuple(cell.reason if cell.search == EVERY else
                    f"{search_name(cell.search)}: {cell.reason}" for cell in cells if cell.reason)
    return GridCell(
        planned=sum(cell.planned for cell in cells),
        done=sum(cell.done for cell in cells),
        failed=sum(cell.failed for cell in cells),
        reasons=reasons,
    )


def coverage_splits(document: Document) -> list[str]:
    """Columns of the coverage matrix."""
    named = (cell.split for cell in document.coverage if cell.split != EVERY)
    return list(dict.fromkeys([*splits(document), *named]))
