"""More than a password: a second factor and passkeys of one's own, and an owner's way to reset somebody else's.

Layer web. Whatever makes signing in harder or easier needs the password typed a short while ago; a token has none of it.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from latchwork.hub.sharing.qr_pictures import qr_svg
from latchwork.web import passkeys
from latchwork.web.accounts import get_account
from latchwork.web.api.session import Password, SessionOut, session_out
from latchwork.web.api.shapes import Body, Id, ListOf, Name
from latchwork.web.context import Context, Web, Who
from latchwork.web.factor_rows import Passkey
from latchwork.web.outside import address_of
from latchwork.web.passkeys import Place
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem, forbidden
from latchwork.web.roles import Scope
from latchwork.web.routing import PROBLEM, GuardedRoute, needs, open_to_all
from latchwork.web.second_factor import MAX_TYPED
from latchwork.web.stamps import Time
from latchwork.web.steps import Step
from latchwork.web.totp import secret_text, setup_uri

router = APIRouter(prefix="/api/v1", tags=["security"], route_class=GuardedRoute)
Code = Annotated[str, Field(max_length=MAX_TYPED, json_schema_extra={"format": "password"})]
Answer = Annotated[
    dict[str, Any], Field(max_length=20, description="As `PublicKeyCredential.toJSON` writes it (Web Authentication).")
]


class SecondFactorOut(BaseModel):
    """Whether a code is asked for beside the password."""

    is_on: bool
    since: Time | None
    recovery_codes_left: int


class SecretOut(BaseModel):
    """What an app is told, for the only time."""

    secret: str
    uri: str
    qr: Annotated[str, Field(description="The same as a picture, in SVG.")]


class RecoveryOut(BaseModel):
    """Codes that are good once each in the place of the app's, for the only time."""

    recovery_codes: list[str]


class CodeBody(Body):
    """A code that the app shows."""

    totp: Code


class EndBody(Body):
    """The password, and a code of the app or a recovery code."""

    password: Password
    totp: Code


class PasskeyOut(BaseModel):
    """A passkey."""

    id: str
    name: str
    host: Annotated[str, Field(description="Name of the hub at which it is good.")]
    is_synced: bool
    created_at: Time
    used_at: Time | None


class NewPasskey(Body):
    """A new passkey, and what it is called."""

    name: Name
    credential: Answer


class PasskeyBody(Body):
    """What the browser's authenticator said."""

    credential: Answer


def passkey_out(passkey: Passkey) -> PasskeyOut:
    """The passkey to be answered."""
    return PasskeyOut(
        id=passkey.id,
        name=passkey.name,
        host=passkey.host,
        is_synced=passkey.is_synced,
        created_at=passkey.created_at,
        used_at=passkey.used_at,
    )


def check_browser(web: Context, who: Principal) -> None:
    """Refuses a token, and a browser whose password was typed too long ago.

    Raises:
        Problem: 403.
    """
    if who.session is None:
        raise forbidden("A token signs nobody in: log in with a password.")
    who.check_fresh(web.clock.utc(), web.settings.confirm_s)


def place_of(request: Request) -> Place | None:
    """Where this browser sees the hub, or None where it has no passkeys there."""
    return passkeys.place_at(address_of(request))


def usable_place(request: Request) -> Place:
    """The same.

    Raises:
        Problem: 422 where there are no passkeys.
    """
    place = place_of(request)
    if place is None:
        raise Problem(
            422,
            "no_passkeys_here",
            "Browsers have no passkeys here",
            "They need HTTPS and a name: an address made of numbers is not enough.",
        )
    return place


@router.get("/second_factor", summary="Whether one has a second factor")
@needs()
async def read_second_factor(web: Web, who: Who) -> SecondFactorOut:
    """And how many recovery codes are left."""
    factor = web.auth.factors.of(who.account.id)
    return SecondFactorOut(
        is_on=factor is not None,
        since=None if factor is None else factor.confirmed_at,
        recovery_codes_left=web.auth.factors.recovery_left(who.account.id),
    )


@router.post("/second_factor", status_code=201, summary="Begin to have a second factor")
@needs(is_repeatable=False)
async def begin_second_factor(web: Web, who: Who) -> SecretOut:
    """A secret for an app on the phone. Nothing is asked for until a code of it was typed."""
    check_browser(web, who)
    secret = await web.auth.factors.begin(who.account.id)
    return secret_out(web, who, bytes(secret))


def secret_out(web: Context, who: Principal, secret: bytes) -> SecretOut:
    """A new secret in all its forms."""
    uri = setup_uri(secret, site=web.house.repository.site().name, account=who.account.name)
    return SecretOut(secret=secret_text(secret), uri=uri, qr=qr_svg(uri).decode())


@router.post("/second_factor/confirm", summary="Turn the second factor on")
@needs(is_repeatable=False, quota="sign_in")
async def confirm_second_factor(body: CodeBody, web: Web, who: Who) -> RecoveryOut:
    """With a code that the app shows. Ends the account's other sessions."""
    check_browser(web, who)
    but = who.session.digest if who.session else b""
    return RecoveryOut(recovery_codes=await web.auth.factors.confirm(who.account.id, body.totp, but=but))


@router.post("/second_factor/recovery_codes", status_code=201, summary="Make new recovery codes")
@needs(is_repeatable=False, quota="sign_in")
async def renew_recovery_codes(request: Request, body: CodeBody, web: Web, who: Who) -> RecoveryOut:
    """Those before are good no more."""
    check_browser(web, who)
    await check_code(request, web, who, body.totp)
    return RecoveryOut(recovery_codes=await web.auth.factors.renew_recovery(who.account.id))


