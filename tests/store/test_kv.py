"""The stores: what was applied is there, whole or not at all, and nobody else has it open."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.store import kv
from latchwork.store.kv import (
    MAX_KEY_LENGTH,
    MAX_VALUE_LENGTH,
    FileStore,
    KeyRefused,
    MemoryStore,
    Store,
    StoreClosed,
    StoreDamaged,
    StoreError,
    StoreInUse,
    StoreTooNew,
    StoreUnavailable,
)


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else FileStore(tmp_path / "data" / "node.db")
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "node.db"


def test_what_was_applied_is_read_back(store: Store) -> None:
    store.apply({"a": b"1", "b": b""})
    assert store.get("a") == b"1"
    assert store.get("b") == b""
    assert store.get("c") is None


def test_one_call_writes_replaces_and_forgets(store: Store) -> None:
    store.apply({"a": b"1", "b": b"2"})
    store.apply({"a": None, "b": b"3", "c": b"4", "never": None})
    assert store.keys() == ["b", "c"]
    assert store.get("b") == b"3"


def test_applying_nothing_is_allowed(store: Store) -> None:
    store.apply({})
    assert store.keys() == []


def test_keys_are_sorted_and_chosen_by_prefix(store: Store) -> None:
    store.apply(dict.fromkeys(["fabric/2", "fabric/10", "fabrics", "acl/1", "fabric/~"], b""))
    assert store.keys("fabric/") == ["fabric/10", "fabric/2", "fabric/~"]
    assert store.keys("x") == []


def test_a_section_sees_only_its_own_keys(store: Store) -> None:
    store.apply({"other": b"0", "fabric": b"0"})
    section = store.section("fabric")
    section.apply({"1": b"one", "other": b"two"})
    section.section("1").apply({"noc": b"deep"})
    assert section.keys() == ["1", "1/noc", "other"]
    assert section.get("other") == b"two"
    assert section.get("fabric") is None
    assert store.keys() == ["fabric", "fabric/1", "fabric/1/noc", "fabric/other", "other"]
    section.apply({"other": None})
    assert store.get("other") == b"0"


def test_closing_a_section_leaves_the_store_open(store: Store) -> None:
    store.section("a").close()
    store.apply({"b": b"1"})
    assert store.get("b") == b"1"


@pytest.mark.parametrize("key", ["", "a b", "tab\t", "ä", "nul\0", "del\x7f", "x" * (MAX_KEY_LENGTH + 1)])
def test_a_key_outside_the_bounds_is_refused_and_nothing_is_written(store: Store, key: str) -> None:
    with pytest.raises(KeyRefused):
        store.apply({"good": b"", key: b""})
    with pytest.raises(KeyRefused):
        store.get(key)
    assert store.keys() == []


def test_the_bound_of_a_key_counts_its_sections(store: Store) -> None:
    section = store.section("s" * 100)
    section.apply({"k" * 99: b"1"})
    with pytest.raises(KeyRefused):
        section.apply({"k" * 100: b"1"})


def test_a_value_has_a_bound(store: Store) -> None:
    store.apply({"largest": bytes(MAX_VALUE_LENGTH)})
    with pytest.raises(KeyRefused):
        store.apply({"larger": bytes(MAX_VALUE_LENGTH + 1)})


def test_a_closed_store_refuses_and_may_be_closed_again(store: Store) -> None:
    store.close()
    store.close()
    calls: list[Callable[[], object]] = [lambda: store.get("a"), store.keys, lambda: store.apply({"a": b""})]
    for call in calls:
        with pytest.raises(StoreClosed):
            call()


def test_all_errors_are_of_one_family() -> None:
    errors = [StoreInUse, StoreDamaged, StoreTooNew, StoreUnavailable, KeyRefused, StoreClosed]
    assert all(issubclass(error, StoreError) for error in errors)
    assert issubclass(StoreError, LatchworkError)
    assert issubclass(KeyRefused, Misuse)


def test_a_file_keeps_its_content_when_reopened(path: Path) -> None:
    first = FileStore(path)
    first.apply({"a": b"1"})
    first.close()
    second = FileStore(str(path))
    assert second.get("a") == b"1"
    second.close()


def test_nobody_else_may_read_the_files(path: Path) -> None:
    before = os.umask(0)
    try:
        store = FileStore(path)
        store.apply({"a": b"1"})
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"node.db", "node.db.lock", "node.db-wal"} <= set(modes)
    store.close()


def test_the_same_storage_cannot_be_opened_twice(path: Path) -> None:
    store = FileStore(path)
    with pytest.raises(StoreInUse, match=f"is in use by process {os.getpid()}") as refused:
        FileStore(path)
    assert refused.value.process == os.getpid()
    assert refused.value.advice
    store.close()
    FileStore(path).close()


def test_another_process_is_named_and_let_go_of_when_it_dies(path: Path) -> None:
    child = _child(f"store = FileStore({str(path)!r}); print('open', flush=True); sys.stdin.read()")
    assert child.stdout
    assert child.stdout.readline() == b"open\n"
    with pytest.raises(StoreInUse, match=f"in use by process {child.pid}"):
        FileStore(path)
    child.kill()
    child.communicate()
    FileStore(path).close()


def test_a_process_killed_while_writing_leaves_whole_changes(path: Path) -> None:
    child = _child(
        f"store = FileStore({str(path)!r})\n"
        "for n in range(1, 1_000_000):\n"
        "    value = str(n).encode()\n"
        "    store.apply({'first': value, f'n/{n % 50}': value * 100, 'last': value})\n"
        "    print(n, flush=True)\n"
    )
    assert child.stdout
    for expected in range(1, 301):
        assert int(child.stdout.readline()) == expected
    os.kill(child.pid, signal.SIGKILL)
    rest = child.communicate()[0].split()
    acknowledged = int(rest[-1]) if rest else 300
    store = FileStore(path)
    found = int(store.get("first") or b"0")
    assert store.get("last") == store.get("first")
    assert store.get(f"n/{found % 50}") == str(found).encode() * 100
    assert found in {acknowledged, acknowledged + 1}  # the last one may be durable before it was reported
    store.close()


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to be looked at" * 20, b"SQLite format 3\0" + bytes(4080)]
)
def test_a_file_that_is_no_database_is_called_damaged(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreDamaged, match="damaged"):
        FileStore(path)
    assert path.read_bytes() == content
    path.unlink()
    FileStore(path).close()  # the lock was given back


def test_a_damaged_page_is_found_at_start(path: Path) -> None:
    store = FileStore(path)
    store.apply({f"key/{n}": bytes(100) for n in range(500)})
    store.close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\xff" * (4096 * 3)
    path.write_bytes(content)
    with pytest.raises(StoreDamaged):
        FileStore(path)


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StoreDamaged, match="another program"):
        FileStore(path)


def test_a_storage_of_a_later_version_is_refused(path: Path) -> None:
    FileStore(path).close()
    with sqlite3.connect(path) as later:
        later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(StoreTooNew, match="schema 99"):
        FileStore(path)


def test_a_storage_of_an_earlier_version_is_brought_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileStore(path)
    store.apply({"a": b"1"})
    store.close()
    steps = [*kv._migrations(), "ALTER TABLE entry ADD COLUMN note TEXT DEFAULT 'x'"]
    monkeypatch.setattr(kv, "_migrations", lambda: steps)
    FileStore(path).close()
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (2,)
        assert database.execute("SELECT key, note FROM entry").fetchall() == [("a", "x")]
    database.close()


def test_a_failed_migration_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FileStore(path).close()
    steps = [*kv._migrations(), "CREATE TABLE half (x); INSERT INTO missing VALUES (1)"]
    with monkeypatch.context() as patch:
        patch.setattr(kv, "_migrations", lambda: steps)
        with pytest.raises(StoreUnavailable):
            FileStore(path)
    FileStore(path).close()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("entry",)]
    database.close()


def test_a_directory_in_place_of_the_file_is_explained(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreUnavailable):
        FileStore(path)


def test_a_file_in_place_of_the_directory_is_explained(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        FileStore(tmp_path / "data" / "node.db")


def test_a_full_disk_refuses_the_whole_change(path: Path) -> None:
    store = FileStore(path)
    store.apply({"a": b"1"})
    connection = store._connection
    assert connection
    connection.execute("PRAGMA max_page_count = 8").fetchall()
    with pytest.raises(StoreUnavailable, match="full") as refused:
        store.apply({"a": b"2", "big": bytes(100_000)})
    assert "disk" in refused.value.advice
    assert store.get("a") == b"1"
    store.apply({"a": b"3"})
    assert store.get("a") == b"3"
    store.close()


def _child(body: str) -> subprocess.Popen[bytes]:
    script = f"import sys\nfrom latchwork.store.kv import FileStore\n{body}"
    return subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
