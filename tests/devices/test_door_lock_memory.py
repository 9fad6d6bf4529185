"""What a lock remembers: whole after every power cut, sealed at rest, and honest when it cannot be read."""

import base64

import pytest
from tests.support.bench import SAMPLE, Bench

from latchwork.devices.door_lock_memory import StoredLock, remembered_position
from latchwork.doorlock.bolt import BoltPosition
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import EntryOutcome
from latchwork.doorlock.lock import LockMemory
from latchwork.doorlock.settings import OperatingMode
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.node.persistence import Ledger
from latchwork.store.errors import SealBroken, SealingKeyMissing, StoreDamaged
from latchwork.store.kv import FileStore, MemoryStore

PIN = b"48151623"


def set_pin(bench, index=1, pin=PIN, user=None):
    answer = bench.invoke(
        DoorLock.set_credential,
        wire.SetCredential(
            operation_type=wire.DataOperationTypeEnum.ADD,
            credential=wire.CredentialStruct(credential_type=wire.CredentialTypeEnum.PIN, credential_index=index),
            credential_data=pin,
            user_index=user,
            user_status=None,
            user_type=None,
        ),
    )
    assert answer.status == 0


def everything(register):
    return (
        list(register.users()),
        [each for kind in CredentialKind for each in register.credentials(kind)],
        [each for user in register.users() for each in register.week_days(user.index)],
        register.holidays(),
    )


def test_people_are_stored_before_the_answer_leaves():
    bench = Bench()
    writes = []
    apply = bench.store.apply

    def counted(changes):
        writes.append(sorted(changes))
        apply(changes)

    bench.store.apply = counted
    set_pin(bench)
    assert [[key for key in write if key.startswith("lock/")] for write in writes] == [
        ["lock/1/credential/1/1", "lock/1/user/1"]
    ], "one atomic write, with everything that belongs together"


def test_everything_comes_back():
    bench = Bench(fabrics=2)
    set_pin(bench)
    set_pin(bench, 2, b"222222", user=1)
    bench.lock.program(
        lambda register, author: (
            None,
            register.set_user(0, 5, name="Zoë", unique_id=9, status=3, type=8, rule=1, author=author)
            + register.set_week_day(
                5, 2, days=0x41, start_hour=1, start_minute=2, end_hour=3, end_minute=4, author=author
            )
            + register.set_year_day(5, 3, start=1, end=0xFFFF_FFFF, author=author)
            + register.set_holiday(4, start=7, end=8, mode=4, author=author),
        )
    )
    before = everything(bench.lock.register)
    bench.power_cut()
    assert everything(bench.lock.register) == before
    assert bench.lock.register.take_dirty() == {}
    assert bench.lock.present(CredentialKind.PIN, b"222222") is EntryOutcome.OPENED


def test_what_was_cleared_stays_cleared():
    bench = Bench()
    set_pin(bench)
    bench.invoke(DoorLock.clear_user, wire.ClearUser(user_index=1))
    assert [key for key in bench.store.keys("lock/") if "memory" not in key] == []
    bench.power_cut()
    assert bench.lock.register.user_count == 0


def forms(secret):
    """A secret in the clothes it might be found in."""
    text = secret.decode()
    return {
        secret,
        secret[::-1],
        secret.hex().encode(),
        base64.b64encode(secret).rstrip(b"="),
        text.encode("utf-16-le"),
        bytes(int(digit) for digit in text),
        int(text).to_bytes(4, "little"),
        int(text).to_bytes(4, "big"),
        bytes.fromhex(text),
    }


def test_no_octet_of_a_pin_or_a_name_lies_open_on_the_disk(tmp_path):
    store = FileStore(tmp_path / "lock.db")
    bench = Bench(store=store)
    set_pin(bench)
    bench.lock.program(lambda register, author: (None, register.set_user(2, 1, name="Rosalinde", author=author)))
    found = [path.read_bytes() for path in tmp_path.iterdir()]
    store.close()
    found += [path.read_bytes() for path in tmp_path.iterdir()]
    assert any(b"lock/1/credential/1/1" in content for content in found), "the looking works"
    for content in found:
        assert [form for form in forms(PIN) if form in content] == []
        assert b"Rosalinde" not in content
    key = (tmp_path / "lock.db.key").read_bytes()
    assert all(key not in path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".key")


