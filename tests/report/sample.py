"""A realistic document: five splits of six models on stocks-like data, all sections filled."""

from __future__ import annotations

import random

from outlast.records import Finding
from outlast.report.document import (
    ConfigurationCard,
    DataCard,
    Document,
    Environment,
    EventCard,
    FailureCard,
    FeatureCard,
    Headline,
    Row,
    SelectionCard,
)
from tests.report.board import (
    PARAMS,
    SPLITS,
    around,
    coverage,
    fold_card,
    fold_scores,
    leaderboard,
    trials,
    windows,
)
from tests.report.detailed import detailed
from tests.report.judged import judged
from tests.report.ledger import further, parameters

EVENTS = (
    ("dot-com break", "market shock", "2000-03-10", "2000-05-26"),
    ("tech profit warnings", "market shock", "2000-09-22", "2000-12-29"),
    ("September 11 closure", "market closure", "2001-09-10", "2001-10-05"),
    ("accounting scandals / 2002 low", "market shock", "2002-06-24", "2002-10-10"),
    ("invasion of Iraq", "geopolitical", "2003-03-17", "2003-04-15"),
    ("Shanghai shock", "market shock", "2007-02-26", "2007-03-20"),
    ("credit crunch begins", "market shock", "2007-08-06", "2007-08-31"),
    ("Bear Stearns rescue", "market shock", "2008-03-10", "2008-03-31"),
    ("Lehman collapse", "market shock", "2008-09-12", "2008-11-28"),
    ("crisis low", "market shock", "2009-02-17", "2009-03-31"),
    ("flash crash / euro crisis", "market shock", "2010-05-04", "2010-06-15"),
    ("US downgrade", "market shock", "2011-08-01", "2011-10-10"),
    ("Hurricane Sandy closure", "market closure", "2012-10-26", "2012-11-02"),
)
FEATURES = (
    "vol_21",
    "range_21",
    "atr_14",
    "vol_63",
    "r1_abs_mean_5",
    "market_vol_21",
    "drawdown_63",
    "r1_min_21",
    "r1_max_21",
    "volume_z_21",
    "ret_21",
    "ret_63",
    "rank_vol_21",
    "beta_63",
    "days_since_earnings",
    "spread_5",
    "gap_open_21",
    "ewm_vol_10",
    "ret_10",
    "ret_5",
    "r1",
    "r1_lag_1",
    "month",
    "day_of_week",
    "days_since_dividend",
    "volume_log",
    "close_pos_63",
    "market_ret_5",
    "market_ret_21",
    "rank_ret_21",
    "rank_volume_21",
    "ticker",
    "vol_252",
    "expanding_vol",
    "vol_ratio_5_63",
    "adj_gap",
    "range_pos_252",
    "ret_demeaned_21",
    "turn_of_month",
    "days_since_split",
)


def features() -> tuple[FeatureCard, ...]:
    """Forty features whose importance falls off, six of them dropped."""
    noise = random.Random(11)
    weights = [0.78**k for k in range(len(FEATURES))]
    cards = []
    for k, name in enumerate(FEATURES):
        share = weights[k] / sum(weights)
        dropped = k in {12, 17, 27, 32, 35, 39}
        shares = {
            model: share * noise.uniform(0.6, 1.4)
            for model in ("lightgbm", "xgboost", "catboost", "linear")
        }
        sentence = (
            f"dropped: |ρ| = 0.99 with {FEATURES[k - 5]} in 1 of 1 folds, which is kept"
            if dropped
            else f"kept: carries {share:.1%} of the importance in 8 fits"
        )
        cards.append(
            FeatureCard(
                feature=name,
                family="rolling" if "_" in name else "calendar",
                decision="dropped" if dropped else ("mixed" if k == 30 else "kept"),
                sentence=sentence,
                code="F06" if dropped else "F13",
                share=None if dropped else share,
                share_sd=None if dropped else share * 0.25,
                gain_share=share,
                rank=None if dropped else k + 1.0,
                shares={} if dropped else shares,
                inputs=("adj_close", "date"),
                expression=f"pl.col('r1').rolling_std(21).over('ticker')  # {name}",
                lookback="21 rows",
                n_fits=0 if dropped else 8,
                **further(k, dropped),
            )
        )
    return tuple(cards)


