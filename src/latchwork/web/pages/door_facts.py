"""What is told of one door on its page: who may open it, how much room its lock has, and its battery and link as pictures.

Layer web. Everything is from the books and from what was heard: no lock is asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from latchwork.hub.house.entities import Access, CredentialKind, Door, Lock, Person
from latchwork.hub.house.observed import SeenCredential, SeenUser
from latchwork.hub.listening.history import LINKS, Sample, SampleKind
from latchwork.hub.status import LockStatus
from latchwork.web.api.accesses import Known, access_out
from latchwork.web.context import Context
from latchwork.web.pages.charts import line_chart
from latchwork.web.pages.keeping import Keeping, keeping_of
from latchwork.web.pages.rule_forms import rule_words
from latchwork.web.pages.texts import Texts
from latchwork.web.pages.words import Words

SPANS: Final = (7, 30, 365)
"""Days that a picture may show."""
_DAY: Final = 86_400.0
_ORDER: Final = {"bad": 0, "open": 1, "": 2, "good": 3}
_LEVELS: Final = {
    # Thread's own steps of link quality are 20 and 10 dB above a noise floor of about -100 dBm.
    SampleKind.THREAD_RSSI: (-80.0, -90.0),
    SampleKind.WIFI_RSSI: (-67.0, -75.0),
}
"""From where on a link is strong, and from where on fair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody with access.

    Attributes:
        person: who.
        access: the promise.
        rule: when, in words.
        keeping: how well it is kept on this lock.
    """

    person: Person
    access: Access
    rule: str
    keeping: Keeping


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much of something a lock holds.

    Attributes:
        kind: user, pin, rfid, fingerprint or face.
        used: how many; None before they were read.
        total: how many it takes; None where the lock does not say.
        part: of it that is used, in twentieths.
    """

    kind: str
    used: int | None
    total: int | None

    @property
    def part(self) -> int:
        """Of a bar of twenty."""
        return 0 if not self.used or not self.total else min(20, max(1, round(20 * self.used / self.total)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A number over time.

    Attributes:
        key: `battery` or `link`.
        picture: of it, or None: there is nothing to draw yet.
        now: the newest value in words, or empty.
        tone: good, open, bad or empty.
        start: the first day that is shown.
        high, low: what the upper and the lower edge stand for.
        why: why there is nothing to see, or empty.
    """

    key: str
    picture: Markup | None = None
    now: str = ""
    tone: str = ""
    start: str = ""
    high: str = ""
    low: str = ""
    why: str = ""


def holders(web: Context, door: Door, texts: Texts, words: Words) -> list[Holder]:
    """Who has access, those first with whom something is wrong, then by name."""
    repository = web.house.repository
    known, persons = Known(repository), {person.id: person for person in repository.persons()}
    found = []
    for access in repository.accesses(door_id=door.id):
        person = persons.get(access.person_id)
        here = next((each for each in access_out(known, access).locks if each.door_id == door.id), None)
        if person is None or here is None:
            continue
        keeping = keeping_of(here, texts, is_enabled=access.is_enabled)
        rule = rule_words(access.rule, texts, words)
        found.append(Holder(person=person, access=access, rule=rule, keeping=keeping))
    found.sort(key=lambda each: (_ORDER[each.keeping.tone], each.person.name.casefold()))
    return found


def model_of(lock: Lock) -> str:
    """Maker and model, the maker once; empty where the lock does not say."""
    is_named = lock.product.casefold().startswith(lock.vendor.casefold())
    return lock.product if is_named else f"{lock.vendor} {lock.product}".strip()


def rooms(web: Context, lock: Lock) -> list[Room]:
    """How full the lock is, as far as it says."""
    can, observed = web.house.locks.capabilities(lock.id), web.house.locks.observed(lock.id)
    if can is None or not can.has_users:
        return []
    users = None if observed is None else sum(isinstance(each, SeenUser) for each in observed.users.values())
    found = [Room(kind="user", used=users, total=can.users)]
    for kind, total in can.kinds.items():
        used = None
        if observed is not None:
            used = sum(
                place[0] is kind and isinstance(each, SeenCredential) for place, each in observed.credentials.items()
            )
        # How many fingers and faces it takes, no lock says.
        is_told = kind in {CredentialKind.PIN, CredentialKind.RFID}
        found.append(Room(kind=kind.value, used=used, total=total if is_told else None))
    return found


def battery_trend(web: Context, lock: Lock, status: LockStatus, days: int, texts: Texts, words: Words) -> Trend:
    """The battery over time; the newest point is what the lock said last."""
    now = web.clock.utc()
    samples = web.house.history.samples(lock.id, SampleKind.BATTERY, since=now - days * _DAY)
    percent, heard_at = status.battery_percent, status.heard_at
    if percent is not None and heard_at is not None and (not samples or heard_at > samples[-1].at):
        samples.append(Sample(heard_at, float(percent)))
    if percent is None and not samples:
        return Trend(key="battery", why=texts.say("door.trend.battery.not_said"))
    value = samples[-1].value if percent is None else float(percent)
    tone = {"warning": "open", "critical": "bad"}.get(status.battery_level or "", "good")
    said = texts.say("door.percent", count=round(value))
    return _trend("battery", samples, days, now, (0.0, 100.0), said, tone, texts, words, "door.percent")


def link_trend(web: Context, lock: Lock, days: int, texts: Texts, words: Words) -> Trend:
    """The link over time, in the clearest measure that the lock gives."""
    now, history = web.clock.utc(), web.house.history
    for kind in LINKS:
        latest = history.latest(lock.id, kind)
        if latest is None:
            continue
        samples = history.samples(lock.id, kind, since=now - days * _DAY)
        strong, fair = _LEVELS.get(kind, (170.0, 85.0))
        tone = "good" if latest.value >= strong else "open" if latest.value >= fair else "bad"
        unit = "door.of_255" if kind is SampleKind.THREAD_LQI else "door.dbm"
        said = f"{texts.say(f'door.link.{tone}')} · {texts.say(unit, count=round(latest.value))}"
        edges = (0.0, 255.0) if kind is SampleKind.THREAD_LQI else (-110.0, -30.0)
        return _trend("link", samples, days, now, edges, said, tone, texts, words, unit)
    told = history.says_link(lock.id)
    return Trend(key="link", why=texts.say("door.trend.link.not_said" if told is False else "door.trend.link.not_yet"))


def _trend(
    key: str,
    samples: Sequence[Sample],
    days: int,
    now: float,
    edges: tuple[float, float],
    said: str,
    tone: str,
    texts: Texts,
    words: Words,
    unit: str,
) -> Trend:
    low, high = edges
    start = now - days * _DAY
    values = [each.value for each in samples] or [0.0]
    label = texts.say(
        f"door.trend.{key}.label",
        now=said,
        least=texts.say(unit, count=round(min(values))),
        most=texts.say(unit, count=round(max(values))),
    )
    grid = [low + (high - low) * part for part in (0.0, 0.5, 1.0)]
    points = [(each.at, each.value) for each in samples]
    picture = line_chart(points, label, start=start, end=now, low=low, high=high, grid=grid) if points else None
    return Trend(
        key=key,
        picture=picture,
        now=said,
        tone=tone,
        start=words.day(start),
        high=texts.say(unit, count=round(high)),
        low=texts.say(unit, count=round(low)),
        why="" if points else texts.say("door.trend.none"),
    )
