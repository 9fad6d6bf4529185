"""Removal reports: signed with a key that stays, checked without this hub, and never taken for genuine once touched."""

import base64
import json
import os
import re
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given, settings
from hypothesis import strategies as st

from latchwork.base.clock import ManualClock
from latchwork.hub.books.repository import NotFound, Repository
from latchwork.hub.books.secrets import Secrets
from latchwork.hub.bus import Bus
from latchwork.hub.desk import Desk
from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.house.entities import Credential, Door, Lock, Person
from latchwork.hub.house.placed import PlacedCredential, PlacedUser
from latchwork.hub.journal.journal import Journal
from latchwork.hub.people import removal
from latchwork.hub.people import removal_report as reports
from latchwork.hub.people.removal_report import GIVEN_UP, RemovalReports, check, printable
from latchwork.hub.people.signing_key import SigningKey, fingerprint, is_signed
from latchwork.store.database import Database
from latchwork.store.errors import SealBroken

GUIDE = Path(__file__).parents[2] / "docs" / "howto" / "moving-out.md"


async def house(path=None):
    """Two doors, and Mate, who is on both of their locks."""
    database = Database.memory() if path is None else Database(path)
    repository = Repository(database)
    desk = Desk(
        repository=repository,
        secrets=await Secrets.open(database, os.urandom),
        journal=Journal(database),
        bus=Bus(),
        clock=ManualClock(),
        entropy=os.urandom,
    )
    await repository.put_person(Person(id="person_mate", name="Mäte", unique_id=1))
    await repository.put_credential(Credential(id="credential_1", person_id="person_mate", length=6))
    for number, name in enumerate(("Front", "Cellar"), start=1):
        lock_id = f"lock_{number}"
        await repository.put_lock(Lock(id=lock_id, node_id=number, vendor="Aqara", product="U400"))
        await repository.put_door(Door(id=f"door_{number}", name=name, lock_id=lock_id))
        await repository.save_placed_user(PlacedUser(lock_id=lock_id, key="person_mate", index=3))
        place = PlacedCredential(
            lock_id=lock_id,
            credential_id="credential_1",
            version=1,
            kind=repository.credential("credential_1").kind,
            index=3,
            user_key="person_mate",
        )
        await repository.save_placed_credential(place)
    return desk


async def moved_out(desk):
    person = desk.repository.person("person_mate")

    def write(to):
        removal.begin(to, person, ("lock_1", "lock_2"), desk.now())

    await desk.write(write)


def made(desk, key=None):
    def facts(person_id):
        return removal.report(desk.repository, person_id, {"lock_2": "the lock sleeps"}, desk.journal.head())

    return RemovalReports(desk, facts, key or SigningKey(desk.repository.database, os.urandom))


async def cleared(desk, lock_id, at):
    await desk.write(lambda to: removal.forget_user(to, lock_id, "person_mate", at))


async def test_a_report_says_of_each_lock_what_is_known_and_how():
    desk = await house()
    await moved_out(desk)
    desk.clock.advance(60)
    await cleared(desk, "lock_1", desk.now())
    await desk.repository.save_troubles("lock_2", [Trouble(code=TroubleCode.ASLEEP, message="It sleeps.")])
    report = await made(desk).report("person_mate")
    front, cellar = report["locks"]
    assert (front["state"], front["known_by"], front["credentials_removed"], front["why"]) == (
        "cleared",
        "read afterwards",
        1,
        "",
    )
    assert front["cleared_at"] == "2026-01-01T00:01:00Z"
    assert (cellar["state"], cellar["credentials_left"], cellar["why"]) == ("asleep", 1, "the lock sleeps")
    assert not report["is_complete"]
    assert report["journal"]["seq"] == desk.journal.head().seq
    text = printable(report)
    assert "Removal report: Mäte" in text
    assert "NOT gone from every lock" in text
    assert (
        "clear since Thursday, 1 January 2026, 00:01, as the lock was read afterwards; 1 credential was removed" in text
    )
    await desk.repository.database.close()


async def test_a_lock_that_was_given_up_is_never_called_clear():
    desk = await house()
    await moved_out(desk)
    lock = desk.repository.lock("lock_2")
    await desk.repository.put_lock(Lock(id=lock.id, node_id=lock.node_id, gone_at=5.0))
    desk.outdated()
    report = await made(desk).report("person_mate")
    assert (report["locks"][1]["state"], report["locks"][1]["why"]) == ("given_up", GIVEN_UP)
    await desk.repository.database.close()


