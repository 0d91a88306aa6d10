"""What was said against what happened, in bins of like predictions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from outlast.judge import contrasts
from outlast.judge.calibration import Forward, apply_sigmoid, calibration_error, fit_sigmoid
from outlast.judge.details import Bin, ReliabilityCard, ResidualBin, short, short_interval
from outlast.judge.leaderboard import Contestant

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_PARTS = 20


def quantile_bins(p: Floats, n_bins: int) -> Ints:
    """Return the bin of each value: as many in each as can be without parting equal values.

    Examples
    --------
    >>> quantile_bins(np.array([0.1, 0.1, 0.1, 0.7, 0.9]), 2).tolist()
    [0, 0, 0, 1, 1]
    """
    edges = np.quantile(p, np.linspace(0, 1, n_bins + 1)[1:-1], method="inverted_cdf")
    return np.asarray(np.unique(np.searchsorted(np.unique(edges), p), return_inverse=True)[1])


def reliability(contestant: Contestant) -> ReliabilityCard | None:
    """Return what was said and what happened, before and after recalibration by earlier periods.

    Parameters
    ----------
    contestant : Contestant

    Returns
    -------
    ReliabilityCard or None
        None unless it predicts the probability of one of two classes.
    """
    if contestant.record.job.task != "binary":
        return None
    forward = Forward.of(contestant)
    if forward is None:
        blocks, results = contestant.blocks.blocks, contestant.results
    else:
        # The first period has nothing before it: both pictures are of the same, later, rows.
        blocks, results = forward.blocks, forward.periods[1:]
    y, p, time = (np.concatenate(columns) for columns in zip(
        *((r.y, r.prediction, r.time) for r in results), strict=True))
    block = blocks.block[np.searchsorted(blocks.times, time)]
    n_bins, least = contestant.thresholds.calibration_bins, contestant.thresholds.interval_blocks
    counts = np.histogram(p, bins=_PARTS, range=(0, 1))[0]
    card = ReliabilityCard(before=_bins(y, p, block, n_bins, least), counts=tuple(counts.tolist()),
                           error_before=short(calibration_error(y, p, n_bins)))
    if forward is None:
        return card
    better = np.concatenate([apply_sigmoid(period.prediction, *fit_sigmoid(*past))
                             for *past, period in forward.steps()])
    return card.model_copy(update={
        "after": _bins(y, better, block, n_bins, least),
        "error_after": short(calibration_error(y, better, n_bins))})


def _bins(y: Floats, p: Floats, block: Ints, n_bins: int, least: int) -> tuple[Bin, ...]:
    return tuple(
        Bin(said=short(p[rows].mean()), n_rows=rows.size,
            happened=short_interval(contrasts.share(y[rows], block[rows], least)))
        for rows in _rows_of(quantile_bins(p, n_bins)))


def residual_bins(contestant: Contestant) -> tuple[ResidualBin, ...]:
    """Return how far the truth lies from predicted values, in bins of like predictions.

    Parameters
    ----------
    contestant : Contestant

    Returns
    -------
    tuple of ResidualBin
        Empty unless it predicts values.
    """
    if contestant.record.job.task != "regression":
        return ()
    blocks, limits = contestant.blocks.blocks, contestant.thresholds
    y, p, time = (np.concatenate(columns) for columns in zip(
        *((r.y, r.prediction, r.time) for r in contestant.results), strict=True))
    block = blocks.block[np.searchsorted(blocks.times, time)]
    return tuple(_residuals((y - p)[rows], p[rows], block[rows], limits.interval_blocks)
                 for rows in _rows_of(quantile_bins(p, limits.calibration_bins)))


def _residuals(rest: Floats, p: Floats, block: Ints, least: int) -> ResidualBin:
    low, high = np.quantile(rest, [0.1, 0.9])
    bias = contrasts.mean(rest, block)
    told = bias.interval() if bias.n_blocks >= least else bias.interval().model_copy(
        update={"low": None, "high": None})
    return ResidualBin(said=short(p.mean()), bias=short_interval(told), low=short(low),
                       high=short(high), n_rows=rest.size)


def _rows_of(bin_of: Ints) -> list[Ints]:
    return [np.flatnonzero(bin_of == at) for at in range(int(bin_of.max()) + 1)]
