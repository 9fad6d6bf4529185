"""Codes and other secrets of credentials: sealed in the database, under a key that is not in it.

Layer hub, on store; knows no lock and no person. It is the only place that turns a credential's id into what opens a door; whoever
calls `get` is who writes down that it was read.

Each secret is sealed for its credential and version, so that a row that is put in another's place does not open. To find out whether
two credentials share a secret, a fingerprint under a second key is kept beside it: without the key file, it tells at most which two are
the same.
"""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.hub.books.rows import Conflict, NotFound
from latchwork.store.database import Database
from latchwork.store.errors import SealingKeyMissing
from latchwork.store.sealed import Seal

MAX_LENGTH: Final = 1024
"""Octets of a secret: far above a PIN, a card's number and an Aliro key."""

_FINGERPRINT_LENGTH: Final = 16
_FINGERPRINT: Final = b"fingerprint of a credential's secret"
_PROOF: Final = "proof"


class Secrets:
    """The sealed secrets of a database.

    Methods that end in `_on` work on a connection, for whoever keeps a credential and its secret in one write.

    Args:
        database: where they are kept.
        key: 32 octets; `open` takes the one in the key file.
        entropy: octets nobody can guess.
    """

    __slots__ = ("_database", "_fingerprint_key", "_seal")

    def __init__(self, database: Database, key: bytes, entropy: Callable[[int], bytes]) -> None:
        self._database = database
        self._seal = Seal(key, entropy)
        self._fingerprint_key = Secret(blake2b(_FINGERPRINT, key=key, digest_size=32).digest())

    @classmethod
    async def open(cls, database: Database, entropy: Callable[[int], bytes]) -> Secrets:
        """The secrets under the key in the database's key file, which is made at the first call ever.

        Raises:
            SealingKeyMissing: there are secrets, and their key file is gone.
            SealBroken: the key file is another one's.
            StoreError: the medium refused.
        """
        proof = database.read(lambda connection: connection.execute("SELECT sealed FROM secret_proof").fetchone())
        if proof is None:
            secrets = cls(database, database.sealing_key(entropy), entropy)
            sealed = secrets._seal.seal(_PROOF, b"")
            await database.write(lambda to: to.execute("INSERT INTO secret_proof VALUES (1, ?)", (sealed,)).close())
            return secrets
        try:
            secrets = cls(database, database.sealing_key(None), entropy)
        except SealingKeyMissing as error:
            raise SealingKeyMissing(
                str(error),
                advice="Put the key file back from the backup that it was saved in. Without it nobody can read the codes again: "
                "start with an empty storage then, and give everybody a new one.",
            ) from None
        secrets._seal.open(_PROOF, proof[0])
        return secrets

    async def put(self, credential_id: str, version: int, secret: bytes) -> None:
        """Keep a new secret of a credential.

        Raises:
            Conflict: this version or a later one is kept already: somebody else changed it.
            ConstraintBroken: there is no such credential.
            Misuse: it is empty or too long.
        """
        await self._database.write(lambda connection: self.put_on(connection, credential_id, version, secret))

    def put_on(self, connection: sqlite3.Connection, credential_id: str, version: int, secret: bytes) -> None:
        """As `put`, within a write."""
        if not 0 < len(secret) <= MAX_LENGTH:
            raise Misuse(f"a secret has 1 to {MAX_LENGTH} octets, not {len(secret)}")
        latest = connection.execute("SELECT max(version) FROM secret WHERE credential_id = ?", (credential_id,))
        kept = latest.fetchone()[0]
        if kept is not None and kept >= version:
            raise Conflict("secret", credential_id, version - 1, kept)
        sealed = self._seal.seal(_name(credential_id, version), secret)
        row = (credential_id, version, sealed, self._fingerprint(secret))
        connection.execute("INSERT INTO secret VALUES (?, ?, ?, ?)", row)

    def get(self, credential_id: str, version: int) -> Secret:
        """What opens the door.

        Raises:
            NotFound: it is not kept, or not any more.
            SealBroken: the row was altered, or belongs to another credential or key.
        """
        return self._database.read(lambda connection: self.get_on(connection, credential_id, version))

    def get_on(self, connection: sqlite3.Connection, credential_id: str, version: int) -> Secret:
        """As `get`, within a read or a write."""
        statement = "SELECT sealed FROM secret WHERE credential_id = ? AND version = ?"
        found = connection.execute(statement, (credential_id, version)).fetchone()
        if found is None:
            raise NotFound("secret", _name(credential_id, version))
        return self._seal.open(_name(credential_id, version), found[0])

    def holders(self, secret: bytes) -> list[tuple[str, int]]:
        """Credentials and versions that have this very secret, those included that only a lock still holds."""
        return self._database.read(partial(self.holders_on, secret=secret))

    def holders_on(self, connection: sqlite3.Connection, secret: bytes) -> list[tuple[str, int]]:
        """As `holders`, within a read or a write."""
        statement = "SELECT credential_id, version FROM secret WHERE fingerprint = ? ORDER BY credential_id, version"
        return connection.execute(statement, (self._fingerprint(secret),)).fetchall()

    async def forget(self, credential_id: str, version: int | None = None) -> int:
        """Forget a version of a credential's secret, or all of them; says how many there were."""
        return await self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM secret WHERE credential_id = ?1 AND (?2 IS NULL OR version = ?2)",
                    (credential_id, version),
                ).rowcount
            )
        )

    async def forget_unused(self) -> int:
        """Forget what is replaced, removed or left behind by its person, as soon as no lock holds it; says how many there were.

        Until then it is kept: a new code must not be one that a sleeping lock still knows as somebody else's.
        """
        return await self._database.write(self.forget_unused_on)

    def forget_unused_on(self, connection: sqlite3.Connection) -> int:
        """As `forget_unused`, within a write."""
        return connection.execute(
            "DELETE FROM secret WHERE NOT EXISTS (SELECT 1 FROM placed_credential AS placed"
            " WHERE placed.credential_id = secret.credential_id AND placed.version = secret.version)"
            " AND NOT EXISTS (SELECT 1 FROM credential JOIN person ON person.id = credential.person_id"
            " WHERE credential.id = secret.credential_id AND credential.version <= secret.version"
            " AND credential.removed_at IS NULL AND person.left_at IS NULL)"
        ).rowcount

    def _fingerprint(self, secret: bytes) -> bytes:
        return hmac.digest(self._fingerprint_key, secret, "sha256")[:_FINGERPRINT_LENGTH]


def _name(credential_id: str, version: int) -> str:
    return f"{credential_id}/{version}"
