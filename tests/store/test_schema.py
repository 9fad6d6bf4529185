"""Schemas: each script is done once, a newer file is refused, and one that fails leaves everything as it was."""

import sqlite3
from importlib import resources

import pytest

from latchwork.base.errors import Bug
from latchwork.store import database_file, schema
from latchwork.store.database import Database
from latchwork.store.errors import StoreDamaged, StoreTooNew
from latchwork.store.schema import Migration, migrate, shipped_migrations

ONE = Migration(1, "0001_one", "CREATE TABLE one (id INTEGER PRIMARY KEY) STRICT;")
TWO = Migration(
    20, "0020_two", "CREATE TABLE two (one INTEGER NOT NULL REFERENCES one (id)) STRICT;\nINSERT INTO one VALUES (1)"
)


@pytest.fixture
def connection():
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.execute("PRAGMA foreign_keys = ON")
    yield made
    made.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hub.db"


def tables(connection):
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in found]


def test_the_shipped_scripts_are_numbered_and_named():
    found = shipped_migrations()
    assert [step.number for step in found] == sorted({step.number for step in found})
    assert all(step.name.startswith(f"{step.number:04}_") for step in found)
    assert {1, 2, 3, 4} <= {step.number for step in found}


def test_scripts_say_nothing_of_transactions():
    for step in shipped_migrations():
        words = {word.strip(";").upper() for word in step.sql.split()}
        assert not words & {"COMMIT", "ROLLBACK", "SAVEPOINT", "PRAGMA", "ATTACH", "VACUUM"}


def test_scripts_are_done_once_and_in_order(connection):
    migrate(None, connection, [ONE])
    migrate(None, connection, [ONE, TWO])
    migrate(None, connection, [ONE, TWO])
    assert tables(connection) == ["migration", "one", "two"]
    assert connection.execute("SELECT number, name FROM migration").fetchall() == [(1, ONE.name), (20, TWO.name)]


def test_a_lower_number_may_come_later(connection):
    late = Migration(9, "0009_late", "CREATE TABLE late (id INTEGER) STRICT;")
    migrate(None, connection, [ONE, TWO])
    migrate(None, connection, [ONE, late, TWO])
    assert "late" in tables(connection)


def test_a_script_that_fails_leaves_everything_as_it_was(connection):
    migrate(None, connection, [ONE])
    broken = Migration(30, "0030_broken", "CREATE TABLE three (id INTEGER) STRICT; CREATE TABLE one (id INTEGER);")
    with pytest.raises(sqlite3.OperationalError):
        migrate(None, connection, [ONE, TWO, broken])
    assert tables(connection) == ["migration", "one"]
    assert not connection.in_transaction
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_script_may_replace_a_table_that_others_refer_to(connection):
    migrate(None, connection, [ONE, TWO])
    connection.execute("INSERT INTO two VALUES (1)")
    replace = Migration(
        21,
        "0021_replace",
        "CREATE TABLE new (id INTEGER PRIMARY KEY, name TEXT) STRICT; INSERT INTO new SELECT id, 'x' FROM one;"
        "DROP TABLE one; ALTER TABLE new RENAME TO one;",
    )
    migrate(None, connection, [ONE, TWO, replace])
    assert connection.execute("SELECT * FROM one JOIN two ON two.one = one.id").fetchall() == [(1, "x", 1)]


def test_a_script_that_leaves_a_reference_to_nothing_is_undone(connection):
    migrate(None, connection, [ONE, TWO])
    connection.execute("INSERT INTO two VALUES (1)")
    with pytest.raises(StoreDamaged, match="two refers to one of one"):
        migrate(None, connection, [ONE, TWO, Migration(22, "0022_lose", "DELETE FROM one;")])
    assert connection.execute("SELECT count(*) FROM one").fetchone() == (1,)


def test_two_scripts_with_one_number_are_a_defect(tmp_path, monkeypatch):
    folder = tmp_path / "migrations" / "hub"
    folder.mkdir(parents=True)
    for name in ("0001_a.sql", "0001_b.sql"):
        (folder / name).write_text("")
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    with pytest.raises(Bug, match="0001_a and 0001_b"):
        schema.shipped_migrations()


def test_comments_do_not_count_as_a_change():
    assert Migration(1, "0001_one", f"-- Why.\n\n  {ONE.sql}\n").digest == ONE.digest
    assert Migration(1, "0001_one", ONE.sql.replace("one", "two")).digest != ONE.digest


async def test_a_file_of_a_later_version_is_refused_and_left_alone(path, monkeypatch):
    later = Migration(9999, "9999_later", "CREATE TABLE later (id INTEGER) STRICT;")
    with monkeypatch.context() as patched:
        patched.setattr(database_file, "shipped_migrations", lambda: [*shipped_migrations(), later])
        await Database(path).close()
    with pytest.raises(StoreTooNew, match="9999_later") as caught:
        Database(path)
    assert str(path) in str(caught.value)
    assert "version of Latchwork" in caught.value.advice


async def test_a_file_that_had_another_script_of_that_number_is_refused(path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(database_file, "shipped_migrations", lambda: [ONE])
        await Database(path).close()
    with pytest.raises(StoreTooNew, match="0001_one"):
        Database(path)
