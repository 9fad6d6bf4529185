"""A hub's folder in a file and back, with real files, real threads and real refusals."""

import asyncio
import io
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from latchwork.base.clock import ManualClock
from latchwork.base.errors import LatchworkError
from latchwork.base.logs import Secret
from latchwork.hub import service
from latchwork.hub.backup.file import (
    BackupDamaged,
    BackupError,
    Cost,
    Opener,
    PassphraseRefused,
    Sealer,
    WrongPassphrase,
)
from latchwork.hub.backup.service import CONTROLLER, DATABASE, Backup, FolderInUse, Manifest, read_manifest, restore
from latchwork.hub.books.repository import Repository
from latchwork.hub.books.secrets import Secrets
from latchwork.hub.bus import Bus
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Credential, CredentialKind, Door, Lock, Person
from latchwork.hub.house.placed import PlacedCredential, PlacedUser, Proof
from latchwork.hub.journal.entries import Entry, Head, Kind
from latchwork.hub.journal.journal import Journal
from latchwork.hub.upkeep import Upkeep
from latchwork.store.database import Database
from latchwork.store.errors import StoreDamaged, StoreTooNew, StoreUnavailable
from latchwork.store.kv import FileStore

PASSPHRASE = "four plain words here"
CHEAP = Cost(log_n=1, r=1)
CODE = Secret(b"739164")
NOW = 1_800_000_000.0


class House:
    """A hub's books and its controller's store in a folder, without a controller."""

    def __init__(self, folder):
        self.folder = folder
        self.store = FileStore(folder / CONTROLLER)
        self.clock = ManualClock(now=0.0, utc=NOW)

    async def __aenter__(self):
        self.database = Database(self.folder / DATABASE)
        self.secrets = await Secrets.open(self.database, os.urandom)
        self.desk = Desk(
            repository=Repository(self.database),
            secrets=self.secrets,
            journal=Journal(self.database),
            bus=Bus(),
            clock=self.clock,
            entropy=os.urandom,
        )
        self.backup = Backup(self.desk, self.store, cost=CHEAP)
        return self

    async def __aexit__(self, *_):
        await self.database.close()
        self.store.close()

    async def live(self):
        """Somebody with a code, on a lock."""
        repository = self.desk.repository
        await repository.put_person(Person(id="p1", name="Ada", unique_id=7))
        await repository.put_lock(Lock(id="l1", node_id=2, fabric_index=1))
        await repository.put_lock(Lock(id="l2", node_id=3, gone_at=5.0))
        await repository.put_door(Door(id="d1", name="Front", lock_id="l1"))
        await repository.put_credential(Credential(id="c1", person_id="p1", length=6))
        await self.secrets.put("c1", 1, CODE)
        await repository.save_placed_user(PlacedUser(lock_id="l1", key="p1", index=1))
        row = PlacedCredential(
            lock_id="l1", credential_id="c1", version=1, kind=CredentialKind.PIN, index=1, user_key="p1"
        )
        await repository.save_placed_credential(replace(row, proof=Proof.PROVED, proof_at={"proved": NOW}))
        await self.desk.note(Entry(at=NOW, kind=Kind.OTHER))
        self.store.apply({"authority": b"the fabric's key", "fabric": b"its name", "next": (4).to_bytes(8, "big")})

    async def octets(self):
        out = io.BytesIO()
        await self.backup.write(PASSPHRASE, out, actor="account:a")
        return out.getvalue()


@pytest.fixture
async def house(tmp_path):
    async with House(tmp_path / "hub") as house:
        await house.live()
        yield house


def restored(octets, folder, **rest):
    return restore(io.BytesIO(octets), PASSPHRASE, folder, now=NOW + 60, actor="account:b", **rest)


def files(folder):
    return {path.name for path in folder.iterdir()}


async def test_everything_is_there_again(house, tmp_path):
    manifest = restored(await house.octets(), tmp_path / "new")
    assert manifest.site == "Home"
    assert manifest.made_at == NOW
    async with House(tmp_path / "new") as new:
        assert new.secrets.get("c1", 1) == CODE
        assert new.desk.repository.person("p1").name == "Ada"
        assert new.store.get("authority") == b"the fabric's key"
        assert new.store.keys() == ["authority", "fabric", "next"]
        verdict = await new.desk.journal.verify(manifest.head)
        assert verdict.is_whole
        (told,) = [each for each in await new.desk.journal.since(0) if each.kind is Kind.RESTORED]
        assert (told.actor, told.at) == ("account:b", NOW + 60)
        assert told.detail == {"made_at": int(NOW), "head": str(manifest.head)}


