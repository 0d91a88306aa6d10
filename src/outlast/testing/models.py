"""What every model must keep, on every task that it does."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import numpy as np

from outlast.models.base import Model
from outlast.models.fitted import CARD, FittedModel
from outlast.models.matrix import Matrix
from outlast.records import Task
from outlast.testing.contract import check, refused
from outlast.testing.fitted import COLUMNS, FittedRules, context_of, folder, labelled_rows

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

MAX_GRID = 12


class ModelContract(FittedRules):
    """The rules of a model; subclass it in a test file and return yours.

    What a fit leaves behind is checked by `FittedRules`; the rules here are about fitting:
    rounds, bad input, and what may be searched. Rules that a kind of model gives up by
    declaration (`is_baseline`, `stops_early`) are not asked of it.

    Examples
    --------
    >>> from outlast.models import make_model
    >>> class TestLinear(ModelContract):
    ...     def model(self):
    ...         return make_model("linear", {"alpha": 1.0})
    >>> TestLinear().test_a_prediction_does_not_depend_on_the_other_rows()
    """

    def test_exactly_so_many_rounds_are_boosted(self) -> None:
        """A number of rounds that the caller sets is final."""
        for task, model in self._boosted(n_iterations=7):
            valid = labelled_rows(task, seed=2)
            watched = self._fit(task, n_iterations=7, valid=valid)
            assert model.n_iterations == watched.n_iterations == 7, (
                f"{task}: {watched.n_iterations} rounds instead of 7; boost order.rounds of them")
            assert np.array_equal(model.predict(valid), watched.predict(valid)), (
                f"{task}: valid must be ignored where n_iterations is given")

    def test_the_default_number_of_rounds_can_be_set(self) -> None:
        """As a parameter of the model or of one fit, and early stopping does not undo it."""
        for task, _ in self._boosted():
            model = type(self.model())({**self.model().params, "n_iterations": 4})
            data, context = labelled_rows(task), context_of(task)
            made = [model.fit(data, {}, context), model.fit(data, {"n_iterations": 5}, context),
                    model.fit(data, {}, context, valid=data)]
            found = [each.n_iterations for each in made]
            assert found == [4, 5, 4], f"{task}: {found} rounds instead of 4, 5 and 4"

    def test_early_stopping_obeys_the_watched_rows(self) -> None:
        """Rows that cannot be predicted stop the boosting sooner."""
        for task, _ in self._boosted():
            good = labelled_rows(task, seed=2)
            shuffled = np.random.default_rng(0).permutation(good.target)
            bad = Matrix(good.X, good.columns, good.categorical, shuffled)
            learned = self._fit(task, n_iterations=None, valid=good)
            stopped = self._fit(task, n_iterations=None, valid=bad)
            assert (stopped.n_iterations or 0) < (learned.n_iterations or 0), (
                f"{task}: {stopped.n_iterations} rounds on shuffled labels and "
                f"{learned.n_iterations} on real ones; stop by the loss on order.valid")
            again = self._fit(task, n_iterations=learned.n_iterations)
            assert np.array_equal(again.predict(good), learned.predict(good)), (
                f"{task}: so many rounds without watching give another model")

    def test_what_fits_share_changes_nothing(self) -> None:
        """Fits on one matrix may share its binned form; a matrix of its own gives the same."""
        for task in self.tasks():
            train, valid = labelled_rows(task), labelled_rows(task, seed=2)
            for space in ({}, self._corner()):
                fresh = [data.take(slice(None)) for data in (train, valid)]
                shared, alone = (
                    self.model().fit(rows, space, context_of(task), valid=watched).predict(watched)
                    for rows, watched in ((train, valid), fresh))
                assert np.array_equal(shared, alone), (
                    f"{task}: earlier fits on the same matrix change the prediction; the key of "
                    "Matrix.form must name every parameter that the form depends on")

    def test_nothing_is_printed_or_left_in_the_working_folder(self) -> None:
        """A model works silently, and writes where it is told to."""
        for task in self.tasks():
            with folder() as place, chdir(place):
                with _captured() as said:
                    watched = {"n_iterations": None, "valid": labelled_rows(task, seed=2)}
                    model = self._fit(task, **watched)
                    model.predict(labelled_rows(task))
                    model.contributions(labelled_rows(task))
                    left = sorted(path.name for path in place.iterdir())
                    model.save(place)
                    self._read(place).predict(labelled_rows(task))
                assert not left, f"{task}: fitting left {left} behind; turn off its log files"
                assert not said.getvalue(), (
                    f"{task}: printed {said.getvalue()[:200]!r}; turn its messages off")

    def test_a_class_that_training_lacks_has_a_column_all_the_same(self) -> None:
        """A late class is in the data but not yet in the training rows."""
        if "multiclass" in self.tasks():
            data = labelled_rows("multiclass")
            model = self._fit("multiclass", data.take(data.target < 2), n_iterations=30)
            predicted = model.predict(data)
            assert predicted.shape == (240, 3), (
                f"{predicted.shape[1]} columns for 3 classes; fill in context.n_classes of them")
            assert self.model().is_baseline or predicted[:, 2].max() < 0.05, (
                "a class that was never seen is predicted")

    def test_one_class_is_refused_except_by_baselines(self) -> None:
        """There is nothing to learn from rows of one class."""
        for task in set(self.tasks()) - {"regression"}:
            data = labelled_rows(task)
            single = data.take(data.target == 0)
            if self.model().is_baseline:
                assert np.isfinite(self._fit(task, single).predict(data)).all(), (
                    f"{task}: a baseline predicts even after one class only")
                continue
            with refused("one class only", f"{task}: one class only must be refused; let _fit "
                                           "alone be overridden, and not fit."):
                self._fit(task, single)

    def test_categories_alone_are_enough(self) -> None:
        """A table may have no numbers."""
        for task in self.tasks():
            data = labelled_rows(task)
            only = Matrix(data.X[:, [2]], ("category",), (0,), data.y, data.last_known)
            predicted = self._fit(task, only).predict(only)
            assert np.isfinite(predicted).all(), f"{task}: categories alone are not predicted"

    def test_any_column_name_is_fine(self) -> None:
        """Names come from the user's table: brackets, quotes, line breaks, any language."""
        names = ("a[0]<1>", '"; drop', "a b\n", "naïve😀", "{{7*7}}")
        for task in self.tasks():
            data = labelled_rows(task)
            strange = Matrix(data.X, names, data.categorical, data.y, data.last_known)
            model = self._fit(task, strange)
            with folder() as place:
                model.save(place)
                assert np.array_equal(self._read(place).predict(strange), model.predict(strange)), (
                    f"{task}: a model of strange column names is not read back; give the library "
                    "positions instead of names")

    def test_bad_input_is_refused(self) -> None:
        """An error names what is wrong before anything is fitted."""
        for task in self.tasks():
            infinite, unlabelled, data = (labelled_rows(task) for _ in range(3))
            infinite.X[3, 1] = np.inf
            unlabelled.target[0] = np.nan
            renamed = Matrix(data.X, (*COLUMNS[:4], "other"), data.categorical)
            hint = "must be refused; let _fit and _predict alone be overridden."
            with refused("'holes' holds infinite values", f"{task}: an infinite value {hint}"):
                self._fit(task, infinite)
            with refused("a label in every row", f"{task}: a missing label {hint}"):
                self._fit(task, unlabelled)
            with refused("learned from the columns", f"{task}: another column {hint}"):
                self._fit(task).predict(renamed)

    def test_the_search_space_and_the_grid_surround_the_defaults(self) -> None:
        """A search can find what the defaults give; a grid has 12 points at most."""
        model = self.model()
        space, grid, defaults = model.space(), model.grid(), model.defaults()
        assert bool(space) == bool(grid), "what can be searched has a space and a grid, or neither"
        for name, distribution in space.items():
            assert _holds(distribution, defaults[name]), (
                f"the default {name}={defaults[name]} lies outside its space {distribution}")
        for name, values in grid.items():
            assert defaults[name] in values, f"the default of {name} is not in its grid {values}"
        points = np.prod([len(values) for values in grid.values()], initial=1)
        assert points <= MAX_GRID, f"the grid has {points} points, at most {MAX_GRID} are allowed"

    def test_what_the_caller_sets_is_not_searched(self) -> None:
        """A parameter of the model leaves its space and its grid."""
        given = self.model()
        for name in given.space():
            model = type(given)({**given.params, name: given.defaults()[name]})
            assert name not in {*model.space(), *model.grid()}, (
                f"{name} is set and still searched; override _space, and not space")

    def test_a_saved_card_tells_what_the_model_is(self) -> None:
        """The kind leads back to the registry, the columns to the table."""
        for _, model in self._fitted():
            with folder() as place:
                files = model.save(place)
                assert CARD in files, f"save must write {CARD}; override _write, and not save"
                card = self._read(place).card
            assert card.kind == self.model().name, f"the card says {card.kind!r}"
            assert card.columns == COLUMNS, f"the card has the columns {card.columns}"

    def _corner(self) -> dict[str, Any]:
        """The far end of everything that is searched."""
        space = self.model().space()
        return {name: getattr(free, "high", None) or free.choices[-1]  # type: ignore[attr-defined]
                for name, free in space.items()}

    def _boosted(self, **options: Any) -> Iterator[tuple[Task, FittedModel]]:
        return self._fitted(**options) if self.model().stops_early else iter(())