def test_a_lock_without_its_key_says_what_to_do(tmp_path):
    store = FileStore(tmp_path / "lock.db")
    bench = Bench(store=store)
    set_pin(bench)
    key = tmp_path / "lock.db.key"
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(SealingKeyMissing) as caught:
        bench.power_cut()
    assert "backup" in caught.value.advice
    key.write_bytes(bytes(32))
    with pytest.raises(SealBroken):
        bench.power_cut()
    key.write_bytes(kept)
    bench.power_cut()
    assert bench.lock.register.user_count == 1
    store.close()


def test_a_record_that_was_moved_to_another_place_is_refused():
    bench = Bench()
    set_pin(bench)
    set_pin(bench, 2, b"222222")
    bench.store.apply({"lock/1/credential/1/2": bench.store.get("lock/1/credential/1/1")})
    with pytest.raises(SealBroken):
        bench.power_cut()


def test_a_number_of_a_later_version_is_damage():
    ledger = Ledger(MemoryStore())
    memory = StoredLock(ledger, 1, bytes)
    memory.machine = LockMemory(position=BoltPosition.LOCKED)
    ledger.put("lock/1/memory", b"\x15\x24\x00\x63\x18")
    with pytest.raises(StoreDamaged):
        _ = memory.machine
    ledger.put("lock/1/memory", b"nonsense")
    with pytest.raises(StoreDamaged):
        _ = memory.machine


@pytest.mark.parametrize(
    "memory",
    [
        LockMemory(position=BoltPosition.BETWEEN),
        LockMemory(
            position=BoltPosition.UNLOCKED,
            holiday=(3, OperatingMode.PASSAGE),
            mode_before=OperatingMode.NORMAL,
            wrong_codes=4,
            lockout_s=60,
            relock_s=0.0,
        ),
        LockMemory(position=BoltPosition.LOCKED, relock_s=4294967295.0),
    ],
)
def test_where_the_lock_stood_comes_back(memory):
    store = MemoryStore()
    StoredLock(Ledger(store), 1, bytes).machine = memory
    assert StoredLock(Ledger(store), 1, bytes).machine == memory
    assert remembered_position(store, 1) is memory.position
    assert remembered_position(store, 2) is None


def test_an_unlocking_writes_nothing_before_it_is_answered():
    bench = Bench()
    writes = []
    apply = bench.store.apply
    bench.store.apply = lambda changes: (writes.append(sorted(changes)), apply(changes))
    bench.invoke(DoorLock.unbolt_door, wire.UnboltDoor())
    assert [write for write in writes if any(key.startswith("lock/") for key in write)] == []
    bench.wait(1)
    assert writes[-1] == ["lock/1/memory"]


def test_the_bolt_of_a_virtual_lock_is_where_it_was():
    bench = Bench()
    bench.invoke(DoorLock.unbolt_door, wire.UnboltDoor())
    bench.restart()
    assert bench.bolt.position() is BoltPosition.UNLOCKED
    bench.invoke(DoorLock.lock_door, wire.LockDoor())
    bench.wait(1)
    bench.power_cut()
    assert bench.bolt.position() is BoltPosition.LOCKED


def test_taking_the_battery_out_ends_no_lockout():
    bench = Bench(SAMPLE)
    set_pin(bench)
    for _ in range(4):
        assert bench.lock.present(CredentialKind.PIN, b"000000") is EntryOutcome.WRONG_CODE
    bench.power_cut()
    assert bench.lock.present(CredentialKind.PIN, b"000000") is EntryOutcome.LOCKED_OUT
    bench.power_cut()
    assert bench.lock.present(CredentialKind.PIN, PIN) is EntryOutcome.LOCKED_OUT
    assert bench.status(DoorLock.unlock_door, wire.UnlockDoor(pin_code=PIN)) is Status.FAILURE
    bench.wait(60)
    assert bench.lock.present(CredentialKind.PIN, PIN) is EntryOutcome.OPENED


def test_a_relocking_that_the_power_cut_interrupted_happens_after_it():
    bench = Bench()
    bench.write(DoorLock.auto_relock_time, 30)
    bench.invoke(DoorLock.unbolt_door, wire.UnboltDoor())
    bench.wait(2)
    bench.power_cut()
    bench.wait(31)
    assert bench.bolt.position() is BoltPosition.LOCKED
