"""What holds for every kind of storage, and what only a folder can do."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest

from outlast.errors import (
    CorruptError,
    InputError,
    MissingDependencyError,
    StoreError,
    StoreLockedError,
    StorePausedError,
)
from outlast.store import open_storage
from outlast.store.local import LocalStorage
from outlast.store.objects import ObjectStorage


def test_what_is_written_is_read(storage):
    storage.write("a/b/c.txt", b"one")
    storage.write("a/b/c.txt", b"two")
    assert storage.read("a/b/c.txt") == b"two"
    assert storage.exists("a/b/c.txt")
    assert not storage.exists("a/b")
    assert not storage.exists("a/b/d.txt")
    assert storage.at("a/b").read("c.txt") == b"two"


def test_who_creates_first_wins(storage):
    assert storage.create("x/record.json", b"first")
    assert not storage.create("x/record.json", b"second")
    assert storage.read("x/record.json") == b"first"


def test_of_many_that_create_the_same_exactly_one_wins(storage):
    won = []
    barrier = threading.Barrier(6)

    def create(number: int) -> None:
        barrier.wait()
        if storage.create("same", str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert storage.read("same") == str(won[0]).encode()


def test_files_and_folders_are_listed_in_order(storage):
    for name in ("b/2", "b/1", "a", "b/c/3"):
        storage.write(name, b"x")
    assert storage.files() == ["a", "b/1", "b/2", "b/c/3"]
    assert storage.files("b") == ["b/1", "b/2", "b/c/3"]
    assert storage.files("none") == []
    assert storage.folders() == ["b"]
    assert storage.folders("b") == ["c"]
    assert storage.folders("none") == []


def test_removing_and_renaming(storage):
    for name in ("job/1", "job/2", "other"):
        storage.write(name, name.encode())
    storage.rename("job", "kept/job")
    assert storage.files() == ["kept/job/1", "kept/job/2", "other"]
    storage.remove("kept")
    storage.remove("other")
    storage.remove("never there")
    assert storage.files() == []


def test_a_scratch_folder_is_kept_whole_also_where_it_ends_with_an_error(storage):
    with storage.scratch("good") as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "model.txt").write_text("m")

    def fail(folder: Path) -> None:
        (folder / "job.log").write_text("why")
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"), storage.scratch("bad") as folder:
        fail(folder)
    assert storage.read("good/sub/model.txt") == b"m"
    assert storage.read("bad/job.log") == b"why"


def test_a_file_is_fetched_only_with_its_hash(storage):
    storage.write("table.arrow", b"content")
    right = hashlib.sha256(b"content").hexdigest()
    assert storage.fetch("table.arrow", right).read_bytes() == b"content"
    with pytest.raises(CorruptError, match="changed after it had been written"):
        storage.fetch("table.arrow", "0" * 64)
    with pytest.raises(CorruptError, match=r"table2\.arrow"):
        storage.fetch("table2.arrow", "1" * 64)


def test_json_and_tables_travel(storage):
    storage.write_json("a.json", {"n": [1, None]})
    assert storage.read_json("a.json") == {"n": [1, None]}
    with pytest.raises(ValueError, match="JSON compliant"):
        storage.write_json("a.json", {"n": float("nan")})
    frame = pl.DataFrame({"x": [1, 2]})
    sha256 = storage.write_parquet("a.parquet", frame)
    assert storage.read_parquet("a.parquet", sha256).equals(frame)


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_json_is_named(storage, content):
    storage.write("a.json", content)
    with pytest.raises(CorruptError, match=r"a\.json is not JSON"):
        storage.read_json("a.json")


def test_every_flipped_bit_and_every_cut_of_a_table_is_noticed(storage):
    frame = pl.DataFrame({"x": list(range(50))})
    sha256 = storage.write_parquet("a.parquet", frame)
    whole = storage.read("a.parquet")
    places = range(0, len(whole), max(1, len(whole) // 20))
    flipped = [whole[:k] + bytes([whole[k] ^ 1]) + whole[k + 1:] for k in places]
    for broken in (*flipped, *(whole[:k] for k in places)):
        storage.write("a.parquet", broken)
        with pytest.raises(CorruptError, match="changed after"):
            storage.read_parquet("a.parquet", sha256)
    storage.write("a.parquet", whole[:-9])
    with pytest.raises(CorruptError, match="is no table"):
        storage.read_parquet("a.parquet")
    storage.remove("a.parquet")
    with pytest.raises(CorruptError, match=r"a\.parquet"):
        storage.read_parquet("a.parquet", sha256)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a//b", "a/./b", "a\\b", "a\0b", ".."])
def test_no_name_leaves_the_root(storage, name):
    with pytest.raises(InputError, match="is no name of a stored file"):
        storage.write(name, b"x")


def test_a_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(InputError, match=r"s3://… holds a password") as caught:
        open_storage("s3://user:sekret@bucket/x")
    assert "sekret" not in str(caught.value)


def test_an_unknown_protocol_and_a_missing_library_are_named():
    with pytest.raises(InputError, match="cannot use 'nope://x' for results"):
        open_storage("nope://x")
    with pytest.raises(MissingDependencyError, match="'gs://x' needs another library"):
        open_storage("gs://x")


def test_a_file_url_is_a_folder(tmp_path):
    open_storage(f"file://{tmp_path}").write("a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


class Shaky:
    """A file system behind a network that fails at every third call."""

    def __init__(self, inner) -> None:
        self.inner, self.calls = inner, 0

    def __getattr__(self, name):
        method = getattr(self.inner, name)

        def call(*args, **kwargs):
            self.calls += 1
            if self.calls % 3 == 0:
                raise ConnectionError("503 SlowDown")
            return method(*args, **kwargs)

        return call


def test_a_shaky_network_is_tried_again(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    steady = open_storage("memory://shaky")
    storage = ObjectStorage(Shaky(steady._filesystem), "/shaky", "memory://shaky")
    for number in range(12):
        assert storage.create(f"record-{number}", b"x")
        assert storage.read(f"record-{number}") == b"x"
    assert len(storage.files()) == 12


def test_a_store_that_stays_away_pauses_the_run(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)

    class Gone:
        def cat_file(self, path):
            raise ConnectionError("no route to host")

    with pytest.raises(StorePausedError, match="cannot be reached: no route to host") as caught:
        ObjectStorage(Gone(), "/x", "s3://x").read("a")
    assert caught.value.exit_code == 75


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_keeps_the_old_content_and_pauses(tmp_path, monkeypatch, code):
    storage = LocalStorage(tmp_path)
    storage.write("a/record.json", b"old")

    def refuse(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    for write in (storage.write, storage.create):
        with pytest.raises(StorePausedError, match="free some space, then run the same command"):
            write("a/record.json", b"new")
    monkeypatch.undo()
    assert storage.read("a/record.json") == b"old"
    assert storage.temporaries() == []


def test_any_other_error_of_the_disk_names_file_and_way_out(tmp_path):
    (tmp_path / "reports").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot write .*choose another folder with --reports"):
        LocalStorage(tmp_path / "reports").write("a", b"x")


def test_a_disk_that_fills_up_while_a_model_is_saved_pauses_too(tmp_path):
    storage = LocalStorage(tmp_path)
    with pytest.raises(StorePausedError, match="No space left"), storage.scratch("job"):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(FileNotFoundError, match="of the user"), storage.scratch("job"):
        raise FileNotFoundError(errno.ENOENT, "of the user")


def test_files_of_killed_writers_are_no_files(tmp_path):
    storage = LocalStorage(tmp_path)
    storage.write("a/b", b"1")
    (tmp_path / "a" / ".b.12345678.tmp").write_bytes(b"half")
    assert storage.files() == ["a/b"]
    assert storage.temporaries() == ["a/.b.12345678.tmp"]


_HOLD = """
import sys, time
from outlast.store.local import LocalStorage
from pathlib import Path
with LocalStorage(Path(sys.argv[1])).lock("run.lock"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_names_its_holder_and_ends_with_it(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE,
                              text=True)
    assert holder.stdout.readline() == "held\n"
    storage = LocalStorage(tmp_path)
    with pytest.raises(StoreLockedError, match=rf"process {holder.pid} on \S+, since 20"), \
            storage.lock("run.lock"):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with storage.lock("run.lock"):
        held = json.loads((tmp_path / "run.lock").read_text())
    assert held["pid"] == str(os.getpid())


def test_a_worker_of_a_dead_holder_does_not_keep_the_lock(tmp_path):
    code = _HOLD.replace('print("held"', 'import subprocess; subprocess.Popen(["sleep", "30"]); '
                                         'print("held"')
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE,
                              text=True)
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.wait()
    with LocalStorage(tmp_path).lock("run.lock"):
        pass
    holder.stdout.close()


def test_reading_takes_no_write_access(tmp_path):
    storage = LocalStorage(tmp_path)
    storage.write("a", b"1")
    before = sorted(Path(tmp_path).rglob("*"))
    assert storage.read("a") == b"1"
    assert storage.files() == ["a"]
    assert sorted(Path(tmp_path).rglob("*")) == before