async def test_moving_out_twice_forgets_nothing_of_the_first_time():
    desk = await house()
    await moved_out(desk)
    await cleared(desk, "lock_1", desk.now())
    await moved_out(desk)
    report = await made(desk).report("person_mate")
    assert [each["state"] for each in report["locks"]] == ["cleared", "pending"]
    await desk.repository.database.close()


async def test_there_is_no_report_of_somebody_who_lives_here():
    desk = await house()
    with pytest.raises(NotFound):
        await made(desk).report("person_mate")
    with pytest.raises(NotFound):
        await made(desk).report("person_nobody")
    await desk.repository.database.close()


async def test_anybody_can_check_a_report_with_the_lines_of_the_guide_and_no_hub(tmp_path, monkeypatch, capsys):
    desk = await house()
    await moved_out(desk)
    report = await made(desk).report("person_mate")
    await desk.repository.database.close()
    (lines,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    path = tmp_path / "mate.json"
    monkeypatch.setattr(sys, "argv", ["check", str(path)])
    path.write_text(json.dumps(report, indent=2))
    exec(lines, {})
    assert report["fingerprint"] in capsys.readouterr().out
    path.write_text(json.dumps(report | {"is_complete": True}))
    with pytest.raises(InvalidSignature):
        exec(lines, {})


async def test_the_key_is_made_once_and_stays_over_restarts(tmp_path):
    desk = await house(tmp_path / "hub.db")
    await moved_out(desk)
    first = await made(desk).report("person_mate")
    assert (await made(desk).verify(first)).is_genuine
    private = (await SigningKey(desk.repository.database, os.urandom)._kept()).hex()
    await desk.repository.database.close()
    assert bytes.fromhex(private) not in (tmp_path / "hub.db").read_bytes()
    async with Database(tmp_path / "hub.db") as database:
        key = SigningKey(database, os.urandom)
        assert fingerprint(await key.public()) == first["fingerprint"]
    (tmp_path / "hub.db.key").write_bytes(bytes(32))
    async with Database(tmp_path / "hub.db") as database:
        with pytest.raises(SealBroken):
            await SigningKey(database, os.urandom).public()


async def test_two_that_need_the_key_at_once_get_the_same():
    desk = await house()
    database = desk.repository.database
    assert await SigningKey(database, os.urandom).public() == await SigningKey(database, os.urandom).public()
    await database.close()


async def test_a_whole_report_of_another_hub_is_told_to_be_another_hubs():
    desk, other = await house(), await house()
    await moved_out(desk)
    report = await made(desk).report("person_mate")
    told = await made(other).verify(report)
    assert not told.is_genuine
    assert "another hub" in told.why
    await desk.repository.database.close()
    await other.repository.database.close()


@pytest.fixture
async def genuine():
    desk = await house()
    await moved_out(desk)
    report = await made(desk).report("person_mate")
    await desk.repository.database.close()
    return report


@pytest.mark.parametrize(
    "change",
    [
        {"is_complete": True},
        {"left_at": "2025-01-01T00:00:00Z"},
        {"locks": []},
        {"note": "added"},
        {"version": 2},
        {"kind": "something else"},
        {"signature": ""},
        {"signature": "!"},
        {"signature": None},
        {"public_key": base64.b64encode(bytes(32)).decode()},
        {"public_key": "short"},
        {"fingerprint": "sha256:00"},
        {"person": {"id": "person_mate", "name": "Somebody"}},
        {"locks": [float("nan")]},
        {"locks": ["\ud800"]},
    ],
)
async def test_whatever_is_changed_is_noticed(genuine, change):
    assert check(genuine).is_genuine
    found = check(genuine | change)
    assert not found.is_genuine
    assert found.why.endswith(".")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100)
@given(
    st.dictionaries(st.sampled_from(["kind", "version", "public_key", "signature", "fingerprint", "x"]), json_values)
)
def test_what_is_no_report_is_a_no_and_never_an_error(found):
    assert not check({"kind": reports.KIND, "version": 1} | found).is_genuine


def test_a_key_or_signature_that_is_none_is_a_no():
    assert not is_signed(b"", b"", b"")
    assert not is_signed(bytes(32), b"", bytes(64))
