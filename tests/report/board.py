"""The numbers of the realistic document: folds, leaderboard, fold scores, trials, coverage."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from outlast.records import BlockAudit, FoldAudit
from outlast.report.document import (
    Cell,
    FoldCard,
    FoldScore,
    Interval,
    Row,
    TrialCard,
)

MODELS = {
    "catboost": 0.733,
    "lightgbm": 0.739,
    "xgboost": 0.731,
    "linear": 0.722,
    "last_value": 0.611,
    "prior": 0.5,
}
BASELINES = {"last_value", "prior"}
SPLITS = {"temporal": 1, "event_aware": 1, "walk_forward": 5, "expanding_window": 5, "random": 5}
OFFSETS = {
    "temporal": 0.0,
    "event_aware": 0.006,
    "walk_forward": -0.018,
    "expanding_window": -0.008,
    "random": 0.094,
}
SEARCHES = ("none", "optuna")
N_TRIALS = 10
FIRST, LAST = date(2000, 3, 1), date(2013, 3, 1)
PARAMS: dict[str, dict[str, Any]] = {
    "lightgbm": {
        "num_leaves": 15,
        "learning_rate": 0.021,
        "min_child_samples": 180,
        "feature_fraction": 0.62,
        "lambda_l2": 4.7,
    },
    "xgboost": {"max_depth": 3, "learning_rate": 0.034, "subsample": 0.7, "reg_lambda": 6.1},
    "catboost": {"depth": 4, "learning_rate": 0.03, "l2_leaf_reg": 5.5},
    "linear": {"C": 0.02},
}


def nanoseconds(day: date) -> int:
    """Midnight UTC of a day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**9


def windows(split: str) -> list[tuple[date, date, date, date]]:
    """Train and test windows of every fold of a split."""
    if split == "random":
        return [(FIRST, LAST, FIRST, LAST)] * 5
    if split == "temporal":
        return [(FIRST, date(2010, 7, 16), date(2010, 7, 26), LAST)]
    if split == "event_aware":
        return [(FIRST, date(2010, 6, 9), date(2010, 6, 16), LAST)]
    cuts = [date(2007 + k, 1, 1 + 2 * k) for k in range(6)] + [LAST]
    starts = [FIRST if split == "expanding_window" else a - timedelta(days=5 * 365) for a in cuts]
    return [
        (max(FIRST, starts[k]), a - timedelta(days=8), a, b - timedelta(days=1))
        for k, (a, b) in enumerate(pairwise(cuts[:6]))
    ]


def fold_card(split: str, number: int, window: tuple[date, date, date, date]) -> FoldCard:
    """One fold with its audit."""
    train_start, train_end, test_start, test_end = window
    leaky = split == "random"
    first, last = nanoseconds(test_start), nanoseconds(test_end)
    label_end = nanoseconds(test_end + timedelta(days=7))
    block = BlockAudit(
        start=first,
        end=last,
        label_end=label_end,
        last_label_end_before=nanoseconds(train_end + timedelta(days=7)),
    )
    n_train = (train_end - train_start).days * 3
    n_test = 2431 if leaky else (test_end - test_start).days * 3
    audit = FoldAudit(
        n_train=n_train,
        n_test=n_test,
        n_purged=0 if leaky else 25,
        n_overlap=9698 if leaky else 0,
        n_shared_times=2410 if leaky else 0,
        train_start=nanoseconds(train_start),
        train_end=nanoseconds(train_end),
        test_start=first,
        test_end=last,
        blocks=() if leaky else (block,),
    )
    moves = ("2010-06-01 moved to 2010-06-16 out of flash crash / euro crisis (55 rows)",)
    return FoldCard(
        split=split,
        fold=number,
        leaky=leaky,
        train_start=str(train_start),
        train_end=str(train_end),
        test_start=str(test_start),
        test_end=str(test_end),
        test_share=0.21 + 0.05 * (number % 3),
        moves=moves if split == "event_aware" else (),
        audit=audit,
    )


