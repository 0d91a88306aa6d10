"""The battery of planted features in its short form; `make battery` has the long one."""

from collections import defaultdict

from benchmarks.battery import TABLES, Count, Planted, count, leaky_table, misses, page, verdicts


def test_leaks_are_found_and_nothing_else_is_suspected(tmp_path):
    table = leaky_table(0)
    counts = defaultdict(Count)
    wrong = list(count(table.truth, verdicts(table, str(tmp_path), importance=0.1), counts))
    assert wrong == []
    assert (counts["leak_suspect"].found, counts["look_ahead"].found) == (1, 1)
    assert counts["leak_suspect"].others == len(table.truth) - 1


def test_every_verdict_that_is_counted_is_planted_with_its_effect():
    planted = {p.verdict for kind in TABLES for p in kind(0).truth.values()}
    assert planted >= {"leak_suspect", "look_ahead", "harmful", "redundant", "noise", "drifting",
                       "event_specific", "useful"}
    assert "log-odds 0.9 per sd" in page(defaultdict(Count), 1)


def test_hits_and_false_alarms_are_counted():
    noise = Planted("noise", frozenset({"noise"}), "none")
    pair = Planted("redundant", frozenset({"redundant", "core"}), "copy", "twin")
    twin = Planted("", frozenset({"redundant", "core"}), "copy")
    truth = {"a": noise, "b": noise, "copy": pair, "twin": twin}
    counts = defaultdict(Count)
    told = {"a": "noise", "b": "core", "copy": "redundant", "twin": "core"}
    wrong = list(count(truth, told, counts))
    assert wrong == ["b (none): core, should be noise"]
    assert counts["noise"] == Count(found=1, planted=2, false=0, others=2)
    assert counts["core"] == Count(found=0, planted=0, false=1, others=2)
    assert counts["redundant"] == Count(found=1, planted=1, false=0, others=2)
    assert misses(counts) == ["noise", "core"]
    both_kept = defaultdict(Count)
    list(count(truth, told | {"copy": "core"}, both_kept))
    assert both_kept["redundant"].found == 0
