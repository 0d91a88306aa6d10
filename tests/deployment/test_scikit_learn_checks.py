"""scikit-learn's own checks; and where they hand over an array, the same rule on a table."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

from outlast import OutlastModel
from outlast.errors import InputError

# Every check that cannot hold fails for one reason: it hands over an array (or something like
# one), whose columns have no names and so no time, no entity and no known input. Beside it stands
# the test that keeps its rule on a table, or why there is none.
ARRAYS = "test_what_has_no_named_columns_is_refused"
CANNOT = {
    "check_fit_score_takes_y": "test_fit_takes_the_target_as_its_second_argument",
    "check_estimators_fit_returns_self": "test_fit_takes_the_target_as_its_second_argument",
    "check_estimators_overwrite_params": "test_fit_changes_only_what_was_learned",
    "check_dont_overwrite_parameters": "test_fit_changes_only_what_was_learned",
    "check_fit_idempotent": "test_fit_changes_only_what_was_learned",
    "check_fit_check_is_fitted": "test_fit_changes_only_what_was_learned",
    "check_dict_unchanged": "test_predicting_changes_nothing",
    "check_readonly_memmap_input": "test_predicting_changes_nothing",
    "check_n_features_in": "test_fit_changes_only_what_was_learned",
    "check_n_features_in_after_fitting": "test_a_table_that_lacks_columns_or_rows_is_refused",
    "check_fit2d_1feature": "test_a_table_that_lacks_columns_or_rows_is_refused",
    "check_fit2d_1sample": "test_a_table_that_lacks_columns_or_rows_is_refused",
    "check_estimators_empty_data_messages": "test_a_table_that_lacks_columns_or_rows_is_refused",
    "check_fit2d_predict1d": ARRAYS,
    "check_estimator_sparse_tag": ARRAYS,
    "check_estimator_sparse_array": ARRAYS,
    "check_estimator_sparse_matrix": ARRAYS,
    "check_array_api_input": ARRAYS,
    "check_complex_data": "test_number_types_do_not_matter",
    "check_estimators_dtypes": "test_number_types_do_not_matter",
    "check_dtype_object": "test_number_types_do_not_matter",
    "check_positive_only_tag_during_fit": "test_fit_takes_the_target_as_its_second_argument",
    "check_f_contiguous_array_estimator": "a table has no order in memory to choose",
    "check_pipeline_consistency": "test_a_pipeline_predicts_the_same",
    "check_estimators_pickle": "test_a_copy_predicts_the_same",
    "check_methods_sample_order_invariance": "test_the_order_of_the_rows_does_not_matter",
    "check_methods_subset_invariance": "test_rows_need_their_history_and_no_more",
    "check_classifier_data_not_an_array": ARRAYS,
    "check_classifiers_one_label": "test_a_target_that_cannot_be_learned_is_refused",
    "check_classifiers_regression_target": "test_a_target_that_cannot_be_learned_is_refused",
    "check_classifier_not_supporting_multiclass": "test_a_target_that_cannot_be_learned_is_refused",
    "check_supervised_y_2d": "test_a_target_that_cannot_be_learned_is_refused",
    "check_classifiers_classes": "the classes are those of the configuration, in its type",
    "check_classifiers_train": "tests/judge and tests/deployment measure how well it predicts",
    "check_regressors_train": "tests/judge and tests/deployment measure how well it predicts",
    "check_regressors_int": "test_fit_takes_the_target_as_its_second_argument",
    "check_regressor_data_not_an_array": ARRAYS,
    "check_regressors_no_decision_function": "there is no decision_function in any task",
}
REFUSED = "expected a polars, pandas or Arrow table, or a dict of columns, got|no configuration"


class OfArrays(OutlastModel):
    """Claims to take arrays, as scikit-learn tries nothing else on what does not."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


def known(shops: Any, task: str) -> OfArrays:
    """A fitted model that says it has this task."""
    model = OfArrays.load(shops.saved)
    manifest = model.manifest_.model_copy(update={"task": task})
    return model.adopt(replace(model.trained_, manifest=manifest))


def reasons(error: BaseException | None) -> str:
    """What an error says, and those that it came from."""
    told = []
    while error is not None:
        told.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(told)


@pytest.mark.filterwarnings("ignore::outlast.errors.OutlastWarning")
@pytest.mark.parametrize("what", ["no folder", "a folder", "binary", "multiclass", "regression"])
def test_each_check_holds_or_has_a_reason_why_it_cannot(shops, what):
    model = {"no folder": OfArrays(), "a folder": OfArrays(shops.saved)}.get(what)
    told = check_estimator(model or known(shops, what), on_fail=None, on_skip=None)
    failed = {each["check_name"]: reasons(each["exception"])
              for each in told if each["status"] == "failed"}
    unknown = {name: why for name, why in failed.items() if name not in CANNOT}
    assert not unknown, "mend what fails, or say in CANNOT why it cannot hold"
    for name, why in failed.items():
        assert any(part in why for part in REFUSED.split("|")), f"{name} fails for another reason"
    held = {each["check_name"] for each in told if each["status"] == "passed"}
    assert not held & CANNOT.keys(), "these hold by now: take them out of CANNOT"
    assert len(held) >= 12


def test_each_rule_that_is_kept_on_a_table_has_its_test():
    named = {name for name in CANNOT.values() if name.startswith("test_")}
    assert named <= globals().keys()


