"""What every feature selector must keep: one reason per feature, from the training rows."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl

from outlast.features.automatic import default_recipe
from outlast.records import Decision
from outlast.selection.base import Selection, Selector, TrainingRows
from outlast.splits import make_splitter
from outlast.testing.contract import Contract, check
from outlast.testing.panels import irregular_panel


class SelectorContract(Contract):
    """The rules of a selector; subclass it in a test file and return yours.

    Examples
    --------
    >>> from outlast.selection import make_selector
    >>> class TestCluster(SelectorContract):
    ...     def selector(self):
    ...         return make_selector("cluster")
    >>> TestCluster().test_every_feature_gets_one_decision_in_order()
    """

    def selector(self) -> Selector:
        """Return the selector."""
        raise NotImplementedError("return the selector that is tested")

    def test_every_feature_gets_one_decision_in_order(self) -> None:
        """The report shows each column of the table, as it is ordered there."""
        names, chosen = default_recipe(irregular_panel()).exported, self._select()
        told = tuple(decision.feature for decision in chosen.decisions)
        assert told == names, f"decisions on {told} instead of one on each of {names}"
        kept = tuple(d.feature for d in chosen.decisions if not d.removes)
        assert chosen.kept == kept, f"kept is {chosen.kept}, but the decisions keep {kept}"
        assert kept, "a selection without a feature must be an InputError"

    def test_every_decision_says_why(self) -> None:
        """A sentence for people, with a code, and with the feature that was preferred."""
        for decision in self._select().decisions:
            verb = "dropped: " if decision.removes else "kept: "
            assert decision.sentence.startswith(verb), f"{decision} must begin with {verb!r}"
            assert len(decision.sentence) > len(verb), f"{decision} gives no reason"
            assert decision.code.startswith("F"), f"{decision} needs a code such as 'F06'"
            again = Decision.model_validate_json(decision.model_dump_json())
            assert again == decision, f"{decision} is not the same after JSON; use plain numbers"
            named = not decision.removes or f"`{decision.comparator}`" in decision.sentence
            assert named or not decision.comparator, f"{decision} must name its comparator"

    def test_the_same_rows_give_the_same_choice(self) -> None:
        """A sample is drawn with a fixed seed."""
        assert self._select() == self._select(), "two choices differ; draw with a fixed seed"

    def test_the_input_is_left_as_it_was(self) -> None:
        """The same table is given to every selector."""
        rows = panel_rows()
        given = replace(rows, frame=rows.frame.clone(), y=rows.y.copy())
        self.selector().fit(given)
        assert given.frame.equals(rows.frame), "fit changed the table"
        assert np.array_equal(given.y, rows.y), "fit changed the labels"

    def test_a_single_category_is_enough(self) -> None:
        """A table may have one column, and no numbers."""
        frame = pl.DataFrame({"kind": ["u", "v", None, "u"]})
        kept = self.selector().fit(TrainingRows(frame, np.zeros(4), np.arange(4))).kept
        assert kept == ("kind",), f"kept {kept} of a single category"

    def test_noise_alone_leaves_something(self) -> None:
        """A model needs a feature, even where none is worth it."""
        rng = np.random.default_rng(0)
        rows = replace(panel_rows(), frame=pl.DataFrame(
            {name: rng.normal(size=len(panel_rows().y)) for name in "abcdef"}))
        assert self.selector().fit(rows).kept, "kept no feature of some that are noise"

    def test_what_the_user_pins_stands(self) -> None:
        """Write the rule in `choose`; `fit` sees to the pins."""
        first, second, *_ = panel_rows().frame.columns
        pinned = replace(self.selector(), keep={first: "known to matter"}, drop={second: ""})
        told = {d.feature: d for d in pinned.fit(panel_rows()).decisions}
        actions = told[first].action, told[second].action
        assert actions == ("pin", "drop"), f"{first} is to be kept and {second} to be dropped"
        assert "known to matter" in told[first].sentence, "the reason of the user is not told"

    def _select(self) -> Selection:
        return self.selector().fit(panel_rows())


@cache
def panel_rows() -> TrainingRows:
    """Return the labelled rows of a panel with ties, gaps and missing values."""
    panel = irregular_panel()
    table = default_recipe(panel).transform(panel)
    known = np.flatnonzero(panel.usable)
    time, ends = panel.time.take(known), replace(panel.time, ns=panel.label_end[known])
    folds = make_splitter("expanding_window", {"n_splits": 2}).folds(time, ends)
    inner = [(fold.train, fold.test) for fold in folds]
    return TrainingRows(table.frame[known], panel.y[known], time.ns, table.lineage, inner)


def check_selector(selector: Selector) -> None:
    """Raise if a selector breaks a rule of `SelectorContract`.

    Parameters
    ----------
    selector : Selector

    Raises
    ------
    AssertionError
        Naming every broken rule and how to mend it.

    Examples
    --------
    >>> from outlast.selection import make_selector
    >>> check_selector(make_selector("none"))
    """

    class Given(SelectorContract):
        def selector(self) -> Selector:
            return selector

    check(Given(), repr(selector))
