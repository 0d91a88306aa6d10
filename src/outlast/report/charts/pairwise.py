"""With what chance each of the best rows is better than each other."""

from __future__ import annotations

from typing import Any

from outlast.judge.details import SuperiorityCard
from outlast.report import formatting
from outlast.report.charts import base
from outlast.report.document import Document

ID = "fig-pairwise"
_SURE = 0.975


def draw(document: Document) -> base.Figure | None:
    """Draw the chances of the best rows of the headline split, numbers in the cells."""
    card = document.details.superiority
    if card is None or len(card.rows) < 2:
        return None
    labels = {row.id: row.label for row in document.leaderboard}
    names = [f"{at}. {formatting.one_line(labels.get(row, row), 40)}"
             for at, row in enumerate(card.rows, start=1)]
    alt = (f"Heat map of {len(names)} by {len(names)} rows: the chance that the row on the left is "
           "better than the one on top.")
    return base.Figure(
        id=ID, title="Chance that one row is better than another", alt=alt,
        caption=_caption(card, names), svg=base.to_svg(_chart(card, names), ID, alt),
        columns=("better than →", *(name.split(" ")[0] for name in names)),
        rows=tuple((name, *(formatting.MISSING if a == b else _text(card.chance(a, b))
                            for b in range(len(names)))) for a, name in enumerate(names)),
    )


def _chart(card: SuperiorityCard, names: list[str]) -> Any:
    import altair as alt

    short = [name.split(" ")[0] for name in names]
    # What can be told is bold: colour is not the only sign.
    data = [_cell(card, names, short, (a, b)) for a in range(len(names))
            for b in range(len(names)) if a != b]
    colours = [base.PALETTE[0], base.PALETTE[1]]
    x = alt.X("other:N", sort=short, title="than", axis=alt.Axis(
        orient="top", labelAngle=0, ticks=False, domain=False))
    y = alt.Y("row:N", sort=names, title=None,
              axis=alt.Axis(ticks=False, domain=False, labelPadding=8, labelLimit=280))
    tips = [alt.Tooltip("row:N", title="row"), alt.Tooltip("than:N", title="better than"),
            alt.Tooltip("chance:Q", title="chance", format=".1%")]
    chart = alt.Chart(base.inline(data)).encode(x=x, y=y)
    fill = alt.Fill("side:N", legend=None, scale=alt.Scale(domain=["more", "less"], range=colours))
    return alt.layer(
        chart.mark_rect(stroke=base.GRID).encode(
            fill=fill, tooltip=tips,
            fillOpacity=alt.FillOpacity("strength:Q", scale=None, legend=None)),
        *(chart.transform_filter(alt.datum.sure == sure).mark_text(
            fontSize=12, color=base.INK, fontWeight="bold" if sure else "normal")
          .encode(text="text:N") for sure in (False, True)),
    ).properties(width=alt.Step(64), height=alt.Step(30))


def _cell(
    card: SuperiorityCard, names: list[str], short: list[str], at: tuple[int, int]
) -> dict[str, Any]:
    chance = card.chance(*at)
    return {"row": names[at[0]], "other": short[at[1]], "than": names[at[1]], "chance": chance,
            "text": _text(chance), "sure": _is_sure(chance), "strength": abs(chance - 0.5),
            "side": "more" if chance >= 0.5 else "less"}


def _is_sure(chance: float) -> bool:
    """Whether an interval of 95 % leaves out "no difference"."""
    return max(chance, 1 - chance) >= _SURE


def _text(chance: float) -> str:
    if chance > 0.995:
        return ">99 %"
    return "<1 %" if chance < 0.005 else f"{formatting.number(100 * chance, 0)} %"


def _caption(card: SuperiorityCard, names: list[str]) -> str:
    against = [(card.chance(0, b), names[b]) for b in range(1, len(names))]
    least, rival = min(against)
    n_sure = sum(chance >= _SURE for chance, _ in against)
    of = f"the {len(names)} best of {card.n_rows:,} rows" if card.n_rows > len(names) else (
        f"{len(names)} rows")
    others = "" if len(against) == 1 else ", and than each of the others with no less"
    return (f"Of {of}, {names[0]} is better than {rival} with a chance of {_text(least)}{others}. "
            f"{n_sure} of its "
            f"{formatting.plural(len(against), 'rival')} can be told from it (bold: a chance of "
            "97.5 % or more, or its opposite). The chance is that of a mean difference above zero "
            "over independent blocks of time.")