def board_row(model: str, split: str, search: str, score: float) -> Row:
    """One leaderboard row, still without its rank."""
    folds = SPLITS.get(split, 1)
    half = 0.012 if split == "random" else 0.034 / folds**0.3
    best, bar = 0.741 + OFFSETS.get(split, 0), 0.611 + OFFSETS.get(split, 0)
    tuned = search != "none"
    return Row(
        id=f"{abs(hash_text(model + split + search)):08x}"[:8],
        rank="2",
        tier=2,
        model=model,
        search=search,
        selection="cluster",
        split=split,
        leaky=split == "random",
        is_baseline=model in BASELINES,
        score=around(score, half),
        over_best=around(score - best, 0.7 * half),
        over_baseline=around(score - bar, 0.8 * half),
        p_over_baseline=None if model in BASELINES else 0.001,
        n_folds=folds,
        n_test=2412 * folds,
        n_blocks=45 * folds,
        worst_fold=score - 0.03,
        train_score=score + 0.08,
        other_scores={"log_loss": 0.48, "brier": 0.15},
        fit_seconds=0.4 if tuned else 0.9,
        search_seconds=14.0 * folds if tuned else 0.0,
        predict_us_per_row=1.0 if model in BASELINES else 4.2,
        n_features=34,
        jobs=tuple(
            f"{abs(hash_text(f'{model}{split}{search}{k}')):016x}"[:16] for k in range(folds)
        ),
    )


def hash_text(text: str) -> int:
    """A hash that is the same in every process."""
    return int.from_bytes(random.Random(text).randbytes(8), "big")


def around(value: float, half: float) -> Interval:
    """An interval around a value."""
    return Interval(value=value, low=value - half, high=value + half)


def leaderboard() -> tuple[Row, ...]:
    """Six models by five splits by two searches, ranked within each split."""
    rows: list[Row] = []
    noise = random.Random(7)
    for split, offset in OFFSETS.items():
        members = [
            board_row(
                model,
                split,
                search,
                skill
                + (offset if skill > 0.5 else 0)
                + (0.002 if search == "optuna" else 0)
                + noise.uniform(-0.003, 0.003),
            )
            for model, skill in MODELS.items()
            for search in (SEARCHES if model not in BASELINES else ("none",))
        ]
        members.sort(key=lambda row: -(row.score.value or 0))
        top = members[0].score.value or 0.0
        for position, row in enumerate(members, start=1):
            tied = (row.score.value or 0.0) > top - 0.012
            gain = (row.score.value or 0.0) - top
            rows.append(
                row.model_copy(
                    update={
                        "rank": "1=" if tied else str(position),
                        "tier": 1 if tied else 2,
                        "over_best": around(gain, 0.012)
                        if gain
                        else Interval(value=0.0, low=0.0, high=0.0),
                    }
                )
            )
    return tuple(rows)


def fold_scores(rows: tuple[Row, ...]) -> tuple[FoldScore, ...]:
    """Scores of every row in every fold; the window of 2008 is hard for all."""
    noise = random.Random(3)
    scores = []
    for row in rows:
        for number, window in enumerate(windows(row.split)):
            dip = -0.045 if window[2].year == 2008 and not row.is_baseline else 0.012
            value = (row.score.value or 0.0) + dip + noise.uniform(-0.012, 0.012)
            scores.append(
                FoldScore(
                    row=row.id,
                    model=row.model,
                    search=row.search,
                    split=row.split,
                    fold=number,
                    score=value,
                    test_start=str(window[2]),
                    test_end=str(window[3]),
                    job=row.jobs[number],
                )
            )
    return tuple(scores)


def trials(rows: tuple[Row, ...]) -> tuple[TrialCard, ...]:
    """Ten trials in each fold of every tuned row."""
    noise = random.Random(5)
    cards = []
    for row in rows:
        if row.search == "none":
            continue
        for fold in range(row.n_folds):
            best = 0.0
            for number in range(N_TRIALS):
                failed = number == 6 and row.model == "xgboost"
                score = (
                    None if failed else 0.70 + 0.02 * noise.random() - 0.06 * (noise.random() < 0.2)
                )
                best = max(best, score or 0.0)
                cards.append(
                    TrialCard(
                        row=row.id,
                        model=row.model,
                        split=row.split,
                        fold=fold,
                        number=number,
                        score=score,
                        best=best,
                        state="failed" if failed else "complete",
                        seconds=1.3,
                        params=PARAMS.get(row.model, {}),
                    )
                )
    return tuple(cards)


def coverage() -> tuple[Cell, ...]:
    """The matrix with one failed corner."""
    cells = []
    for model in MODELS:
        for split, folds in SPLITS.items():
            for search in SEARCHES:
                skipped = model in BASELINES and search != "none"
                failed = 1 if (model, split, search) == ("xgboost", "walk_forward", "optuna") else 0
                cells.append(
                    Cell(
                        model=model,
                        split=split,
                        search=search,
                        planned=0 if skipped else folds,
                        done=0 if skipped else folds - failed,
                        failed=failed,
                        reason="fold 3 ran out of time after 60 s" if failed else "",
                    )
                )
    return tuple(cells)
