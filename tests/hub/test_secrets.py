"""Secrets: nothing of a code can be read out of the file, rows cannot be exchanged, and a missing key says what to do."""

import asyncio
import base64
import hashlib
import os
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.hub.books import people as repository_people
from latchwork.hub.books.repository import Conflict, NotFound, Repository
from latchwork.hub.books.secrets import MAX_LENGTH, Secrets
from latchwork.hub.house.entities import Credential, CredentialKind, Lock, Person
from latchwork.hub.house.placed import PlacedCredential, PlacedUser
from latchwork.store.database import ConstraintBroken, Database
from latchwork.store.errors import SealBroken, SealingKeyMissing

PIN, OTHER = b"83920174", b"55667788"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "hub.db"


@pytest.fixture
async def database(path):
    async with Database(path) as opened:
        repository = Repository(opened)
        for number, name in enumerate(("ann", "bob"), start=1):
            await repository.put_person(Person(id=f"person_{name}", name=name, unique_id=number))
            await repository.put_credential(Credential(id=f"credential_{name}", person_id=f"person_{name}"))
        yield opened


@pytest.fixture
async def secrets(database):
    return await Secrets.open(database, os.urandom)


def change(database, statement, *values):
    """Something else writes into the file."""
    return database.write(lambda connection: connection.execute(statement, values).close())


async def next_code(database, version, credential_id="credential_ann"):
    """The credential has a new secret."""
    repository = Repository(database)
    await repository.put_credential(replace(repository.credential(credential_id), version=version))


async def placed(database, version):
    """A lock holds this version of Ann's code."""
    repository = Repository(database)
    await repository.put_lock(Lock(id="lock_1", node_id=1))
    await repository.save_placed_user(PlacedUser(lock_id="lock_1", key="person_ann", index=1))
    await repository.save_placed_credential(
        PlacedCredential(
            lock_id="lock_1",
            credential_id="credential_ann",
            version=version,
            kind=CredentialKind.PIN,
            index=1,
            user_key="person_ann",
        )
    )
    return repository


async def test_a_secret_comes_back_and_cannot_be_printed(secrets):
    await secrets.put("credential_ann", 1, Secret(PIN))
    secret = secrets.get("credential_ann", 1)
    assert bytes(secret) == PIN
    assert PIN.decode() not in f"{secret} {secret!r}"


async def test_secrets_are_there_when_the_file_is_opened_again(database, secrets, path):
    await secrets.put("credential_ann", 1, PIN)
    await database.close()
    async with Database(path) as again:
        assert (await Secrets.open(again, os.urandom)).get("credential_ann", 1) == PIN


