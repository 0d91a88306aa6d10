from outlast.report import view
from outlast.report.document import Cell
from tests.report.sample import sample
from tests.report.variants import empty


def test_findings_are_ordered_by_severity_and_numbered_when_a_code_comes_twice():
    document = sample()
    again = (*document.findings[::-1], document.findings[0])
    twice = document.model_copy(update={"findings": again})
    ids = [item.id for item in view.fired(twice)]
    assert ids == ["OL101", "OL101-2", "OL201", "OL501", "OL601"]
    passed = [item.id for item in view.quiet(document, "passed")]
    assert passed == ["OL103", "OL104", "OL105", "OL203"]


def test_the_headline_split_comes_first_and_the_leaky_one_last():
    document = sample().model_copy(update={"headline_split": "walk_forward"})
    assert view.splits(document)[0] == "walk_forward"
    assert view.splits(document)[-1] == "random"


def test_models_are_in_the_order_of_the_headline_split_with_baselines_last():
    expected = ["lightgbm", "catboost", "xgboost", "linear", "last_value", "prior"]
    assert view.models(sample()) == expected
    assert set(view.models(empty())) == set(view.models(sample()))


def test_weak_baselines_are_left_out_of_pictures():
    rows = view.best_per_model(view.rows_of(sample(), "temporal"))
    kept = view.without_weak_baselines(rows)
    assert [row.model for row in kept if row.is_baseline] == ["last_value"]


def test_the_gap_to_training_is_positive_where_training_looks_better():
    row = sample().leaderboard[0]
    higher = row.model_copy(update={"train_score": (row.score.value or 0) + 0.1})
    assert round(view.train_gap(higher, greater_is_better=True) or 0, 9) == 0.1
    assert round(view.train_gap(higher, greater_is_better=False) or 0, 9) == -0.1
    assert view.train_gap(row.model_copy(update={"train_score": None}), True) is None


def test_coverage_adds_up_the_searches_of_a_model_under_a_split():
    cell = view.grid(sample())["xgboost", "walk_forward"]
    assert (cell.planned, cell.done, cell.failed, cell.state) == (10, 9, 1, "partial")
    assert cell.reasons == ("optuna: fold 3 ran out of time after 60 s",)


def test_states_of_cells():
    def state(planned, done, failed):
        cell = Cell(model="m", split="s", search="none", planned=planned, done=done, failed=failed)
        return view.grid(sample().model_copy(update={"coverage": (cell,)}))["m", "s"].state

    assert [state(2, 2, 0), state(2, 1, 1), state(2, 0, 2), state(0, 0, 0)] == [
        "done", "partial", "failed", "none",
    ]


def test_panels_are_spread_evenly():
    assert [view.panel_columns(n, 4) for n in (0, 1, 4, 5, 7, 9)] == [1, 1, 4, 3, 4, 3]


def test_the_page_has_room_for_a_hundred_rows_and_keeps_the_best_baseline_in_its_pictures():
    full = sample()
    row, bar = (next(r for r in full.leaderboard if r.is_baseline is kind)
                for kind in (False, True))
    rows = [row.model_copy(update={"id": f"{k:08x}", "model": f"m{k}"}) for k in range(300)]
    rows.append(bar.model_copy(update={"split": row.split}))
    document = full.model_copy(update={"leaderboard": tuple(rows), "headline_split": row.split})
    assert view.shown_rows(document, row.split) == rows[:100]
    drawn = view.drawn_rows(document, row.split)
    assert [each.model for each in drawn] == [*(f"m{k}" for k in range(40)), bar.model]
