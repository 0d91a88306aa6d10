"""Columns of nothing that a model is offered beside its features: the bar that noise sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from outlast.importance.blocks import Shuffles
from outlast.importance.held_out import Delta, HeldOut
from outlast.importance.permutation import permutation_importance
from outlast.models import FittedModel, Matrix

Fit = Callable[[Matrix], FittedModel]

PROBES = ("normal probe", "uniform probe", "permuted probe")


@dataclass(frozen=True, eq=False)
class Probes:
    """Three random columns for the rows of one side of a fold.

    Parameters
    ----------
    source : str
        The feature of which the third probe is a copy, permuted like the feature itself
        would be: it has its distribution and its missing values, and knows nothing.
    seed : int, default 0

    Examples
    --------
    >>> data = Matrix(np.arange(6, dtype="f4").reshape(3, 2), ("a", "b"))
    >>> Probes("b").beside(data, np.zeros(3, dtype=np.intp)).columns
    ('a', 'b', 'normal probe', 'uniform probe', 'permuted probe')
    """

    source: str
    seed: int = 0

    def beside(self, data: Matrix, blocks: npt.NDArray[np.intp]) -> Matrix:
        """Return rows, whose blocks are given, with the probes after their columns."""
        rng = np.random.default_rng([self.seed, len(data)])
        at = data.columns.index(self.source)
        permuted = Shuffles.draw(blocks, 1, self.seed + 1).of(data.X[:, at])[0]
        probes = np.column_stack([rng.normal(size=len(data)), rng.random(len(data)), permuted])
        categorical = data.categorical
        if at in categorical:
            categorical = (*categorical, len(data.columns) + 2)
        return Matrix(np.hstack([data.X, probes.astype(np.float32)]), (*data.columns, *PROBES),
                      categorical, data.y, data.last_known)


def probe_importance(
    fit: Fit, train: Matrix, held_out: HeldOut, shuffles: Shuffles
) -> dict[str, Delta]:
    """Fit a model to rows that have probes, and measure what these seem to be worth.

    Parameters
    ----------
    fit : callable
        Fits the configuration to a matrix.
    train : Matrix
        With probes, see `Probes`.
    held_out : HeldOut
        With probes.
    shuffles : Shuffles
        Of the held-out rows.

    Returns
    -------
    dict of str to Delta
        By the name of the probe. A feature whose permutation costs less than that of the best
        probe is not told from noise by this fold.

    Notes
    -----
    No leaderboard model has ever seen a probe: this fit is made for them alone.
    """
    return permutation_importance(fit(train), held_out, shuffles, {name: [name] for name in PROBES})


def best_probe(found: dict[str, Delta]) -> float | None:
    """Return the highest value of any probe, None where none has one.

    Examples
    --------
    >>> best_probe({"a": Delta(0.1, None, 1), "b": Delta(None, None, 1)})
    0.1
    """
    return max((delta.value for delta in found.values() if delta.value is not None), default=None)
