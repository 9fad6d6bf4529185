"""What the web side needs of the hub: the front door between the two storeys, in types.

Layer web. `hub.service.Hub` is what stands behind it; a test may put something simpler there. Whatever changes something takes the
`actor` for the journal, wakes who has to act on it, and returns when it is durable; what a lock then makes of it is told by `placed`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from latchwork.base.logs import Secret
from latchwork.hub.backup.service import Backup
from latchwork.hub.books.repository import Repository
from latchwork.hub.books.secrets import Secrets
from latchwork.hub.bus import Bus
from latchwork.hub.calendars.service import Calendars
from latchwork.hub.desk import Desk
from latchwork.hub.enrolment.service import Enrolments
from latchwork.hub.guests.service import Guests
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Lock, Person
from latchwork.hub.house.observed import Capabilities, Observed
from latchwork.hub.journal.journal import Journal
from latchwork.hub.listening.history import History
from latchwork.hub.locks.settings import Found, Value
from latchwork.hub.notify.service import Notifications
from latchwork.hub.people.importing import Imports
from latchwork.hub.people.removal_report import RemovalReports
from latchwork.hub.sharing.answers import Shared
from latchwork.hub.sharing.window import OnLock
from latchwork.hub.status import LockStatus, Operation


class People(Protocol):
    """People, credentials and accesses."""

    async def add_person(self, person: Person, *, actor: str) -> Person:
        """Keep somebody new; an empty id and a unique id of 0 are filled in."""

    async def change_person(self, person: Person, *, actor: str) -> Person:
        """Keep somebody changed."""

    async def move_out(self, person_id: str, *, actor: str) -> Person:
        """Somebody leaves: all accesses end, everywhere."""

    async def add_credential(self, credential: Credential, secret: Secret | None, *, actor: str) -> Credential:
        """A new credential; an empty id is filled in."""

    async def set_secret(self, credential_id: str, secret: Secret, *, actor: str) -> Credential:
        """Another code for the same credential."""

    def random_code(self, person_id: str, length: int | None) -> Secret:
        """A code that fits every lock, is nobody's and is hard to guess."""

    async def relabel(self, credential: Credential, *, actor: str) -> Credential:
        """Keep another label."""

    async def reveal(self, credential_id: str, *, actor: str) -> Secret:
        """What the code is; written down before it is answered."""

    async def remove_credential(self, credential_id: str, *, actor: str) -> None:
        """Take a credential out of use, everywhere."""

    async def grant(self, access: Access, *, actor: str) -> Access:
        """A new promise; an empty id is filled in."""

    async def change_access(self, access: Access, *, actor: str) -> Access:
        """Another promise."""

    async def revoke(self, access_id: str, *, actor: str) -> None:
        """Take a promise back."""


class Locks(Protocol):
    """Locks on the hub's fabric."""

    def status(self, lock_id: str) -> LockStatus:
        """How it stands."""

    def capabilities(self, lock_id: str) -> Capabilities | None:
        """What it can do; None before it was read."""

    def observed(self, lock_id: str) -> Observed | None:
        """What it holds; None before it was read."""

    async def operate(self, lock_id: str, operation: Operation, *, actor: str) -> None:
        """Lock, unlock or unbolt; returns when the lock has accepted it."""

    async def add(
        self, code: str, *, door_name: str, door_id: str | None, actor: str, tell: Callable[[str], None]
    ) -> Lock:
        """Commission a lock by its setup code, onto a new door or one that has none; tells each step's name."""

    async def replace(self, door_id: str, code: str, *, actor: str, tell: Callable[[str], None]) -> Lock:
        """Commission a lock in the place of a door's; everybody moves over."""

    async def remove(self, lock_id: str, *, is_forced: bool, actor: str) -> None:
        """Take our fabric off a lock; forced, also where it does not answer."""

    async def adopt(self, lock_id: str, user_index: int, person_id: str, *, actor: str) -> None:
        """A user that others put there is this person from now on."""

    async def clear_foreign(
        self, lock_id: str, user_index: int | None, credential: tuple[CredentialKind, int] | None, *, actor: str
    ) -> None:
        """Clear what others put there, once an owner has named it."""

    def wake(self, lock_id: str) -> None:
        """Look again now whether the lock holds what it should."""


class Sharing(Protocol):
    """Locks and other ecosystems."""

    async def share(self, lock_id: str, *, minutes: int | None, ecosystem: str | None, actor: str) -> Shared:
        """Open a lock for one more ecosystem; the answer has the code."""

    async def look(self, lock_id: str) -> Shared:
        """Whether others can join, as the lock says now."""

    async def end(self, lock_id: str, *, actor: str) -> None:
        """Close a window that this hub opened, before its time."""

    async def fabrics(self, lock_id: str) -> tuple[OnLock, ...]:
        """Who is on a lock, as it says now."""

    async def remove_fabric(self, lock_id: str, index: int, *, confirm: str, actor: str) -> None:
        """Take another ecosystem off a lock, by its name as listed."""


class LockSettings(Protocol):
    """What owners set on their locks."""

    async def read(self, lock_id: str) -> tuple[Found, ...]:
        """Those that a lock has, as it says now."""

    async def write(self, lock_id: str, key: str, value: Value, *, actor: str) -> Found:
        """Change one; returns what the lock says then."""


class House(Protocol):
    """The hub."""

    @property
    def desk(self) -> Desk:
        """How the house is changed, with its line in the journal."""

    @property
    def repository(self) -> Repository:
        """What is kept."""

    @property
    def secrets(self) -> Secrets:
        """Sealed codes."""

    @property
    def journal(self) -> Journal:
        """What happened."""

    @property
    def bus(self) -> Bus:
        """What is happening."""

    @property
    def people(self) -> People:
        """Who and what may."""

    @property
    def locks(self) -> Locks:
        """What stands at the doors."""

    @property
    def guests(self) -> Guests:
        """Who is invited, and what they see."""

    @property
    def removals(self) -> RemovalReports:
        """Signed reports of who moved out."""

    @property
    def enrolments(self) -> Enrolments:
        """What is taken at the doors."""

    @property
    def sharing(self) -> Sharing:
        """Who else has a lock."""

    @property
    def lock_settings(self) -> LockSettings:
        """What owners set on their locks."""

    @property
    def history(self) -> History:
        """Batteries and links over time."""

    @property
    def backup(self) -> Backup:
        """Everything in one file."""

    @property
    def imports(self) -> Imports:
        """People from tables."""

    @property
    def calendars(self) -> Calendars:
        """Stays from elsewhere, as accesses."""

    @property
    def notifications(self) -> Notifications:
        """Who is told of what."""

    @property
    def is_ready(self) -> bool:
        """Whether the Matter side is up."""