async def test_nothing_in_the_files_tells_the_code(database, secrets, path):
    await secrets.put("credential_ann", 1, PIN)
    await secrets.put("credential_bob", 1, PIN)
    digests = [hashlib.new(name, PIN).digest() for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256")]
    told = [
        *(PIN, PIN[::-1], PIN.hex().encode(), base64.b64encode(PIN), base64.b64encode(PIN)[:-2]),
        *(PIN.decode().encode("utf-16-le"), int(PIN).to_bytes(8, "big"), int(PIN).to_bytes(8, "little")),
        b"%08x" % zlib.crc32(PIN),
        *(digest[:16] for digest in digests),
        *(digest.hex()[:16].encode() for digest in digests),
    ]

    def look():
        for file in path.parent.iterdir():
            content = file.read_bytes()
            assert not [each for each in told if each in content], file

    look()
    await database.close()
    look()


async def test_the_key_is_not_in_the_database(database, secrets, path):
    key = path.with_name("hub.db.key").read_bytes()
    await secrets.put("credential_ann", 1, PIN)
    await database.close()
    assert key not in path.read_bytes()
    assert bytes(secrets._fingerprint_key) not in path.read_bytes()


async def test_rows_that_were_exchanged_do_not_open(database, secrets):
    await secrets.put("credential_ann", 1, PIN)
    await secrets.put("credential_bob", 1, OTHER)
    await secrets.put("credential_bob", 2, b"1111")
    exchange = "UPDATE secret SET sealed = (SELECT sealed FROM secret AS other WHERE other.credential_id = ? AND version = ?) WHERE credential_id = ? AND version = ?"
    await change(database, exchange, "credential_bob", 1, "credential_ann", 1)
    with pytest.raises(SealBroken):
        secrets.get("credential_ann", 1)
    await change(database, exchange, "credential_bob", 1, "credential_bob", 2)
    with pytest.raises(SealBroken):
        secrets.get("credential_bob", 2)
    assert secrets.get("credential_bob", 1) == OTHER


async def test_an_altered_row_does_not_open(database, secrets):
    await secrets.put("credential_ann", 1, PIN)
    for spoilt in (b"", b"\1" * 40):
        await change(database, "UPDATE secret SET sealed = ?", spoilt)
        with pytest.raises(SealBroken) as caught:
            secrets.get("credential_ann", 1)
        assert "backup" in caught.value.advice


async def test_a_missing_key_file_is_told_with_advice_and_none_is_made(database, secrets, path):
    await database.close()
    key = path.with_name("hub.db.key")
    kept = key.read_bytes()
    key.unlink()
    async with Database(path) as again:
        with pytest.raises(SealingKeyMissing, match=r"hub\.db\.key") as caught:
            await Secrets.open(again, os.urandom)
        assert "backup" in caught.value.advice
        assert not key.exists()
        key.write_bytes(os.urandom(32))
        with pytest.raises(SealBroken):
            await Secrets.open(again, os.urandom)
        key.write_bytes(kept)
        await Secrets.open(again, os.urandom)


async def test_a_key_that_was_made_before_the_power_went_is_used(path):
    async with Database(path) as database:
        key = database.sealing_key(os.urandom)
        await Secrets.open(database, os.urandom)
        assert database.sealing_key(None) == key


async def test_who_shares_a_secret_is_found_without_opening_any(secrets):
    await secrets.put("credential_ann", 1, PIN)
    await secrets.put("credential_bob", 1, OTHER)
    await secrets.put("credential_bob", 2, PIN)
    assert secrets.holders(PIN) == [("credential_ann", 1), ("credential_bob", 2)]
    assert secrets.holders(Secret(OTHER)) == [("credential_bob", 1)]
    assert secrets.holders(b"0000") == []


async def test_fingerprints_depend_on_the_key(database, secrets):
    await secrets.put("credential_ann", 1, PIN)
    assert Secrets(database, os.urandom(32), os.urandom).holders(PIN) == []


async def test_a_version_is_written_once(secrets):
    results = await asyncio.gather(
        *[secrets.put("credential_ann", 1, b"%d" % n) for n in range(1000, 1010)], return_exceptions=True
    )
    assert [type(result) for result in results].count(Conflict) == 9
    assert secrets.get("credential_ann", 1) == b"1000"
    await secrets.put("credential_ann", 3, PIN)
    with pytest.raises(Conflict):
        await secrets.put("credential_ann", 2, PIN)


async def test_a_secret_needs_a_credential_and_a_length(secrets):
    with pytest.raises(ConstraintBroken):
        await secrets.put("credential_none", 1, PIN)
    for secret in (b"", PIN * MAX_LENGTH):
        with pytest.raises(Misuse) as caught:
            await secrets.put("credential_ann", 1, secret)
        assert PIN.decode() not in str(caught.value)
    await secrets.put("credential_ann", 1, bytes(MAX_LENGTH))


async def test_what_was_never_kept_is_not_found(secrets):
    with pytest.raises(NotFound):
        secrets.get("credential_ann", 1)


async def test_a_credential_and_its_secret_are_kept_together_or_not_at_all(database, secrets):
    await secrets.put("credential_ann", 1, PIN)

    def new_code(connection, version):
        credential = repository_people.get_credential(connection, "credential_ann")
        secrets.put_on(connection, "credential_ann", version, OTHER)
        repository_people.put_credential(connection, replace(credential, version=version))
        return secrets.holders_on(connection, OTHER), secrets.get_on(connection, "credential_ann", version)

    with pytest.raises(Conflict):
        await database.write(lambda connection: new_code(connection, 3))
    with pytest.raises(NotFound):
        secrets.get("credential_ann", 3)
    assert await database.write(lambda connection: new_code(connection, 2)) == ([("credential_ann", 2)], OTHER)


async def test_forgetting_one_version_or_all(secrets):
    for version in (1, 2, 3):
        await secrets.put("credential_ann", version, PIN)
    await secrets.put("credential_bob", 1, PIN)
    assert await secrets.forget("credential_ann", 2) == 1
    assert await secrets.forget("credential_ann") == 2
    assert secrets.holders(PIN) == [("credential_bob", 1)]


async def test_a_replaced_code_is_forgotten_when_no_lock_holds_it(database, secrets):
    await secrets.put("credential_ann", 1, PIN)
    repository = await placed(database, 1)
    await secrets.put("credential_ann", 2, OTHER)
    assert await secrets.forget_unused() == 0
    await next_code(database, 2)
    assert await secrets.forget_unused() == 0
    assert secrets.holders(PIN) == [("credential_ann", 1)]
    await repository.forget_placed("lock_1")
    assert await secrets.forget_unused() == 1
    assert secrets.holders(PIN) == []
    assert secrets.get("credential_ann", 2) == OTHER


@pytest.mark.parametrize("leave", [True, False])
async def test_the_code_of_who_left_is_forgotten_when_no_lock_holds_it(database, secrets, leave):
    await secrets.put("credential_ann", 1, PIN)
    await secrets.put("credential_bob", 1, OTHER)
    repository = await placed(database, 1)
    await (
        repository.person_leaves("person_ann", 1.0) if leave else repository.remove_credential("credential_ann", 1.0)
    )
    assert await secrets.forget_unused() == 0
    await repository.forget_placed("lock_1")
    assert await secrets.forget_unused() == 1
    assert secrets.holders(OTHER) == [("credential_bob", 1)]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=5))
def test_any_secrets_come_back_as_they_were(values):
    async def story():
        async with Database.memory() as database:
            repository = Repository(database)
            await repository.put_person(Person(id="p", name="p", unique_id=1))
            await repository.put_credential(Credential(id="c", person_id="p"))
            secrets = await Secrets.open(database, os.urandom)
            for version, value in enumerate(values, start=1):
                await secrets.put("c", version, value)
            return [secrets.get("c", version) for version in range(1, len(values) + 1)], secrets.holders(values[0])

    found, holders = asyncio.run(story())
    assert found == values
    assert holders == [("c", version) for version, value in enumerate(values, start=1) if value == values[0]]