def test_scikit_learn_is_told_that_arrays_are_not_taken(shops):
    for model in (OutlastModel(), shops.model):
        tags = model.__sklearn_tags__().input_tags
        assert (tags.two_d_array, tags.dict, tags.sparse) == (False, True, False)


def test_fit_takes_the_target_as_its_second_argument(shops):
    table = shops.days(0, 240)
    assert (table["copy"] < 0).any(), "negative numbers are among the inputs"
    inputs, target = table.drop("busy"), table["busy"]
    for y in (target, target.to_numpy(), target.to_list(), target.to_pandas()):
        model = OutlastModel(shops.saved)
        assert model.fit(inputs, y) is model
        assert np.array_equal(model.predict_proba(table), shops.model.predict_proba(table))


def test_fit_changes_only_what_was_learned(shops):
    model, table = OutlastModel(shops.saved), shops.days(0, 240)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        check_is_fitted(model)
    before = copy.deepcopy(model.get_params())
    first = model.fit(table).predict_proba(table)
    check_is_fitted(model)
    assert model.n_features_in_ == len(model.feature_names_in_)
    assert vars(model).keys() - before.keys() == {"trained_"}
    assert model.get_params() == before
    assert np.array_equal(model.fit(table).predict_proba(table), first)


def test_predicting_changes_nothing(shops):
    model, table = OutlastModel.load(shops.saved), shops.days(0, 120).to_pandas()
    for name in ("copy", "noise"):
        table[name].to_numpy().setflags(write=False)
    given, known_before = table.copy(), dict(vars(model))
    model.predict(table)
    assert vars(model) == known_before
    assert table.equals(given)


def test_a_table_that_lacks_columns_or_rows_is_refused(shops):
    table = shops.days(0, 240)
    for name in shops.model.feature_names_in_:
        with pytest.raises(InputError, match=f"lacks the column '{name}'"):
            shops.model.predict(table.drop(name))
    with pytest.raises(InputError, match="has no rows"):
        OutlastModel(shops.saved).fit(table[:0])
    with pytest.raises(InputError, match="no row of the table has a label that may be learned"):
        OutlastModel(shops.saved).fit(table[:1])


@pytest.mark.parametrize("given", [
    np.eye(4), np.eye(4)[0], sparse.csr_array(np.eye(4)), sparse.csr_matrix(np.eye(4)), [[1.0]],
], ids=lambda given: type(given).__name__)
def test_what_has_no_named_columns_is_refused(shops, given):
    for call in (shops.model.predict, OutlastModel(shops.saved).fit):
        with pytest.raises(InputError, match=f"dict of columns, got {type(given).__name__}"):
            call(given)


def test_number_types_do_not_matter(shops):
    rounded = shops.days(0, 120).with_columns(pl.col("copy", "noise").round(0))
    expected = shops.model.predict_proba(rounded)
    for dtype in (pl.Float32, pl.Int64, pl.Int8):
        other = rounded.with_columns(pl.col("copy", "noise").cast(dtype))
        assert np.array_equal(shops.model.predict_proba(other), expected)
    frame = rounded.to_pandas()
    assert np.array_equal(shops.model.predict_proba(frame.astype({"copy": object})), expected)
    with pytest.raises(InputError, match=r"column 'copy' .input. holds String"):
        shops.model.predict(rounded.with_columns(pl.col("copy").cast(pl.String)))
    with pytest.raises(InputError, match="cannot read this table"):
        shops.model.predict(frame.assign(copy=1j))


def test_a_pipeline_predicts_the_same(shops):
    table = shops.days(0, 240)
    whole = make_pipeline(OutlastModel(shops.saved)).fit(table.drop("busy"), table["busy"])
    assert np.array_equal(whole.predict_proba(table), shops.model.predict_proba(table))


def test_a_copy_predicts_the_same(shops):
    table, model = shops.days(0, 120), OutlastModel.load(shops.saved)
    for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert np.array_equal(copied.predict_proba(table), model.predict_proba(table))
        assert copied.get_params() == model.get_params()


def test_the_order_of_the_rows_does_not_matter(shops):
    table = shops.days(0, 120)
    order = np.random.default_rng(0).permutation(table.height)
    assert np.array_equal(shops.model.predict_proba(table[order]),
                          shops.model.predict_proba(table)[order])


def test_rows_need_their_history_and_no_more(shops):
    whole = shops.model.predict_proba(shops.days(0, 200))
    earlier = shops.model.predict_proba(shops.days(0, 150))
    assert np.array_equal(earlier, whole[: 4 * 150]), "later rows do not matter"
    with pytest.warns(match="fewer|look back|history"):
        late = shops.model.predict_proba(shops.days(195, 200))
    assert not np.array_equal(late, whole[4 * 195 :]), "without it a row is another"


@pytest.mark.parametrize(("change", "message"), [
    (np.zeros_like, "have one class only"),
    (lambda y: y + np.arange(y.size) % 2, "the classes 2, which are not among"),
    (lambda y: y + np.linspace(0, 0.5, y.size), r"has the classes .* and \d+ more, which are not"),
    (lambda y: y[:, None], r"y has the shape \(960, 1\); give one value for each of the 960 rows"),
    (lambda y: y[1:], r"y has the shape \(959,\)"),
], ids=["one class", "a third class", "no classes", "two dimensions", "too short"])
def test_a_target_that_cannot_be_learned_is_refused(shops, change, message):
    table = shops.days(0, 240)
    with pytest.raises(InputError, match=message):
        OutlastModel(shops.saved).fit(table.drop("busy"), change(table["busy"].to_numpy()))
