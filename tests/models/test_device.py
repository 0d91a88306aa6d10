"""Boosters on a graphics card: refused with the reason where there is none for them."""

from __future__ import annotations

from pathlib import Path

import pytest
import xgboost

from outlast.config import make_config
from outlast.errors import InputError
from outlast.experiments import prepare
from outlast.models.device import on_device
from outlast.records import Strategy
from tests.tables import shop_panel

HAS_CARD = Path("/dev/nvidia0").exists()


@pytest.mark.parametrize(("name", "reason"), [
    pytest.param("lightgbm", "CUDA Tree Learner was not enabled in this build"),
    pytest.param("xgboost", r"it fell back to the CPU.*of the package xgboost, and not",
                 marks=pytest.mark.skipif(HAS_CARD and xgboost.build_info()["USE_CUDA"],
                                          reason="it can be used here")),
    pytest.param("catboost", "CUDA error",
                 marks=pytest.mark.skipif(HAS_CARD, reason="it can be used here")),
])
def test_a_booster_that_cannot_use_the_device_is_named(name, reason):
    with pytest.raises(InputError, match=rf"(?s)model '{name}' cannot use 'cuda' here: .*{reason}"):
        on_device([Strategy(name="prior"), Strategy(name=name)], "cuda")


def test_it_is_refused_before_anything_is_planned(tmp_path):
    config = make_config({"models": ["prior", "linear"], "device": "cuda", "splits": ["temporal"],
                          "reports": str(tmp_path)})
    with pytest.raises(InputError, match="no model of this run can use 'cuda'; boosters can"):
        prepare(config, shop_panel(n_days=60))


def test_the_cpu_changes_nothing():
    models = [Strategy(name="xgboost"), Strategy(name="linear")]
    assert on_device(models, "cpu") == models
    with pytest.raises(InputError, match="device: Input should be 'cpu' or 'cuda'"):
        make_config({"device": "tpu"})
