"""The encoding finds a planted effect, and nothing where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.encoding import RECIPES, planted
from outlast.data import Panel


def held_out(panel: Panel, name: str) -> float:
    """ROC AUC of a logistic regression in the last fifth of the time."""
    features = np.nan_to_num(RECIPES[name].transform(panel).frame.to_numpy(), nan=0.5)
    test = panel.time.ns >= np.quantile(panel.time.ns, 0.8)
    train = panel.label_end < panel.time.ns[test].min()
    model = LogisticRegression(C=100).fit(features[train], panel.y[train])
    return roc_auc_score(panel.y[test], model.predict_proba(features[test])[:, 1])


@pytest.mark.parametrize(("effect", "gained", "spread"), [(1.0, 0.12, 0.04), (0.0, 0.0, 0.02)])
def test_what_an_encoding_gains_is_what_was_planted(
    effect: float, gained: float, spread: float
) -> None:
    panel = planted(effect, seed=0)
    without, encoded, cheating = (held_out(panel, name)
                                  for name in ("left out", "encoding", "whole table"))
    assert encoded - without == pytest.approx(gained, abs=spread)
    assert cheating > encoded + 0.015, "labels that are not known yet help where nothing does"
