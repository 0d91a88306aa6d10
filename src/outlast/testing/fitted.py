"""The rules of a fitted model: how it predicts, explains itself and is saved."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from outlast.models.base import Model
from outlast.models.baseline import Prior
from outlast.models.fitted import CARD, Card, FittedModel
from outlast.models.matrix import FitContext, Floats, Matrix
from outlast.records import Task
from outlast.testing.contract import Contract

CLASSES: dict[Task, int] = {"binary": 2, "multiclass": 3, "regression": 1}
COLUMNS = ("signal", "holes", "category", "constant", "empty")


class FittedRules(Contract):
    """The part of `ModelContract` about what a fit leaves behind."""

    # Suffixes of files into which a library writes the time of training.
    dated_files: tuple[str, ...] = ()

    def model(self) -> Model:
        """Return the model, small enough to be fitted often to 240 rows."""
        raise NotImplementedError("return the model that is tested")

    def tasks(self) -> Sequence[Task]:
        """Return the tasks to test; by default all that the model does."""
        return self.model().tasks

    def test_predictions_have_the_promised_shape_and_range(self) -> None:
        """P(class 1), probabilities of three classes that sum to one, or values."""
        for task, model in self._fitted():
            predicted = model.predict(labelled_rows(task, n=50, seed=1))
            shape = (50, 3) if task == "multiclass" else (50,)
            assert predicted.shape == shape, f"{task}: shape {predicted.shape}, not {shape}"
            assert predicted.dtype == np.float64, f"{task}: predict {predicted.dtype}, not float64"
            assert np.isfinite(predicted).all(), f"{task}: a prediction is not finite"
            inside = task == "regression" or 0 <= predicted.min() <= predicted.max() <= 1
            assert inside, f"{task}: probabilities lie between 0 and 1, not scores or log-odds"
            sums = predicted.sum(axis=1) if task == "multiclass" else np.ones(1)
            assert np.allclose(sums, 1, atol=1e-12), f"{task}: probabilities must sum to one"

    def test_the_signal_is_learned(self) -> None:
        """Half of what can be known from the columns lowers the squared error by a fifth."""
        for task, model in self._fitted(n_iterations=60):
            data = labelled_rows(task, n=200, seed=1)
            usual = Prior().fit(labelled_rows(task), {}, context_of(task))
            error, base = (_squared_error(each, data) for each in (model, usual))
            assert self.model().is_baseline or error < 0.8 * base, (
                f"{task}: the squared error {error:.3f} is not far below the {base:.3f} of always "
                "predicting what is usual; check the order of columns, classes and rows")

    def test_the_same_seed_gives_the_same_bits(self) -> None:
        """Everything random is drawn from FitContext.seed."""
        for task, model in self._fitted():
            data = labelled_rows(task, seed=1)
            again = self._fit(task)
            assert np.array_equal(model.predict(data), again.predict(data)), (
                f"{task}: two fits with the same seed differ; give context.seed to the library")
            assert np.array_equal(model.predict(data), model.predict(data)), (
                f"{task}: predicting twice gave two answers; a prediction draws nothing")

    def test_a_prediction_does_not_depend_on_the_other_rows(self) -> None:
        """One row alone is predicted as among others, or test rows would leak into each other."""
        for task, model in self._fitted():
            data = labelled_rows(task, n=30, seed=1)
            together = model.predict(data)
            alone = np.concatenate([model.predict(data.take(slice(i, i + 1))) for i in range(30)])
            assert np.allclose(together, alone, rtol=1e-6, atol=1e-9), (
                f"{task}: a row alone is predicted otherwise than in a table; compute every "
                "statistic (means, ranks, categories) when fitting and keep it in the model")

    def test_the_data_is_left_as_it_was(self) -> None:
        """The same matrix is given to every model."""
        for task in self.tasks():
            data = labelled_rows(task)
            self._fit(task, data).predict(data)
            before = labelled_rows(task)
            same = [np.array_equal(ours, theirs, equal_nan=True) for ours, theirs in
                    ((data.X, before.X), (data.target, before.target))]
            assert all(same), f"{task}: fit or predict changed its data; work on a copy"

    def test_labels_are_read_from_the_training_rows_alone(self) -> None:
        """Predictions are the same where the label is there and where it is not."""
        for task, model in self._fitted():
            data = labelled_rows(task, n=20, seed=1)
            blind = Matrix(data.X, data.columns, data.categorical, last_known=data.last_known)
            assert np.array_equal(model.predict(data), model.predict(blind)), (
                f"{task}: predict reads the labels of the rows that it is asked about")

    def test_unseen_and_missing_categories_are_predicted(self) -> None:
        """Codes are those of the training rows; new ones and holes come later."""
        for task, model in self._fitted():
            data = labelled_rows(task, n=20, seed=1)
            for code in (np.nan, 9.0):
                strange = data.X.copy()
                strange[:, 2] = code
                asked = Matrix(strange, COLUMNS, (2,), last_known=data.last_known)
                assert np.isfinite(model.predict(asked)).all(), f"{task}: category {code} fails"

    def test_a_saved_model_predicts_and_explains_the_same(self) -> None:
        """What is read from the folder is the model that was written into it."""
        for task, model in self._fitted():
            data = labelled_rows(task, seed=1)
            with folder() as place:
                files = model.save(place)
                found = sorted(path.name for path in place.iterdir())
                assert sorted(files) == found, f"{task}: save returned {files}, wrote {found}"
                loaded = self._read(place)
                assert np.array_equal(loaded.predict(data), model.predict(data)), (
                    f"{task}: a saved model predicts otherwise; write all that predict uses")
                assert loaded.card == model.card, f"{task}: the card changed"
                assert _all_close(_explanations(loaded, data), _explanations(model, data)), (
                    f"{task}: a saved model explains otherwise")

    def test_saving_twice_writes_the_same_bytes(self) -> None:
        """Equal models have equal files, so that these can be compared by their hashes."""
        for task, model in self._fitted():
            with folder() as first, folder() as second:
                model.save(first)
                self._fit(task).save(second)
                for path in first.iterdir():
                    dated = path.suffix in self.dated_files
                    assert dated or path.read_bytes() == (second / path.name).read_bytes(), (
                        f"{task}: {path.name} differs between equal models; write no time, no "
                        "path and no order of a set, or name its suffix in dated_files")

    def test_gain_and_contributions_have_one_entry_per_column(self) -> None:
        """The column with the signal leads; those without information have nothing."""
        for task, model in self._fitted():
            gain, shares = _explanations(model, labelled_rows(task, n=30, seed=1))
            if gain is not None:
                assert gain.shape == (5,), f"{task}: gain has shape {gain.shape}, not (5,)"
                assert (gain >= 0).all(), f"{task}: gain is never negative"
                assert gain.argmax() == 0, f"{task}: gain ranks another column above the signal"
                assert not gain[3:].any(), f"{task}: an empty or constant column has a gain"
            if shares is not None:
                assert shares.shape == (30, 5), f"{task}: contributions have shape {shares.shape}"
                leader = np.abs(shares).mean(axis=0).argmax()
                assert leader == 0, f"{task}: contributions rank a column above the signal"

    def test_a_column_without_splits_has_no_say(self) -> None:
        """Where splits are counted, a prediction ignores the columns that have none."""
        for task, model in self._fitted():
            counts, data = model.splits(), labelled_rows(task, n=30, seed=1)
            if counts is None:
                continue
            assert counts.shape == (5,), f"{task}: splits have shape {counts.shape}, not (5,)"
            changed = np.where(counts > 0, data.X, data.X[::-1])
            assert np.array_equal(model.predict(replace(data, X=changed)), model.predict(data)), (
                f"{task}: columns without a split change the prediction")

    def test_contributions_sum_to_the_raw_score_less_a_constant(self) -> None:
        """Log-odds or values are shared out among the columns without a rest."""
        for task, model in self._fitted():
            data = labelled_rows(task, n=40, seed=1)
            raw = model._contributions(data)
            if raw is None:
                continue
            shares = np.asarray(raw).reshape(40, -1, 5).sum(axis=2)
            scores = _raw_scores(model.predict(data), task)
            if task == "multiclass":  # a softmax forgets what all classes have in common
                shares, scores = shares - shares[:, :1], scores - scores[:, :1]
            rest = np.ptp(scores - shares, axis=0)
            assert np.allclose(rest, 0, atol=1e-5), (
                f"{task}: the shares of a row must sum to its log-odds or value less a constant")

    def _fit(self, task: Task, data: Matrix | None = None, **options: Any) -> FittedModel:
        model = self.model()
        # Few rounds are enough for all rules but one; other models have none.
        rounds = {"n_iterations": 12, **options} if model.stops_early else {}
        return model.fit(labelled_rows(task) if data is None else data, {}, context_of(task),
                         **rounds)

    def _fitted(self, **options: Any) -> Iterator[tuple[Task, FittedModel]]:
        return ((task, self._fit(task, **options)) for task in self.tasks())

    def _read(self, folder: Path) -> FittedModel:
        card = Card.model_validate_json((folder / CARD).read_bytes())
        return self.model().fitted.read(folder, card)


def labelled_rows(task: Task, n: int = 240, seed: int = 0) -> Matrix:
    """Return rows with a signal in one number and in one category, and awkward columns.

    Examples
    --------
    >>> labelled_rows("binary", n=3).columns
    ('signal', 'holes', 'category', 'constant', 'empty')
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5)).astype(np.float32)
    X[:, 2] = rng.integers(0, 4, n)
    X[rng.random(n) < 0.2, 1] = np.nan
    X[rng.random(n) < 0.1, 2] = np.nan
    X[:, 3], X[:, 4] = 7.0, np.nan
    signal = X[:, 0] + (X[:, 2] == 1) + 0.5 * rng.normal(size=n)
    y = signal if task == "regression" else np.digitize(signal, [0.2, 1.0][: CLASSES[task] - 1])
    last = np.where(rng.random(n) < 0.1, np.nan, y)
    return Matrix(X, COLUMNS, (2,), y.astype(np.float64), last)


