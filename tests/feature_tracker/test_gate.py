import numpy as np
import polars as pl
import pytest

from outlast.feature_tracker.errors import fold_means
from outlast.feature_tracker.gate import gate


def run(model, scores, split="walk_forward", baseline=False, left=None, search="none"):
    return pl.DataFrame({
        "model": model, "split": split, "search": search, "selection": "none",
        "fold": range(len(scores)), "score": scores, "is_baseline": baseline,
        "n_train": 100, "n_test": 20,
        "left_out": pl.Series([left] * len(scores), dtype=pl.List(pl.Float64)),
    }, strict=False)


def gated(*runs):
    return {row["model"]: row for row in gate(pl.concat(runs)).iter_rows(named=True)}


def test_a_run_must_beat_the_best_baseline_by_a_standard_error():
    found = gated(run("prior", [0.5, 0.5, 0.5], baseline=True),
                  run("last_value", [0.6, 0.6, 0.6], baseline=True),
                  run("good", [0.70, 0.72, 0.71]), run("lucky", [0.9, 0.5, 0.5]))
    assert found["good"]["run_gate"]
    assert found["good"]["run_skill"] == pytest.approx(0.11)
    assert not found["lucky"]["run_gate"]


def test_the_error_of_resampled_folds_counts_the_shared_rows():
    scores = [0.7, 0.8, 0.75]
    found = gated(run("prior", [0.5] * 3, "random", baseline=True), run("m", scores, "random"))
    expected = fold_means(np.array([scores]) - 0.5, "random", 0.2).se[0]
    assert found["m"]["run_skill_se"] == pytest.approx(expected)


def test_one_window_is_judged_by_the_jackknife_over_its_blocks():
    # Leaving out one of n equal blocks of a mean: the jackknife is the error of that mean.
    blocks = np.array([0.2, 0.1, 0.4, 0.3])
    left = [(blocks.sum() - block) / 3 for block in blocks]
    found = gated(run("prior", [0.0], "temporal", baseline=True, left=[0.0] * 4),
                  run("m", [blocks.mean()], "temporal", left=left))
    assert found["m"]["run_skill_se"] == pytest.approx(blocks.std(ddof=1) / 2)
    assert found["m"]["run_gate"]


def test_without_a_baseline_nothing_is_said():
    found = gated(run("m", [0.7, 0.7]))
    assert (found["m"]["run_skill"], found["m"]["run_gate"]) == (None, None)


def test_one_window_without_blocks_does_not_pass():
    found = gated(run("prior", [0.5], "temporal", baseline=True), run("m", [0.9], "temporal"))
    assert (found["m"]["run_skill_se"], found["m"]["run_gate"]) == (None, False)


def test_the_best_configuration_stands_for_its_model():
    table = gate(pl.concat([run("prior", [0.5] * 2, baseline=True), run("m", [0.6] * 2),
                            run("m", [0.7] * 2, search="random")]))
    assert table.filter("is_best")["search"].to_list() == ["random"]
