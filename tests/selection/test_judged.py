"""Every selector that makes fits: finds what was planted, and takes odd tables as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from outlast.selection import SELECTORS, make_selector
from outlast.selection.judged import Judged
from tests.selection.planted import NOISE, SIGNALS, known_of, planted, rows_of

JUDGED = [name for name, kind in SELECTORS.items() if issubclass(kind, Judged)]
FEW = {"boruta": {"n_rounds": 12}, "null_importance": {"n_draws": 12}, "probe": {"n_rounds": 2},
       "stability": {"n_draws": 10}}


def few(name, **params):
    return make_selector(name, {**FEW.get(name, {}), **params})


@pytest.mark.parametrize("name", JUDGED)
def test_signals_stay_and_noise_goes(name):
    chosen = few(name).fit(planted())
    assert known_of(chosen.kept) == set(SIGNALS)
    assert not {"strong", "near"} <= set(chosen.kept)
    assert len(set(chosen.kept) & {*NOISE, "kind"}) <= 1
    twin = next(d for d in chosen.decisions if d.code == "F06")
    assert {twin.feature, twin.comparator} == {"strong", "near"}
    codes = {d.code for d in chosen.decisions if d.feature in NOISE and d.removes}
    assert codes <= {few(name).code, "F08"}


@pytest.mark.parametrize("name", JUDGED)
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_every_task(name, task):
    chosen = few(name).fit(planted(1, task=task))
    assert "strong" in known_of(chosen.kept)
    assert len(set(chosen.kept) & {*NOISE, "kind"}) <= 2


@pytest.mark.parametrize("name", JUDGED)
def test_where_nothing_informs_something_is_kept_and_it_is_said(name):
    rows = planted(2, informative=False, n_times=60)
    chosen = few(name, min_features=2).fit(rows)
    assert chosen.kept
    saved = [d for d in chosen.decisions if "no feature passed" in d.sentence]
    if saved:
        assert {d.feature for d in saved} == set(chosen.kept)
        assert len(saved) == 2 == saved[0].evidence["saved"]
    worth = {d.feature: d.evidence["importance"] for d in chosen.decisions
             if "importance" in d.evidence and d.code != "F06"}
    if saved and name in ("boruta", "stability"):
        assert min(worth[d.feature] for d in saved) >= max(
            v for f, v in worth.items() if f not in chosen.kept)


@pytest.mark.parametrize("name", JUDGED)
def test_too_few_rows_to_judge_keep_all(name):
    rows = replace(planted(n_times=20), inner=())
    told = {d.feature: d.sentence for d in make_selector(name).fit(rows).decisions}
    assert told["noise_1"] == "kept: too few training rows to judge it"


@pytest.mark.parametrize("name", JUDGED)
def test_one_feature_beside_a_constant_is_kept(name):
    rows = planted(n_times=20)
    alone = replace(rows, frame=rows.frame.select("noise_1", flat=pl.lit(1.0)))
    chosen = make_selector(name).fit(alone)
    assert chosen.kept == ("noise_1",)
    assert chosen.decisions[0].sentence == "kept: the only feature that is left"
    assert chosen.decisions[1].code == "F01"


@pytest.mark.parametrize("name", JUDGED)
def test_a_series_without_entities(name):
    n_noise = 0
    for seed in range(3):
        rng = np.random.default_rng(seed)
        frame = pl.DataFrame({"signal": rng.normal(size=500)}
                             | {f"noise_{i}": rng.normal(size=500) for i in range(5)})
        level = 1.5 * frame["signal"].to_numpy() + rng.normal(size=500)
        chosen = few(name, min_features=1).fit(rows_of(frame, level, np.arange(500), "binary"))
        assert "signal" in chosen.kept
        n_noise += len(chosen.kept) - 1
    assert n_noise <= 4  # of 15


@pytest.mark.parametrize("name", JUDGED)
def test_every_number_told_is_in_the_decision(name):
    """Whatever is written as a number is the value, a limit, or a piece of the evidence."""
    for decision in few(name).fit(planted(3)).decisions:
        known = [v for v in (decision.value, decision.threshold, decision.comparator_value,
                             *decision.evidence.values()) if v is not None]
        for number in numbers_of(decision.sentence):
            assert any(shown_as(number, value) for value in known), (number, decision)


def numbers_of(sentence):
    words = sentence.replace("|rho|=", " ").replace("95% CI", "").split("`")[0::2]
    words = " ".join(words).replace("/", " ").replace("(", " ").replace(")", " ").replace(",", " ")
    return [word for word in words.replace(";", " ").replace(":", " ").split()
            if word[0].isdigit() or (word[0] == "-" and word[1:2].isdigit())]


def shown_as(number, value):
    shown = float(number.rstrip("%")) / (100 if number.endswith("%") else 1)
    digits = len(number.rstrip("%").partition("e")[0].lstrip("-0.").replace(".", "")) or 1
    return shown == pytest.approx(value, rel=0.6 * 10 ** (1 - digits), abs=6e-4)


@pytest.mark.parametrize(("name", "params", "message"), [
    ("probe", {"min_share": 0.0}, "min_share must lie above 0"),
    ("boruta", {"n_rounds": 0}, "n_rounds must be >= 1, got 0"),
    ("null_importance", {"n_draws": 2}, "n_draws must be >= 5"),
    ("shap_rfe", {"step": 0.0}, "step must lie above 0"),
    ("stability", {"threshold": 0.4}, "threshold must lie above 0.5"),
    ("cluster", {"keep": ["a"], "drop": ["a"]}, "a: a feature cannot be kept and dropped"),
])
def test_impossible_parameters_are_refused(name, params, message):
    with pytest.raises(ValueError, match=message):
        make_selector(name, params)
