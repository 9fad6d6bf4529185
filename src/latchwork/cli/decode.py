"""`latchwork decode`: says what a text means: an onboarding code, TLV octets or a captured message.

The roof: finds out which of the three it is, has it explained, and prints it for people or programs.
"""

from __future__ import annotations

import base64
import contextlib
import re
import sys
from typing import Any, Final

import click

from latchwork.base.errors import Misuse, PeerViolation
from latchwork.cli.explain_code import explain_code
from latchwork.cli.lines import emit
from latchwork.matter.onboarding import CodeProblem, OnboardingCodeError, parse_all
from latchwork.matter.onboarding.codes import LONG_LENGTH, SHORT_LENGTH

_MAX_TEXT: Final = 1 << 20
_CODE: Final = re.compile(r"MT(:|%3A)", re.IGNORECASE)
_KEY_LENGTH: Final = 16
_UNKNOWN: Final = (CodeProblem.NOT_A_CODE, CodeProblem.WRONG_LENGTH, CodeProblem.CHECK_DIGIT, CodeProblem.MALFORMED)


def explain(
    text: str, *, form: str | None = None, key: bytes | None = None, node: int = 0, show_secrets: bool = False
) -> dict[str, Any]:
    """What `text` means.

    Args:
        text: a code, or octets as hexadecimal digits or base64.
        form: what it is: `code`, `tlv`, `message` or the name of a message whose TLV it is; None finds out.
        key: opens an encrypted message.
        node: the sender's node id.
        show_secrets: show passcodes, PINs and keys.

    Raises:
        OnboardingCodeError: it looks like a code, but is none that can be used.
        Misuse: it is nothing that we know.
        PeerViolation: it is not what `form` says.
    """
    text = text.strip()
    if form == "code" or (form is None and key is None and _looks_like_code(text)):
        return explain_code(parse_all(text), show_secrets=show_secrets)
    octets = _octets(text)
    if form is None and key is None:
        return _found_out(text, octets, show_secrets=show_secrets)
    if octets is None:
        raise Misuse("these are no octets", advice="Give them as hexadecimal digits or as base64.")
    if form == "message" or (form is None and key is not None):
        from latchwork.cli.explain_message import explain_message

        return explain_message(octets, key=key, node=node, show_secrets=show_secrets)
    return _tlv(octets, None if form == "tlv" else form, show_secrets=show_secrets)


def _looks_like_code(text: str) -> bool:
    digits = re.sub(r"[\s./_-]", "", text)
    return bool(_CODE.search(text)) or (digits.isdecimal() and len(digits) in {SHORT_LENGTH, LONG_LENGTH})


def _octets(text: str) -> bytes | None:
    """The octets that a text writes down in hexadecimal or base64, or None."""
    compact = re.sub(r"[\s:,]|0[xX](?=[0-9A-Fa-f])", "", text)
    try:
        return bytes.fromhex(compact)
    except ValueError:
        pass
    try:
        padded = compact.replace("-", "+").replace("_", "/")
        return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True) or None
    except ValueError:
        return None


def _found_out(text: str, octets: bytes | None, *, show_secrets: bool) -> dict[str, Any]:
    if octets:
        try:
            return _tlv(octets, None, show_secrets=show_secrets)
        except PeerViolation:
            pass
    try:
        return explain_code(parse_all(text), show_secrets=show_secrets)
    except OnboardingCodeError as error:
        if octets and error.kind in _UNKNOWN:
            from latchwork.cli.explain_message import explain_message

            with contextlib.suppress(PeerViolation):
                return explain_message(octets, show_secrets=show_secrets)
        raise _nothing(error) from None


def _nothing(error: OnboardingCodeError) -> Misuse:
    if error.kind is not CodeProblem.NOT_A_CODE:
        return error
    return Misuse(
        "this is no onboarding code, no TLV and no message",
        advice="Give a Matter code (11 or 21 digits, or text starting with MT:), or octets as hexadecimal digits or base64.",
    )


def _tlv(octets: bytes, name: str | None, *, show_secrets: bool) -> dict[str, Any]:
    from latchwork.cli.explain_message import explain_tree

    found, branch = explain_tree(octets, name)
    shown: dict[str, Any] = {"kind": "tlv", "octets": len(octets)}
    return shown | ({"message": found} if found else {}) | {"tree": branch.to_json(show_secrets=show_secrets)}


def _read(text: str | None) -> str:
    if text is None or text == "-":
        text = sys.stdin.read(_MAX_TEXT)
    if not text.strip():
        raise Misuse("there is nothing to decode", advice="Give the text as an argument or on standard input.")
    return text


def _parse_key(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_LENGTH:
        raise Misuse("a key has 16 octets", advice="Give it as 32 hexadecimal digits.")
    return key


def _parse_node(text: str) -> int:
    try:
        return int(text.removeprefix("0x").removeprefix("0X"), 16)
    except ValueError:
        raise Misuse("a node id is a hexadecimal number") from None


@click.command("decode")
@click.argument("text", required=False)
@click.option("--as", "form", metavar="FORM", help="code, tlv, message, or a message's name such as report-data.")
@click.option("--key", metavar="HEX", help="Key of an encrypted message's direction: 32 hexadecimal digits.")
@click.option("--node", metavar="HEX", default="0", help="The sender's node id; 0 in a session opened by a passcode.")
@click.option("--show-secrets", is_flag=True, help="Show passcodes, PINs and keys.")
@click.option("--json", "json_lines", is_flag=True, help="One JSON object.")
def command(
    text: str | None, form: str | None, key: str | None, node: str, show_secrets: bool, json_lines: bool
) -> None:
    """Say what TEXT means.

    TEXT (or standard input) is an onboarding code, TLV octets or a captured message, octets as hexadecimal digits or
    base64. Codes of other worlds (HomeKit, Zigbee, Z-Wave, Thread) are named.
    """
    found = explain(_read(text), form=form, key=_parse_key(key), node=_parse_node(node), show_secrets=show_secrets)
    if json_lines:
        emit({"event": "decoded"} | found)
        return
    from latchwork.cli.decode_print import show

    show(found)