@router.post("/second_factor/end", status_code=204, summary="Turn the second factor off")
@needs(is_repeatable=False, quota="sign_in")
async def end_second_factor(request: Request, body: EndBody, web: Web, who: Who) -> None:
    """With the password and a code."""
    await web.auth.confirm(request, who, body.password)
    await check_code(request, web, who, body.totp)
    await web.auth.factors.end(who.account.id, actor=who.actor)


async def check_code(request: Request, web: Context, who: Principal, code: str) -> None:
    """Refuses a wrong code of somebody who is signed in.

    Raises:
        Problem: 422 when it is wrong, or there is no second factor; 429 after too many attempts.
    """
    if web.auth.factors.of(who.account.id) is None:
        raise Problem(422, "second_factor_off", "There is no second factor")
    try:
        await web.auth.check_second(request, who.account, code)
    except Problem as problem:
        # Whoever asks is known: this is no 401, at which a page would send them to sign in.
        status = 422 if problem.status == 401 else problem.status
        raise Problem(status, problem.code, problem.title, problem.detail, headers=problem.headers) from None


@router.delete("/accounts/{account_id}/second_factor", status_code=204, summary="Reset somebody's second factor")
@needs(Scope.ACCOUNTS_WRITE)
async def reset_second_factor(account_id: Id, web: Web, who: Who) -> None:
    """For somebody whose phone is gone: the password alone is asked for, until they turn it on again."""
    web.database.read(lambda connection: get_account(connection, account_id))
    check_fresh_owner(web, who, account_id)
    await web.auth.factors.end(account_id, actor=who.actor)


@router.delete("/accounts/{account_id}/passkeys", status_code=204, summary="Remove somebody's passkeys")
@needs(Scope.ACCOUNTS_WRITE)
async def remove_passkeys(account_id: Id, web: Web, who: Who) -> None:
    """For somebody whose phone is in other hands."""
    web.database.read(lambda connection: get_account(connection, account_id))
    await web.auth.passkeys.remove_all(account_id, actor=who.actor)


def check_fresh_owner(web: Context, who: Principal, account_id: str) -> None:
    """Refuses a reset by a browser whose password was typed too long ago, and of one's own: that needs a code.

    Raises:
        Problem: 403.
    """
    if account_id == who.account.id:
        raise forbidden("One's own second factor is turned off with a code, or with a recovery code.")
    who.check_fresh(web.clock.utc(), web.settings.confirm_s)


@router.get("/passkeys", summary="One's passkeys")
@needs()
async def list_passkeys(web: Web, who: Who) -> ListOf[PasskeyOut]:
    """Oldest first."""
    return ListOf(data=[passkey_out(each) for each in web.auth.passkeys.of(who.account.id)])


@router.post("/passkeys/options", summary="Begin to have a passkey")
@needs(is_repeatable=False, quota="sign_in")
async def passkey_options(request: Request, response: Response, web: Web, who: Who) -> dict[str, Any]:
    """What the browser is to be asked: for `PublicKeyCredential.parseCreationOptionsFromJSON`. Good once and for five minutes."""
    check_browser(web, who)
    place, challenge = usable_place(request), web.entropy(passkeys.CHALLENGE_LENGTH)
    web.auth.set_step(response, Step(kind="passkey_add", account_id=who.account.id, challenge=challenge))
    known = web.auth.passkeys.of(who.account.id)
    return passkeys.options_to_add(who.account, known, place, challenge, web.house.repository.site().name)


@router.post("/passkeys", status_code=201, summary="Add a passkey")
@needs(is_repeatable=False, quota="sign_in")
async def add_passkey(request: Request, response: Response, body: NewPasskey, web: Web, who: Who) -> PasskeyOut:
    """With what the browser answered."""
    check_browser(web, who)
    place = usable_place(request)
    step = web.auth.steps.take(request.cookies.get(web.auth.step_cookie, ""), "passkey_add")
    if step is None or step.account_id != who.account.id:
        raise Problem(409, "step_too_old", "This took too long", "Begin again.")
    passkey = await web.auth.passkeys.add(who.account, body.name, body.credential, step.challenge, place)
    web.auth.clear_step(response)
    return passkey_out(passkey)


@router.delete("/passkeys/{passkey_id}", status_code=204, summary="Remove a passkey")
@needs()
async def remove_passkey(passkey_id: Id, web: Web, who: Who) -> None:
    """One of one's own."""
    await web.auth.passkeys.remove(who.account.id, passkey_id, actor=who.actor)


@router.post("/session/passkey/options", summary="Begin to log in with a passkey")
@open_to_all(quota="sign_in")
async def log_in_options(request: Request, response: Response, web: Web) -> dict[str, Any]:
    """What the browser is to be asked: for `PublicKeyCredential.parseRequestOptionsFromJSON`. Good once and for five minutes."""
    place, challenge = usable_place(request), web.entropy(passkeys.CHALLENGE_LENGTH)
    web.auth.set_step(response, Step(kind="passkey_sign_in", challenge=challenge))
    return passkeys.options_to_use(place, challenge)


@router.post("/session/passkey", status_code=201, summary="Log in with a passkey", responses={401: PROBLEM})
@open_to_all(quota="sign_in")
async def log_in_by_passkey(request: Request, response: Response, body: PasskeyBody, web: Web) -> SessionOut:
    """As the log-in with a password; no further code is asked for."""
    step = web.auth.steps.take(request.cookies.get(web.auth.step_cookie, ""), "passkey_sign_in")
    principal, text = await web.auth.use_passkey(request, body.credential, step, place_of(request))
    web.auth.clear_step(response)
    web.auth.set_cookie(response, text)
    return session_out(principal)
