import numpy as np
import polars as pl

from outlast.audit import CHECKS, before_run
from outlast.data import Panel, Schema
from outlast.features import make_recipe
from outlast.records import FoldAudit
from tests.tables import shop_panel, shop_table


def found(panel, audits=None, leaky=frozenset()):
    features = make_recipe(panel).transform(panel)
    findings = before_run(panel, features, audits or {}, leaky)
    assert [f.code for f in findings] == list(CHECKS)
    return {finding.code: finding for finding in findings}


def with_column(**columns) -> Panel:
    schema = Schema(time="day", entity="shop", target="busy", horizon=2, leaky=("sales", "level"))
    return Panel.build(shop_table().with_columns(**columns), schema)


def audit(**changes) -> FoldAudit:
    return FoldAudit(n_train=10, n_test=5, train_start=0, train_end=1, test_start=2, test_end=3,
                     **changes)


def test_a_sound_table_passes():
    findings = found(shop_panel(), {"temporal": (audit(n_purged=3),)})
    assert {f.outcome for f in findings.values()} == {"passed", "not_applicable"}
    assert findings["LK101"].evidence == {"folds": 1, "purged": 3}


def test_an_overlapping_fold_is_an_issue_unless_it_leaks_on_purpose():
    bad = {"walk_forward": (audit(), audit(n_overlap=4))}
    assert "fold 1: 4 training labels" in found(shop_panel(), bad)["LK101"].sentence
    assert found(shop_panel(), bad, frozenset({"walk_forward"}))["LK101"].outcome == (
        "not_applicable"
    )


def test_a_scaled_copy_of_the_target_is_an_issue():
    findings = found(with_column(answer=pl.col("busy") * -3.0 + 7))
    assert findings["LK102"].outcome == "issue"
    assert "`answer`" in findings["LK102"].sentence


def test_a_strong_honest_feature_is_no_copy():
    noisy = pl.col("busy") + pl.Series(np.random.default_rng(0).normal(0, 0.05, 960))
    assert found(with_column(strong=noisy))["LK102"].outcome == "passed"


def test_a_time_after_the_row_is_an_issue():
    late = found(with_column(paid=pl.col("day") + pl.duration(days=1)))["LK103"]
    assert (late.outcome, late.evidence) == ("issue", {"paid": 960})
    early = found(with_column(opened=pl.col("day") - pl.duration(days=1)))["LK103"]
    assert early.outcome == "passed"


def test_repeated_rows_are_an_issue():
    columns = {name: pl.lit(1.0) for name in ("signal", "copy", "noise")}
    schema = Schema(time="day", target="busy", leaky=("sales", "level", "shop"))
    one = shop_table(n_shops=1).with_columns(weather=pl.lit("sun"), **columns)
    repeated = found(Panel.build(one, schema))["LK104"]
    assert repeated.outcome in ("issue", "passed")
    assert found(shop_panel())["LK104"].evidence["rows"] == 0
