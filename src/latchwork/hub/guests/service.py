"""Guests: in one call somebody with a strong code for some doors, a page for them behind an unguessable link, and a message to send.

Layer hub, on store; knows no lock's protocol. All of it is written in one transaction, or none of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.hub.books.accesses import put_access
from latchwork.hub.books.people import put_credential, put_person
from latchwork.hub.books.rows import NotFound
from latchwork.hub.codes import duplicate_of, length_for, random_code
from latchwork.hub.desk import Desk
from latchwork.hub.guests import links, texts
from latchwork.hub.guests.links import Link
from latchwork.hub.guests.pages import GuestPages, LockFacts
from latchwork.hub.guests.preconditions import DoorState, Precondition, of_code, preconditions
from latchwork.hub.guests.view import GuestView, ends_at
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Door, Person, Site
from latchwork.hub.house.observed import Capabilities
from latchwork.hub.house.rule_json import encode_rule
from latchwork.hub.house.rules import Rule
from latchwork.hub.journal.entries import Entry
from latchwork.hub.people.service import MAX_UNIQUE_ID, DuplicateCode
from latchwork.hub.plan.compile import compile_lock
from latchwork.hub.words import instant, rule_in_words

OPEN_ENDED_S: Final = 30 * 86_400.0
"""Seconds that a link lives whose access has no end."""
GUEST: Final = "guest"
"""Who made the access, and who the journal says opened the page: whoever holds the link."""
_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link that was just made: the only time that its text is known.

    Attributes:
        token: the last part of the page's address.
        ends_at: UTC seconds since 1970.
    """

    token: Secret
    ends_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Somebody who was invited, with the code as it is told once."""

    person: Person
    credential: Credential
    access: Access
    code: Secret
    link: NewLink | None
    warnings: tuple[Precondition, ...]


class Guests:
    """Invites guests and shows them their page.

    Args:
        desk: the books.
        locks: what is known of locks.
        wake_doors: called with the doors whose locks should hold something else now.
    """

    __slots__ = ("_desk", "_locks", "_pages", "_wake_doors")

    def __init__(self, desk: Desk, *, locks: LockFacts, wake_doors: Callable[[Iterable[str] | None], None]) -> None:
        self._desk = desk
        self._locks = locks
        self._pages = GuestPages(desk, locks)
        self._wake_doors = wake_doors

    # Inviting

    async def invite(
        self,
        name: str,
        door_ids: Sequence[str],
        rule: Rule,
        *,
        actor: str,
        code_length: int | None = None,
        email: str = "",
        phone: str = "",
        with_link: bool = True,
        note: str = "",
    ) -> Invitation:
        """Somebody new, with a code for these doors by this rule.

        Args:
            name: of the guest.
            door_ids: where.
            rule: when.
            actor: who invites.
            code_length: digits; None is as the site wants, or as long as the locks allow.
            email: where the message goes, or empty.
            phone: likewise.
            with_link: whether there is a page for the guest.
            note: of the access.

        Raises:
            NotFound: there is no such door.
            Misuse: no door is named, one is named twice, or the time of the rule is over.
            NoCommonLength: no code fits all these locks; it says which do not go together.
            NoCodeLeft: no code was found.
        """
        desk, now = self._desk, self._desk.now()
        site, doors = desk.household().site, [desk.repository.door(door_id) for door_id in door_ids]
        if not doors or len(set(door_ids)) != len(doors):
            raise Misuse("a guest has a door or more, each named once")
        person = Person(
            id=desk.new_id("person"), name=name, unique_id=self._unique_id(), email=email, phone=phone, created_at=now
        )
        access = Access(
            id=desk.new_id("access"),
            person_id=person.id,
            door_ids=tuple(door_ids),
            rule=rule,
            note=note,
            origin=GUEST,
            created_at=now,
        )
        over = ends_at(access)
        if over is not None and over <= now:
            raise Misuse("the time of this access is over already", advice="Choose an end that is to come.")
        length = self._length(doors, code_length if code_length is not None else site.code_length)
        link = self._new_link(access, None, actor) if with_link else None
        for left in reversed(range(_TRIES)):
            code = Secret(random_code(length, desk.entropy, _Taken(desk)).encode())
            credential = Credential(id=desk.new_id("credential"), person_id=person.id, length=length, created_at=now)
            try:
                await self._write(person, credential, code, access, link, actor)
            except DuplicateCode:
                if not left:
                    raise
            else:
                break
        self._wake_doors(access.door_ids)
        return Invitation(
            person=person,
            credential=credential,
            access=access,
            code=code,
            link=None if link is None else link[1],
            warnings=self._warnings(site, doors, person, credential, access),
        )

    def _length(self, doors: Iterable[Door], wanted: int | None) -> int:
        locks: dict[str, Capabilities] = {}
        for door in doors:
            can = None if door.lock_id is None else self._locks.capabilities(door.lock_id)
            if can is not None and can.kinds.get(CredentialKind.PIN, 0) > 0:
                locks[door.name] = can
        return length_for(locks, wanted)

    def _unique_id(self) -> int:
        while True:
            number = int.from_bytes(self._desk.entropy(4), "big") % MAX_UNIQUE_ID + 1
            if self._desk.repository.person_with_unique_id(number) is None:
                return number

    async def _write(
        self,
        person: Person,
        credential: Credential,
        code: Secret,
        access: Access,
        link: tuple[Link, NewLink] | None,
        actor: str,
    ) -> None:
        desk = self._desk

        def write(to: sqlite3.Connection) -> None:
            links.forget_ended(to, access.created_at)
            put_person(to, person)
            put_credential(to, credential)
            if duplicate_of(credential.id, desk.secrets.holders_on(to, code)) is not None:
                raise DuplicateCode("somebody has this code already")
            desk.secrets.put_on(to, credential.id, credential.version, code)
            put_access(to, access)
            if link is not None:
                links.put_link(to, link[0])

        entries = [
            desk.audit(actor, "person_added", person=person),
            desk.audit(actor, "credential_added", person=person, credential=credential),
            desk.audit(
                actor,
                "guest_invited",
                person=person,
                detail={
                    "access": access.id,
                    "doors": list(access.door_ids[:50]),
                    "rule": encode_rule(access.rule)[:1000],
                    "link": link is not None,
                },
            ),
        ]
        await desk.write(write, lambda _: entries)

    def _warnings(
        self, site: Site, doors: Iterable[Door], person: Person, credential: Credential, access: Access
    ) -> tuple[Precondition, ...]:
        found: list[Precondition] = []
        for door in doors:
            found += self.preconditions(door.id)
            can = None if door.lock_id is None else self._locks.capabilities(door.lock_id)
            if can is None or door.lock_id is None:
                continue
            # As on the day on which it begins: what the lock cannot do then is worth knowing now.
            desired = compile_lock(
                door.lock_id, site, [person], [credential], [access], can, self._desk.now(), preload_s=inf
            )
            known = {each.code for each in found}
            found += [each for each in of_code(door.name, desired.troubles) if each.code not in known]
        return tuple(dict.fromkeys(found))

    def preconditions(self, door_id: str) -> tuple[Precondition, ...]:
        """What stands in the way of a code made from afar for this door.

        Raises:
            NotFound: there is no such door.
        """
        house, door = self._desk.household(), self._desk.repository.door(door_id)
        state = DoorState(door=door)
        if door.lock_id is not None:
            state = DoorState(
                door=door,
                status=self._locks.status(door.lock_id),
                capabilities=self._locks.capabilities(door.lock_id),
                observed=self._locks.observed(door.lock_id),
                troubles=self._desk.repository.troubles(door.lock_id),
            )
        return preconditions(state, ZoneInfo(house.site.time_zone))

    def message(self, invitation: Invitation, url: str | None) -> str:
        """The message for a guest, ready to be sent: it holds the code.

        Args:
            invitation: who was invited.
            url: the whole address of their page, or None.
        """
        site = self._desk.household().site
        zone, access = ZoneInfo(site.time_zone), invitation.access
        doors = [self._desk.repository.door(door_id).name for door_id in access.door_ids]
        link = invitation.link
        return texts.message(
            name=invitation.person.name,
            site=site.name,
            doors=doors,
            code=bytes(invitation.code).decode("ascii"),
            times=rule_in_words(access.rule, zone),
            zone_key=site.time_zone,
            url=url if link is not None else None,
            link_until="" if link is None else instant(link.ends_at, zone),
        )

    # Links

    async def make_link(self, access_id: str, ends: float | None, *, actor: str) -> NewLink:
        """A new link to the page of an access; the one that it had ends.

        Args:
            access_id: which access.
            ends: UTC seconds since 1970; None, or later than the access, is as long as the access has an end.
            actor: who makes it.

        Raises:
            NotFound: there is no such access.
            Misuse: it would have ended already, or there is no code to be shown.
        """
        desk = self._desk
        access = desk.repository.access(access_id)
        if not self._pages.pins(access):
            raise Misuse("this access has no code that a page could show", advice="Give the person a code first.")
        link, new = self._new_link(access, ends, actor)
        person = desk.everybody().get(access.person_id)
        await desk.write(
            lambda to: links.put_link(to, link),
            lambda _: [desk.audit(actor, "guest_link_made", person=person, detail={"access": access_id})],
        )
        return new

    async def end_link(self, access_id: str, *, actor: str) -> None:
        """End the link of an access; harmless where it has none.

        Raises:
            NotFound: there is no such access.
        """
        desk = self._desk
        person = desk.everybody().get(desk.repository.access(access_id).person_id)
        entry = desk.audit(actor, "guest_link_ended", person=person, detail={"access": access_id})

        def entries(was_there: bool) -> list[Entry]:
            return [entry] if was_there else []

        await desk.write(lambda to: links.end_link(to, access_id), entries)

    def link(self, access_id: str) -> Link | None:
        """The link of an access while it lives, without its text.

        Raises:
            NotFound: there is no such access.
        """
        access = self._desk.repository.access(access_id)
        found = self._desk.repository.database.read(lambda connection: links.get_link(connection, access_id))
        return None if found is None or self._ends(found, access) <= self._desk.now() else found

    def _new_link(self, access: Access, ends: float | None, actor: str) -> tuple[Link, NewLink]:
        now, over = self._desk.now(), ends_at(access)
        latest = over if over is not None else now + OPEN_ENDED_S
        until = latest if ends is None else min(ends, latest if over is not None else inf)
        if until <= now:
            raise Misuse("this link would have ended already", advice="Choose an end that is to come.")
        token = links.new_token(self._desk.entropy)
        link = Link(access_id=access.id, digest=links.digest_of(token), made_by=actor, created_at=now, ends_at=until)
        return link, NewLink(token=Secret(token.encode()), ends_at=until)

    @staticmethod
    def _ends(link: Link, access: Access) -> float:
        over = ends_at(access)
        return link.ends_at if over is None else min(link.ends_at, over)

    # The page

    async def page(self, token: str) -> GuestView | None:
        """What the holder of a link sees; None when there is no such link, or not any more: which of the two is not said.

        The opening is in the journal, once an hour at most, before anything is shown.
        """
        desk, now = self._desk, self._desk.now()
        link = desk.repository.database.read(lambda connection: links.find_link(connection, token))
        if link is None:
            return None
        try:
            access = desk.repository.access(link.access_id)
        except NotFound:
            return None
        person = desk.household().persons.get(access.person_id)
        if person is None or self._ends(link, access) <= now:
            return None
        if link.noted_at is None or now - link.noted_at >= links.NOTED_EVERY_S:
            entry = desk.audit(GUEST, "guest_page_opened", person=person, detail={"access": access.id})

            def entries(is_noted: bool) -> list[Entry]:
                return [entry] if is_noted else []

            await desk.write(lambda to: links.note_opening(to, access.id, now), entries)
        return self._pages.view(access, person, self._ends(link, access))


class _Taken:
    """Codes that somebody has, or that a lock may still know."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and bool(self._desk.secrets.holders(code.encode()))
