"""Ways of learning that see more than their train rows are found; honest ones pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LogisticRegression, Ridge, SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from outlast.audit.base import AuditedSplit, Facts
from outlast.audit.held_out_rows import HeldOutRows as Invariance
from outlast.audit.held_out_rows import sides
from outlast.audit.single_rows import RowIsolation
from outlast.data import Panel, Schema
from outlast.features import FeatureTable
from outlast.splits import RandomSplit, WalkForwardSplit


def panel(task: str = "regression", days: int = 120) -> Panel:
    rng = np.random.default_rng(0)
    n = 4 * days
    noise = {f"n{i}": rng.normal(size=n) for i in range(20)}
    value = noise["n0"] + 0.3 * rng.normal(size=n)
    table = pl.DataFrame({
        "day": np.repeat(np.arange(days), 4), "shop": ["a", "b", "c", "d"] * days, **noise,
        "city": rng.choice(["Bonn", "Athens", "Oslo"], size=n),
        "y": value if task == "regression" else (value > 0).astype(int),
    })
    schema = Schema(time="day", entity="shop", target="y", horizon=2, task=task)
    return Panel.build(table, schema)


def facts_of(task: str = "regression", **protocols) -> Facts:
    table = panel(task)
    usable = np.flatnonzero(table.usable)
    walk = WalkForwardSplit(n_splits=2).folds(table.time.ns[usable], table.label_end[usable])
    folds = tuple(on_panel(fold, usable) for fold in walk)
    split = {"walk_forward": AuditedSplit(folds)}
    features = FeatureTable(table.frame.select(r"^n\d+$", "city"), (), "")
    return Facts(table, features, splits=split, protocols=protocols)


def on_panel(fold, usable):
    return type(fold)(fold.index, usable[fold.train], usable[fold.test], fold.audit)


def numbers(frame: pl.DataFrame) -> np.ndarray:
    return frame.select(pl.exclude("city")).to_numpy()


def honest(frame, y, train, test):
    model = make_pipeline(StandardScaler(), SelectKBest(f_regression, k=5), Ridge())
    model.fit(numbers(frame)[train], y[train])
    return lambda rows: model.predict(numbers(rows))


def honest_classes(frame, y, train, test):
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(numbers(frame)[train], y[train])
    return lambda rows: model.predict_proba(numbers(rows))


def scaled_on_all_rows(frame, y, train, test):
    scaler = StandardScaler().fit(numbers(frame))
    model = Ridge().fit(scaler.transform(numbers(frame)[train]), y[train])
    return lambda rows: model.predict(scaler.transform(numbers(rows)))


def scaled_on_train_and_test(frame, y, train, test):
    scaler = StandardScaler().fit(numbers(frame)[np.concatenate([train, test])])
    model = Ridge().fit(scaler.transform(numbers(frame)[train]), y[train])
    return lambda rows: model.predict(scaler.transform(numbers(rows)))


def selected_on_all_rows(frame, y, train, test):
    known = ~np.isnan(y)
    best = SelectKBest(f_regression, k=5).fit(numbers(frame)[known], y[known])
    model = Ridge().fit(best.transform(numbers(frame)[train]), y[train])
    return lambda rows: model.predict(best.transform(numbers(rows)))


def target_encoded_on_all_rows(frame, y, train, test):
    known = ~np.isnan(y)
    means = {city: y[known & (frame["city"] == city).to_numpy()].mean()
             for city in frame["city"].unique()}
    return lambda rows: np.array([means[city] for city in rows["city"]])


def stopped_on_the_test_rows(frame, y, train, test):
    model, X = SGDRegressor(random_state=0, eta0=1e-4, learning_rate="constant"), numbers(frame)
    losses, kept = [], []
    for _ in range(60):
        model.partial_fit(X[train], y[train])
        losses.append(np.mean((model.predict(X[test]) - y[test]) ** 2))
        kept.append((model.coef_.copy(), model.intercept_.copy()))
        if len(losses) > 3 and losses[-1] > losses[-2]:
            break
    slopes, level = kept[int(np.argmin(losses))]
    return lambda rows: numbers(rows) @ slopes + level


def filled_from_rows_after_the_test(frame, y, train, test):
    late = numbers(frame)[test.max() + 1:].mean(axis=0)
    model = Ridge().fit(numbers(frame)[train] - late, y[train])
    return lambda rows: model.predict(numbers(rows) * late)


LEAKY = [scaled_on_all_rows, scaled_on_train_and_test, selected_on_all_rows,
         target_encoded_on_all_rows, stopped_on_the_test_rows, filled_from_rows_after_the_test]


def test_an_honest_pipeline_passes_both_checks():
    facts = facts_of(honest=honest)
    found = Invariance().look(facts)
    assert found.outcome == "passed"
    assert found.evidence["protocols"] == ["honest"]
    assert RowIsolation().look(facts).outcome == "passed"


def test_an_honest_classifier_passes_both_checks():
    facts = facts_of("binary", honest=honest_classes)
    assert Invariance().look(facts).outcome == RowIsolation().look(facts).outcome == "passed"


@pytest.mark.parametrize("protocol", LEAKY, ids=lambda protocol: protocol.__name__)
def test_what_sees_rows_outside_the_train_side_is_found(protocol):
    found = Invariance().look(facts_of(honest=honest, leaky=protocol))
    assert found.outcome == "issue"
    assert found.blocking
    assert list(found.evidence["changes"]) == ["leaky"]
    assert found.evidence["changes"]["leaky"] > 1e-6
    assert "`leaky` sees rows outside its train side" in found.sentence


def test_selection_by_classes_on_all_rows_is_found():
    found = Invariance().look(facts_of("binary", leaky=selected_on_all_rows))
    assert found.outcome == "issue"


def test_the_worst_of_several_comes_first():
    protocols = {"scaled": scaled_on_train_and_test, "encoded": target_encoded_on_all_rows}
    found = Invariance().look(facts_of(**protocols))
    worst = max(found.evidence["changes"], key=found.evidence["changes"].get)
    other = ({"scaled", "encoded"} - {worst}).pop()
    assert found.sentence.startswith(f"`{worst}` sees")
    assert f"the same holds for `{other}`" in found.sentence


def test_what_fails_once_other_rows_change_has_seen_them():
    def wary(frame, y, train, test):
        if np.abs(numbers(frame)).max() > 6:
            raise ValueError("such values were never seen")
        return honest(frame, y, train, test)

    found = Invariance().look(facts_of(wary=wary))
    assert (found.outcome, found.evidence["changes"]) == ("issue", {"wary": None})


def test_what_differs_from_fit_to_fit_is_not_assessed():
    rng = np.random.default_rng()

    def restless(frame, y, train, test):
        level = rng.normal()
        return lambda rows: np.full(rows.height, level)

    found = Invariance().look(facts_of(restless=restless, honest=honest))
    assert found.outcome == "tip"
    assert "`restless` is not the same when it is fitted again" in found.sentence


def test_what_fails_anyway_is_not_assessed():
    def broken(frame, y, train, test):
        raise ValueError("no such solver")

    facts = facts_of(broken=broken)
    for check in (Invariance(), RowIsolation()):
        found = check.look(facts)
        assert found.outcome == "tip"
        assert "raises ValueError: no such solver" in found.sentence


def batch_normalised(frame, y, train, test):
    model = Ridge().fit(numbers(frame)[train], y[train])
    return lambda rows: model.predict(numbers(rows) - numbers(rows).mean(axis=0))


def ranked(frame, y, train, test):
    model = honest(frame, y, train, test)
    return lambda rows: model(rows).argsort().argsort() / rows.height


def smoothed(frame, y, train, test):
    model = honest(frame, y, train, test)
    return lambda rows: np.convolve(model(rows), np.ones(3) / 3, mode="same")


@pytest.mark.parametrize("protocol", [batch_normalised, ranked, smoothed],
                         ids=lambda protocol: protocol.__name__)
def test_predictions_that_depend_on_their_batch_are_found(protocol):
    facts = facts_of(honest=honest, batch=protocol)
    found = RowIsolation().look(facts)
    assert found.outcome == "issue"
    assert found.blocking
    assert list(found.evidence["changes"]) == ["batch"]
    assert Invariance().look(facts).outcome == "passed"


def test_predictions_that_depend_on_their_order_are_found():
    def by_place(frame, y, train, test):
        return lambda rows: np.zeros(rows.height) + (rows["n0"][0] > rows["n0"][-1])

    assert RowIsolation().look(facts_of(order=by_place)).outcome == "issue"


def test_predictions_of_float32_pass():
    def small(frame, y, train, test):
        X = numbers(frame).astype(np.float32)
        model = Ridge().fit(X[train], y[train].astype(np.float32))
        return lambda rows: model.predict(numbers(rows).astype(np.float32))

    facts = facts_of(small=small)
    assert RowIsolation().look(facts).outcome == Invariance().look(facts).outcome == "passed"


def test_random_predictions_are_not_assessed():
    def dice(frame, y, train, test):
        rng = np.random.default_rng(0)
        return lambda rows: rng.random(rows.height)

    found = RowIsolation().look(facts_of(dice=dice))
    assert found.outcome == "tip"
    assert "predicts otherwise when it is asked twice" in found.sentence


def test_without_folds_or_protocols_there_is_nothing_to_refit():
    facts = facts_of()
    table, features = facts.panel, facts.features
    leaky = {"random": AuditedSplit(facts.splits["walk_forward"].folds, leaky=True,
                                    splitter=RandomSplit())}
    for given in (facts, Facts(table, features, splits=leaky, protocols={"honest": honest}),
                  Facts(table, features, protocols={"honest": honest})):
        for check in (Invariance(), RowIsolation()):
            assert check.look(given).outcome == "not_applicable"


def test_the_last_train_rows_and_some_labelled_test_rows_are_enough():
    facts = facts_of()
    fold = facts.splits["walk_forward"].folds[-1]
    rows = sides(facts)
    assert set(rows.train) <= set(fold.train)
    assert set(rows.test) <= set(fold.test)
    assert facts.panel.usable[np.concatenate([rows.train, rows.test])].all()

    @dataclass(frozen=True)
    class Wide:
        train = np.arange(3000)
        test = np.arange(3100, 4000)

    big = panel(days=1000)
    wide = sides(Facts(big, facts.features, splits={"one": AuditedSplit((Wide(),))}))
    assert (wide.train.size, wide.train.max(), wide.test.size) == (1000, 2999, 400)


def test_each_protocol_is_fitted_once_for_both_checks_and_twice_on_noise():
    calls = []

    def counted(frame, y, train, test):
        calls.append(frame.height)
        return honest(frame, y, train, test)

    facts = facts_of(counted=counted)
    Invariance().look(facts)
    RowIsolation().look(facts)
    assert len(calls) == 1 + 2
