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
    "Trust": "How far the recommendation can be relied on: high if no check speaks against it, low "
    "if one says that the score will not come true.",
    "Honest split": "A split in which a fold trains only on rows whose label was known before its "
    "test window begins. Only honest splits can recommend a model.",
    "Leaky contrast": "A shuffled split that mixes past and future. It is run to measure how much "
    "it would have promised too much.",
    "Purged": "Left out of training because the label is only known inside the test window.",
    "Left out": "Training rows that were purged as their label is only known inside the test "
    "window, that lie in the gap before it, or in the embargo after it.",
    "Overlap": "Training rows whose label shares time with a label of the test rows; 0 in an "
    "honest split.",
    "Shared times": "Timestamps that are both trained and tested on; 0 in an honest split.",
    "95 % interval": "The range that repeated samples of the same length of time would cover in "
    "95 of 100 cases. It is taken from whole stretches of time, never from single rows.",
    "Standard error": "How far a score or a difference usually lies from its true value, by the "
    "luck of these test rows. Twice as much is rare; three times hardly ever happens by luck.",
    "p (p-value)": "How often luck alone would show as much, where there is nothing to "
    "find: p 0.05 is one case in twenty.",
    "After correction for comparisons": "Who asks often finds something by luck. The p is raised "
    "by the number of comparisons (Holm), so that all of them together are wrong in one case in "
    "twenty.",
    "Log loss (nats)": "What a predicted probability costs: minus its natural logarithm for what "
    "has happened. 0 is perfect, 0.69 is a tossed coin.",
    "Promised": "The score to expect on time that nobody has seen, with the range that should hold "
    "it in 90 of 100 cases. It is made before the exam is opened.",
    "Exam": "The last stretch of time. Its labels are locked before anything is tuned, and every "
    "look at them is written down for ever.",
    "Regret": "What a way of choosing models has scored below the best possible choice, made in "
    "hindsight, at each past cut.",
    "Of these could be the best": "Model confidence set: the configurations that the held-out time "
    "cannot rule out as the best one, at 90 %.",
    "Smallest difference that would be found (4 of 5 cases)": "Two configurations that differ by "
    "less look alike on this much held-out time more often than in one of five cases.",
    "Probability of backtest overfitting": "How often the configuration that is best on one half "
    "of the time is below the median on the other half.",
    "Ranks of one window in the next (Kendall's τ)": "1 if the order of the configurations in one "
    "window is that of the next, 0 if it tells nothing of it.",
    "Independent block": "A stretch of time long enough that its neighbours tell little about it. "
    "Few blocks mean wide intervals, however many rows there are.",
    "Rank": "Place by the mean score. Equal ranks (1=) cannot be told from the best: the 95 % "
    "interval of their difference holds 0. A rank with ~ cannot either, for want of a narrower "
    "interval, though its mean is below that of a row that can.",
    "Search": "How the hyper-parameters were chosen, inside the training part only.",
    "To the best": "Difference of the score to that of the first row, on the same test rows, with "
    "its 95 % interval.",
    "Baseline": "A rule without learning, such as the class shares or the last known value.",
    "Over baseline": "Difference of the score to that of the best rule without learning, on the "
    "same test rows, with its 95 % interval.",
    "Over the baseline": "How much better the recommended model scores than the best rule without "
    "learning, such as the class shares or the last known value.",
    "Worst fold": "The lowest score among the test windows (the highest, where lower is better).",
    "Train − test": "How much better the model scores on its own training rows. A large value "
    "says that it learned what does not last.",
    "Share": "Share of the importance: mean absolute SHAP value of a feature on held-out rows, as "
    "a part of the sum over all features; gain where a model has no SHAP values.",
    "Reliance": "What shuffling the feature within time costs the score on held-out rows.",
    "Replaceability": "What fitting again without the feature costs the score: nothing, where "
    "others say the same.",
    "Drift": "How far the feature has moved from training to the last test window, in standard "
    "deviations (categories: Jensen-Shannon distance), beside what chance reaches.",
}
# As they are written in the page, in lower case.
MEANINGS = {term.lower(): meaning for term, meaning in GLOSSARY.items()}
