"""A whole lock, judged from outside: what it says about itself, and whether it keeps to it.

The essence of the public certification tests for composition, conformance and access (IDM-10, IDM-11, DESC-2, SM-1, DT-1, PS-3, ACE-2),
run on a node in memory for each version of the specification. Conformance is judged by an evaluator of the test's own, from what the
wire says; revisions are written down here once more.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from latchwork.base.clock import ManualClock
from latchwork.base.logs import Secret
from latchwork.devices.hardware import Hardware
from latchwork.devices.lock_device import make_lock
from latchwork.devices.lock_model import LockModel, Power, PowerKind
from latchwork.devices.models import GENERIC, MODELS
from latchwork.matter.crypto.keys import KeyPair
from latchwork.matter.interaction.client import (
    AttributeQuery,
    AttributeWrite,
    EventQuery,
    Invocation,
    ReportCollector,
    invoke_request,
    parse_invoke_response,
    parse_write_response,
    read_request,
    timed_request,
    write_requests,
)
from latchwork.matter.messages.interaction import Opcode, StatusResponseMessage
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.model.device_types import DEVICE_TYPES
from latchwork.matter.model.meta import ADMINISTER, MANAGE, OPERATE, VIEW
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.trust.access import AccessEntry, AuthMode, Privilege, Subject
from latchwork.matter.trust.fabric import Fabric
from latchwork.matter.trust.groups import EpochKey, GroupKeySet
from latchwork.matter.trust.issuing import issue_node, issue_root
from latchwork.node.config import NodeConfig
from latchwork.sim.door import VirtualBolt, VirtualDoor
from latchwork.store.kv import MemoryStore

OK = StatusResponseMessage(status=0).encode()
GENERATED, ACCEPTED, ATTRIBUTES, FEATURES, REVISION = 0xFFF8, 0xFFF9, 0xFFFB, 0xFFFC, 0xFFFD
GLOBALS = {GENERATED, ACCEPTED, ATTRIBUTES, FEATURES, REVISION}
DESCRIPTOR, ROOT = 0x001D, 0x0016
ROLES = {VIEW: 0x11, OPERATE: 0x33, MANAGE: 0x44, ADMINISTER: 0x99}
"""Node ids of the fabric's members by what they may do."""

CLUSTER_REVISIONS = {
    # id: revision in 1.4.2, in 1.6
    0x0003: (5, 6),
    0x001D: (3, 3),
    0x001F: (2, 3),
    0x0028: (5, 6),
    0x002B: (1, 1),
    0x002F: (3, 3),
    0x0030: (2, 2),
    0x0031: (2, 2),
    0x0033: (2, 3),
    0x0038: (2, 2),
    0x003C: (1, 1),
    0x003E: (2, 2),
    0x003F: (2, 3),
    0x0101: (9, 10),
}
DEVICE_TYPE_REVISIONS = {0x000A: (3, 4), 0x0011: (1, 1), 0x0016: (3, 4)}
VERSIONS = (SpecVersion.V1_4_2, SpecVersion.V1_6)


@dataclass
class FakeSession:
    """What a cluster may ask of a session."""

    subject: Subject
    attestation_challenge: Secret = field(default_factory=lambda: Secret(bytes(16)))
    kind: str = "case"

    @property
    def fabric_index(self) -> int:
        return self.subject.fabric_index


def dice():
    state = {"n": 0}

    def entropy(count):
        state["n"] += 1
        return hashlib.shake_128(str(state["n"]).encode()).digest(count)

    return entropy


