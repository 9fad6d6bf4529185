"""Reads what people paste, type or scan: cleans it, finds the code in it, or says what it is instead.

Chapter onboarding: the tolerant front door; the forms themselves are in `codes`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

from latchwork.matter.onboarding import foreign
from latchwork.matter.onboarding.codes import LONG_LENGTH, QR_PREFIX, SHORT_LENGTH, read_manual, read_qr
from latchwork.matter.onboarding.payload import CodeProblem, OnboardingCodeError, SetupPayload

MAX_TEXT: Final = 4096
"""Characters looked at: the largest QR code holds 4,296 alphanumeric ones, a Matter code a tenth of that."""
MAX_PAYLOADS: Final = 32
"""Payloads taken from one concatenated code; a package of more devices than this has several labels."""
_QUOTES: Final = "\"'`«»‹›“”„‘’‚()[]<>{}"  # noqa: RUF001 - quotation marks of several languages
_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣"), "-")  # noqa: RUF001 - dashes that text programs put in
_QR_RUN: Final = re.compile(r"(?<![0-9A-Z])MT:([0-9A-Z.*-]+)")
_QR_SPACED: Final = re.compile(r"(?<![0-9A-Z])MT:\s*([0-9A-Z.*\s-]+)")
_PRINTED_DIGITS: Final = re.compile(r"[0-9][0-9 ./_-]*")


def parse(text: str) -> SetupPayload:
    """The payload of the onboarding code in `text`: the first one where several are joined.

    Args:
        text: a manual code or QR text as pasted: spaces, dashes, quotes, full-width and invisible characters,
            lower case, a link or sentence around it are all accepted.

    Raises:
        OnboardingCodeError: no usable Matter code; `.kind` and `.advice` say why.
    """
    return parse_all(text)[0]


def parse_all(text: str) -> tuple[SetupPayload, ...]:
    """All payloads of the onboarding code in `text`, at least one; a QR code may join several with `*` (Core 5.1.3).

    Raises:
        OnboardingCodeError: no usable Matter code, or one of several is not usable.
    """
    clean = _clean(text)
    if not clean:
        raise OnboardingCodeError(
            CodeProblem.EMPTY, "there is no code", advice="Scan the QR code or type the digits beside the Matter logo."
        )
    if "MT%3A" in clean.upper():
        clean = _clean(unquote(clean))
    upper = clean.upper()
    if _QR_SPACED.search(upper):
        return _read_joined(upper)
    other = foreign.named(clean)
    if other is not None:
        raise other
    return (_read_digits(clean),)


def _clean(text: str) -> str:
    """`text` in plain characters: compatibility forms folded, invisible ones gone, quotes stripped."""
    folded = unicodedata.normalize("NFKC", text[:MAX_TEXT]).translate(_DASHES)
    visible = (character for character in folded if character.isspace() or unicodedata.category(character)[0] != "C")
    # The second bound: folding can make one character into eighteen.
    return "".join(visible)[:MAX_TEXT].strip().strip(_QUOTES).strip()


def _read_joined(upper: str) -> tuple[SetupPayload, ...]:
    """Read the run after `MT:`; where that fails, read it again as if spaces had been pasted into it."""
    failure: OnboardingCodeError | None = None
    for pattern in (_QR_RUN, _QR_SPACED):
        found = pattern.search(upper)
        if found is None:
            continue
        run = "".join(found[1].split())
        try:
            # A second prefix appears where two scans were pasted together.
            parts = [part.removeprefix(QR_PREFIX) for part in run.split("*") if part]
            payloads = tuple(read_qr(part) for part in parts[: MAX_PAYLOADS + 1])
        except OnboardingCodeError as error:
            failure = failure or error
            continue
        if len(payloads) > MAX_PAYLOADS:
            raise OnboardingCodeError(
                CodeProblem.MALFORMED,
                f"more than {MAX_PAYLOADS} codes are joined into one",
                advice="Add the devices one by one, with the code of each.",
            )
        if payloads:
            return payloads
    raise failure or _nothing()


def _read_digits(clean: str) -> SetupPayload:
    """Read a manual code, alone or inside a sentence."""
    runs = [re.sub(r"[^0-9]", "", run) for run in _PRINTED_DIGITS.findall(clean)]
    if not runs:
        raise _nothing()
    alone = re.fullmatch(r"[0-9\s./_,;:-]+", clean) is not None
    if alone:
        return read_manual("".join(runs))
    candidates = [run for run in runs if len(run) in {SHORT_LENGTH, LONG_LENGTH}]
    if len(candidates) == 1:
        return read_manual(candidates[0])
    if len(runs) == 1 and len(runs[0]) > 5:
        return read_manual(runs[0])
    raise _nothing()


def _nothing() -> OnboardingCodeError:
    return OnboardingCodeError(
        CodeProblem.NOT_A_CODE,
        "this is not a Matter onboarding code",
        advice="A Matter code is 11 or 21 digits, or a QR code whose text starts with MT:",
    )