async def test_nothing_counts_as_proved_and_every_lock_is_to_be_read_again(house, tmp_path):
    restored(await house.octets(), tmp_path / "new")
    async with House(tmp_path / "new") as new:
        (placed,) = new.desk.repository.placed("l1").credentials
        assert (placed.proof, placed.proof_at) == (Proof.NONE, {})
        assert new.desk.repository.setting("lock/l1/restored") == {"at": NOW + 60, "is_read": False, "held": {}}
        assert new.desk.repository.setting("lock/l2/restored") is None
    assert house.desk.repository.placed("l1").credentials[0].proof is Proof.PROVED, "the hub of today is as it was"


async def test_only_its_owner_may_read_what_was_restored(house, tmp_path):
    previous = os.umask(0)
    try:
        restored(await house.octets(), tmp_path / "new")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert files(tmp_path / "new") == {DATABASE, f"{DATABASE}.key", CONTROLLER}
    for path in (tmp_path / "new").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


async def test_other_key_files_come_along(house, tmp_path):
    (house.folder / "tls.key").write_bytes(b"a key")
    octets = await house.octets()
    restored(octets, tmp_path / "new")
    assert (tmp_path / "new" / "tls.key").read_bytes() == b"a key"


async def test_no_copy_is_left_beside_the_hub(house):
    before = files(house.folder)
    await house.octets()
    with await house.backup.file(PASSPHRASE, actor="a") as file:
        assert file.read(16) == b"latchwork backup"
        assert {name for name in files(house.folder) - before if "backup" in name} == set()
    with pytest.raises(PassphraseRefused):
        await house.backup.file("short", actor="a")
    assert {name for name in files(house.folder) - before if "backup" in name} == set()
    (house.folder / ".backup-left").mkdir()
    (house.folder / ".backup-left" / "hub.db").write_bytes(b"")
    (house.folder / ".backup-file").write_bytes(b"")
    house.backup.tidy()
    assert {name for name in files(house.folder) if "backup" in name} == set()


async def test_a_backup_is_of_one_moment_while_the_hub_goes_on(house, tmp_path):
    async def busy():
        for number in range(200):
            await house.desk.note(Entry(at=NOW, kind=Kind.OTHER, detail={"number": number}))

    writing = asyncio.create_task(busy())
    octets = [await house.octets() for _ in range(3)]
    await writing
    for number, each in enumerate(octets):
        restored(each, tmp_path / f"new{number}")
        async with House(tmp_path / f"new{number}") as new:
            assert (await new.desk.journal.verify()).is_whole


async def test_two_who_want_a_backup_wait_for_each_other(house):
    one, other = await asyncio.gather(house.octets(), house.octets())
    assert one != other
    assert read_manifest(io.BytesIO(one), PASSPHRASE).site == "Home"


async def test_codes_and_names_are_nowhere_in_the_file(house):
    octets = await house.octets()
    for text in (bytes(CODE), b"Ada", b"Front", b"the fabric's key", b"SQLite", PASSPHRASE.encode()):
        assert text not in octets


@pytest.mark.parametrize(
    "there", [lambda folder: (folder / "x").touch(), lambda folder: folder.rmdir() or folder.touch()]
)
async def test_what_is_in_a_folder_is_never_overwritten(house, tmp_path, there):
    folder = tmp_path / "taken"
    folder.mkdir()
    there(folder)
    octets = await house.octets()
    with pytest.raises(FolderInUse):
        restored(octets, folder)
    with pytest.raises(FolderInUse):
        restored(octets, house.folder)
    assert folder.exists()
    assert house.desk.repository.person("p1")


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda octets: octets[:-1], BackupDamaged),
        (lambda octets: octets[: len(octets) // 2], BackupDamaged),
        (lambda octets: octets[:5000] + bytes([octets[5000] ^ 1]) + octets[5001:], BackupDamaged),
        (lambda octets: b"", BackupError),
    ],
)
async def test_after_a_refusal_the_folder_is_as_it_was(house, tmp_path, spoil, error):
    folder = tmp_path / "below" / "new"
    with pytest.raises(error):
        restored(spoil(await house.octets()), folder)
    assert not folder.exists()
    assert files(folder.parent) == set()
    folder.mkdir()
    with pytest.raises(WrongPassphrase):
        restore(io.BytesIO(await house.octets()), "four other words here", folder, now=NOW)
    assert files(folder) == set()


