"""What the hub writes is for its owner's eyes only, whatever the process's mask, and leads nowhere else, whatever lies there already."""

import io
import os
import resource
import stat

import pytest
from tests.support.hub import OWNER, tell
from tests.web.conftest import entropy_from

from latchwork.base.errors import LatchworkError
from latchwork.cli.hub_service import CONTROLLER_FILE, claim_folder
from latchwork.cli.log_in_file import LogIn, keep_log_in
from latchwork.cli.process import leave_no_core
from latchwork.hub.backup.file import Cost, Sealer
from latchwork.hub.backup.service import restore
from latchwork.store.database import Database
from latchwork.store.key_file import key_from_file
from latchwork.web.authority import LocalAuthority, Names

PASSPHRASE = "four plain words here"


@pytest.fixture
def open_mask():
    """Everything that is made without care is for everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder):
    return {str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode) for path in folder.rglob("*")}


def for_others(folder, but=()):
    return {name: oct(mode) for name, mode in modes(folder).items() if mode & 0o077 and name not in but}


async def inline(function):
    function()


async def test_database_key_and_their_folder_are_for_one_alone(tmp_path, open_mask):
    folder = tmp_path / "hub"
    database = Database(folder / "hub.db")
    database.sealing_key(os.urandom)
    await database.write(lambda to: to.execute("CREATE TABLE t (x)"))
    try:
        assert {"hub.db", "hub.db-wal", "hub.db.key", "hub.db.lock"} <= modes(folder).keys()
        assert not for_others(tmp_path)
    finally:
        await database.close()


def test_a_hubs_folder_and_store_are_for_one_alone(tmp_path, open_mask):
    store = claim_folder(tmp_path / "hub")
    store.apply({"a": b"x"})
    assert not for_others(tmp_path)
    store.close()


def test_a_folder_that_was_open_to_others_is_closed(tmp_path, open_mask):
    folder = tmp_path / "hub"
    folder.mkdir(mode=0o777)
    store = claim_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    store.close()
    for name in (CONTROLLER_FILE,):
        (folder / name).chmod(0o666)
    store = claim_folder(folder)
    store.close()
    assert not for_others(folder)


async def test_a_file_that_was_open_to_others_is_closed(tmp_path, open_mask):
    database = Database(tmp_path / "hub.db")
    database.sealing_key(os.urandom)
    await database.close()
    for name in ("hub.db", "hub.db.key"):
        (tmp_path / name).chmod(0o666)
    database = Database(tmp_path / "hub.db")
    try:
        database.sealing_key(None)
        found = for_others(tmp_path)
    finally:
        await database.close()
    assert not found


def test_the_authoritys_keys_are_for_one_alone(tmp_path, open_mask):
    authority = LocalAuthority(tmp_path / "https", Names(("hub.local",), ()), 1_800_000_000.0)
    assert not for_others(tmp_path / "https", {authority.public_file.name})
    assert stat.S_IMODE((tmp_path / "https").stat().st_mode) == 0o700
    assert b"PRIVATE" not in authority.public_file.read_bytes()


def test_a_planted_link_where_a_key_is_to_be_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    folder = tmp_path / "https"
    folder.mkdir()
    for name in ("root.new", "server.new"):
        (folder / name).symlink_to(victim)
    LocalAuthority(folder, Names(("hub.local",), ()), 1_800_000_000.0)
    assert victim.read_bytes() == b"mine"
    key = tmp_path / "hub.db.key"
    key.symlink_to(victim)
    with pytest.raises(LatchworkError):
        key_from_file(key, os.urandom)
    assert victim.read_bytes() == b"mine"
    key.unlink()
    key.symlink_to(tmp_path / "made-by-a-link")
    key_from_file(key, os.urandom)
    assert not (tmp_path / "made-by-a-link").exists()
    assert not key.is_symlink()


def test_a_backup_leaves_nothing_beside_and_its_parts_were_for_one_alone(tmp_path, open_mask):
    seen = {}

    async def play(house):
        await house.door("Front", "generic")
        backup = house.hub.backup
        backup._cost = Cost(log_n=1, r=1)

        async def watched(function):
            seen.update(modes(tmp_path))
            function()

        backup.in_thread = watched
        await backup.write(PASSPHRASE, io.BytesIO(), actor=OWNER)
        before = {path.name for path in tmp_path.iterdir()}
        with await backup.file(PASSPHRASE, actor=OWNER) as file:
            assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077 == 0
        assert {path.name for path in tmp_path.iterdir()} == before
        assert not [name for name in before if name.startswith(".backup-")]

    tell(play, folder=tmp_path)
    assert any(name.startswith(".backup-") for name in seen)
    assert not {name: oct(mode) for name, mode in seen.items() if mode & 0o077}


def test_a_restored_hub_is_for_one_alone(tmp_path, open_mask):
    octets = io.BytesIO()

    async def play(house):
        await house.door("Front", "generic")
        backup = house.hub.backup
        backup.in_thread, backup._cost = inline, Cost(log_n=1, r=1)
        await backup.write(PASSPHRASE, octets, actor=OWNER)

    tell(play, folder=tmp_path / "old")
    octets.seek(0)
    folder = tmp_path / "new"
    restore(octets, PASSPHRASE, folder, now=1.0, entropy=entropy_from("restored"))
    assert {"hub.db", "hub.db.key", "controller.db"} <= modes(folder).keys()
    assert not for_others(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".restoring")]


@pytest.mark.parametrize(
    "name", ["../evil.key", "/tmp/latchwork-evil.key", "a/../../evil.key", "hub.db/../evil.key", ".key", "..key"]
)
def test_a_backups_names_lead_nowhere_else(tmp_path, name):
    out = io.BytesIO()
    sealer = Sealer(out, PASSPHRASE, os.urandom, Cost(log_n=1, r=1))
    try:
        sealer.add(name, 1, iter((b"x",)))
    except (LatchworkError, ValueError):
        return  # such a file cannot even be made
    sealer.finish()
    out.seek(0)
    before = {path.name for path in tmp_path.parent.iterdir()}
    with pytest.raises(LatchworkError):
        restore(out, PASSPHRASE, tmp_path / "hub", now=1.0)
    assert {path.name for path in tmp_path.parent.iterdir()} == before
    assert not (tmp_path / "hub").exists()
    assert not (tmp_path / "evil.key").exists()


def test_a_folder_that_is_a_link_to_something_is_not_filled(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("x")
    (tmp_path / "hub").symlink_to(elsewhere)
    with pytest.raises(LatchworkError):
        restore(io.BytesIO(b"no backup"), PASSPHRASE, tmp_path / "hub", now=1.0)
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]


def test_a_programs_own_token_is_kept_for_one_alone_and_through_no_planted_link(tmp_path, open_mask):
    path, victim = tmp_path / "config" / "log-in.json", tmp_path / "victim"
    path.parent.mkdir(mode=0o700)
    victim.write_text("mine")
    victim.chmod(0o600)
    path.with_name(f".{path.name}.{os.getpid()}").symlink_to(victim)
    keep_log_in(LogIn(url="http://hub", token="latchwork_secret"), path)
    assert victim.read_text() == "mine"
    assert not path.is_symlink()
    assert not for_others(tmp_path)


def test_a_hub_leaves_no_image_of_its_memory():
    soft, most = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        leave_no_core()
        assert resource.getrlimit(resource.RLIMIT_CORE) == (0, most)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, most))