def findings() -> tuple[Finding, ...]:
    """What the audit and the judge said, of every outcome."""
    return (
        Finding(
            code="OL101",
            outcome="issue",
            severity="high",
            title="A random split is too optimistic",
            sentence="lightgbm: random says roc_auc 0.833 (95 % CI 0.821 to 0.845), "
            "temporal says 0.741 (95 % CI 0.707 to 0.775): a gap of 0.092, 5.1 times its "
            "standard error, that deployment will not keep.",
            action="Expect the temporal number; never choose a model on a shuffled split.",
            evidence={"gap": 0.092, "z": 5.1, "random": 0.833, "honest": 0.741},
            anchor="fig-leaderboard",
        ),
        Finding(
            code="OL201",
            outcome="issue",
            severity="medium",
            title="The winner is within noise of a cheaper model",
            sentence="linear is 12 times cheaper than lightgbm and its roc_auc differs by −0.015 "
            "(95 % CI −0.031 to +0.002) over 45 independent blocks of time.",
            action="Prefer linear unless the last 0.015 pays: outlast run --models linear",
            evidence={"difference": -0.015, "low": -0.031, "high": 0.002, "cost_ratio": 12.0},
            anchor="leaderboard",
        ),
        Finding(
            code="OL501",
            outcome="issue",
            severity="low",
            title="The search gained nothing on the test rows",
            sentence="optuna took 10 trials and 14.0 s for lightgbm and gained +0.002 roc_auc "
            "(95 % CI −0.004 to +0.008) over the defaults.",
            action="Keep the defaults and spend the time on features: --optimization none",
            evidence={"gain": 0.002, "trials": 10, "seconds": 14.0},
            anchor="search",
        ),
        Finding(
            code="OL601",
            outcome="tip",
            severity="info",
            title="Noise features can go",
            sentence="6 of 40 features were dropped in every fold; roc_auc changes by −0.001 "
            "(95 % CI −0.004 to +0.002).",
            action="Keep the reduced set: --selection cluster",
            evidence={"dropped": ["rank_vol_21", "ewm_vol_10"], "kept": 34},
            anchor="features",
        ),
        Finding(
            code="OL202",
            outcome="not_applicable",
            severity="info",
            title="The winner is clear",
            sentence="two models cannot be told from the best",
        ),
        Finding(
            code="OL203",
            outcome="passed",
            severity="info",
            title="Nothing beats the baseline",
            sentence="The best of 4 configurations, lightgbm, gains +0.097 (95 % CI +0.062 to "
            "+0.132) roc_auc over last_value; p below 0.001 after correction for 4 comparisons.",
        ),
        Finding(
            code="OL103",
            outcome="passed",
            severity="info",
            title="Training labels overlap the test window",
            sentence="0 overlapping labels and 0 shared timestamps in 12 folds (300 rows purged).",
        ),
        Finding(
            code="OL104",
            outcome="passed",
            severity="info",
            title="Leak suspect feature",
            sentence="No feature alone reaches 90 % of the skill of the best model.",
        ),
        Finding(
            code="OL105",
            outcome="passed",
            severity="info",
            title="Look-ahead feature",
            sentence="All 40 features are unchanged when later rows are cut (12 cuts).",
        ),
        Finding(
            code="OL602",
            outcome="skipped",
            severity="info",
            title="Unstable selection",
            sentence="1 set of features is too few to judge stability; 10 are needed.",
        ),
    )


def configurations(rows: tuple[Row, ...]) -> tuple[ConfigurationCard, ...]:
    """One card for each model that is not a baseline."""
    cards = []
    for model, params in PARAMS.items():
        row = next(r for r in rows if r.model == model and r.split == "temporal")
        lines = "\n".join(f"      {key}: {value}" for key, value in params.items())
        yaml = (
            f"models:\n  - {model}:\n{lines}\nsplits: [temporal]\noptimization: [none]\nseed: 0\n"
        )
        cards.append(
            ConfigurationCard(
                row=row.id,
                model=model,
                split="temporal",
                search=row.search,
                score=row.score,
                params=params,
                n_iterations=None if model == "linear" else 212,
                yaml=yaml,
                command=f"outlast reproduce {row.jobs[0]}",
                job=row.jobs[0],
                log=f"experiment_results/stocks/{row.jobs[0]}/job.log",
            )
        )
    return tuple(cards)


