"""The fixed words and signs of a report: sections, verdicts, severities, glossary."""

from __future__ import annotations

from typing import Any

SECTIONS = (
    ("summary", "Summary"),
    ("promise", "What to expect"),
    ("run", "What was run"),
    ("validation", "Validation design"),
    ("leaderboard", "Leaderboard"),
    ("time", "Score over time"),
    ("quality", "Model quality"),
    ("search", "Search and cost"),
    ("features", "Features"),
    ("configurations", "Best configurations"),
    ("recommendations", "Recommendations"),
    ("checks", "Passed and not applicable"),
    ("failures", "Failures"),
    ("appendix", "Appendix"),
)
VERDICTS = {
    "clear": "Clear winner",
    "tie": "Tie at the top, choose",
    "none": "Not better than the baseline",
    "not_enough_evidence": "Not enough evidence",
    "only_leaky": "Only leaky splits",
}
SEVERITIES = {"high": "Do now", "medium": "Investigate", "low": "Consider",
              "info": "Tips for the next experiment"}
OUTCOMES = {"passed": "Passed", "not_applicable": "Not applicable", "skipped": "Skipped",
            "muted": "Muted"}
# The rules of feature selection, as what a feature is that they hit.
REASONS = {
    "F01": "constant", "F02": "copy of another", "F03": "mostly missing",
    "F06": "near copy of a kept one", "F07": "no better than random columns",
    "F08": "makes the score worse", "F13": "nothing against it", "F14": "by your own word",
    "F15": "no better than shuffled copies", "F16": "not in the smallest good set",
    "F17": "no better than under permuted targets", "F18": "chosen in too few halves",
}
SYMBOLS: dict[str, Any] = {
    "verdict_words": VERDICTS,
    "severity_words": SEVERITIES,
    "outcome_words": OUTCOMES,
    "icons": {"high": "▲", "medium": "◆", "low": "●", "info": "○"},
    "outcome_icon": {"passed": "✓", "not_applicable": "–", "skipped": "…", "muted": "×"},
    "trust_icon": {"high": "●●●", "medium": "●●○", "low": "●○○"},
    "trust_class": {"high": "good", "medium": "medium", "low": "high"},
    "state_icon": {"done": "✓", "partial": "◐", "failed": "✕", "none": "–"},
    "decision_icon": {"kept": "✓", "dropped": "✕", "mixed": "◐"},
    "decision_class": {"kept": "good", "dropped": "quiet", "mixed": "medium"},
}
GLOSSARY = {
    "Honest split": "A split in which a fold trains only on rows whose label was known before its "
    "test window begins. Only honest splits can recommend a model.",
    "Leaky contrast": "A shuffled split that mixes past and future. It is run to measure how much "
    "it would have promised too much.",
    "Purged": "Left out of training because the label is only known inside the test window.",
    "95 % interval": "The range that repeated samples of the same length of time would cover in "
    "95 of 100 cases. It is taken from whole stretches of time, never from single rows.",
    "Promise": "The score to expect on time that nobody has seen, with the range that should hold "
    "it in 90 of 100 cases. It is made before the exam is opened.",
    "Sealed exam": "The last stretch of time. Its labels are locked before anything is tuned, and "
    "every look at them is written down for ever.",
    "Regret": "What a way of choosing models has scored below the best possible choice, made in "
    "hindsight, at each past cut.",
    "Could be the best": "Model confidence set: the configurations that the held-out time cannot "
    "rule out as the best one, at 90 %.",
    "Independent block": "A stretch of time long enough that its neighbours tell little about it. "
    "Few blocks mean wide intervals, however many rows there are.",
    "Baseline": "A rule without learning, such as the class shares or the last known value.",
    "Train − test": "How much better the model scores on its own training rows. A large value "
    "says that it learned what does not last.",
    "Share of the importance": "Mean absolute SHAP value of a feature on held-out rows, as a part "
    "of the sum over all features; gain where a model has no SHAP values.",
}
