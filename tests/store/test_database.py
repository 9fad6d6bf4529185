"""The hub's database: what was acknowledged is there, nobody's failure is another's, and nobody waits for a reader."""

import asyncio
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from latchwork.base.errors import Bug, Misuse
from latchwork.store import database as database_module
from latchwork.store.database import ConstraintBroken, Database
from latchwork.store.errors import (
    SealingKeyMissing,
    StoreClosed,
    StoreDamaged,
    StoreInUse,
    StoreUnavailable,
)
from latchwork.store.kv import FileStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "hub.db"


@pytest.fixture(params=["file", "memory"])
async def db(request, path):
    async with Database(path if request.param == "file" else None) as opened:
        yield opened


def put(name, value="1"):
    """A write of one setting."""
    return lambda connection: connection.execute("INSERT INTO setting VALUES (?, ?)", (name, value)).rowcount


def names(db):
    """All settings that a reader sees."""
    return db.read(lambda connection: [name for (name,) in connection.execute("SELECT name FROM setting")])


class Held:
    """The writer's thread, busy until it is let go: whatever is written meanwhile waits."""

    def __init__(self, db):
        self.db, self.busy, self.free = db, threading.Event(), threading.Event()

    def _wait(self, _):
        self.busy.set()
        assert self.free.wait(10)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.db.write(self._wait))
        await asyncio.to_thread(self.busy.wait, 10)
        return self

    async def __aexit__(self, *_):
        self.free.set()
        await self.task


async def all_of(*waiting):
    """Their results, errors included."""
    return await asyncio.gather(*waiting, return_exceptions=True)


async def started(waiting):
    """A task that has run until it waits."""
    task = asyncio.create_task(waiting)
    await asyncio.sleep(0)
    return task


# Writing


async def test_what_was_written_is_read_back_and_returns_what_the_function_returns(db):
    assert await db.write(put("a")) == 1
    assert names(db) == ["a"]


async def test_many_tasks_write_at_once_and_each_gets_its_own_answer(db):
    results = await asyncio.gather(*[db.write(lambda _, n=n: n) for n in range(500)])
    assert results == list(range(500))
    assert db.writes == 500


async def test_what_waits_behind_a_commit_is_the_next_commit(db):
    async with Held(db):
        tasks = [await started(db.write(put(f"n{n}"))) for n in range(100)]
        before = db.commits
    await asyncio.gather(*tasks)
    assert db.commits - before == 2  # the one that was held, and all the others
    assert len(names(db)) == 100


async def test_a_group_has_a_bound(db, monkeypatch):
    monkeypatch.setattr(database_module, "MAX_GROUP", 10)
    async with Held(db):
        tasks = [await started(db.write(put(f"n{n}"))) for n in range(25)]
    await asyncio.gather(*tasks)
    assert db.commits == 4


async def test_writes_run_in_the_order_in_which_they_were_asked_for(db):
    order = []
    await asyncio.gather(*[db.write(lambda _, n=n: order.append(n)) for n in range(200)])
    assert order == list(range(200))


async def test_a_function_that_fails_is_undone_and_its_neighbours_are_not(db):
    def half(connection):
        put("half")(connection)
        raise LookupError("on purpose")

    async with Held(db):
        tasks = [await started(db.write(each)) for each in (put("a"), half, put("a"), put("b"))]
    first, failed, second, last = await all_of(*tasks)
    assert (first, last) == (1, 1)
    assert isinstance(failed, LookupError)
    assert isinstance(second, ConstraintBroken)
    assert sorted(names(db)) == ["a", "b"]


async def test_a_rule_that_is_checked_at_the_commit_is_only_its_own_writers_failure(db):
    await db.write(lambda c: c.execute("CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT").close())
    await db.write(
        lambda c: c.execute("CREATE TABLE b (a INTEGER REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED) STRICT").close()
    )
    async with Held(db):
        writes = (put("x"), lambda c: c.execute("INSERT INTO b VALUES (7)").close(), put("y"))
        tasks = [await started(db.write(each)) for each in writes]
    results = await all_of(*tasks)
    assert [type(result) for result in results] == [int, ConstraintBroken, int]
    assert names(db) == ["x", "y"]
    assert db.read(lambda c: c.execute("SELECT count(*) FROM b").fetchone()) == (0,)


async def test_a_full_disk_is_told_to_who_filled_it_and_the_others_go_on(db):
    pages = await db.write(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await db.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 4}").fetchone())
    async with Held(db):
        writes = (put("small"), put("great", "1" * 1_000_000), put("other"))
        tasks = [await started(db.write(each)) for each in writes]
    small, great, other = await all_of(*tasks)
    assert (small, other) == (1, 1)
    assert isinstance(great, StoreUnavailable)
    assert "disk" in great.advice
    assert sorted(names(db)) == ["other", "small"]


async def test_a_reference_to_nothing_is_refused(db):
    door = "INSERT INTO door VALUES ('door_1', 'Front', 'lock_none', 0, 0, 1)"
    with pytest.raises(ConstraintBroken):
        await db.write(lambda connection: connection.execute(door))


