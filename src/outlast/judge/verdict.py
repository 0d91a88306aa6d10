"""The headline: which model to ship, what to expect from it, or that there is none."""

from __future__ import annotations

from collections.abc import Sequence

from outlast.judge import statistics, unfinished
from outlast.judge.board import Headline, Row, RuleCard, Trust, Verdict
from outlast.judge.leaderboard import Board
from outlast.judge.wording import interval_text, number, signed
from outlast.records import Finding, Record

# A random split that looks better (OL101) does not make the honest number wrong, so it is a
# warning about the data and not a reason to distrust the headline altogether.
_LOW_TRUST = ("OL103", "OL105", "OL106", "OL203")
_MEDIUM_TRUST = ("OL101", "OL102", "OL401", "OL402", "OL602", "OL806")


def headline_split(board: Board, wanted: str | None) -> str | None:
    """Return the split that stands for deployment: the wanted one, else the first honest one.

    Parameters
    ----------
    board : Board
    wanted : str, optional
        Name or label of a split.
    """
    honest = [split for split in board.splits
              if board.of_split(split) and not board.of_split(split)[0].leaky]
    for split in honest:
        if wanted is not None and wanted in (split, split.split("(")[0]):
            return split
    return honest[0] if honest else None


def recommended(
    board: Board, split: str | None, rules: Sequence[RuleCard] = ()
) -> Row | None:
    """Return the row that the rule of choosing takes; a baseline only where nothing else was run.

    Which of several models that are within noise of each other comes out first is luck, and its
    lead is flattered by that. Their ensemble is not chosen by its score: it is taken where it is
    better than they are on average, unless it is itself beyond that noise behind the row.

    Parameters
    ----------
    board : Board
    split : str, optional
    rules : sequence of RuleCard
        The chosen one first; the best mean where there are none.
    """
    rows = [row for row in board.of_split(split) if row.score.value is not None]
    models = [row for row in rows if not (row.is_baseline or row.members)]
    if not models:
        return rows[0] if rows else None
    single = next((row for row in models if rules and row.id == rules[0].row), models[0])
    mean = next((row for row in rows if row.members), None)
    return mean if mean and _is_as_good(board, mean, single) else single


def _is_as_good(board: Board, mean: Row, single: Row) -> bool:
    """Whether an ensemble is better than its members on average, and within noise of one row."""
    gains = [board.gains(mean.id, member) for member in mean.members]
    over_members = gains[0].times(1 / len(gains))
    for gain in gains[1:]:
        over_members += gain.times(1 / len(gains))
    lead = board.gains(single.id, mean.id)
    return over_members.mean > 0 and lead.mean <= board.thresholds.ensemble_se * lead.se


def beats_baseline(board: Board, split: str | None) -> list[Row]:
    """Return the rows whose gain over the best baseline survives Holm's correction."""
    rows = [row for row in board.of_split(split)
            if not row.is_baseline and row.p_over_baseline is not None]
    adjusted = statistics.holm([row.p_over_baseline or 0.0 for row in rows])
    return [row for row, p in zip(rows, adjusted, strict=True) if p <= board.thresholds.alpha]


def make_headline(
    board: Board, split: str | None, findings: Sequence[Finding],
    rules: Sequence[RuleCard] = (), records: Sequence[Record] = (),
) -> Headline:
    """Return the answer in one sentence, with the trust that it deserves.

    Parameters
    ----------
    board : Board
    split : str, optional
        The headline split; None when only leaky splits were run.
    findings : sequence of Finding
    rules : sequence of RuleCard
        Rules of choosing, the chosen one first.
    records : sequence of Record
        All records of the experiment; the failed ones are told of.

    Returns
    -------
    Headline
    """
    row = recommended(board, split, rules)
    if split is None or row is None:
        return _nothing_honest(board, records)
    failed = unfinished.broken(records, [split])
    if row.is_baseline:
        return _no_model(row, board.metric.name, failed)
    verdict = _verdict(board, split, row)
    trust, reason = _trust(findings, verdict, row)
    baseline = next((r for r in board.of_split(split) if r.is_baseline), None)
    return Headline(
        verdict=verdict, trust=trust,
        sentence=_sentence(board, split, row, verdict) + _left_out(board, split, failed),
        trust_reason=reason, split=split, row=row.id, score=row.score,
        over_baseline=row.over_baseline, baseline=baseline.model if baseline else None,
    )


def _verdict(board: Board, split: str, row: Row) -> Verdict:
    if row.n_blocks < board.thresholds.interval_blocks:
        return "not_enough_evidence"
    has_baseline = any(r.is_baseline for r in board.of_split(split))
    if has_baseline and not beats_baseline(board, split):
        return "none"
    return "tie" if _tied(board, split, row) else "clear"


def _tied(board: Board, split: str, row: Row) -> list[Row]:
    """Rows of other models that cannot be told from a row."""
    gains = ((other, board.gain(row.id, other.id)) for other in _others(board, split, row))
    return [other for other, gain in gains if gain.low is None or gain.low <= 0]


def _others(board: Board, split: str, row: Row) -> list[Row]:
    """Rows of other models; an ensemble is no rival to what it may be made of."""
    return [r for r in board.of_split(split)
            if r.model != row.model and not (r.is_baseline or r.members)]


