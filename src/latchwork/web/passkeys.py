"""Passkeys (Web Authentication Level 3): what a browser is asked, and whether what it answers is right.

Layer web, on webauthn, which is loaded when somebody first uses a passkey: most starts do without. A passkey belongs to one name of the hub
and is good nowhere else; whoever uses it has shown something that they have and something that they know or are.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from latchwork.hub.desk import Desk
from latchwork.web import factor_rows
from latchwork.web.accounts import Account
from latchwork.web.factor_rows import Passkey
from latchwork.web.problems import Problem

if TYPE_CHECKING:
    from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
    from webauthn.registration.verify_registration_response import VerifiedRegistration

MAX_PASSKEYS: Final = 20
"""Of one account."""
CHALLENGE_LENGTH: Final = 32
_TIMEOUT_MS: Final = 300_000
_ALGORITHMS: Final = (-7, -8, -257)
"""ES256, EdDSA, RS256 (RFC 9053 2, RFC 8812 2), the one that is liked best first."""
_MAX_CREDENTIAL: Final = 1023
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a browser sees the hub, as passkeys mean it.

    Attributes:
        origin: scheme, host and port.
        host: the host alone: to it a passkey belongs.
    """

    origin: str
    host: str


def place_at(address: str) -> Place | None:
    """The place of an address of the app, or None where browsers have no passkeys: without HTTPS, or at a number instead of a name."""
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    is_here = host == "localhost" or host.endswith(".localhost")
    if not host or (parts.scheme != "https" and not is_here):
        return None
    try:
        ip_address(host)
    except ValueError:
        return Place(f"{parts.scheme}://{parts.netloc.lower()}", host)
    return None