async def test_a_value_of_another_type_is_refused(db):
    with pytest.raises(ConstraintBroken):
        await db.write(put("a", b"octets"))


async def test_a_statement_that_makes_no_sense_is_our_own_defect(db):
    with pytest.raises(Bug):
        await db.write(lambda connection: connection.execute("SELECT * FROM nothing"))
    with pytest.raises(Bug):
        db.read(lambda connection: connection.execute("SELEKT"))
    with pytest.raises(Bug):
        await db.write(lambda _: next(iter(())))


async def test_a_function_that_ends_the_transaction_is_our_own_defect(db):
    with pytest.raises(Bug):
        await db.write(lambda connection: connection.execute("COMMIT"))
    assert await db.write(put("after")) == 1


async def test_cancelling_who_waits_does_not_take_the_write_back(db):
    async with Held(db):
        task = await started(db.write(put("kept")))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await db.write(put("later"))
    assert names(db) == ["kept", "later"]


async def test_a_failure_that_nobody_waits_for_is_logged_without_its_text(db, caplog):
    def fail(_):
        raise LookupError("4711")

    async with Held(db):
        task = await started(db.write(fail))
        task.cancel()
    await all_of(task)
    await db.write(put("later"))
    assert "unwatched_write_failed error=LookupError" in caplog.text
    assert "4711" not in caplog.text


async def test_too_many_waiting_writes_are_refused(db, monkeypatch):
    monkeypatch.setattr(database_module, "MAX_WAITING", 3)
    async with Held(db):
        tasks = [await started(db.write(put(f"n{n}"))) for n in range(4)]
    results = await all_of(*tasks)
    assert [type(result) for result in results] == [int, int, int, StoreUnavailable]


def test_a_loop_that_is_gone_loses_no_write_and_harms_nobody(path):
    db = Database(path)
    loop = asyncio.new_event_loop()
    held = Held(db)

    async def leave():
        await held.__aenter__()
        task = await started(db.write(put("kept")))
        for each in (task, held.task):
            each.cancel()
        await all_of(task, held.task)

    loop.run_until_complete(leave())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    held.free.set()

    async def look():
        await db.write(put("later"))
        found = names(db)
        await db.close()
        return found

    assert asyncio.run(look()) == ["kept", "later"]


# Reading


async def test_a_reader_cannot_write(db):
    with pytest.raises(Misuse):
        db.read(put("a"))
    with pytest.raises(Misuse):
        await db.read_in_thread(put("a"))
    assert await db.write(put("a")) == 1


async def test_a_function_that_writes_reads_with_its_own_connection(db):
    with pytest.raises(Misuse):
        await db.write(lambda _: names(db))
    assert await db.write(lambda c: (put("a")(c), c.execute("SELECT name FROM setting").fetchall())) == (1, [("a",)])


async def test_a_reader_that_fails_leaves_the_next_one_alone(db):
    with pytest.raises(LookupError):
        db.read(lambda _: {}["missing"])
    assert names(db) == []


async def test_reading_within_reading_sees_the_same(db):
    await db.write(put("a"))
    assert db.read(lambda _: names(db)) == ["a"]


async def test_a_long_read_keeps_its_snapshot_and_delays_no_write(path):
    first, written = threading.Event(), threading.Event()

    def twice(connection):
        def count():
            return connection.execute("SELECT count(*) FROM setting").fetchone()[0]

        before = count()
        first.set()
        assert written.wait(10)
        return before, count()

    async with Database(path) as db:
        reading = asyncio.create_task(db.read_in_thread(twice))
        await asyncio.to_thread(first.wait, 10)
        await db.write(put("a"))
        assert names(db) == ["a"]
        written.set()
        assert await reading == (0, 0)
        assert await db.read_in_thread(lambda c: c.execute("SELECT count(*) FROM setting").fetchone()[0]) == 1


async def test_readers_on_many_threads_do_not_meet(db):
    await db.write(put("a"))
    results = await asyncio.gather(*[asyncio.to_thread(names, db) for _ in range(50)])
    assert results == [["a"]] * 50


async def test_every_page_can_be_looked_at_on_demand(db):
    await db.check()


# Opening and closing


async def test_closing_finishes_what_was_asked_for_and_then_refuses(path):
    db = Database(path)
    async with Held(db) as held:
        tasks = [await started(db.write(put(f"n{n}"))) for n in range(50)]
        closing = await started(db.close())
        held.free.set()
        assert await asyncio.gather(*tasks) == [1] * 50
        await closing
    await db.close()
    with pytest.raises(StoreClosed):
        await db.write(put("late"))
    with pytest.raises(StoreClosed):
        await db.read_in_thread(len)
    with pytest.raises(StoreClosed):
        names(db)
    assert sorted(file.name for file in path.parent.iterdir()) == ["hub.db", "hub.db.lock"]
    async with Database(path) as again:
        assert len(names(again)) == 50


async def test_nobody_else_may_read_the_files(path):
    before = os.umask(0)
    try:
        async with Database(path) as db:
            await db.write(put("a"))
            db.sealing_key(os.urandom)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert set(modes) == {"hub.db", "hub.db.lock", "hub.db.key", "hub.db-wal", "hub.db-shm"}
    assert set(modes.values()) == {0o600}


