"""How often every insight rule finds what is there, and how often it sees what is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.insights import over_features, worlds
from outlast.judge.insights import RULES, Evidence
from outlast.records import Finding


@dataclass(frozen=True)
class World:
    """What a rule is asked about, once with its condition and once without.

    Attributes
    ----------
    code : str
    make : callable
        Draws the evidence; the flag says whether the condition holds.
    condition : str
        When the rule fires, and its thresholds.
    effect, null : str
        What is true with the condition, and what without.
    fired : tuple of str
        Outcomes that say so.
    """

    code: str
    make: Callable[[np.random.Generator, bool], Evidence]
    condition: str
    effect: str
    null: str
    fired: tuple[str, ...] = ("issue", "tip")

    def ask(self, seed: int, holds: bool) -> Finding:
        """Draw a world and let the rule answer."""
        rng = np.random.default_rng([int(self.code[2:]), seed, holds])
        return RULES[self.code]().judge(self.make(rng, holds))

    def fires(self, seed: int, holds: bool) -> bool:
        """Whether the rule says that its condition holds."""
        return self.ask(seed, holds).outcome in self.fired


WORLDS: tuple[World, ...] = (
    World("OL101", worlds.random_split, "gap >= 2 se and above the tolerance",
          "the shuffled split has seen the label (log-odds ±0.8)", "equal skill on other rows"),
    World("OL102", worlds.other_winner, "another winner and Kendall's tau < 0.5",
          "three models in reverse order, noise 0.2, 0.8 and 1.6", "the same order"),
    World("OL103", worlds.overlap, "a training label that reaches into the test; exact",
          "5 rows overlap", "none"),
    World("OL104", over_features.leaking, "two signs of leakage in the ledger",
          "1 of 12 features has 105 % of the model's skill alone and loses 70 % by one more lag",
          "50 % ± 15 % and 10 % ± 10 %"),
    World("OL105", over_features.looking_ahead, "a replay on shorter tables differs; exact",
          "1 of 12 features differs", "none"),
    World("OL106", worlds.known_leak, "a record trained over a known leak; exact",
          "the only record", "none"),
    World("OL201", worlds.within_noise, "a rival whose difference is within its interval, or "
          "below 0.25 se", "three models of the same skill",
          "two rivals with noise 1.2 instead of 0.5"),
    World("OL202", worlds.clear_winner, "no rival is tied with the best",
          "two rivals with noise 1.2 instead of 0.5", "three models of the same skill", ("tip",)),
    World("OL203", worlds.no_skill, "smallest Holm-adjusted p > 0.05 over the baseline",
          "three models of noise", "log-odds 0.3 per sd of the signal"),
    World("OL204", worlds.linear_enough, "the best gains < 0.25 se over linear, upper end < 0.5 se",
          "linear predicts the same but for noise 0.05", "noise 1.0 instead of 0.3"),
    World("OL301", worlds.decay, "interval of the Theil-Sen slope of the gain below 0",
          "skill falls from 1.2 to 0 over 360 days", "skill 0.6 throughout"),
    World("OL302", worlds.fresh, "Holm-adjusted two-sided p <= 0.05 of the loss saved",
          "trained on all history: noise 0.9 instead of 0.5", "equal skill"),
    World("OL303", worlds.odd_fold, "modified z > 3.5 and Grubbs' p <= 0.05, 6 folds or more",
          "no skill in 1 of 8 folds, 1.2 in the others", "skill 1.2 in all"),
    World("OL401", worlds.few_units, "fewer than 10 blocks, or 100 labels of the rarest class",
          "6 blocks", "26 blocks"),
    World("OL402", worlds.one_event, "without the event the score falls > 1 se, or it holds >= "
          "50 % of the gain (4 events or more); Holm-adjusted p <= 0.05 among stretches as long",
          "label half known during 12 of 240 days, log-odds 0.1 per sd else",
          "log-odds 0.5 per sd throughout"),
    World("OL403", worlds.bad_segment, "named in the first half; in the second 20 % of the gain "
          "below the others, Holm-adjusted two-sided p <= 0.05",
          "no skill for 1 of 10 entities, 1.0 for the others, 480 days", "skill 1.0 for all"),
    World("OL501", worlds.useless_search, "no tuned model whose interval over its defaults is "
          "above 0", "the same skill", "defaults with noise 1.2 instead of 0.5", ("issue",)),
    World("OL502", worlds.overtuned, "the search promises > 2 se and > 0.25 se of the score more "
          "than later rows keep", "40 trials of the same worth, inner noise 0.04",
          "a true gain of 0.035, inner noise 0.005"),
    World("OL503", worlds.at_edge, "best in the outer 5 % in >= 60 % of searches, and >= 10 % of "
          "the spread of score, p <= 0.05 over all parameters",
          "score rises by 0.1 over the range, noise 0.01", "score depends on no parameter"),
    World("OL504", worlds.unfinished, "best so far improved by > 0.25 se in the last quarter",
          "0.05 over 40 trials", "level from the eighth of 40 trials on, noise 0.004", ("issue",)),
    World("OL602", over_features.unstable, "Nogueira's phi < 0.4 of 10 sets or more",
          "10 of 30 features at random", "10 features with chance 0.85, 20 with 0.075"),
    World("OL603", over_features.one_event, "one fold with >= 60 % of the gain, Grubbs' p < 0.01",
          "1 of 12 features: 0.05 in 1 of 8 folds, 0 ± 0.003 else", "0.01 ± 0.004 in all folds"),
    World("OL604", over_features.drifting, "moved by >= 0.25 sd and 1.25 times the 99th "
          "percentile of chance", "mean of 1 of 12 features +1 sd",
          "values that last for ten days"),
    World("OL604", over_features.idle, "SHAP share >= 5 % and >= twice the most that its "
          "permutation share may be; its interval includes 0",
          "1 of 12 features with 25 % of SHAP and no worth",
          "worth as SHAP says, se 0.003"),
    World("OL605", worlds.redundant, "features that every fold drops as repeats; exact",
          "4 of 20", "none"),
    World("OL606", worlds.lean, "one-sided Holm-adjusted p <= 0.025 that it costs < 0.25 se",
          "reduced set as good, noise 0.03", "noise 0.3 instead of 0.03", ("tip",)),
    World("OL701", worlds.too_extreme, "99 % interval of the slope without 1 and slope off by "
          "> 0.1, or of mean probability less share without 0", "log-odds 1.8 times too large",
          "right but for shocks of the day"),
    World("OL702", worlds.over_fit, "training exceeds test by > 2 se and > 30 % of the gain; "
          "another model is as good with half the gap", "AUC 0.95 in training, linear 0.001 behind",
          "AUC 0.74 in training"),
    World("OL806", worlds.failed_jobs, "a job without a result; exact", "1 of 2 jobs", "none"),
)
