"""Two reports side by side: what differs, and what explains the change of a score."""

from __future__ import annotations

import pytest

from outlast.judge.board import Interval
from outlast.report.difference import as_markdown, compare
from outlast.report.document import Document
from tests.report.sample import sample
from tests.report.variants import hostile


@pytest.fixture(scope="module")
def before() -> Document:
    return sample()


def changed(document: Document, **parts) -> Document:
    return document.model_copy(update=parts)


def moved(document: Document, row: str, by: float, keep: int | None = None) -> Document:
    """The document with other scores of one row; all windows but the first `keep` are later."""
    scores = []
    for at, score in enumerate(s for s in document.fold_scores if s.row == row):
        later = keep is not None and at >= keep
        scores.append(score.model_copy(update={
            "score": score.score + by,
            "test_start": f"2099-{at + 1:02d}-01" if later else score.test_start}))
    rows = tuple(r if r.id != row else r.model_copy(update={"score": Interval(
        value=r.score.value + by, low=r.score.low + by, high=r.score.high + by)})
        for r in document.leaderboard)
    others = (s for s in document.fold_scores if s.row != row)
    return changed(document, fold_scores=(*others, *scores), leaderboard=rows)


def test_a_report_does_not_differ_from_itself(before):
    found = compare(before, before)
    assert found.cause == "nothing that was recorded"
    assert [found.data, found.settings, found.code, found.decisions] == [{}] * 4
    assert {change.change for change in found.scores} == {0.0}
    assert "unchanged" in as_markdown(found)


def test_reports_without_a_common_configuration_say_so(before):
    alone = changed(before, leaderboard=before.leaderboard[:1])
    other = changed(before, leaderboard=before.leaderboard[1:2])
    assert "No configuration is in both reports" in as_markdown(compare(alone, other))


def test_other_data_code_and_features_are_named_with_both_values(before):
    data = before.data.model_copy(update={"fingerprint": "other", "n_rows": 5})
    code = before.environment.model_copy(update={"outlast": "9.9"})
    first, second, *rest = before.features
    flipped = second.model_copy(
        update={"decision": "dropped" if second.decision == "kept" else "kept"})
    fresh = first.model_copy(update={"feature": "fresh"})
    after = changed(before, data=data, environment=code, features=(fresh, flipped, *rest))
    found = compare(before, after)
    assert found.data == {"fingerprint": (before.data.fingerprint, "other"),
                          "rows": (f"{before.data.n_rows:,}", "5")}
    assert found.code == {"outlast": (before.environment.outlast, "9.9")}
    assert (found.features_added, found.features_removed) == (("fresh",), (first.feature,))
    assert found.decisions == {second.feature: (second.decision, flipped.decision)}
    assert found.cause == "data and code and features, which cannot be told apart"
    assert "- new: `fresh`" in as_markdown(found)


def test_a_change_on_the_same_windows_is_put_down_to_what_has_changed(before):
    code = before.environment.model_copy(update={"outlast": "9.9"})
    after = changed(moved(before, before.headline.row, -0.02), environment=code)
    first = compare(before, after).scores[0]
    assert first.row == before.headline.row
    assert first.same_windows == pytest.approx(-0.02)
    assert first.other_windows is None
    assert "−0.020, all on the same windows: by code" in as_markdown(compare(before, after))


def test_what_later_windows_change_is_told_apart(before):
    row = next(row for row in before.leaderboard if row.split == "walk_forward")
    before = changed(before, headline_split="walk_forward",
                     headline=before.headline.model_copy(update={"row": row.id}))
    after = moved(before, row.id, 0.05, keep=2)
    first = compare(before, after).scores[0]
    assert first.n_same == 2
    assert first.same_windows == pytest.approx(0.05)
    assert first.same_windows + first.other_windows == pytest.approx(first.change, abs=0.02)
    margins = [(score.high - score.low) / 2 for score in (first.before, first.after)]
    assert first.noise == pytest.approx((margins[0] ** 2 + margins[1] ** 2) ** 0.5)
    assert "that other time alone would change" in as_markdown(compare(before, after))


def test_another_winner_is_said_first(before):
    other = next(row for row in before.leaderboard if row.split == before.headline_split
                 and row.id != before.headline.row and not row.is_baseline)
    head = before.headline.model_copy(update={"row": other.id, "verdict": "clear"})
    text = as_markdown(compare(before, changed(before, headline=head)))
    assert text.splitlines()[2].endswith(f"→ `{other.label}`")
    assert text.splitlines()[3] == "- Verdict: tie → clear"


def test_windows_that_no_longer_exist_leave_the_change_whole(before):
    after = moved(before, before.headline.row, 0.05, keep=0)
    first = compare(before, after).scores[0]
    assert (first.same_windows, first.other_windows, first.n_same) == (None, None, 0)


def test_hostile_names_make_no_other_markdown(before):
    attacked = hostile()
    features = [card.model_copy(update={"feature": f"{card.feature} too"})
                for card in attacked.features]
    text = as_markdown(compare(attacked, changed(attacked, features=features, data=before.data)))
    assert "- new: " in text
    assert text.count("\n# ") + text.startswith("# ") == 1
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len(tables) == 2 + len(compare(attacked, attacked).scores)
    assert {line.replace("\\|", "").count("|") for line in tables} == {7}
