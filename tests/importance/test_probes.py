"""Random probes: a useful feature beats them, noise does not."""

from __future__ import annotations

import numpy as np
import pytest

from outlast.importance.blocks import Shuffles, time_blocks
from outlast.importance.held_out import Delta, HeldOut
from outlast.importance.permutation import permutation_importance
from outlast.importance.probes import PROBES, Probes, best_probe, probe_importance
from outlast.metrics import METRICS
from outlast.models import Matrix
from tests.importance.cases import learner, matrix


def blocks(data: Matrix) -> np.ndarray:
    return np.zeros(len(data), dtype=np.intp)


@pytest.mark.parametrize("model", ["linear", "lightgbm"])
def test_a_signal_beats_the_best_probe_and_noise_does_not(model):
    beaten = {"signal": 0, "noise": 0}
    for seed in range(8):
        rng = np.random.default_rng(seed)
        signal, noise = rng.normal(size=(2, 600))
        data = matrix({"signal": signal, "noise": noise},
                      rng.random(600) < 1 / (1 + np.exp(-signal)))
        train, test = data.take(slice(0, 300)), data.take(slice(300, 600))
        fit, held_out = learner(model, "binary"), HeldOut(test, METRICS["roc_auc"])
        shuffles = Shuffles.draw(blocks(test))
        probes = Probes("signal", seed)
        bar = best_probe(probe_importance(
            fit, probes.beside(train, blocks(train)),
            HeldOut(probes.beside(test, blocks(test)), METRICS["roc_auc"]), shuffles))
        found = permutation_importance(fit(train), held_out, shuffles,
                                       {name: [name] for name in beaten})
        for name in beaten:
            beaten[name] += found[name].value > bar
    assert beaten["signal"] == 8
    assert beaten["noise"] <= 4  # by chance one in four


def test_the_third_probe_has_the_values_of_its_source_and_stays_in_its_time():
    time = np.repeat(np.arange(20), 5)
    values = np.where(np.arange(100) % 9 == 0, np.nan, np.arange(100.0))
    data = Matrix(values.astype("f4")[:, None], ("a",))
    probe = Probes("a").beside(data, time_blocks(time)).X[:, -1]
    np.testing.assert_array_equal(np.sort(probe), np.sort(data.X[:, 0]))
    known = ~np.isnan(probe)
    assert (probe[known] // 5 == time[known]).all()
    assert not np.array_equal(probe, data.X[:, 0], equal_nan=True)


def test_the_copy_of_a_category_is_one():
    data = Matrix(np.array([[0, 1.5], [1, 2.5], [2, 3.5]], "f4"), ("shop", "price"), (0,))
    offered = Probes("shop").beside(data, blocks(data))
    assert offered.categorical == (0, 4)
    assert offered.columns == ("shop", "price", *PROBES)
    np.testing.assert_array_equal(offered.X[:, :2], data.X)


def test_train_and_held_out_rows_get_different_probes_and_the_same_again():
    data = Matrix(np.arange(40, dtype="f4")[:, None], ("a",))
    one, other = (Probes("a", 1).beside(rows, blocks(rows)).X[:, 1:]
                  for rows in (data, data.take(slice(0, 30))))
    assert not np.array_equal(one[:30], other)
    np.testing.assert_array_equal(one, Probes("a", 1).beside(data, blocks(data)).X[:, 1:])


def test_there_is_no_bar_where_nothing_is_defined():
    assert best_probe({"a": Delta(None, None, 3)}) is None