class Lock:
    """A lock on one fabric, whose members speak the interaction model with it."""

    def __init__(self, spec, model):
        self.spec = spec
        door = VirtualDoor(VirtualBolt())
        self.node = make_lock(
            NodeConfig(spec=spec),
            MemoryStore(),
            Hardware(bolt=door.bolt, door_sensor=door if model.has_door_sensor else None),
            model=model,
            clock=ManualClock(100.0),
            entropy=dice(),
        )
        self.node.start_local()
        self._join()
        self.values = {(v.endpoint, v.cluster, v.attribute): v for v in self.read(AttributeQuery()).attributes}

    def _join(self):
        authority, key = KeyPair.generate(self.node.entropy), KeyPair.generate(self.node.entropy)
        root = issue_root(authority, 1, serial=b"\x41", not_before=0)
        noc = issue_node(authority, root, key.public, node_id=0x22, fabric_id=7, serial=b"\x42", not_before=0)
        ipk = GroupKeySet(0, 0, (EpochKey(Secret(bytes(16)), 0),))
        with self.node.turn():
            self.node.join(
                Fabric.create(
                    index=1,
                    root=root.to_tlv(),
                    noc=noc.to_tlv(),
                    icac=None,
                    key=key,
                    vendor_id=0xFFF1,
                    label="",
                    ipk=ipk,
                )
            )
            entries = [AccessEntry(1, Privilege(level), AuthMode.CASE, (who,), None) for level, who in ROLES.items()]
            self.node.members.set_entries(1, tuple(entries))

    def _begin(self, role, max_payload=1200):
        subject = role if isinstance(role, Subject) else Subject(AuthMode.CASE, 1, ROLES[role])
        return self.node.server.begin(subject, session=FakeSession(subject), max_payload=max_payload)

    def _say(self, transaction, opcode, payload):
        with self.node.turn():
            return transaction.receive(opcode, payload, now=self.node.clock.monotonic())

    def read(self, *queries, events=(), role=ADMINISTER, max_payload=1200):
        transaction = self._begin(role, max_payload)
        replies = self._say(transaction, Opcode.READ_REQUEST, read_request(queries, events, fabric_filtered=False))
        report = ReportCollector(CLUSTERS)
        while True:
            ((kind, payload),) = replies.messages
            assert kind == Opcode.REPORT_DATA
            assert len(payload) <= max_payload
            report.add(payload)
            if replies.done:
                return report
            replies = self._say(transaction, Opcode.STATUS_RESPONSE, OK)

    def write(self, path, value, *, role=ADMINISTER, declaration=None):
        write = AttributeWrite(path[0], path[1], declaration or path[2], value)
        statuses, transaction = [], self._begin(role)
        for request in write_requests([write], max_payload=1200):
            ((kind, payload),) = self._say(transaction, Opcode.WRITE_REQUEST, request).messages
            assert kind == Opcode.WRITE_RESPONSE
            statuses += [status.status for status in parse_write_response(payload)]
        assert len(set(statuses)) == 1
        return Status(statuses[0])

    def invoke(self, path, *, role=ADMINISTER, timed=False):
        transaction = self._begin(role)
        if timed:
            self._say(transaction, Opcode.TIMED_REQUEST, timed_request(1000))
        request = invoke_request(Invocation(*path), timed=timed)
        ((kind, payload),) = self._say(transaction, Opcode.INVOKE_REQUEST, request).messages
        assert kind == Opcode.INVOKE_RESPONSE
        (result,), _ = parse_invoke_response(payload, CLUSTERS)
        return Status(result.status)

    def __getitem__(self, path):
        return self.values[path].value

    def clusters(self):
        """Endpoint and cluster ids of all there are."""
        return sorted({path[:2] for path in self.values})

    def attributes(self):
        """Paths and declarations of all attributes."""
        return [(path, CLUSTERS[path[1]].attributes[path[2]]) for path in self.values]

    def commands(self):
        """Paths and declarations of all commands that are accepted."""
        return [
            ((*place, number), CLUSTERS[place[1]].commands[number])
            for place in self.clusters()
            for number in self[*place, ACCEPTED]
        ]


BARE = LockModel(key="bare", has_door_sensor=False, power=Power(kind=PowerKind.WIRED))
CODES = replace(GENERIC, key="codes", has_users=False, has_latch=True)
KINDS = [*MODELS.values(), BARE, LockModel(), CODES]
"""Every model, the least that a lock can be, and one that keeps codes by number."""


