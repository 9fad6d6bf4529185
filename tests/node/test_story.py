"""Random stories: whatever administrators, timers and power cuts do, the node is what a plain dictionary says it is."""

from importlib import util
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from latchwork.matter.crypto.keys import parse_csr
from latchwork.matter.model.clusters.access_control import AccessControl, AccessControlEntryStruct
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.general_commissioning import GeneralCommissioning
from latchwork.matter.model.clusters.operational_credentials import (
    CsrRequest,
    OperationalCredentials,
    RemoveFabric,
    UpdateFabricLabel,
    UpdateNoc,
)
from latchwork.matter.tlv.elements import decode

_spec = util.spec_from_file_location("node_vocabulary", Path(__file__).with_name("conftest.py"))
vocabulary = util.module_from_spec(_spec)
_spec.loader.exec_module(vocabulary)

AUTHORITIES = [vocabulary.Authority(f"story {n}", 0x1000 + n) for n in range(3)]


class NodeStory(RuleBasedStateMachine):
    """A node with up to three fabrics; `truth` is what counts, `before` what counted when the fail-safe was armed."""

    def __init__(self):
        super().__init__()
        self.house = vocabulary.House(window_seconds=0)
        self.truth = {}
        self.before = None
        self.mine = None
        self.label = ""

    # Who is there

    def _free(self):
        used = {facts["authority"] for facts in self.truth.values()}
        return [n for n in range(len(AUTHORITIES)) if n not in used]

    def _pick(self, data):
        return data.draw(st.sampled_from(sorted(self.truth)))

    def _undo(self):
        if self.before is None:
            return
        for index in {self.mine} - {None}:
            self.truth.pop(index, None)
            if index in self.before:
                self.truth[index] = self.before[index]
        self.before = self.mine = None

    # What they do

    @precondition(lambda self: self.before is None and self._free())
    @rule(data=st.data())
    def add_fabric(self, data):
        number = data.draw(st.sampled_from(self._free()))
        if not self.house.node.window.is_open:
            self.house.node.open_factory_window()
        answer = self.house.add_noc(self.house.commissioner(), AUTHORITIES[number], node_id=0x20 + number)
        self.before = {}
        self.mine = answer.fabric_index
        self.truth[self.mine] = {"authority": number, "node_id": 0x20 + number, "label": "", "entries": 1}

    @precondition(lambda self: self.before is None and self.truth and not self.house.node.window.is_open)
    @rule(data=st.data())
    def arm(self, data):
        index = self._pick(data)
        assert self.house.arm(self.house.admin(index)) == 0
        self.before = {k: dict(v) for k, v in self.truth.items()}
        self.mine = index

    @precondition(lambda self: self.before is not None)
    @rule()
    def complete(self):
        admin = self.house.admin(self.mine)
        answer = admin.invoke(GeneralCommissioning, GeneralCommissioning.commissioning_complete)
        assert answer.error_code == 0
        self.before = self.mine = None

    @precondition(lambda self: self.before is not None and self.mine in self.before)
    @rule(node_id=st.integers(0x30, 0x33))
    def update(self, node_id):
        if self.house.node.fail_safe.has_credentials:
            return
        admin = self.house.admin(self.mine)
        request = CsrRequest(csr_nonce=bytes(32), is_for_update_noc=True)
        answer = admin.invoke(OperationalCredentials, OperationalCredentials.csr_request, request)
        key = parse_csr(decode(answer.nocsr_elements)[1])
        noc = AUTHORITIES[self.truth[self.mine]["authority"]].noc(key, node_id)
        assert (
            admin.invoke(
                OperationalCredentials, OperationalCredentials.update_noc, UpdateNoc(noc_value=noc)
            ).status_code
            == 0
        )
        self.truth[self.mine]["node_id"] = node_id

    @precondition(lambda self: self.truth)
    @rule(data=st.data())
    def name_fabric(self, data):
        index = self._pick(data)
        label = f"{index} {data.draw(st.integers(0, 3))}"
        command = OperationalCredentials.update_fabric_label
        self.house.admin(index).invoke(OperationalCredentials, command, UpdateFabricLabel(label=label))
        self.truth[index]["label"] = label

    @precondition(lambda self: self.truth)
    @rule(data=st.data(), count=st.integers(1, 4))
    def write_access(self, data, count):
        index = self._pick(data)
        entries = tuple(
            AccessControlEntryStruct(privilege=5, auth_mode=2, subjects=(0x99, 1 + n), targets=None, fabric_index=index)
            for n in range(count)
        )
        self.house.admin(index).write(AccessControl, AccessControl.acl, entries)
        self.truth[index]["entries"] = count

    @precondition(lambda self: self.truth)
    @rule(data=st.data())
    def name_node(self, data):
        self.label = data.draw(st.sampled_from(["", "Front", "Back"]))
        self.house.admin(self._pick(data)).write(BasicInformation, BasicInformation.node_label, self.label)

    @precondition(lambda self: self.truth)
    @rule(data=st.data())
    def remove(self, data):
        index = self._pick(data)
        request = RemoveFabric(fabric_index=index)
        self.house.admin(index).invoke(OperationalCredentials, OperationalCredentials.remove_fabric, request)
        del self.truth[index]
        if index == self.mine:
            self.before = self.mine = None

    @rule(seconds=st.sampled_from([1, 61, 901]))
    def time_passes(self, seconds):
        self.house.advance(seconds)
        if not self.house.node.fail_safe.is_armed:
            self._undo()

    @rule(power_cut=st.booleans())
    def restart(self, power_cut):
        self.house.reboot(power_cut=power_cut)
        self._undo()

    # What must be true

    @invariant()
    def is_what_counts(self):
        node = self.house.node
        seen = {
            int(fabric.index): {
                "node_id": fabric.node_id,
                "label": fabric.label,
                "entries": len(node.access.entries(fabric.index)),
            }
            for fabric in node.fabrics
        }
        assert seen == {i: {k: v for k, v in facts.items() if k != "authority"} for i, facts in self.truth.items()}
        assert node.endpoints[0].clusters[BasicInformation.id].state.node_label == self.label
        assert node.fail_safe.is_armed == (self.before is not None)

    @invariant()
    def keeps_nothing_of_others(self):
        owners = {int(key.split("/")[1]) for key in self.house.store.keys("f/")}
        assert owners == set(self.truth)
        if self.before is None:
            assert not self.house.store.keys("undo/")

    @invariant()
    def can_be_commissioned_when_it_belongs_to_nobody(self):
        window = self.house.node.window
        if not self.truth and self.before is None and window.failed_attempts < 20:
            assert window.is_listening


TestNodeStory = NodeStory.TestCase
TestNodeStory.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