async def test_a_file_that_others_could_read_is_closed_to_them(path):
    await Database(path).close()
    path.chmod(0o644)
    await Database(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_second_opener_is_refused_and_told_by_whom(path, tmp_path):
    async with Database(path):
        with pytest.raises(StoreInUse) as caught:
            Database(path)
        assert caught.value.process == os.getpid()
        assert str(os.getpid()) in str(caught.value)
        (tmp_path / "elsewhere").symlink_to(path.parent)
        with pytest.raises(StoreInUse):
            Database(tmp_path / "elsewhere" / "hub.db")
    await Database(path).close()


async def test_another_process_is_refused_too(path):
    script = "import sys; from latchwork.store.database import Database; Database(sys.argv[1])"
    async with Database(path):
        command = [sys.executable, "-c", script, path]
        ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert f"is in use by process {os.getpid()}" in ran.stderr


@pytest.mark.parametrize("content", [b"no database at all" * 300, b"SQLite format 3\0" + bytes(range(256)) * 32])
def test_a_file_that_is_no_database_is_named(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreDamaged, match=str(path)) as caught:
        Database(path)
    assert "backup" in caught.value.advice
    assert path.read_bytes() == content


async def test_a_damaged_page_is_noticed_and_the_file_named(path):
    async with Database(path) as db:
        for n in range(200):
            await db.write(put(f"n{n}", "1" * 200))
    content = bytearray(path.read_bytes())
    content[-8192:-4096] = os.urandom(4096)
    path.write_bytes(content)
    with pytest.raises(StoreDamaged, match=str(path)):
        Database(path)


def test_another_programs_database_is_left_alone(path):
    FileStore(path).close()
    content = path.read_bytes()
    with pytest.raises(StoreDamaged, match="another program"):
        Database(path)
    assert path.read_bytes() == content


def test_a_medium_that_refuses_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable):
        Database(tmp_path / "file" / "hub.db")
    (tmp_path / "hub.db").mkdir()
    with pytest.raises(StoreUnavailable):
        Database(tmp_path / "hub.db")


async def test_a_refused_file_can_be_opened_once_it_is_repaired(path):
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreDamaged):
        Database(path)
    path.unlink()
    await Database(path).close()


async def test_the_sealing_key_lies_beside_the_file_and_memory_forgets_it(path):
    async with Database(path) as db:
        with pytest.raises(SealingKeyMissing):
            db.sealing_key(None)
        key = db.sealing_key(os.urandom)
        assert path.with_name("hub.db.key").read_bytes() == bytes(key)
        assert db.sealing_key(None) == key
    async with Database.memory() as db:
        with pytest.raises(Misuse):
            db.sealing_key(None)
        assert db.sealing_key(os.urandom) == db.sealing_key(None)


async def test_the_log_is_folded_back_while_it_runs(path):
    async with Database(path) as db:
        for n in range(40):
            await db.write(put(f"n{n}", "1" * 400_000))
        assert path.with_name("hub.db-wal").stat().st_size < 12_000_000


# Killed

KILLED = """
import asyncio, itertools, os, sys
from latchwork.store.database import Database

async def live(first):
    db, numbers = Database(sys.argv[1]), itertools.count(first)
    def pair(number):
        rows = [(f"{number}/a", "1"), (f"{number}/b", "1")]
        return lambda connection: connection.executemany("INSERT INTO setting VALUES (?, ?)", rows).close()
    async def work():
        for number in numbers:
            await db.write(pair(number))
            os.write(1, b"%d\\n" % number)
    await asyncio.gather(*[work() for _ in range(8)])

for line in sys.stdin:
    child = os.fork()
    if not child:
        asyncio.run(live(int(line)))
    os.write(1, b"pid %d\\n" % child)
    os.waitpid(child, 0)
    os.write(1, b"dead\\n")
"""


async def everything(path):
    async with Database(path) as db:
        return set(names(db))


def test_a_process_that_is_killed_at_any_moment_loses_nothing_that_was_acknowledged(path):
    chance = random.Random(4711)
    acknowledged: set[str] = set()
    parent = subprocess.Popen([sys.executable, "-c", KILLED, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        for turn in range(50):
            parent.stdin.write(b"%d\n" % (turn * 1_000_000))
            parent.stdin.flush()
            left, child = chance.choice([0, 1, chance.randrange(200)]), None
            while (line := parent.stdout.readline()) != b"dead\n":
                assert line
                if line.startswith(b"pid "):
                    child = int(line[4:])
                else:
                    acknowledged.add(line.decode().strip())
                    left -= 1
                if child and left <= 0:
                    os.kill(child, signal.SIGKILL)
                    left = sys.maxsize
            kept = asyncio.run(everything(path))
            halves = {name[:-2] for name in kept if name.endswith("/a")}
            assert acknowledged <= halves
            assert kept == {f"{number}/{half}" for number in halves for half in "ab"}
    finally:
        parent.stdin.close()
        parent.stdout.close()
        parent.wait(10)
    assert len(acknowledged) > 1000
    plain = sqlite3.connect(path)
    assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    plain.close()