@pytest.fixture(
    scope="module",
    params=[(spec, model) for spec in VERSIONS for model in KINDS],
    ids=lambda p: f"{p[0]}-{p[1].key}",
)
def lock(request):
    """Shared by the tests of a module: none of them may change it."""
    return Lock(*request.param)


@pytest.fixture(
    params=[(spec, model) for spec in VERSIONS for model in (GENERIC, LockModel(), CODES)],
    ids=lambda p: f"{p[0]}-{p[1].key}",
)
def own_lock(request):
    """One that a test may change."""
    return Lock(*request.param)


class AsRead:
    """A cluster with the values that were read: what constraints that name a sibling look at."""

    def __init__(self, lock, place):
        self.name = CLUSTERS[place[1]].name
        kind = CLUSTERS[place[1]].attributes
        self._values = {kind[p[2]].spec_name.lower(): v.value for p, v in lock.values.items() if p[:2] == place}

    def value_of(self, name):
        return self._values.get(name.lower())


# What it says about itself


def test_everything_can_be_read_decoded_and_is_within_its_constraints(lock):
    report = lock.read(AttributeQuery(), events=[EventQuery()])
    assert (report.statuses, report.event_statuses) == ([], [])
    assert [value for value in report.attributes if not value.is_typed] == []
    assert [event for event in report.events if not event.is_typed] == []
    for path, attribute in lock.attributes():
        attribute.check(lock[path], AsRead(lock, path[:2]))


@pytest.mark.parametrize("max_payload", [300, 583, 1200])
def test_small_messages_say_the_same(lock, max_payload):
    report = lock.read(AttributeQuery(), max_payload=max_payload)
    said = {(v.endpoint, v.cluster, v.attribute): v.value for v in report.attributes}
    moving = {path for path in said if path[1] in {0x33, 0x38}}
    assert {p: v for p, v in said.items() if p not in moving} == {
        p: v.value for p, v in lock.values.items() if p not in moving
    }


def test_a_commissioner_can_read_everything_too(lock):
    report = lock.read(AttributeQuery(), role=Subject(AuthMode.PASE, 0, is_commissioning=True))
    assert report.statuses == []
    assert {(v.endpoint, v.cluster, v.attribute) for v in report.attributes} == set(lock.values)


def test_the_attribute_list_is_what_can_be_read(lock):
    for place in lock.clusters():
        listed = lock[*place, ATTRIBUTES]
        assert list(listed) == sorted(set(listed))
        assert set(listed) == {path[2] for path in lock.values if path[:2] == place}
        assert set(listed) >= GLOBALS
        assert 0xFFFA not in listed, "the event list was never published"


def test_command_lists_belong_together(lock):
    for place in lock.clusters():
        kind = CLUSTERS[place[1]]
        responses = {kind.commands[number].response_id for number in lock[*place, ACCEPTED]} - {None}
        assert set(lock[*place, GENERATED]) == responses


def applies(expression: str, names: set[str], revision: int) -> bool:
    """Whether a condition of the conformance language holds; Python's own grammar does the work."""
    text = re.sub(r"Rev >= v(\d+)", lambda match: str(revision >= int(match[1])), expression)
    text = re.sub(r"[A-Za-z_]\w*", lambda m: m[0] if m[0] in {"True", "False"} else str(m[0] in names), text)
    for ours, pythons in (("!", " not "), ("&", " and "), ("|", " or "), ("^", " != ")):
        text = text.replace(ours, pythons)
    assert re.fullmatch(r"(True|False|not|and|or|!=|[() ])+", text), expression
    return bool(eval(text, {"__builtins__": {}}))  # nothing but what the line above lets through


