from outlast.judge.insights import RULES, Evidence
from outlast.judge.insights.leaks import KnownLeaks
from outlast.records import Record
from tests.judge.results import Result, board, result


def tainted(made: Result, *leaks: str) -> Result:
    return Result(Record.model_validate({**made.record.model_dump(), "leaks": leaks}),
                  made.predictions)


def judged(*results: Result):
    made = board(*results)
    evidence = Evidence(made, "temporal", [r.record for r in results])
    return KnownLeaks().judge(evidence)


def test_results_over_a_known_leak_are_named_for_ever():
    found = judged(result("prior", 0.0), tainted(result("lightgbm", 2.0), "LK101", "LK104"))
    assert (found.outcome, found.severity) == ("issue", "high")
    assert found.evidence == {"results": 1, "codes": ["LK101", "LK104"], "splits": ["temporal"]}
    assert RULES["OL106"] is KnownLeaks


def test_a_contrast_that_leaks_on_purpose_is_no_known_leak():
    assert judged(result("prior", 0.0), result("prior", 0.0, split="random")).outcome == "passed"
