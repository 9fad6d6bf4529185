"""How well a promise is kept on a lock, in a few words and one of four tones.

Layer web, pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from latchwork.web.api.accesses import LockAccessOut, Pending
from latchwork.web.pages.texts import Texts


@dataclass(frozen=True, slots=True)
class Keeping:
    """One access at one door.

    Attributes:
        tone: good, open (not yet), bad, or empty.
        short: one word.
        words: what is known, or why it is not so yet.
        advice: what to do, or empty.
    """

    tone: str
    short: str
    words: str
    advice: str = ""


def keeping_of(found: LockAccessOut, texts: Texts, *, is_enabled: bool = True) -> Keeping:
    """What to say of an access at a door."""
    short = texts.say(f"keeping.short.{found.proof}")
    if found.lock_id is None:
        return Keeping("", texts.say("keeping.short.none"), texts.say("keeping.no_lock"))
    if found.errors:
        first = found.errors[0]
        return Keeping("bad", texts.say("keeping.short.trouble"), first.message, first.advice)
    if Pending.REMOVING in found.pending:
        return Keeping("open", texts.say("keeping.short.removing"), texts.say("keeping.removing"))
    if not is_enabled:
        return Keeping("", texts.say("keeping.short.off"), texts.say("keeping.off"))
    for each in (Pending.CHANGING_CODE, Pending.UNDER_WAY, Pending.WAITING):
        if each in found.pending:
            return Keeping("open", texts.say("keeping.short.none"), texts.say(f"keeping.{each.value}"))
    advice = found.warnings[0].message if found.warnings else ""
    tone = "good" if found.proof in {"occupied", "proved", "used"} else "open"
    return Keeping(tone, short, texts.say(f"keeping.{found.proof}"), advice)
