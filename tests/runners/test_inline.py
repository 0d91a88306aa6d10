import time

from outlast.runners import InlineRunner, Limits
from outlast.runners.base import attempt


def test_the_deadline_holds_between_jobs():
    limits = Limits(deadline=time.monotonic() + 0.2)
    events = list(InlineRunner().run(lambda spec: time.sleep(0.3), [{}, {}, {}], limits))
    assert [(event.index, event.kind) for event in events] == [
        (0, "started"), (0, "ok"), (1, "cancelled"), (2, "cancelled")]
    assert events[-1].failure.kind == "cancelled"


def test_an_exception_that_cannot_be_told_is_a_failure():
    class Unspeakable(Exception):
        def __str__(self):
            raise RuntimeError("words fail")

    def work(spec):
        raise Unspeakable

    failure = attempt(work, {})
    assert failure.kind == "Unspeakable"
    assert "failed" in failure.message
    assert "in work" in failure.traceback