def demand(shorthand: str, names: set[str], revision: int) -> str:
    """M, O or X for an element where `names` are there."""
    for arm in (re.sub(r"\.[a-z]\+?$", "", part.strip()) for part in shorthand.split(",")):
        if arm in {"M", "O", "X"}:
            return arm
        if arm in {"desc", "NR"}:
            return "O"
        if arm == "D":
            return "X"
        if arm == "P":
            continue
        is_optional = arm.startswith("[")
        if applies(arm.strip("[]") if is_optional else arm, names, revision):
            return "O" if is_optional else "M"
    return "X"


def test_what_is_there_is_what_conformance_asks_for(lock):
    wrong = []
    for place in lock.clusters():
        kind, features, revision = CLUSTERS[place[1]], lock[*place, FEATURES], lock[*place, REVISION]
        names = {code for code, bit in kind.feature_codes.items() if features & bit}
        names |= {kind.attributes[number].spec_name for number in lock[*place, ATTRIBUTES]}
        for elements, listed in ((kind.attributes, ATTRIBUTES), (kind.commands, ACCEPTED)):
            there = set(lock[*place, listed])
            assert there <= set(elements), "something that the cluster does not declare"
            for number, element in elements.items():
                wanted = demand(element.conformance, names, revision)
                if (element.since or 0) > lock.spec or (element.until or 1 << 32) <= lock.spec:
                    wanted = "X"
                if wanted == ("X" if number in there else "M"):
                    wrong.append((kind.name, element.spec_name, element.conformance))
    assert wrong == []


def test_features_exist_and_go_together(lock):
    for place in lock.clusters():
        known = 0
        for bit in CLUSTERS[place[1]].feature_codes.values():
            known |= bit
        assert lock[*place, FEATURES] & ~known == 0
    for network in (path for path in lock.clusters() if path[1] == 0x0031):
        assert lock[*network, FEATURES] in {1, 2, 4}, "one kind of network for each cluster"
    for source in (path for path in lock.clusters() if path[1] == 0x002F):
        assert lock[*source, FEATURES] & 3 in {1, 2}, "the mains or a battery"
        assert set(lock[*source, 0x001F]) <= set(lock.node.endpoints)


def test_revisions_are_those_of_the_specification(lock):
    column = VERSIONS.index(lock.spec)
    revisions = {place[1]: lock[*place, REVISION] for place in lock.clusters()}
    assert revisions == {number: CLUSTER_REVISIONS[number][column] for number in revisions}
    types = {t.device_type: t.revision for e in lock.node.endpoints for t in lock[e, DESCRIPTOR, 0]}
    assert types == {number: DEVICE_TYPE_REVISIONS[number][column] for number in types}
    assert lock[0, 0x0028, 0x0000] == lock.spec.data_model_revision
    assert lock[0, 0x0028, 0x0015] == lock.spec


def test_the_descriptors_tell_the_tree_as_it_is(lock):
    endpoints = sorted({place[0] for place in lock.clusters()})
    assert lock[0, DESCRIPTOR, 3] == tuple(endpoints[1:])
    for endpoint in endpoints:
        clusters = [place[1] for place in lock.clusters() if place[0] == endpoint]
        assert sorted(lock[endpoint, DESCRIPTOR, 1]) == clusters
        types = [entry.device_type for entry in lock[endpoint, DESCRIPTOR, 0]]
        assert len(types) == len(set(types)) > 0
        assert (ROOT in types) is (endpoint == 0)
        for kind in map(DEVICE_TYPES.__getitem__, types):
            assert kind.missing(clusters) == ()
            assert kind.excess(clusters) == ()


# Whether it keeps to it


def test_what_cannot_be_written_says_so(lock):
    statuses = {path: lock.write(path, 0) for path, attribute in lock.attributes() if attribute.access.write is None}
    assert {path for path, status in statuses.items() if status is not Status.UNSUPPORTED_WRITE} == set()
    assert len(statuses) > 80


def test_what_was_read_can_be_written_back(own_lock):
    writable = [(path, a) for path, a in own_lock.attributes() if a.access.write is not None]
    assert len(writable) >= 8
    for path, attribute in writable:
        assert own_lock.write(path, own_lock[path], declaration=attribute) is Status.SUCCESS, path