def context_of(task: Task) -> FitContext:
    """Return what a fit is told besides the rows."""
    return FitContext(task, CLASSES[task], seed=3)


@contextmanager
def folder() -> Iterator[Path]:
    """Make an empty folder for the block."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _squared_error(model: FittedModel, data: Matrix) -> float:
    predicted, task = model.predict(data), model.card.context.task
    if task == "regression":
        return float(((data.target - predicted) ** 2).mean())
    chances = np.column_stack([1 - predicted, predicted]) if task == "binary" else predicted
    return float(((np.eye(CLASSES[task])[data.target.astype(int)] - chances) ** 2).mean())


def _explanations(model: FittedModel, data: Matrix) -> tuple[Floats | None, Floats | None]:
    return model.gain(), model.contributions(data)


def _all_close(got: Iterable[Floats | None], expected: Iterable[Floats | None]) -> bool:
    return all(ours is theirs if ours is None or theirs is None
               else np.allclose(ours, theirs, rtol=1e-5, atol=1e-8)
               for ours, theirs in zip(got, expected, strict=True))


def _raw_scores(predicted: Floats, task: Task) -> Floats:
    if task == "regression":
        return predicted[:, None]
    if task == "binary":
        return np.asarray(np.log(predicted / (1 - predicted))[:, None])
    return np.asarray(np.log(predicted))