async def test_a_later_version_is_refused_before_anything_is_replaced(house, tmp_path):
    def age(connection):
        connection.execute("INSERT INTO migration VALUES (9999, 'later', 'x')").close()

    await house.database.write(age)
    with pytest.raises(StoreTooNew):
        restored(await house.octets(), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def pack(entries):
    out = io.BytesIO()
    sealer = Sealer(out, PASSPHRASE, os.urandom, CHEAP)
    for name, content in entries:
        sealer.add(name, len(content), iter((content,)))
    sealer.finish()
    return out.getvalue()


async def entries(house):
    opener = Opener(io.BytesIO(await house.octets()), PASSPHRASE)
    return [(each.name, b"".join(each.pieces)) for each in opener.entries()]


async def test_a_backup_that_lacks_something_is_refused(house, tmp_path):
    whole = await entries(house)
    assert [name for name, _ in whole] == ["manifest.json", "controller", "hub.db.key", "hub.db"]
    for left_out, _ in whole:
        octets = pack([(name, content) for name, content in whole if name != left_out])
        with pytest.raises(BackupDamaged):
            restored(octets, tmp_path / "new")
    for spoilt, content in (("hub.db.key", b"short"), ("controller", b"\0\4ab"), ("manifest.json", b"[]")):
        octets = pack([(name, content if name == spoilt else kept) for name, kept in whole])
        with pytest.raises(BackupDamaged):
            restored(octets, tmp_path / "new")
    with pytest.raises(LatchworkError):
        restored(pack([(name, b"no database" if name == "hub.db" else kept) for name, kept in whole]), tmp_path / "new")
    assert not (tmp_path / "new").exists()


async def test_what_a_later_version_adds_is_passed_over(house, tmp_path):
    restored(pack([*await entries(house), ("photos", b"x" * 100_000)]), tmp_path / "new")
    assert files(tmp_path / "new") == {DATABASE, f"{DATABASE}.key", CONTROLLER}


async def test_a_volume_is_filled_with_the_controllers_store_last(house, tmp_path, monkeypatch):
    folder = tmp_path / "volume"
    folder.mkdir(mode=0o755)
    (folder / "lost+found").mkdir()
    (folder / ".restoring-cut-off").mkdir()
    monkeypatch.setattr(Path, "is_mount", lambda self: self == folder)
    moved = []
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda self, to: (moved.append(self.name), rename(self, to))[1])
    restored(await house.octets(), folder)
    assert moved[-1] == CONTROLLER
    assert files(folder) == {"lost+found", ".restoring-cut-off", DATABASE, f"{DATABASE}.key", CONTROLLER}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_a_full_disk_leaves_nothing_half_done(house, tmp_path, monkeypatch):
    octets = await house.octets()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("latchwork.hub.backup.service._make_durable", full)
    with pytest.raises(StoreUnavailable, match="No space"):
        restored(octets, tmp_path / "new")
    assert not (tmp_path / "new").exists()

    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

    with pytest.raises(StoreUnavailable, match="No space"):
        await house.backup.write(PASSPHRASE, Full(), actor="a")


async def test_a_damaged_database_is_no_backup(house, monkeypatch):
    def damaged(path, _):
        raise StoreDamaged(f"storage {path} is damaged")

    monkeypatch.setattr("latchwork.hub.backup.service.check", damaged)
    with pytest.raises(StoreDamaged):
        await house.octets()


async def test_memory_stays_the_same_however_large_the_house(house, tmp_path):
    import tracemalloc

    def grow(connection):
        connection.execute("CREATE TABLE heap (octets BLOB)")
        connection.executemany("INSERT INTO heap VALUES (randomblob(1000000))", [()] * 24).close()

    await house.database.write(grow)
    tracemalloc.start()
    try:
        with await house.backup.file(PASSPHRASE, actor="a") as file:
            size = file.seek(0, 2)
            file.seek(0)
            restore(file, PASSPHRASE, tmp_path / "new", now=NOW)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 24_000_000
    assert peak < 8_000_000


def test_a_manifest_says_itself_again():
    manifest = Manifest(made_at=5.5, version="1", site="Höme", head=Head(3, bytes(32)))
    assert Manifest.decode(manifest.encode()) == manifest


@pytest.mark.parametrize("octets", [b"", b"{}", b"null", b"\xff", b'{"made_at": {}, "journal": 1}', b"[" * 100_000])
def test_any_other_manifest_is_damage(octets):
    with pytest.raises(BackupDamaged):
        Manifest.decode(octets)


def test_the_files_are_called_as_the_hub_calls_them():
    from latchwork.cli.hub_service import CONTROLLER_FILE

    assert DATABASE == service.DATABASE
    assert CONTROLLER == CONTROLLER_FILE


async def test_the_database_is_looked_at_each_day(house, monkeypatch):
    upkeep = Upkeep(house.desk)

    def heard():
        return [each.data for each in house.desk.bus._ring if each.kind == "storage"]

    await upkeep.look()
    assert (upkeep.damage, heard()) == ("", [])

    async def damaged():
        raise StoreDamaged("page 7")

    with monkeypatch.context() as patched:
        patched.setattr(house.database, "check", damaged)
        await upkeep.look()
        await upkeep.look()
    assert upkeep.damage == "page 7"
    assert heard() == [{"is_sound": False}]
    await upkeep.look()
    assert heard() == [{"is_sound": False}, {"is_sound": True}]
    slept = asyncio.Event()

    async def sleep(seconds):
        assert seconds == 86_400
        slept.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("latchwork.hub.upkeep.asyncio.sleep", sleep)
    upkeep.start()
    await slept.wait()
    await upkeep.close()
