"""What a node has made before anybody asks for it."""

import pytest

from latchwork.matter.messages.interaction import InvokeRequestMessage
from latchwork.matter.model.clusters.operational_credentials import AddNoc
from latchwork.node.config import NodeConfig
from latchwork.node.node import ATTESTATION, Node
from latchwork.node.preparation import prepare
from latchwork.store.kv import MemoryStore


@pytest.fixture
def node():
    made = Node(NodeConfig(), MemoryStore())
    made.start_local()
    return made


def test_the_identity_is_stored_before_a_commissioner_asks(node):
    assert node.ledger.get(ATTESTATION) is None
    prepare(node)
    assert node.ledger.get(ATTESTATION) == node.identity.encode()


def test_an_identity_that_is_there_stays(node):
    before = node.identity
    prepare(node)
    assert node.identity is before


def test_a_commissioners_messages_are_compiled(node):
    prepare(node)
    assert InvokeRequestMessage._compiled
    assert AddNoc._compiled
