import pytest
from pydantic import ValidationError

from outlast.records import Job, Record, Strategy, canonical_json, content_hash


def job(**changes) -> Job:
    values = {
        "data": "d", "features": "f", "task": "binary", "model": Strategy(name="linear"),
        "split": Strategy(name="temporal"), "fold": 0, "search": Strategy(name="none"),
        "selection": Strategy(name="none"), "metric": "roc_auc", "seed": 0, "code": "c",
    }
    return Job(**{**values, **changes})


def test_every_field_of_a_job_is_part_of_its_id():
    changes = {"data": "e", "features": "g", "task": "regression", "fold": 1, "seed": 1,
               "metric": "brier", "code": "d", "model": Strategy(name="prior"),
               "split": Strategy(name="random"), "search": Strategy(name="grid"),
               "selection": Strategy(name="cluster")}
    assert changes.keys() == Job.model_fields.keys()
    ids = {job().id, *(job(**{name: value}).id for name, value in changes.items())}
    assert len(ids) == len(changes) + 1


def test_the_same_work_has_the_same_id_in_any_key_order():
    a = Strategy(name="temporal", params={"gap": 1, "test_size": 0.2})
    b = Strategy(name="temporal", params={"test_size": 0.2, "gap": 1})
    assert job(split=a).id == job(split=b).id
    assert a.label == "temporal(gap=1, test_size=0.2)"


def test_a_record_survives_json():
    record = Record(job=job(), status="ok", session="s", started="now", scores={"roc_auc": None})
    assert Record.model_validate_json(record.model_dump_json()) == record


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError, match="colour"):
        Record.model_validate({"job": job(), "status": "ok", "session": "s", "started": "now",
                               "colour": "red"})


def test_not_a_number_has_no_canonical_json():
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(float("nan"))
    assert content_hash([1, 2]) != content_hash([2, 1])


def test_a_copy_derives_its_names_anew():
    one = job()
    assert one.id != one.model_copy(update={"seed": 1}).id
    assert one.label != one.model_copy(update={"fold": 2}).label
