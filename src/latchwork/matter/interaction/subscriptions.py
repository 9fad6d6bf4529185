"""Subscriptions: who wants to hear of what, and when a report is due (Core 8.5).

Interaction storey of `matter`; never waits and never sends. Driven by three things: the node saying what changed, time passing, and
whoever carries the reports to their subscribers saying how that went.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, auto
from itertools import chain
from typing import Final

from latchwork.matter.interaction.directory import Directory
from latchwork.matter.interaction.events import RecordedEvent
from latchwork.matter.interaction.paths import ReadQuery, WildcardPathFlags
from latchwork.matter.interaction.read import Reader, ReportMessages, Suppress
from latchwork.matter.interaction.replies import Replies, parse_status
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.interaction import Opcode, SubscribeRequestMessage
from latchwork.matter.messages.status import Status, StatusError

LONGEST_INTERVAL_S: Final = 3600
"""The longest maximum interval that a publisher may choose by itself (Core 8.5.3.1)."""
GUARANTEED_PER_FABRIC: Final = 3
"""Subscriptions that every fabric can count on (Core 8.5.1)."""

Path = tuple[int, int, int]


class Phase(Enum):
    """Where a subscription stands."""

    PRIMING = auto()
    ACTIVE = auto()
    REPORTING = auto()
    DROPPED = auto()


class Subscription:
    """One subscription.

    Attributes:
        id: its number on the wire.
        context: who subscribed, on which session.
        query: what is subscribed to.
        limit: most octets of a report message.
        min_interval: seconds that pass at least between two reports.
        max_interval: seconds that pass at most.
        phase: where it stands.
    """

    __slots__ = (
        "context",
        "dirty",
        "has_urgent",
        "id",
        "last_report",
        "limit",
        "max_interval",
        "min_interval",
        "next_event",
        "phase",
        "query",
    )

    def __init__(
        self, number: int, query: ReadQuery, context: RequestContext, limit: int, intervals: tuple[int, int]
    ) -> None:
        self.id = number
        self.query = query
        self.context = context
        self.limit = limit
        self.min_interval, self.max_interval = intervals
        self.phase = Phase.PRIMING
        self.last_report = context.now
        self.dirty: dict[Path, None] = {}
        self.next_event = query.event_min
        self.has_urgent = False

    @property
    def subscriber(self) -> tuple[int, int]:
        """Fabric index and node id of who subscribed."""
        return self.context.subject.fabric_index, self.context.subject.node_id

    def deadline(self) -> float | None:
        """When its next report is due; None while one is under way."""
        if self.phase is not Phase.ACTIVE:
            return None
        return self.last_report + (self.min_interval if self.dirty or self.has_urgent else self.max_interval)

    def wants(self, path: Path, skipped_by: int) -> bool:
        """Whether a change of this attribute is to be reported."""
        endpoint, cluster, attribute = path
        for asked in self.query.attributes:
            if (
                (asked.endpoint is None or asked.endpoint == endpoint)
                and (asked.cluster is None or asked.cluster == cluster)
                and (asked.attribute is None or asked.attribute == attribute)
                and (asked.is_concrete or not skipped_by & asked.flags)
            ):
                return True
        return False


class Report:
    """One report of a subscription, on an exchange of its own that the publisher opens.

    Driven by whoever owns that exchange: `start` gives the first message, `receive` takes each answer; `fail` says that there was none.

    Attributes:
        subscription: what it belongs to.
        session: where to send it.
    """

    __slots__ = ("_messages", "_owner", "session", "subscription")

    def __init__(self, owner: Subscriptions, subscription: Subscription, messages: ReportMessages) -> None:
        self._owner = owner
        self._messages = messages
        self.subscription = subscription
        self.session = subscription.context.session

    def start(self) -> Replies:
        """The first message; it may be the last."""
        return self._next()

    def receive(self, opcode: int, payload: bytes) -> Replies:
        """Take the subscriber's StatusResponse and give the next message, if any."""
        if parse_status(opcode, payload) != Status.SUCCESS:
            self.fail()
            return Replies([], done=True)
        if self._messages.is_complete:
            self._owner.confirmed(self.subscription)
            return Replies([], done=True)
        return self._next()

    def fail(self) -> None:
        """The subscriber cannot be reached: the subscription ends (Core 8.5.2)."""
        self._owner.drop(self.subscription)

    def _next(self) -> Replies:
        payload = self._messages.next()
        if self._messages.is_complete and self._messages.is_empty:
            # A sign of life wants no answer: the acknowledgement of the message is enough (Core 8.5.2).
            self._owner.confirmed(self.subscription)
            return Replies([(Opcode.REPORT_DATA, payload)], done=True)
        return Replies([(Opcode.REPORT_DATA, payload)], done=False)