def selections(rows: tuple[Row, ...]) -> tuple[SelectionCard, ...]:
    """All features, and two reduced sets of which one is shown to be no worse."""
    best = rows[0]
    kept = {"none": 40, "cluster": 34, "probe(min_share=0.5)": 11}
    return tuple(
        SelectionCard(
            selection=name, model=best.model, search=best.search, score=best.score, n_kept=n,
            n_features=40, phi=None if n == 40 else 0.7 + n / 200, phi_split="walk_forward",
            n_sets=5, seconds=0.02 * (41 - n),
            **({} if n == 40 else {"change": around(-0.001, 0.004), "tolerance": 0.0055,
                                   "p": 0.012, "verdict": "no worse"}),
        )
        for name, n in kept.items()
    )


def sample() -> Document:
    """A full document: six models, five splits, two searches, thirteen events, forty features."""
    rows = leaderboard()
    best = rows[0]
    return Document(
        generated_at="2025-11-03 09:41:12",
        title="stocks · big_move_5",
        experiment="stocks",
        metric="roc_auc",
        metric_description="Area under the ROC curve; 0.5 is guessing, 1 is perfect.",
        greater_is_better=True,
        headline_split="temporal",
        headline=Headline(
            verdict="tie",
            row=best.id,
            split="temporal",
            score=best.score,
            over_baseline=best.over_baseline,
            baseline="last_value",
            trust="medium",
            trust_reason="OL101: a random split is too optimistic",
            sentence=f"{best.model} ({best.search}) is the choice for what comes next under "
            "temporal: roc_auc 0.741 (95 % CI 0.707 to 0.775), +0.130 (95 % CI +0.103 to +0.157) "
            "over the best baseline (1 fold, 45 independent blocks of time). It cannot be told "
            "from catboost, xgboost "
            "(difference to catboost +0.006 (95 % CI −0.006 to +0.018)).",
        ),
        **judged(rows),
        details=detailed(rows),
        data=DataCard(
            name="stocks",
            fingerprint="3f9a1c0d5e7b2a48",
            n_rows=12154,
            n_labelled=12129,
            n_entities=5,
            entities=("AAPL", "FB", "GOOG", "IBM", "MSFT"),
            n_timestamps=3270,
            start="2000-03-01",
            end="2013-03-01",
            time_column="date",
            entity_column="ticker",
            target="big_move_5",
            task="binary",
            horizon="label_end column",
            class_shares={"0": 0.7423, "1": 0.2577},
            n_events=154,
            n_features=40,
            attribution="Quandl WIKI Prices, public domain.",
            events=tuple(EventCard(name=n, kind=k, start=s, end=e) for n, k, s, e in EVENTS),
        ),
        findings=findings(),
        leaderboard=rows,
        folds=tuple(
            fold_card(split, k, w) for split in SPLITS for k, w in enumerate(windows(split))
        ),
        fold_scores=fold_scores(rows),
        trials=trials(rows),
        parameters=parameters(rows),
        features=features(),
        selections=selections(rows),
        configurations=configurations(rows),
        coverage=coverage(),
        failures=(
            FailureCard(
                job="9c1f6a7708b1d2e3",
                label="xgboost · walk_forward #3 · optuna(n_trials=10)",
                status="cancelled",
                kind="TimeoutError",
                message="the job ran longer than 60 s",
                log="experiment_results/stocks/9c1f6a7708b1d2e3/job.log",
            ),
        ),
        environment=Environment(
            session="20251103-094112",
            command="outlast run --models all --optimization none optuna",
            outlast="0.1.0",
            python="3.11.9",
            machine="Linux x86_64, 2 cores",
            git="429c5f6 (clean)",
            libraries={
                "lightgbm": "4.7.0",
                "xgboost": "3.2.0",
                "catboost": "1.2.10",
                "polars": "2.1.0",
                "scikit-learn": "1.9.0",
                "optuna": "5.0.0",
            },
            seed=0,
            started="2025-11-03 09:35:40",
            wall_seconds=331.6,
            jobs_trained=160,
            jobs_reused=9,
            manifest="stocks/sessions/20251103-094112/manifest.json",
        ),
        thresholds={"alpha": 0.05, "leak_gap_se": 2.0, "leak_gap_high_se": 3.0, "min_blocks": 4.0},
        method=(
            "Intervals are 95 % percentile intervals of a circular block bootstrap of times, "
            "999 draws, the same draws for every model of a split.",
            "Rows of tier 1 cannot be told from the best: the interval of the difference holds 0.",
        ),
    )
