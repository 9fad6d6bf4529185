"""A store in a file whose power goes: on a medium that has written only some sectors, and in a process killed at any system call.

The medium promises what a disk promises: what was there when a flush returned stays; of what was written since, any sectors may be
there, in any order, and the one under the head may hold anything where it was written to. (SQLite counts on the rest of it, which is
what it calls powersafe overwrite.)
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from latchwork.store.kv import FileStore
from latchwork.store.sealed import Seal

IS_WHOLE = int(os.environ.get("LATCHWORK_STEPS", "10000")) >= 100_000
SECTOR = 512
CHANGES = 90
"""Enough for the log to be folded back and begun anew."""
TRIES = 40 if IS_WHOLE else 2
HEADER = 32
"""Octets of the header of SQLite's log."""
FILES = ("store.db", "store.db-wal")


def changes(seed):
    """What is applied, one after another, and what the store holds before and after each."""
    dice, content = Random(seed), {}
    yield {}, content
    for _ in range(CHANGES):
        change = {
            f"lock/1/user/{dice.randrange(12)}": dice.choice([None, dice.randbytes(dice.choice([9, 200, 9000]))])
            for _ in range(dice.randrange(1, 5))
        }
        content = {key: value for key, value in (content | change).items() if value is not None}
        yield change, content


def image(folder):
    return [path.read_bytes() if (path := folder / name).exists() else b"" for name in FILES]


def torn(dice, old, new):
    """Somewhere between two states of one file."""
    length = max(len(old), len(new))
    sectors = [at for at in range(0, length, SECTOR) if old[at : at + SECTOR] != new[at : at + SECTOR]]
    kind = dice.choice(["begun", "some", "most", "garbage"])
    if kind == "begun":
        written = dice.randrange(length + 1)
        return new[:written] + old[written:]
    there = {at for at in sectors if dice.random() < (0.5 if kind == "some" else 0.95)}
    end = max([len(old), *(min(at + SECTOR, len(new)) for at in there)])
    result = bytearray(old.ljust(end, b"\0"))
    for at in there:
        result[at : at + SECTOR] = new[at : at + SECTOR]
    if kind == "garbage" and sectors:
        at = dice.choice(sectors)
        span = range(at, min(at + SECTOR, len(new)))
        written = [each for each in span if each >= len(old) or old[each] != new[each]]
        if written and len(result) >= at:
            garbage = dice.randbytes(written[-1] + 1 - written[0])
            result[written[0] : written[-1] + 1] = garbage
    return bytes(result)


def content_of(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in zip(FILES, files, strict=True):
        if data:
            (folder / name).write_bytes(data)
    store = FileStore(folder / "store.db")
    try:
        found = {key: store.get(key) for key in store.keys("")}
        store.apply({"lock/1/memory": b"alive"})
        assert store.get("lock/1/memory") == b"alive"
        return found
    finally:
        store.close()


@pytest.mark.parametrize("seed", range(8 if IS_WHOLE else 1))
def test_whatever_sectors_are_there_the_store_is_as_before_or_as_after(tmp_path, seed):
    dice, folder, other = Random(seed), tmp_path / "real", tmp_path / "found"
    store = FileStore(folder / "store.db")
    folded = 0
    (database, log), before = image(folder), {}
    for change, after in changes(seed):
        store.apply(change)
        new_database, new_log = image(folder)
        if new_log[:HEADER] != log[:HEADER]:
            # A log that begins anew has a new header; it is flushed before anything else is written over the old log.
            new_header = new_log[:HEADER] + log[HEADER:]
            for _ in range(TRIES):
                assert content_of(other, (database, torn(dice, log, new_header))) == before
            log = new_header
        for _ in range(TRIES):
            assert content_of(other, (database, torn(dice, log, new_log))) in (before, after)
        assert content_of(other, (database, new_log)) == after
        if new_database != database:
            # The log was durable before it was folded back.
            folded += 1
            for _ in range(TRIES):
                assert content_of(other, (torn(dice, database, new_database), new_log)) == after
        assert content_of(other, (new_database, new_log)) == after
        database, log, before = new_database, new_log, after
    store.close()
    closed, _ = image(folder)
    for _ in range(TRIES):
        assert content_of(other, (torn(dice, database, closed), log)) == before
    assert content_of(other, (closed, b"")) == before
    assert folded


# a process that is killed

WRITER = """
import sys
from tests.store.test_kv_power_cuts import write_until_the_end
write_until_the_end(sys.argv[1])
"""
SEALED = "lock/1/credential/1/1"
SYSCALLS = ("openat", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate", "write", "close")
STRACE = shutil.which("strace")
SHORT = 6


def short_story():
    told = list(changes(7))[: SHORT + 1]
    return told[1:]


def write_until_the_end(path):
    """What the killed process does; each line says what it was told is durable."""
    store = FileStore(path)
    seal = Seal(store.sealing_key(os.urandom), os.urandom)
    for number, (change, _) in enumerate(short_story(), 1):
        store.apply(change | {SEALED: seal.seal(SEALED, b"%d" % number)})
        os.write(1, b"%d\n" % number)
    store.close()


def traced(folder, options):
    command = [STRACE, "-f", "-qq", "-o", str(folder / "trace"), *options, "-P", str(folder)]
    for name in ("store.db", "store.db-wal", "store.db.key", "store.db.key.new", "store.db.lock", "store.db-journal"):
        command += ["-P", str(folder / name)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*command, sys.executable, "-c", WRITER, str(folder / "store.db")],
        cwd=root,
        capture_output=True,
        check=False,
    )
    return done.stdout.split()


def can_trace():
    if STRACE is None:
        return False
    return subprocess.run([STRACE, "-qq", "-o", os.devnull, "true"], capture_output=True, check=False).returncode == 0


def expected(number):
    return {} if not number else short_story()[number - 1][1]


def check_survivor(folder, told):
    store = FileStore(folder / "store.db")
    try:
        found = {key: store.get(key) for key in store.keys("")}
        sealed = found.pop(SEALED, None)
        number = 0
        if sealed is not None:
            # The key that it was sealed with was durable before it was.
            number = int(Seal(store.sealing_key(None), os.urandom).open(SEALED, sealed))
        acknowledged = int(told[-1]) if told else 0
        assert number in (acknowledged, acknowledged + 1)
        assert found == expected(number)
        store.sealing_key(os.urandom)
    finally:
        store.close()


@pytest.mark.skipif(not can_trace(), reason="there is no strace that may trace")
@pytest.mark.parametrize("syscall", SYSCALLS if IS_WHOLE else ("pwrite64", "fdatasync"))
def test_a_process_killed_at_a_system_call_leaves_whole_changes(tmp_path, syscall):
    peace = tmp_path / "peace"
    peace.mkdir()
    assert len(traced(peace, ["-e", f"trace={syscall}"])) == SHORT
    calls = sum(1 for line in (peace / "trace").read_text().splitlines() if f" {syscall}(" in f" {line}")
    for nth in range(1, calls + 1, 1 if IS_WHOLE else max(1, calls // 4)):
        folder = tmp_path / str(nth)
        folder.mkdir()
        check_survivor(folder, traced(folder, ["-e", f"inject={syscall}:signal=KILL:when={nth}"]))
