"""The suite catches every kind of broken model, and lets its sound twin pass."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from outlast.models import Card, FitContext, FittedModel, Matrix, Model
from outlast.models.base import Fitting
from outlast.models.baseline import Prior
from outlast.models.lightgbm import LightGBM
from outlast.models.linear import FittedLinear, Linear
from outlast.testing import ModelContract, broken_rules, check_model
from tests.testing.caught import assert_breaks, assert_keeps


class Fitted(FittedLinear):
    """What the fitted models below would be without their one mistake."""


class Sound(Linear):
    """A linear model of the fitted class that its subclass names."""

    fitted = Fitted

    def _fit(self, order: Fitting) -> FittedModel:
        made = super()._fit(order)
        return self.fitted(self.card_of(order), made.arrays)

    def card_of(self, order: Fitting) -> Card:
        return order.card(self.name)


class AnswersInLogOdds(Fitted):
    def _predict(self, data: Matrix) -> Any:
        return 3 * super()._predict(data)


class KnowsTheMeanAlone(Fitted):
    def _predict(self, data: Matrix) -> Any:
        return 0 * super()._predict(data) + 0.5


class RanksWithinTheBatch(Fitted):
    def _predict(self, data: Matrix) -> Any:
        predicted = super()._predict(data)
        return predicted / (1 + predicted.max())


class FillsInPlace(Fitted):
    def _predict(self, data: Matrix) -> Any:
        np.nan_to_num(data.X, copy=False)
        return super()._predict(data)


class ReadsTheLabels(Fitted):
    def _predict(self, data: Matrix) -> Any:
        return super()._predict(data) if data.y is None else (data.y > 0).astype(float)


class MissesNewCategories(Fitted):
    def _predict(self, data: Matrix) -> Any:
        predicted = super()._predict(data)
        predicted[data.X[:, 2] > 3] = np.nan
        return predicted


class RoundsWhatItSaves(Fitted):
    def _write(self, folder: Path) -> list[str]:
        return Fitted(self.card, {**self.arrays, "coef": self.arrays["coef"].round(1)}
                      )._write(folder)


class KeepsAFileQuiet(Fitted):
    def _write(self, folder: Path) -> list[str]:
        (folder / "notes.txt").touch()
        return super()._write(folder)


class NotesItsAddress(Fitted):
    def _write(self, folder: Path) -> list[str]:
        (folder / "notes.txt").write_text(str(folder))
        return [*super()._write(folder), "notes.txt"]


class GainsBackwards(Fitted):
    def gain(self) -> Any:
        return super().gain()[::-1]


class CountsNoSplits(Fitted):
    def splits(self) -> Any:
        return np.zeros(len(self.card.columns))


class SharesTwice(Fitted):
    def _contributions(self, data: Matrix) -> Any:
        return 2 * super()._contributions(data)


class NeedsNumbers(Fitted):
    def _predict(self, data: Matrix) -> Any:
        bad = np.nan if len(data.categorical) == len(data.columns) else 0
        return super()._predict(data) + bad


class SplitsNamesAtBrackets(Fitted):
    @classmethod
    def read(cls, folder: Path, card: Card) -> Self:
        loaded = super().read(folder, card)
        if "[" in card.columns[0]:
            loaded.arrays["coef"] = 0 * loaded.arrays["coef"]
        return loaded


class ForgetsAbsentClasses(Fitted):
    def _predict(self, data: Matrix) -> Any:
        predicted = super()._predict(data)
        absent = predicted.ndim == 2 and predicted[:, -1].max() < 0.05
        return predicted[:, :-1] if absent else predicted


class DrawsFromNowhere(Sound):
    def _fit(self, order: Fitting) -> FittedModel:
        made = super()._fit(order)
        made.arrays["intercept"] = made.arrays["intercept"] + np.random.default_rng().normal()
        return made


class Talks(Sound):
    def _fit(self, order: Fitting) -> FittedModel:
        sys.stdout.write("fitting\n")
        return super()._fit(order)


class LeavesALog(Sound):
    def _fit(self, order: Fitting) -> FittedModel:
        Path("model.log").touch()
        return super()._fit(order)


class CallsItselfOtherwise(Sound):
    def card_of(self, order: Fitting) -> Card:
        return order.card("ridge")


class HasAGridOfItsOwn(Sound):
    grid_points: ClassVar[Mapping[str, list[Any]]] = {"alpha": [0.5, 0.75]}


class SearchesWhatIsSet(Sound):
    def space(self) -> Any:
        return self._space()


class TakesAnything(Prior):
    is_baseline = False

    def _check(self, train: Matrix, params: Mapping[str, Any], context: FitContext) -> None:
        return None


class SharesTooMuch(Sound):
    def _fit(self, order: Fitting) -> FittedModel:
        return order.train.form("fitted", partial(super()._fit, order))


class BoostsOneMore(LightGBM):
    def _fit(self, order: Fitting) -> FittedModel:
        return super()._fit(replace(order, rounds=(order.rounds or 4) + 1))


class NeverStops(LightGBM):
    def _fit(self, order: Fitting) -> FittedModel:
        rounds = order.rounds and min(order.rounds, 20)
        return super()._fit(replace(order, rounds=rounds, valid=None))


def saying(fitted_class: type[Fitted]) -> type[Model]:
    return type(fitted_class.__name__, (Sound,), {"fitted": fitted_class})


BROKEN: list[tuple[type[Model], str, str]] = [
    (saying(AnswersInLogOdds), "predictions_have_the_promised_shape_and_range", "not scores or"),
    (saying(KnowsTheMeanAlone), "the_signal_is_learned", "is not far below"),
    (DrawsFromNowhere, "the_same_seed_gives_the_same_bits", "give context.seed to the library"),
    (saying(RanksWithinTheBatch), "a_prediction_does_not_depend_on_the_other_rows", "a row alone"),
    (saying(FillsInPlace), "the_data_is_left_as_it_was", "work on a copy"),
    (saying(ReadsTheLabels), "labels_are_read_from_the_training_rows_alone", "reads the labels"),
    (saying(MissesNewCategories), "unseen_and_missing_categories_are_predicted", "category 9.0"),
    (saying(RoundsWhatItSaves), "a_saved_model_predicts_and_explains_the_same", "write all that"),
    (saying(KeepsAFileQuiet), "a_saved_model_predicts_and_explains_the_same", "notes.txt"),
    (saying(NotesItsAddress), "saving_twice_writes_the_same_bytes", "notes.txt differs"),
    (saying(GainsBackwards), "gain_and_contributions_have_one_entry_per_column", "above the sig"),
    (saying(CountsNoSplits), "a_column_without_splits_has_no_say", "change the prediction"),
    (saying(SharesTwice), "contributions_sum_to_the_raw_score_less_a_constant", "must sum to its"),
    (SharesTooMuch, "what_fits_share_changes_nothing", "the key of Matrix.form must name every"),
    (BoostsOneMore, "exactly_so_many_rounds_are_boosted", "8 rounds instead of 7"),
    (BoostsOneMore, "the_default_number_of_rounds_can_be_set", r"\[5, 6, 5\] rounds"),
    (NeverStops, "early_stopping_obeys_the_watched_rows", "stop by the loss on order.valid"),
    (Talks, "nothing_is_printed_or_left_in_the_working_folder", "printed 'fitting"),
    (LeavesALog, "nothing_is_printed_or_left_in_the_working_folder", "left .'model.log'. behind"),
    (saying(ForgetsAbsentClasses), "a_class_that_training_lacks_has_a_column_all_the_same",
     "2 columns for 3 classes"),
    (TakesAnything, "one_class_is_refused_except_by_baselines", "one class only must be refused"),
    (saying(NeedsNumbers), "categories_alone_are_enough", "categories alone are not predicted"),
    (saying(SplitsNamesAtBrackets), "any_column_name_is_fine", "give the library positions"),
    (TakesAnything, "bad_input_is_refused", "an infinite value must be refused"),
    (HasAGridOfItsOwn, "the_search_space_and_the_grid_surround_the_defaults", "not in its grid"),
    (SearchesWhatIsSet, "what_the_caller_sets_is_not_searched", "override _space"),
    (CallsItselfOtherwise, "a_saved_card_tells_what_the_model_is", "says 'ridge'"),
]
TWINS: dict[type[Model], Model] = {Prior: Prior(), LightGBM: LightGBM()}


def suite(made: Model) -> ModelContract:
    class Given(ModelContract):
        def model(self) -> Model:
            return made

    return Given()


@pytest.mark.parametrize(("kind", "rule", "words"), BROKEN,
                         ids=lambda part: getattr(part, "__name__", None))
def test_a_broken_model_is_caught_and_its_twin_is_not(
    kind: type[Model], rule: str, words: str
) -> None:
    assert_keeps(suite(TWINS.get(kind.__bases__[0], Sound())), rule)
    assert_breaks(suite(kind()), rule, words)


def test_every_rule_is_known_to_catch_something() -> None:
    assert {f"test_{rule}" for _, rule, _ in BROKEN} == set(suite(Sound()).rules())


def test_one_mistake_breaks_few_rules() -> None:
    assert broken_rules(suite(CallsItselfOtherwise())).keys() == {
        "test_a_saved_card_tells_what_the_model_is"}
    assert broken_rules(suite(saying(NotesItsAddress)())).keys() == {
        "test_saving_twice_writes_the_same_bytes"}


def test_a_date_inside_a_file_can_be_declared() -> None:
    model = saying(NotesItsAddress)({"alpha": 1.0})
    check_model(model, dated_files=[".txt"])
    with pytest.raises(AssertionError, match="model 'linear' breaks 1 of 25 rules:\n- test_saving"):
        check_model(model)
