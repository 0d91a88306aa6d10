import json
import logging

import pytest

from outlast.errors import InputError
from outlast.store import find_session, open_session, read_sessions


def test_a_session_leaves_manifest_and_both_logs(experiment):
    with open_session(experiment, jobs=["a"]) as session:
        logging.getLogger("outlast.test").info("hello %s", "there", extra={"fields": {"n": 3}})
    (manifest,) = read_sessions(experiment)
    assert manifest["outcome"] == "finished"
    assert manifest["jobs"] == ["a"]
    assert {"command", "git", "python", "machine", "libraries"} <= manifest.keys()
    assert "hello there" in session.storage.read("session.log").decode()
    line = json.loads(session.storage.read("session.jsonl").decode().splitlines()[0])
    assert (line["message"], line["n"], line["level"]) == ("hello there", 3, "info")


def test_an_error_is_written_down_and_passed_on(experiment):
    with pytest.raises(InputError, match="bad"), open_session(experiment, jobs=[]):
        raise InputError("bad table")
    assert read_sessions(experiment)[0]["outcome"] == "failed: bad table"


def test_ctrl_c_is_written_down(experiment):
    with pytest.raises(KeyboardInterrupt, match=r"^$"), open_session(experiment, jobs=[]):
        raise KeyboardInterrupt
    assert read_sessions(experiment)[0]["outcome"] == "interrupted"


def test_a_session_is_found_by_the_start_of_its_id(experiment):
    with open_session(experiment, jobs=[]) as session:
        pass
    assert find_session(experiment.store, session.id[:15])["session"] == session.id
    with pytest.raises(InputError, match="unknown session 'nope'"):
        find_session(experiment.store, "nope")


def test_the_log_ends_with_the_session(experiment):
    with open_session(experiment, jobs=[]) as session:
        pass
    logging.getLogger("outlast").warning("after the end")
    assert "after the end" not in session.storage.read("session.log").decode()
