"""Documents that strain the report: small, empty, crowded, of other tasks, and hostile."""

from __future__ import annotations

from typing import Any

from outlast.report.document import Document, Headline, Interval
from tests.report.board import board_row
from tests.report.detailed import CONFUSION, COVERED, RESIDUALS
from tests.report.judged import NOTHING
from tests.report.sample import sample


def minimal() -> Document:
    """One linear model under one split: no events, searches, features or findings."""
    full = sample()
    row = next(r for r in full.leaderboard if r.model == "linear" and r.search == "none")
    row = row.model_copy(
        update={
            "rank": "1",
            "tier": 1,
            "over_baseline": None,
            "over_best": None,
            "predict_us_per_row": None,
            "train_score": None,
        }
    )
    headline = Headline(
        verdict="not_enough_evidence",
        trust="low",
        split="temporal",
        row=row.id,
        sentence="Not enough evidence to name a model.",
        trust_reason="the held-out time is too short",
        score=Interval(value=0.722),
    )
    data = full.data.model_copy(
        update={"events": (), "n_events": 0, "entity_column": None, "entities": (), "n_entities": 1}
    )
    return full.model_copy(
        update={
            "leaderboard": (row,),
            "headline": headline,
            "data": data,
            "findings": (),
            "trials": (),
            "parameters": (),
            "features": (),
            "configurations": (),
            "coverage": (),
            "failures": (),
            "folds": full.folds[:1],
            "fold_scores": full.fold_scores[:1],
            "method": (),
            "thresholds": {},
            **NOTHING,
        }
    )


def empty() -> Document:
    """Nothing finished: every job failed."""
    full = sample()
    headline = Headline(
        verdict="not_enough_evidence",
        trust="low",
        sentence="No configuration finished: there is nothing to recommend.",
        trust_reason="no finished configuration",
    )
    cells = tuple(c.model_copy(update={"done": 0, "failed": c.planned}) for c in full.coverage)
    return full.model_copy(
        update={
            "leaderboard": (),
            "headline": headline,
            "headline_split": None,
            "folds": (),
            "fold_scores": (),
            "trials": (),
            "parameters": (),
            "features": (),
            "configurations": (),
            "coverage": cells,
            **NOTHING,
        }
    )


def regression() -> Document:
    """A loss that is small and better when lower."""
    full = sample()

    def turned(estimate: Interval | None) -> Interval | None:
        if estimate is None or estimate.value is None:
            return None
        low, high = estimate.low or 0.0, estimate.high or 0.0
        return Interval(value=0.1 - estimate.value / 10, low=0.1 - high / 10, high=0.1 - low / 10)

    rows = tuple(
        row.model_copy(
            update={"score": turned(row.score), "worst_fold": 0.061, "train_score": 0.02}
        )
        for row in full.leaderboard
    )
    scores = tuple(
        s.model_copy(update={"score": 0.1 - (s.score or 0) / 10}) for s in full.fold_scores
    )
    cards = tuple(
        t.model_copy(
            update={
                "score": None if t.score is None else 0.1 - t.score / 10,
                "best": 0.1 - (t.best or 0) / 10,
            }
        )
        for t in full.trials
    )
    data = full.data.model_copy(
        update={"task": "regression", "target": "fwd_ret_5", "class_shares": {}}
    )
    return full.model_copy(
        update={
            "metric": "rmse",
            "greater_is_better": False,
            "calibration": None,
            "costs": None,
            "intervals": COVERED,
            "details": full.details.model_copy(
                update={"reliability": None, "curves": None, "residuals": RESIDUALS}),
            "data": data,
            "leaderboard": rows,
            "fold_scores": scores,
            "trials": cards,
        }
    )


def crowded() -> Document:
    """Thirty models with long names under each of four splits."""
    full = sample()
    rows = []
    for k in range(4):
        split = f"walk_forward(n_splits={k}, step='30D', test_size='120D', train_size='730D')"
        for m in range(30):
            row = board_row(
                f"lightgbm(num_leaves={m}, learning_rate=0.0{m})",
                "temporal",
                "none",
                0.74 - 0.004 * m,
            )
            rows.append(
                row.model_copy(update={"split": split, "id": f"{k:04x}{m:04x}", "rank": str(m + 1)})
            )
    return full.model_copy(update={"leaderboard": tuple(rows), "headline_split": rows[0].split})


