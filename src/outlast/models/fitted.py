"""What a fit leaves behind: predictions, explanations, and files that hold no code."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from outlast.errors import InputError
from outlast.models.matrix import FitContext, Floats, Matrix
from outlast.records import Frozen
from outlast.untrusted import npz_arrays

CARD = "model.json"


class Card(Frozen):
    """What a fitted model remembers of its making; saved beside it as ``model.json``."""

    kind: str
    context: FitContext
    columns: tuple[str, ...]
    categorical: tuple[int, ...] = ()
    n_iterations: int | None = None


class FittedModel(ABC):
    """A model that has learned; it predicts, explains itself and saves itself."""

    def __init__(self, card: Card) -> None:
        self.card = card

    @property
    def n_iterations(self) -> int | None:
        """Boosting rounds in use; None for a model without rounds."""
        return self.card.n_iterations

    @property
    def device(self) -> str:
        """Where the library says that it works; "" if it does not say."""
        return ""

    def predict(self, data: Matrix) -> Floats:
        """Return P(class 1) (n,), class probabilities (n, k), or values (n,).

        Raises
        ------
        InputError
            If the columns are not those of the training data.
        """
        raw = np.asarray(self._predict(self._checked(data)), dtype=np.float64)
        # Libraries return float32 rows that sum to one only nearly.
        return raw / raw.sum(axis=1, keepdims=True) if raw.ndim == 2 else raw

    def gain(self) -> Floats | None:
        """Return how much each column (p,) helped in training; None if the model has no idea."""
        return None

    def splits(self) -> Floats | None:
        """Return how often trees split on each column (p,); None if there are no such counts."""
        return None

    def contributions(self, data: Matrix) -> Floats | None:
        """Return each column's share (n, p) in each prediction; None if there is none.

        In log-odds, or in units of the target; rows sum to the raw prediction less a
        constant. With three or more classes: the mean over classes of the absolute shares.
        """
        shares = self._contributions(self._checked(data))
        return np.abs(shares).mean(axis=1) if shares is not None and shares.ndim == 3 else shares

    def save(self, folder: Path) -> list[str]:
        """Write the model and its card into an existing folder; return the file names."""
        files = self._write(folder)
        (folder / CARD).write_text(self.card.model_dump_json(indent=1), encoding="utf-8")
        return [*files, CARD]

    def _checked(self, data: Matrix) -> Matrix:
        if data.columns != self.card.columns:
            raise InputError(f"the model learned from the columns {list(self.card.columns)}, "
                             f"got {list(data.columns)}")
        return data

    def _contributions(self, data: Matrix) -> Floats | None:
        """Shares (n, p), or (n, k, p) for k > 2 classes."""
        del data
        return None

    @classmethod
    @abstractmethod
    def read(cls, folder: Path, card: Card) -> Self:
        """Read back what `save` wrote."""

    @abstractmethod
    def _predict(self, data: Matrix) -> npt.NDArray[Any]: ...

    @abstractmethod
    def _write(self, folder: Path) -> list[str]: ...


class ArrayModel(FittedModel):
    """A fitted model that is nothing but named arrays: saved without pickle, loaded without code.

    Parameters
    ----------
    card : Card
    arrays : dict of str to ndarray
    """

    _FILE = "arrays.npz"

    def __init__(self, card: Card, arrays: dict[str, npt.NDArray[Any]]) -> None:
        super().__init__(card)
        self.arrays = arrays

    @classmethod
    def read(cls, folder: Path, card: Card) -> Self:
        """Read back what `save` wrote; an array of objects is refused."""
        return cls(card, npz_arrays(folder / cls._FILE))

    def _write(self, folder: Path) -> list[str]:
        np.savez(folder / self._FILE, allow_pickle=False, **self.arrays)
        return [self._FILE]