def _sentence(board: Board, split: str, row: Row, verdict: Verdict) -> str:
    metric = board.metric.name
    score = f"{metric} {interval_text(row.score)}"
    size = f"{row.n_folds} fold{'s' * (row.n_folds > 1)}, {row.n_blocks} independent blocks of time"
    if verdict == "none":
        bar = next(r for r in board.of_split(split) if r.is_baseline)
        return (f"No model beats the baseline {bar.model} under {split}: the most promising, "
                f"{row.model}, reaches {score} against {number(bar.score.value)} ({size}). "
                "Do not deploy.")
    if verdict == "not_enough_evidence":
        return (f"Not enough evidence to name a model: {row.model} scores {score} under {split}, "
                f"but the held-out time holds only {row.n_blocks} independent block(s); "
                f"{board.thresholds.interval_blocks} are needed.")
    gain = (f"{signed(row.over_baseline)} over the best baseline" if row.over_baseline
            else "with no baseline run beside it")
    return (f"{row.model}{_how(board, row)} is the choice for what comes next under {split}: "
            f"{score}, {gain} ({size}). {_runner_up(board, split, row, verdict)}")


def _runner_up(board: Board, split: str, row: Row, verdict: Verdict) -> str:
    others = _others(board, split, row)
    if not others:
        return "No other model has finished beside it."
    if verdict == "clear":
        other = others[0]
        return f"It beats the next model, {other.model}, by {signed(board.gain(row.id, other.id))}."
    # A model may have several rows, and the one that ties need not be its first.
    tied = _tied(board, split, row)
    gain, names = board.gain(row.id, tied[0].id), sorted({r.model for r in tied})
    return (f"It cannot be told from {', '.join(names)} (difference to {tied[0].model} "
            f"{signed(gain)}).")


def _trust(findings: Sequence[Finding], verdict: Verdict, row: Row) -> tuple[Trust, str]:
    fired = {finding.code: finding for finding in findings if finding.outcome == "issue"}
    if verdict == "not_enough_evidence":
        return "low", "the held-out time is too short"
    levels: tuple[tuple[Trust, tuple[str, ...]], ...] = (
        ("low", _LOW_TRUST), ("medium", _MEDIUM_TRUST)
    )
    for level, codes in levels:
        for code in codes:
            if code in fired:
                return level, f"{code}: {fired[code].title.lower()}"
    if row.over_baseline is None and not row.is_baseline:
        return "medium", "no baseline was run to compare it with"
    return "high", f"{row.n_blocks} independent blocks of time, no check failed"


def _nothing_honest(board: Board, records: Sequence[Record]) -> Headline:
    leaky = [row.split for row in board.rows]
    failed = unfinished.broken(records, {r.job.split.label for r in records} - set(leaky))
    if not board.rows:
        told = f": {_failures(failed)}" if failed else ": there is nothing to recommend."
        return Headline(verdict="not_enough_evidence", trust="low",
                        sentence=f"No configuration finished{told}",
                        trust_reason="no finished configuration")
    best = next((r for r in board.rows if r.score.value is not None), board.rows[0])
    run = (f"Nothing that does not leak has finished ({unfinished.told(failed)})" if failed else
           "Nothing was run that does not leak")
    return Headline(
        verdict="only_leaky", trust="low", row=best.id, split=best.split, score=best.score,
        sentence=f"{run}: {board.metric.name} {interval_text(best.score)} of {best.model} under "
                 f"{best.split} is probably optimistic.",
        trust_reason="no result without a known leak",
    )


def _no_model(bar: Row, metric: str, failed: Sequence[Record]) -> Headline:
    """Where baselines alone have a score: nothing is known of any model."""
    why = (f"No model has finished under {bar.split}, so whether one beats the baseline "
           f"{bar.model} is not known: {_failures(failed)}" if failed else
           f"Nothing but baselines was run under {bar.split}: the best, {bar.model}, scores "
           f"{metric} {interval_text(bar.score)}. Run models to compare with it.")
    return Headline(verdict="not_enough_evidence", sentence=why, trust="low", split=bar.split,
                    trust_reason="no model has finished" if failed else "no model was run",
                    baseline=bar.model)


def _failures(failed: Sequence[Record]) -> str:
    return f"{unfinished.told(failed)}. {unfinished.way_on(failed)}"


def _left_out(board: Board, split: str, failed: Sequence[Record]) -> str:
    """A sentence on models that are not in the comparison, as they came to no result."""
    compared = {row.model for row in board.of_split(split)}
    lost = [record for record in failed if record.job.model.label not in compared]
    if not lost:
        return ""
    return f" Left out of the comparison: {unfinished.told(lost)}."


def _how(board: Board, row: Row) -> str:
    if row.members:
        made_of = [r.model for r in board.of_split(row.split) if r.id in row.members]
        return f" of {', '.join(made_of)}"
    chosen = {r.selection for r in board.of_split(row.split) if not r.is_baseline}
    features = "" if len(chosen) < 2 else (
        " on all features" if row.selection == "none" else
        f" on the {row.n_features} features that {row.selection} keeps")
    told = {"none": " with its defaults", "given": ""}
    return told.get(row.search, f" tuned by {row.search}") + features