def check_model(model: Model, *, dated_files: Sequence[str] = ()) -> None:
    """Raise if a model breaks a rule of `ModelContract`.

    Parameters
    ----------
    model : Model
    dated_files : sequence of str, optional
        Suffixes of saved files into which a library writes the time of training.

    Raises
    ------
    AssertionError
        Naming every broken rule and how to mend it.

    Examples
    --------
    >>> from outlast.models import make_model
    >>> check_model(make_model("prior"))
    """

    class Given(ModelContract):
        def model(self) -> Model:
            return model

    contract = Given()
    contract.dated_files = tuple(dated_files)
    check(contract, f"model {model.name!r}")


def _holds(distribution: BaseDistribution, value: Any) -> bool:
    if hasattr(distribution, "choices"):
        return value in distribution.choices
    low, high = (getattr(distribution, end, value) for end in ("low", "high"))
    return bool(low <= value <= high)


@contextmanager
def _captured() -> Iterator[io.StringIO]:
    """Collect what Python, and the libraries below it, write to the standard streams."""
    said = io.StringIO()
    with tempfile.TemporaryFile() as below, redirect_stdout(said), redirect_stderr(said):
        kept = [os.dup(stream) for stream in (1, 2)]
        try:
            for stream in (1, 2):
                os.dup2(below.fileno(), stream)
            yield said
        finally:
            for stream, old in zip((1, 2), kept, strict=True):
                os.dup2(old, stream)
                os.close(old)
        below.seek(0)
        said.write(below.read().decode(errors="replace"))