def options_to_add(account: Account, known: list[Passkey], place: Place, challenge: bytes, site: str) -> dict[str, Any]:
    """What a browser is asked for a new passkey (5.4, in JSON: 5.1.9)."""
    return {
        "rp": {"id": place.host, "name": f"Latchwork {site}"[:64]},
        "user": {"id": _text(account.id.encode()), "name": account.name, "displayName": account.name},
        "challenge": _text(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": each} for each in _ALGORITHMS],
        "timeout": _TIMEOUT_MS,
        "excludeCredentials": [
            {"type": "public-key", "id": _text(each.credential)} for each in known if each.host == place.host
        ],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }


def options_to_use(place: Place, challenge: bytes) -> dict[str, Any]:
    """What a browser is asked for somebody who signs in (5.5, in JSON: 5.1.10); it finds the passkey by itself."""
    return {"rpId": place.host, "challenge": _text(challenge), "timeout": _TIMEOUT_MS, "userVerification": "required"}


class Passkeys:
    """Those of all accounts.

    Args:
        desk: the books and the clock.
    """

    __slots__ = ("_database", "_desk")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._database = desk.repository.database

    def of(self, account_id: str) -> list[Passkey]:
        """An account's passkeys, oldest first."""
        return self._database.read(lambda connection: factor_rows.list_passkeys(connection, account_id))

    async def add(
        self, account: Account, name: str, answer: Mapping[str, Any], challenge: bytes, place: Place
    ) -> Passkey:
        """Keep a new passkey.

        Args:
            account: whose.
            name: for people.
            answer: the browser's, as `PublicKeyCredential.toJSON` writes it.
            challenge: that it was asked with.
            place: where.

        Raises:
            Problem: 422 when the answer is not right, 409 when there are too many or it is known already.
        """
        found = await self._checked(lambda: _registered(dict(answer), challenge, place))
        passkey = Passkey(
            id=self._desk.new_id("passkey"),
            account_id=account.id,
            name=name,
            credential=found.credential_id,
            public_key=found.credential_public_key,
            uses=found.sign_count,
            host=place.host,
            is_synced=found.credential_backed_up,
            created_at=self._desk.now(),
        )
        if not 0 < len(passkey.credential) <= _MAX_CREDENTIAL:
            raise _not_right()
        entry = self._desk.audit(f"account:{account.id}", "passkey_added", detail={"passkey": passkey.id, "name": name})

        def write(to: Any) -> None:
            if len(factor_rows.list_passkeys(to, account.id)) >= MAX_PASSKEYS:
                raise Problem(409, "too_many", "There are too many", "Remove a passkey that is not used any more.")
            factor_rows.put_passkey(to, passkey)

        await self._desk.write(write, lambda _: [entry])
        return passkey

    def called(self, answer: Mapping[str, Any], place: Place) -> Passkey | None:
        """The passkey that a browser's answer says it is by, as long as it belongs here; None where there is none."""
        credential = _octets(answer.get("rawId"))
        if not 0 < len(credential) <= _MAX_CREDENTIAL:
            return None
        passkey = self._database.read(lambda connection: factor_rows.passkey_of(connection, credential))
        return passkey if passkey is not None and passkey.host == place.host else None

    async def use(self, passkey: Passkey, answer: Mapping[str, Any], challenge: bytes, place: Place) -> bool:
        """Whether the answer shows that somebody has the passkey and may use it; notes the use.

        Args:
            passkey: as `called` found it.
            answer: the browser's.
            challenge: that it was asked with.
            place: where.
        """
        response = answer.get("response")
        handle = _octets(response.get("userHandle")) if isinstance(response, dict) else b""
        if handle != passkey.account_id.encode():
            return False
        try:
            found = await self._checked(lambda: _used(passkey, dict(answer), challenge, place))
        except Problem:
            return False
        now = self._desk.now()
        return await self._database.write(lambda to: factor_rows.use_passkey(to, passkey, found.new_sign_count, now))

    async def remove(self, account_id: str, passkey_id: str, *, actor: str) -> Passkey:
        """Forget one of an account's.

        Raises:
            NotFound: the account has no such passkey.
        """
        entry = self._desk.audit(actor, "passkey_removed", detail={"passkey": passkey_id, "account": account_id})
        return await self._desk.write(
            lambda to: factor_rows.remove_passkey(to, account_id, passkey_id), lambda _: [entry]
        )

    async def remove_all(self, account_id: str, *, actor: str) -> int:
        """Forget all of an account's; says how many."""
        entry = self._desk.audit(actor, "passkeys_removed", detail={"account": account_id})
        return await self._desk.write(
            lambda to: factor_rows.remove_passkeys(to, account_id), lambda count: [entry] if count else []
        )

    async def _checked(self, function: Callable[[], _T]) -> _T:
        """What `function` finds, in a thread: the library is loaded by the first who needs it.

        Raises:
            Problem: 422, whatever is wrong with the answer.
        """
        return await asyncio.to_thread(lambda: _judged(function))


def _judged(function: Callable[[], _T]) -> _T:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 - with the library below
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - a quarter of a second that most starts do not need

    try:
        return function()
    # What the library does not foresee in octets of strangers comes as Python's own errors.
    except (
        *(WebAuthnException, InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, LookupError),
        *(AttributeError, ArithmeticError, RecursionError),
    ):
        raise _not_right() from None


def _registered(answer: dict[str, Any], challenge: bytes, place: Place) -> VerifiedRegistration:
    from webauthn import verify_registration_response  # noqa: PLC0415 - see above
    from webauthn.helpers.cose import COSEAlgorithmIdentifier  # noqa: PLC0415 - see above

    return verify_registration_response(
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=place.host,
        expected_origin=place.origin,
        require_user_verification=True,
        supported_pub_key_algs=[COSEAlgorithmIdentifier(each) for each in _ALGORITHMS],
    )


def _used(passkey: Passkey, answer: dict[str, Any], challenge: bytes, place: Place) -> VerifiedAuthentication:
    from webauthn import verify_authentication_response  # noqa: PLC0415 - see above

    return verify_authentication_response(
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=place.host,
        expected_origin=place.origin,
        credential_public_key=passkey.public_key,
        credential_current_sign_count=passkey.uses,
        require_user_verification=True,
    )


def _not_right() -> Problem:
    return Problem(422, "passkey_refused", "This passkey was not taken", "Try once more.")


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _octets(text: object) -> bytes:
    if not isinstance(text, str) or len(text) > 2 * _MAX_CREDENTIAL:
        return b""
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return b""