class Subscriptions:
    """All subscriptions to one node.

    Args:
        reader: collects the reports.
        entropy: gives random octets, for ids.
        most_per_fabric: how many a fabric may have.
        most: how many there may be in all; a fabric below `GUARANTEED_PER_FABRIC` takes the place of the oldest of the greediest.
        on_dropped: called with each subscription that ends.

    Attributes:
        rest_s: how long the publisher sleeps, seconds, so that reports come when it is awake anyway; 0 for one that does not.
    """

    __slots__ = (
        "_by_id",
        "_directory",
        "_entropy",
        "_interested",
        "_most",
        "_most_per_fabric",
        "_reader",
        "on_dropped",
        "rest_s",
    )

    def __init__(
        self,
        reader: Reader,
        entropy: Callable[[int], bytes],
        *,
        most_per_fabric: int = 16,
        most: int = 64,
        on_dropped: Callable[[Subscription], None] | None = None,
    ) -> None:
        self._reader = reader
        self._directory: Directory = reader.directory
        self._entropy = entropy
        self._most_per_fabric = most_per_fabric
        self._most = most
        self._by_id: dict[int, Subscription] = {}
        self._interested: dict[Path, tuple[Subscription, ...]] = {}
        self.on_dropped = on_dropped
        self.rest_s = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(tuple(self._by_id.values()))

    def open(
        self, message: SubscribeRequestMessage, query: ReadQuery, context: RequestContext, limit: int
    ) -> Subscription:
        """Check a request and begin a subscription; it reports nothing until `activate`.

        Raises:
            StatusError: UNSUPPORTED_ACCESS without a fabric, INVALID_ACTION for intervals or paths that make no sense,
                RESOURCE_EXHAUSTED when there is no room.
        """
        if not context.subject.fabric_index:
            raise StatusError(Status.UNSUPPORTED_ACCESS, "only a fabric can subscribe")
        if not message.keep_subscriptions:
            self._drop_where(lambda s: s.subscriber == (context.subject.fabric_index, context.subject.node_id))
        if message.min_interval_floor > message.max_interval_ceiling:
            raise StatusError(Status.INVALID_ACTION, "the intervals contradict each other")
        if not query.attributes and not query.events:
            raise StatusError(Status.INVALID_ACTION, "nothing is subscribed to")
        if not self._reader.may_see_something(query, context):
            raise StatusError(Status.INVALID_ACTION, "no path leads to anything that the subscriber may see")
        self._make_room(context.subject.fabric_index)
        longest = self._longest(message.min_interval_floor, max(1, message.max_interval_ceiling))
        subscription = Subscription(self._free_id(), query, context, limit, (message.min_interval_floor, longest))
        self._by_id[subscription.id] = subscription
        self._interested.clear()
        return subscription

    def _longest(self, floor: int, ceiling: int) -> int:
        if not self.rest_s:
            return max(min(ceiling, LONGEST_INTERVAL_S), floor)
        # A publisher may choose more than it was asked for (Core 8.5.3.1): it reports when it wakes, rather than waking to report.
        rests = max(1, ceiling // self.rest_s, -(-floor // self.rest_s))
        return max(min(rests * self.rest_s, max(LONGEST_INTERVAL_S, self.rest_s)), floor)

    def priming(self, subscription: Subscription) -> ReportMessages:
        """The first report: everything."""
        query, context = subscription.query, subscription.context
        return ReportMessages(
            self._reader.attributes(query, context),
            chain(self._reader.event_statuses(query, context), self._new_events(subscription)),
            subscription.limit,
            subscription=subscription.id,
            suppress=Suppress.NEVER,
        )

    def activate(self, subscription: Subscription, *, now: float) -> bool:
        """Priming is over; False when the subscription was dropped meanwhile."""
        if subscription.phase is not Phase.PRIMING:
            return False
        subscription.phase = Phase.ACTIVE
        subscription.last_report = now
        return True

    def attribute_changed(self, endpoint: int, cluster: int, attribute: int) -> None:
        """An attribute has a new value; called for every change, so it costs little when nobody listens."""
        if not self._by_id:
            return
        path = (endpoint, cluster, attribute)
        interested = self._interested.get(path)
        if interested is None:
            place = self._directory.find(path)
            if place is None:
                return
            # Quality C: changes are not reported (Core 7.7.10).
            hidden = place.skipped_by & WildcardPathFlags.SKIP_CHANGES_OMITTED_ATTRIBUTES
            interested = () if hidden else tuple(s for s in self if s.wants(path, place.skipped_by))
            self._interested[path] = interested
        for subscription in interested:
            subscription.dirty[path] = None

    def event_recorded(self, event: RecordedEvent) -> None:
        """An event is in the log; only paths that call it urgent make a report due before its time."""
        for subscription in self._by_id.values():
            if event.fabric_index in {None, subscription.context.subject.fabric_index}:
                for path in subscription.query.events:
                    if path.is_urgent and path.matches(event.endpoint, event.cluster, event.event):
                        subscription.has_urgent = True

    def deadline(self) -> float | None:
        """When to call `due` next; None when nothing is to come."""
        return min((at for s in self._by_id.values() if (at := s.deadline()) is not None), default=None)

    def due(self, now: float) -> list[Report]:
        """Reports to send now; each subscription has at most one under way."""
        reports = []
        for subscription in self:
            at = subscription.deadline()
            if at is not None and at <= now:
                reports.append(self._report(subscription, now))
        return reports

    def confirmed(self, subscription: Subscription) -> None:
        """A report arrived; the intervals count from its start."""
        if subscription.phase is Phase.REPORTING:
            subscription.phase = Phase.ACTIVE

    def drop(self, subscription: Subscription) -> None:
        """End a subscription; its subscriber notices by the silence."""
        if self._by_id.pop(subscription.id, None) is not None:
            subscription.phase = Phase.DROPPED
            self._interested.clear()
            if self.on_dropped is not None:
                self.on_dropped(subscription)

    def drop_fabric(self, fabric_index: int) -> None:
        """A fabric left."""
        self._drop_where(lambda s: s.context.subject.fabric_index == fabric_index)

    def drop_session(self, session: object) -> None:
        """A session ended."""
        self._drop_where(lambda s: s.context.session is session)

    def _drop_where(self, condition: Callable[[Subscription], bool]) -> None:
        for subscription in self:
            if condition(subscription):
                self.drop(subscription)

    def _report(self, subscription: Subscription, now: float) -> Report:
        paths, subscription.dirty = subscription.dirty, {}
        subscription.has_urgent = False
        subscription.phase = Phase.REPORTING
        subscription.last_report = now
        subscription.context.now = now
        messages = ReportMessages(
            self._reader.changed(paths, subscription.context),
            self._new_events(subscription),
            subscription.limit,
            subscription=subscription.id,
            suppress=Suppress.WHEN_EMPTY,
        )
        return Report(self, subscription, messages)

    def _new_events(self, subscription: Subscription) -> Iterator[bytes]:
        if not subscription.query.events:
            return
        end = self._reader.node.events.next_number
        yield from self._reader.new_events(
            subscription.query.events, subscription.context, subscription.next_event, end
        )
        subscription.next_event = max(subscription.next_event, end)

    def _make_room(self, fabric_index: int) -> None:
        counts: dict[int, int] = {}
        for subscription in self._by_id.values():
            owner = subscription.context.subject.fabric_index
            counts[owner] = counts.get(owner, 0) + 1
        mine = counts.get(fabric_index, 0)
        if mine >= self._most_per_fabric:
            raise StatusError(Status.RESOURCE_EXHAUSTED, "the fabric has as many subscriptions as it may have")
        if len(self._by_id) < self._most:
            return
        greediest = max(counts, key=lambda owner: counts[owner])
        if mine >= GUARANTEED_PER_FABRIC or counts[greediest] <= GUARANTEED_PER_FABRIC:
            raise StatusError(Status.RESOURCE_EXHAUSTED, "there is no room for another subscription")
        self.drop(next(s for s in self if s.context.subject.fabric_index == greediest))

    def _free_id(self) -> int:
        while True:
            number = int.from_bytes(self._entropy(4), "little")
            if number and number not in self._by_id:
                return number