def test_another_type_than_the_attributes_is_refused(lock):
    for path, attribute in lock.attributes():
        if attribute.access.write is not None:
            assert lock.write(path, {1: 2.5}) is Status.INVALID_DATA_TYPE, attribute.spec_name


def test_paths_to_nothing_say_what_is_missing(lock):
    missing = {
        (0xFFFE, DESCRIPTOR, 0): Status.UNSUPPORTED_ENDPOINT,
        (0, 0x0006, 0): Status.UNSUPPORTED_CLUSTER,
        (0, DESCRIPTOR, 0x0FFF): Status.UNSUPPORTED_ATTRIBUTE,
    }
    for path, status in missing.items():
        assert [entry.status for entry in lock.read(AttributeQuery(*path)).statuses] == [status]
        assert lock.write(path, 0) is status
        expected = Status.UNSUPPORTED_COMMAND if status is Status.UNSUPPORTED_ATTRIBUTE else status
        assert lock.invoke((*path[:2], 0xAB)) is expected


def test_an_attribute_that_is_declared_and_not_there_is_not_supported(lock):
    for place in lock.clusters():
        absent = set(CLUSTERS[place[1]].attributes) - set(lock[*place, ATTRIBUTES])
        for number in sorted(absent):
            (status,) = lock.read(AttributeQuery(*place, number)).statuses
            assert status.status == Status.UNSUPPORTED_ATTRIBUTE


def test_a_command_that_is_not_listed_is_not_supported(lock):
    for place in lock.clusters():
        for number in sorted({*range(0x30), 0x40, 0xFE} - set(lock[*place, ACCEPTED])):
            assert lock.invoke((*place, number)) is Status.UNSUPPORTED_COMMAND


def test_a_command_that_is_listed_is_answered(own_lock):
    """Without its fields it is invalid, and outside a timed interaction it needs one; none is missing."""
    for path, command in own_lock.commands():
        if command.timed:
            assert own_lock.invoke(path) is Status.NEEDS_TIMED_INTERACTION, command
        status = own_lock.invoke(path, timed=command.timed)
        if command.request is not None and not takes_nothing(command.request):
            assert status is Status.INVALID_COMMAND, command
        else:
            assert status is not Status.UNSUPPORTED_COMMAND, command


def takes_nothing(request: Any) -> bool:
    try:
        request.decode(b"\x15\x18")
    except TlvError:
        return False
    return True


@pytest.mark.parametrize("role", [VIEW, OPERATE, MANAGE, ADMINISTER])
def test_nobody_may_do_more_than_their_privilege_allows(lock, role):
    readable = {path for path, a in lock.attributes() if a.access.read is not None and a.access.read <= role}
    report = lock.read(AttributeQuery(), role=role)
    assert {(v.endpoint, v.cluster, v.attribute) for v in report.attributes} == readable
    for path, attribute in lock.attributes():
        if path not in readable:
            (status,) = lock.read(AttributeQuery(*path), role=role).statuses
            assert status.status == Status.UNSUPPORTED_ACCESS
        if attribute.access.write is not None:
            refused = lock.write(path, {1: 2.5}, role=role)
            assert (refused is Status.UNSUPPORTED_ACCESS) is (attribute.access.write > role), attribute
    for path, command in lock.commands():
        if command.privilege > role:
            assert lock.invoke(path, role=role, timed=command.timed) is Status.UNSUPPORTED_ACCESS, command


def test_somebody_unknown_may_do_nothing(lock):
    stranger = Subject(AuthMode.CASE, 1, 0x55)
    report = lock.read(AttributeQuery(), role=stranger)
    assert report.attributes == []
    assert lock.write((1, 0x0101, 0x23), 5, role=stranger) is Status.UNSUPPORTED_ACCESS
    assert lock.invoke((1, 0x0101, 0), role=stranger, timed=True) is Status.UNSUPPORTED_ACCESS