def multiclass() -> Document:
    """Three classes: no share of a class 1, and one score that could not be had."""
    full = sample()
    rows = list(full.leaderboard)
    rows[3] = rows[3].model_copy(
        update={
            "score": Interval(value=None),
            "over_best": Interval(value=None),
            "worst_fold": None,
        }
    )
    data = full.data.model_copy(
        update={"task": "multiclass", "class_shares": {"a": 0.5, "b": 0.3, "c": 0.2}}
    )
    folds = tuple(fold.model_copy(update={"test_share": None}) for fold in full.folds)
    details = full.details.model_copy(
        update={"reliability": None, "curves": None, "confusion": CONFUSION})
    return full.model_copy(update={"leaderboard": tuple(rows), "data": data, "folds": folds,
                                   "calibration": None, "costs": None, "details": details})


def abstract() -> Document:
    """Plain integers as time: no calendar on any axis."""
    full = sample()
    folds, scores = [], []
    for k, fold in enumerate(full.folds):
        cut = 1000 + 100 * k
        times = {
            "train_start": 0,
            "train_end": cut - 6,
            "test_start": cut,
            "test_end": cut + 99,
        }
        audit = fold.audit.model_copy(update={**times, "blocks": ()})
        texts = {key: str(value) for key, value in times.items()}
        folds.append(fold.model_copy(update={**texts, "audit": audit}))
    spans = {(fold.split, fold.fold): fold for fold in folds}
    for score in full.fold_scores:
        fold = spans[score.split, score.fold]
        update = {"test_start": fold.test_start, "test_end": fold.test_end}
        scores.append(score.model_copy(update=update))
    data = full.data.model_copy(update={"start": "0", "end": "2700", "events": ()})
    return full.model_copy(
        update={"folds": tuple(folds), "fold_scores": tuple(scores), "data": data}
    )


HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a|b",
    "new\nline",
    "=cmd()",
    '" onmouseover="alert(1)" x="',
    "javascript:alert(1)",
    "{{7*7}}",
    "`tick` *star*",
    "\u202egpj.exe",
    "[x](javascript:alert(1))",
    "![](http://x)",
    "# h",
    "x\n|z",
    "${7*7}",
    "<svg onload=alert(1)>",
    "&lt;",
    "a\u2028b",
    "@SUM(1)",
    "+1+1",
    "-2+3",
    "\t=1",
    "\r=1",
    '=HYPERLINK("http://x","y")',
    "../../etc/x",
    "C:\\x",
    "CON",
    "x" * 300,
    "nai\u0308ve",
    "\x1b]0;pwn\x07",
    "a\0b",
    "\U0001f1eb\U0001f1f7",
    "__class__",
    "%2e%2e%2f",
    " . ",
    "]]>",
    "<!--",
    "'; background: url(http://x)",
)


# What only outlast itself writes, and times.
SAFE = {
    "schema_version", "verdict", "trust", "task", "decision", "outcome", "severity", "code",
    "metric", "rank", "state", "start", "end", "train_start", "train_end", "test_start",
    "test_end", "generated_at", "status", "edge",
}
OPEN = {"class_shares", "libraries", "shares", "params", "evidence", "thresholds", "other_scores"}


def hostile() -> Document:
    """The full document with an attack for every text that a table or a user can name."""
    attacks: dict[str, str] = {"none": "none"}

    def attack(text: str) -> str:
        return attacks.setdefault(text, f"{HOSTILE[len(attacks) % len(HOSTILE)]} {len(attacks)}")

    def replaced(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {
                attack(name) if key in OPEN else name: replaced(item, name)
                for name, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [replaced(item, key) for item in value]
        return attack(value) if isinstance(value, str) and key not in SAFE else value

    return Document.model_validate(replaced(sample().model_dump()))
