from pathlib import Path

import pytest

from outlast.audit import CHECKS, holm
from outlast.records import Finding

PAGE = (Path(__file__).parents[2] / "docs" / "leaks.md").read_text("utf-8")


@pytest.mark.parametrize("code", CHECKS)
def test_every_check_is_in_the_documentation_as_it_describes_itself(code):
    check = CHECKS[code]
    assert check.code == code
    assert f"| {code} | {check.title} | {check.finds} |" in PAGE


def test_the_documentation_counts_the_checks():
    assert f"asks {len(CHECKS)} questions" in PAGE


def test_p_values_grow_with_the_number_of_checks_and_keep_their_order():
    assert holm([]) == []
    assert holm([0.2]) == [0.2]
    assert holm([0.01, 0.5, 0.02]) == [0.03, 0.5, 0.04]
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@pytest.mark.parametrize("code", CHECKS)
def test_a_check_answers_in_all_words_of_the_contract(code):
    check = CHECKS[code]()
    answers: list[Finding] = [
        check.issue("Found.", "Mend it.", blocking=False, rows=3), check.tip("Seen.", "Look."),
        check.passed("Clean."), check.not_applicable("nothing"), check.skipped("not asked")]
    assert [a.outcome for a in answers] == ["issue", "tip", "passed", "not_applicable", "skipped"]
    assert {a.code for a in answers} == {code}
    assert not any(a.blocking for a in answers)
    assert check.issue("Found.", "Mend it.").severity == "high"
