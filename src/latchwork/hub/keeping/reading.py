"""What a lock can do and what it holds, asked over Matter: an answer that was refused or makes no sense is unreadable, never empty.

Layer hub, on controller. Nothing is written, and everything is asked for as seldom as can be: a lock may live on batteries.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from latchwork.base.errors import PeerViolation, Refused, Unsupported
from latchwork.controller import Peer
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import (
    ORPHANED,
    Capabilities,
    Observed,
    SeenCredential,
    SeenUser,
    Slot,
    UserType,
    WeekDay,
    YearDay,
)
from latchwork.hub.plan.places import MAX_INDEX
from latchwork.matter.interaction.paths import AttributeQuery
from latchwork.matter.interaction.values import AttributeValue
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.clusters.icd_management import IcdManagement, OperatingModeEnum
from latchwork.matter.model.clusters.operational_credentials import OperationalCredentials
from latchwork.matter.model.meta import Attribute

TYPES: Final = {
    CredentialKind.PIN: wire.CredentialTypeEnum.PIN,
    CredentialKind.RFID: wire.CredentialTypeEnum.RFID,
    CredentialKind.FINGERPRINT: wire.CredentialTypeEnum.FINGERPRINT,
    CredentialKind.FACE: wire.CredentialTypeEnum.FACE,
}
"""Kinds that are read and written as credentials of users; keys of phones are a trade of their own."""
_KINDS: Final = {number: kind for kind, number in TYPES.items()}
MAX_ASKED: Final = 2048
"""Places of one kind that are asked for, one by one; the rest is left unread. No lock for a home or an office holds so many, and one that
says so may never come to an end."""
MAX_BEHIND: Final = 512
"""Credentials that are asked for a second time, because users have them and no place does."""
MAX_NAME: Final = 64
"""Characters of a user's name that are kept; a lock has ten (UserName of SetUser, Application Clusters 5.2.10)."""
_MAX_DEAF: Final = 3
"""Places in a row that may be refused before the rest is left unread."""
_DROWSY_S: Final = 2.0
"""A device that is slower to hear than this sleeps, whether it says so or not."""
_ABSENT: Final = frozenset({None, wire.UserStatusEnum.AVAILABLE})

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a lock says it is.

    Attributes:
        endpoints: where its Door Lock clusters are.
        fabric_index: our fabric on it.
        vendor, product, serial, firmware: as it says, or empty.
        vendor_id, product_id: numbers of its maker.
    """

    endpoints: tuple[int, ...]
    fabric_index: int
    vendor: str = ""
    product: str = ""
    serial: str = ""
    firmware: str = ""
    vendor_id: int = 0
    product_id: int = 0


async def read_identity(peer: Peer) -> Identity:
    """What the device is, and where on it the lock is.

    Raises:
        Unsupported: there is no lock on it.
        LatchworkError: it did not answer.
    """
    basic = BasicInformation
    own = OperationalCredentials.current_fabric_index
    entries = await peer.read(
        AttributeQuery(None, DoorLock.id, DoorLock.feature_map.id),
        AttributeQuery(0, OperationalCredentials.id, own.id),
        *(AttributeQuery(0, basic.id, each.id) for each in (basic.vendor_name, basic.product_name)),
        *(AttributeQuery(0, basic.id, each.id) for each in (basic.serial_number, basic.software_version_string)),
        *(AttributeQuery(0, basic.id, each.id) for each in (basic.vendor_id, basic.product_id)),
    )
    found: dict[tuple[int, int], Any] = {}
    endpoints: list[int] = []
    for entry in entries:
        value = getattr(entry, "value", None)
        if value is None or not getattr(entry, "is_typed", False):
            continue
        cluster, attribute = entry.cluster, getattr(entry, "attribute", None)
        if cluster == DoorLock.id and entry.endpoint is not None:
            endpoints.append(entry.endpoint)
        elif cluster is not None and attribute is not None:
            found[cluster, attribute] = value
    if not endpoints:
        raise Unsupported("there is no door lock on this device", advice="Is this the code of the lock?")
    return Identity(
        endpoints=tuple(sorted(endpoints)),
        fabric_index=found.get((OperationalCredentials.id, own.id), 0),
        vendor=found.get((basic.id, basic.vendor_name.id), ""),
        product=found.get((basic.id, basic.product_name.id), ""),
        serial=found.get((basic.id, basic.serial_number.id), ""),
        firmware=found.get((basic.id, basic.software_version_string.id), ""),
        vendor_id=found.get((basic.id, basic.vendor_id.id), 0),
        product_id=found.get((basic.id, basic.product_id.id), 0),
    )


async def read_capabilities(peer: Peer, endpoint: int) -> Capabilities:
    """What the lock can do.

    Raises:
        PeerViolation: it does not tell which features it has.
        LatchworkError: it did not answer.
    """
    entries = await peer.read(AttributeQuery(endpoint, DoorLock.id), AttributeQuery(0, IcdManagement.id))
    values = {
        (entry.cluster, getattr(entry, "attribute", None)): getattr(entry, "value", None)
        for entry in entries
        if getattr(entry, "is_typed", False)
    }

    def number(attribute: Attribute[int]) -> int:
        value = values.get((DoorLock.id, attribute.id))
        return value if isinstance(value, int) else 0

    features = values.get((DoorLock.id, DoorLock.feature_map.id))
    if not isinstance(features, int):
        raise PeerViolation("the lock does not tell which features it has", advice="Update the lock's firmware.")
    has, feature = features.__and__, DoorLock.Feature
    users = number(DoorLock.number_of_total_users_supported)
    pins = number(DoorLock.number_of_pin_users_supported)
    # How many fingers and faces it takes, no attribute says: the hub never puts one on, so only that there are some counts.
    counts = {
        CredentialKind.PIN: pins if has(feature.PIN) else 0,
        CredentialKind.RFID: number(DoorLock.number_of_rfid_users_supported) if has(feature.RID) else 0,
        CredentialKind.FINGERPRINT: users if has(feature.FGP) else 0,
        CredentialKind.FACE: users if has(feature.FACE) else 0,
    }
    sleeps, seconds = _sleep(peer, values)
    return Capabilities(
        has_users=bool(has(feature.USR)),
        users=min(users, MAX_INDEX),
        credentials_per_user=number(DoorLock.number_of_credentials_supported_per_user),
        kinds={kind: min(count, MAX_INDEX) for kind, count in counts.items() if count},
        pin_length=(number(DoorLock.min_pin_code_length), number(DoorLock.max_pin_code_length)),
        rfid_length=(number(DoorLock.min_rfid_code_length), number(DoorLock.max_rfid_code_length)),
        week_days=number(DoorLock.number_of_week_day_schedules_supported_per_user) if has(feature.WDSCH) else 0,
        year_days=number(DoorLock.number_of_year_day_schedules_supported_per_user) if has(feature.YDSCH) else 0,
        holidays=number(DoorLock.number_of_holiday_schedules_supported) if has(feature.HDSCH) else 0,
        expiring_minutes=number(DoorLock.expiring_user_timeout) or None,
        has_door_sensor=bool(has(feature.DPS)),
        has_latch=bool(has(feature.UBOLT)),
        has_remote_pin=bool(has(feature.COTA)),
        has_aliro=bool(has(feature.ALIRO)),
        requires_remote_pin=values.get((DoorLock.id, DoorLock.require_pin_for_remote_operation.id)) is True,
        is_sleepy=sleeps,
        sleep_s=seconds,
    )


def _sleep(peer: Peer, values: dict[tuple[int | None, int | None], Any]) -> tuple[bool, float]:
    """Whether it sleeps, and for how long it may not hear, seconds."""
    interval = peer.stored.idle_interval_ms / 1000
    if (IcdManagement.id, IcdManagement.idle_mode_duration.id) not in values:
        return interval > _DROWSY_S, interval
    is_long = values.get((IcdManagement.id, IcdManagement.operating_mode.id)) == OperatingModeEnum.LIT
    return True, float(values[IcdManagement.id, IcdManagement.idle_mode_duration.id]) if is_long else interval


async def read_observed(
    peer: Peer,
    endpoint: int,
    capabilities: Capabilities,
    now: Callable[[], float],
    has_hours: Callable[[SeenUser], bool],
) -> Observed:
    """Everything the lock holds.

    Args:
        peer: the node.
        endpoint: where the lock is on it.
        capabilities: how much there can be.
        now: UTC seconds since 1970.
        has_hours: whose schedules are read, too; those of others stay unknown.

    Raises:
        LatchworkError: it stopped answering; nothing is known then.
    """
    users: dict[int, SeenUser | Slot] = {}
    credentials: dict[tuple[CredentialKind, int], SeenCredential | Slot] = {}
    if capabilities.has_users:
        await _walk(users, capabilities.users, lambda index: _ask_user(peer, endpoint, index))
        for kind, total in capabilities.kinds.items():
            found: dict[int, SeenCredential | Slot] = {}
            await _walk(found, total, lambda index, kind=kind: _ask_credential(peer, endpoint, kind, index))  # type: ignore[misc]  # a default binds the loop's kind
            credentials.update({(kind, index): each for index, each in found.items()})
        behind = MAX_BEHIND
        for index, user in users.items():
            if isinstance(user, SeenUser):
                behind = await _look_behind(peer, endpoint, user, capabilities, credentials, behind)
                if has_hours(user):
                    users[index] = await read_hours(peer, endpoint, user, capabilities)
        await _find_orphans(peer, users, credentials)
    return Observed(users=users, credentials=credentials, read_at=now())


async def _find_orphans(
    peer: Peer,
    users: dict[int, SeenUser | Slot],
    credentials: dict[tuple[CredentialKind, int], SeenCredential | Slot],
) -> None:
    """What names a fabric that is not on the lock is an orphan, also on locks that keep the number of a fabric which is gone."""
    creators = {each.creator for each in (*users.values(), *credentials.values()) if not isinstance(each, Slot)}
    if not creators - {None, ORPHANED}:
        return
    fabrics = OperationalCredentials.fabrics
    for entry in await peer.read(AttributeQuery(0, OperationalCredentials.id, fabrics.id), fabric_filtered=False):
        if not isinstance(entry, AttributeValue) or not entry.is_typed or entry.attribute != fabrics.id:
            continue
        gone = creators - {None, *(each.fabric_index for each in entry.value)}
        for index, user in users.items():
            if isinstance(user, SeenUser) and user.creator in gone:
                users[index] = replace(user, creator=ORPHANED)
        for place, credential in credentials.items():
            if isinstance(credential, SeenCredential) and credential.creator in gone:
                credentials[place] = replace(credential, creator=ORPHANED)


async def _look_behind(
    peer: Peer,
    endpoint: int,
    user: SeenUser,
    capabilities: Capabilities,
    credentials: dict[tuple[CredentialKind, int], SeenCredential | Slot],
    most: int,
) -> int:
    """Ask for each credential that a user has and the walk did not meet: one of both tellings is wrong. Returns how many more may be."""
    for kind, index in user.credentials:
        if kind in capabilities.kinds and not isinstance(credentials.get((kind, index)), SeenCredential):
            credentials.pop((kind, index), None)
            if most == 0:
                continue  # unread
            most -= 1
            found = await read_credential(peer, endpoint, kind, index)
            if isinstance(found, SeenCredential):
                credentials[kind, index] = found
    return most


async def _walk(
    places: dict[int, _T | Slot], total: int, ask: Callable[[int], Awaitable[tuple[_T | Slot, int | None] | None]]
) -> None:
    """Fill `places` from the chain of taken ones; what is refused stays missing, which is unreadable."""
    index, deaf, asked = 1, 0, 0
    while index <= total and deaf < _MAX_DEAF and asked < MAX_ASKED:
        answer = await ask(index)
        asked += 1
        if answer is None:
            index, deaf = index + 1, deaf + 1
            continue
        places[index], following = answer
        deaf = 0
        upto = total + 1 if following is None else following
        if upto <= index:
            upto = index + 1  # a chain that leads back is none
        for between in range(index + 1, min(upto, total + 1)):
            places[between] = Slot.EMPTY
        index = upto


async def _ask(peer: Peer, endpoint: int, command: Any, request: Any) -> Any:
    """The response, or None where it was refused or is not what it should be."""
    try:
        return await peer.invoke(endpoint, command, request)
    except (Refused, PeerViolation):
        return None


async def _ask_user(peer: Peer, endpoint: int, index: int) -> tuple[SeenUser | Slot, int | None] | None:
    said = await _ask(peer, endpoint, DoorLock.get_user, wire.GetUser(user_index=index))
    if not isinstance(said, wire.GetUserResponse) or said.user_index != index:
        return None
    user = _user(said)
    return None if user is Slot.UNREADABLE else (user, said.next_user_index)


def _user(said: wire.GetUserResponse) -> SeenUser | Slot:
    if said.user_status in _ABSENT:
        # Nothing else may be said of an empty place (Application Clusters 5.2.10.18.2).
        return Slot.EMPTY if not said.credentials else Slot.UNREADABLE
    try:
        kind = UserType(said.user_type) if said.user_type is not None else UserType.UNRESTRICTED
    except ValueError:
        return Slot.UNREADABLE
    return SeenUser(
        index=said.user_index,
        name=(said.user_name or "")[:MAX_NAME],
        unique_id=said.user_unique_id,
        type=kind,
        is_enabled=said.user_status == wire.UserStatusEnum.OCCUPIED_ENABLED,
        rule=1 + int(said.credential_rule or 0),
        creator=said.creator_fabric_index,
        modifier=said.last_modified_fabric_index,
        credentials=tuple(
            (_KINDS[each.credential_type], each.credential_index)
            for each in said.credentials or ()
            if each.credential_type in _KINDS
        ),
    )


async def _ask_credential(
    peer: Peer, endpoint: int, kind: CredentialKind, index: int
) -> tuple[SeenCredential | Slot, int | None] | None:
    request = wire.GetCredentialStatus(
        credential=wire.CredentialStruct(credential_type=TYPES[kind], credential_index=index)
    )
    said = await _ask(peer, endpoint, DoorLock.get_credential_status, request)
    if not isinstance(said, wire.GetCredentialStatusResponse):
        return None
    following = said.next_credential_index
    # Before revision 7 of the cluster it does not say where the next one is.
    after = following if isinstance(following, int) or following is None else index + 1
    if not said.credential_exists:
        return Slot.EMPTY, after
    seen = SeenCredential(
        kind=kind,
        index=index,
        user_index=said.user_index,
        creator=said.creator_fabric_index,
        modifier=said.last_modified_fabric_index,
    )
    return seen, after


async def read_user(peer: Peer, endpoint: int, index: int) -> SeenUser | Slot:
    """What is at one place for users, without schedules.

    Raises:
        LatchworkError: it did not answer.
    """
    answer = await _ask_user(peer, endpoint, index)
    return Slot.UNREADABLE if answer is None else answer[0]


async def read_credential(peer: Peer, endpoint: int, kind: CredentialKind, index: int) -> SeenCredential | Slot:
    """What is at one place for credentials.

    Raises:
        LatchworkError: it did not answer.
    """
    answer = await _ask_credential(peer, endpoint, kind, index)
    return Slot.UNREADABLE if answer is None else answer[0]


async def read_hours(peer: Peer, endpoint: int, user: SeenUser, capabilities: Capabilities) -> SeenUser:
    """The user with all schedules.

    Raises:
        LatchworkError: it did not answer.
    """
    weeks = {
        index: await read_week_day(peer, endpoint, user.index, index) for index in range(1, capabilities.week_days + 1)
    }
    years = {
        index: await read_year_day(peer, endpoint, user.index, index) for index in range(1, capabilities.year_days + 1)
    }
    return replace(user, week_days=weeks, year_days=years)


async def read_week_day(peer: Peer, endpoint: int, user_index: int, index: int) -> WeekDay | Slot:
    """One week-day schedule.

    Raises:
        LatchworkError: it did not answer.
    """
    request = wire.GetWeekDaySchedule(week_day_index=index, user_index=user_index)
    said = await _ask(peer, endpoint, DoorLock.get_week_day_schedule, request)
    parts = (said.days_mask, said.start_hour, said.start_minute, said.end_hour, said.end_minute) if said else ()
    if not parts or said.status != Status.SUCCESS or None in parts:
        return _nothing(said)
    days, hour, minute, last_hour, last_minute = parts
    return WeekDay(int(days), hour * 60 + minute, last_hour * 60 + last_minute)


async def read_year_day(peer: Peer, endpoint: int, user_index: int, index: int) -> YearDay | Slot:
    """One year-day schedule.

    Raises:
        LatchworkError: it did not answer.
    """
    request = wire.GetYearDaySchedule(year_day_index=index, user_index=user_index)
    said = await _ask(peer, endpoint, DoorLock.get_year_day_schedule, request)
    if said is None or said.status != Status.SUCCESS or said.local_start_time is None or said.local_end_time is None:
        return _nothing(said)
    return YearDay(said.local_start_time, said.local_end_time)


def _nothing(said: Any) -> Slot:
    return Slot.EMPTY if said is not None and said.status == Status.NOT_FOUND else Slot.UNREADABLE
