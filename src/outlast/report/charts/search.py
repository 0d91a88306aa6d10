"""What the search for parameters did, and what it was worth on the test rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from outlast.report import formatting, view
from outlast.report.charts import base
from outlast.report.document import Document, Row, TrialCard

HISTORY_ID = "fig-search-history"
TUNED_ID = "fig-tuned"
_POINTS_DRAWN = 1000
_MODELS_DRAWN = 12


def draw_history(document: Document) -> base.Figure | None:
    """Draw every trial of the searches of one split, and the best so far."""
    trials = _trials(document)
    if not trials:
        return None
    alt = f"Inner {document.metric} by trial number, one panel per model, with the best so far."
    decimals = formatting.decimals_for(trial.score for trial in trials)
    summaries = _summaries(trials, document.greater_is_better)
    return base.Figure(
        id=HISTORY_ID,
        title=f"Inner {document.metric} over the trials",
        alt=alt,
        caption=_history_caption(trials[0].split, summaries, decimals)
        + _left_out(document, len(trials)),
        svg=base.to_svg(_history(document, trials), HISTORY_ID, alt),
        columns=("model", "searches", "trials", "gain over first trial", "best at trial"),
        rows=tuple((s["model"], str(s["searches"]), str(s["trials"]),
                    formatting.number(s["gain"], decimals, sign=True), str(s["at"]))
                   for s in summaries),
    )


def _trials(document: Document) -> list[TrialCard]:
    """Trials of the headline split; of the first split that has any if it has none."""
    known = [trial for trial in document.trials if trial.best is not None]
    for split in dict.fromkeys(trial.split for trial in known):
        found = [trial for trial in known if trial.split == split]
        drawn = set(list(dict.fromkeys(trial.model for trial in found))[:_MODELS_DRAWN])
        found = [trial for trial in found if trial.model in drawn]
        if found:
            folds = sorted({trial.fold for trial in found})
            kept = set(folds[: max(1, _POINTS_DRAWN * len(folds) // len(found))])
            return [trial for trial in found if trial.fold in kept][:_POINTS_DRAWN]
    return []


def _history(document: Document, trials: Sequence[TrialCard]) -> Any:
    import altair as alt

    style = base.ModelStyle.of(document)
    shown = style.shown(trial.model for trial in trials)
    rows = [{"model": formatting.one_line(t.model), "search": f"{t.row}-{t.fold}",
             "trial": t.number, "score": t.score, "best": t.best, **_told(document, t)}
            for t in trials]
    columns = view.panel_columns(len(shown), 4)
    chart = alt.Chart()
    last = max(trial.number for trial in trials)
    ticks = list(range(0, last + 1, max(1, -(-last // 6))))
    x = alt.X("trial:Q", title="trial", axis=alt.Axis(values=ticks, format="d", grid=False))
    scale = alt.Scale(zero=False, domain=_visible_range(trials), clamp=True)
    title = f"inner {document.metric}"
    paint = style.colours(shown)
    layers = alt.layer(
        chart.mark_point(size=22, opacity=1, strokeOpacity=0.55).encode(
            x=x, y=alt.Y("score:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5)),
            color=paint, tooltip="tip:N"),
        chart.mark_line(interpolate="step-after", strokeWidth=1.8).encode(
            x=x, y=alt.Y("best:Q", title=title, scale=scale), color=paint, detail="search:N"),
        data=base.inline(rows),
    ).properties(width=(base.WIDTH - 70) / columns - 18, height=140)
    facet = alt.Facet("model:N", sort=shown, title=None, header=alt.Header(labelLimit=240))
    return layers.facet(facet, columns=columns, spacing=18)


def _told(document: Document, trial: TrialCard) -> dict[str, str]:
    decimals = view.score_decimals(document)
    params = ", ".join(f"{name} {formatting.plain(value, 20)}"
                       for name, value in trial.params.items())
    return base.tip(trial.model, f"trial {trial.number} of fold {trial.fold}",
                    f"inner {document.metric} {formatting.number(trial.score, decimals)}",
                    params)


def _visible_range(trials: Sequence[TrialCard]) -> list[float]:
    """A range that one hopeless trial cannot stretch: all bests and nine trials in ten."""
    scores = sorted(t.score for t in trials if t.score is not None)
    bests = [t.best for t in trials if t.best is not None]
    low, high = scores[len(scores) // 20], scores[-1 - len(scores) // 20]
    low, high = min([low, *bests]), max([high, *bests])
    margin = 0.06 * (high - low) or 0.01
    return [low - margin, high + margin]


def _summaries(trials: Sequence[TrialCard], greater_is_better: bool) -> list[dict[str, Any]]:
    searches: dict[str, dict[tuple[str, int], list[TrialCard]]] = defaultdict(dict)
    for trial in trials:
        searches[trial.model].setdefault((trial.row, trial.fold), []).append(trial)
    summaries = []
    for model, groups in searches.items():
        gains, found = [], []
        for group in groups.values():
            ordered = sorted(group, key=lambda t: t.number)
            last = ordered[-1].best or 0.0
            gain = last - (ordered[0].best or 0.0)
            gains.append(gain if greater_is_better else -gain)
            found.append(next(t.number for t in ordered if t.best == last))
        count = sum(map(len, groups.values()))
        summaries.append({"model": model, "searches": len(groups), "trials": count,
                          "gain": sum(gains) / len(gains), "at": max(found)})
    return sorted(summaries, key=lambda s: -s["gain"])


def _history_caption(split: str, summaries: Sequence[dict[str, Any]], decimals: int) -> str:
    top = summaries[0]
    count = sum(s["trials"] for s in summaries)
    return (f"Over {formatting.plural(count, 'trial')} under {split}, the best inner score rose "
            f"most for {top['model']} ({formatting.number(top['gain'], decimals, sign=True)} over "
            f"its first trial, last improved at trial {top['at']}). Dots are trials, lines the "
            "best so far, one line per search.")


def _left_out(document: Document, drawn: int) -> str:
    known = sum(trial.best is not None for trial in document.trials)
    if drawn == known:
        return ""
    return (f" Drawn are the first folds of at most {_MODELS_DRAWN} models, {drawn:,} of "
            f"{known:,} trials; trials.csv has all.")


def draw_tuned(document: Document) -> base.Figure | None:
    """Draw each model with its defaults and tuned, both on the test rows."""
    pairs = view.tuned_pairs(document, document.headline_split)
    pairs = [(a, b) for a, b in pairs if a.score.value is not None and b.score.value is not None]
    pairs = pairs[: view.MODELS_DRAWN]
    if not pairs:
        return None
    alt = f"Test {document.metric} of each model with its defaults and after the search."
    decimals = formatting.decimals_for(row.score.value for pair in pairs for row in pair)
    return base.Figure(
        id=TUNED_ID,
        title="Tuned against default, on the test rows",
        alt=alt,
        caption=_tuned_caption(document, pairs, decimals),
        svg=base.to_svg(_tuned(document, pairs), TUNED_ID, alt),
        columns=("model", "defaults", "tuned", "gain", "search time"),
        rows=tuple((a.model, formatting.interval(a.score, decimals),
                    formatting.interval(b.score, decimals),
                    formatting.number(_gain(document, a, b), decimals, sign=True),
                    formatting.duration(b.search_seconds)) for a, b in pairs),
    )


def _gain(document: Document, default: Row, found: Row) -> float:
    difference = (found.score.value or 0.0) - (default.score.value or 0.0)
    return difference if document.greater_is_better else -difference


def _tuned(document: Document, pairs: Sequence[tuple[Row, Row]]) -> Any:
    import altair as alt

    style = base.ModelStyle.of(document)
    rows = [
        {"model": formatting.one_line(row.model), "what": what, "value": row.score.value,
         "low": row.score.value if row.score.low is None else row.score.low,
         "high": row.score.value if row.score.high is None else row.score.high,
         **base.tip(row.model, what, f"{document.metric} "
                    f"{formatting.interval(row.score, view.score_decimals(document))}")}
        for pair in pairs for what, row in zip(("defaults", "tuned"), pair, strict=True)
    ]
    order = [formatting.one_line(a.model) for a, _ in pairs]
    x = alt.X("value:Q", title=document.metric, scale=alt.Scale(zero=False),
              axis=alt.Axis(tickCount=6))
    y = alt.Y("model:N", sort=order, title=None, axis=alt.Axis(
        grid=True, ticks=False, domain=False, labelPadding=8))
    offset = alt.YOffset("what:N", sort=["defaults", "tuned"])
    paint = style.colours(order)
    fill = alt.FillOpacity("what:N", legend=None, scale=alt.Scale(
        domain=["defaults", "tuned"], range=[0, 1]))
    chart = alt.Chart(base.inline(rows))
    return alt.layer(
        chart.mark_rule(strokeWidth=2, opacity=0.6)
        .encode(x=x, x2="high", y=y, yOffset=offset, color=paint, tooltip="tip:N")
        .transform_calculate(value="datum.low"),
        chart.mark_point(size=80, strokeWidth=1.8, opacity=1).encode(
            x=x, y=y, yOffset=offset, color=paint, shape=style.shapes(order), fillOpacity=fill,
            fill=style.fills(order), tooltip="tip:N"),
    ).properties(width=base.plot_width(order), height=alt.Step(15))


def _tuned_caption(
    document: Document, pairs: Sequence[tuple[Row, Row]], decimals: int
) -> str:
    gains = sorted((_gain(document, a, b), b.model) for a, b in pairs)
    low, high = (formatting.number(gains[k][0], decimals, sign=True) for k in (0, -1))
    size = high if len(gains) == 1 else f"{low} to {high} (most: {gains[-1][1]})"
    halves = [(b.score.high - b.score.low) / 2 for _, b in pairs
              if b.score.high is not None and b.score.low is not None]
    small = halves and max(abs(gain) for gain, _ in gains) < min(halves)
    seconds = sum(b.search_seconds for _, b in pairs)
    return (f"Tuning moved the test score by {size} for {formatting.duration(seconds)} of search"
            f"{', less than half an interval for every model' if small else ''}. Hollow marks are "
            "the defaults, filled ones tuned; lines are 95 % intervals.")
