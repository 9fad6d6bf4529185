"""One message, many locks: a group from its keys to its last member."""

import asyncio

from tests.support.world import tell

from latchwork.base.logs import Secret
from latchwork.matter.interaction.client import Invocation, invoke_request
from latchwork.matter.messages.interaction import Opcode
from latchwork.matter.model.clusters.access_control import (
    AccessControl,
    AccessControlEntryAuthModeEnum,
    AccessControlEntryPrivilegeEnum,
    AccessControlEntryStruct,
)
from latchwork.matter.model.clusters.group_key_management import (
    GroupKeyManagement,
    GroupKeyMapStruct,
    GroupKeySecurityPolicyEnum,
    GroupKeySetStruct,
    KeySetWrite,
)
from latchwork.matter.model.clusters.groups import AddGroup, Groups, RemoveGroup
from latchwork.matter.model.clusters.identify import Identify, IdentifyRequest
from latchwork.matter.session.group import GroupKey
from latchwork.matter.trust.groups import group_session_id, multicast_address, operational_key, privacy_key
from latchwork.node.behaviors.groups import GroupsBehavior, groups

GROUP, KEY_SET, EPOCH_KEY = 0x0101, 0x1A3, bytes(range(16))


def with_groups(lock):
    lock.node.endpoints[1].add(lambda endpoint: GroupsBehavior(endpoint, groups()))


async def teach(peer):
    """Give a lock the group's key, make its endpoint 1 a member and let the group in."""
    keys = GroupKeySetStruct(
        group_key_set_id=KEY_SET,
        group_key_security_policy=GroupKeySecurityPolicyEnum.TRUST_FIRST,
        epoch_key0=EPOCH_KEY,
        epoch_start_time0=1,
        epoch_key1=None,
        epoch_start_time1=None,
        epoch_key2=None,
        epoch_start_time2=None,
    )
    await peer.invoke(0, GroupKeyManagement.key_set_write, KeySetWrite(group_key_set=keys))
    mapping = GroupKeyMapStruct(group_id=GROUP, group_key_set_id=KEY_SET)
    await peer.set(0, GroupKeyManagement.group_key_map, (mapping,))
    answer = await peer.invoke(1, Groups.add_group, AddGroup(group_id=GROUP, group_name="Doors"))
    assert answer.status == 0
    entry = AccessControlEntryStruct(
        privilege=AccessControlEntryPrivilegeEnum.MANAGE,
        auth_mode=AccessControlEntryAuthModeEnum.GROUP,
        subjects=(GROUP,),
        targets=None,
    )
    await peer.set(0, AccessControl.acl, (*await peer.get(0, AccessControl.acl), entry))


def call(home, seconds, counter, *, epoch_key=EPOCH_KEY, source=None):
    """Tell the group to identify itself."""
    fabric = home.fabric
    key = operational_key(Secret(epoch_key), fabric.compressed_id)
    home.runtime.send_group(
        GroupKey(1, group_session_id(key), key, privacy_key(key), frozenset({GROUP})),
        source_node=source or fabric.node_id,
        group_id=GROUP,
        counter=counter,
        address=(multicast_address(fabric.fabric_id, GROUP), 5540, 0, 0),
        opcode=Opcode.INVOKE_REQUEST,
        payload=invoke_request(
            Invocation(None, Identify.id, Identify.identify.id, IdentifyRequest(identify_time=seconds)),
            suppress_response=True,
        ),
    )


def test_a_message_to_a_group_reaches_every_lock_in_it_and_is_not_answered():
    async def play(world):
        home = await world.controller()
        peers = []
        for number in range(3):
            lock = await world.lock(f"lock {number}", equip=with_groups, discriminator=number)
            peers.append(await home.commission(lock.qr))
        for peer in peers[:2]:
            await teach(peer)
        await asyncio.sleep(1)
        sent = world.air.sent
        call(home, 100, 5)
        await asyncio.sleep(1)
        assert world.air.sent - sent == 2  # the group has two members, and neither says a word

        async def times():
            return [await peer.get(1, Identify.identify_time) for peer in peers]

        assert [bool(seconds) for seconds in await times()] == [True, True, False]
        # A replay, another key and a stranger's node id change nothing.
        before = await times()
        call(home, 500, 5)
        call(home, 500, 6, epoch_key=bytes(16))
        await asyncio.sleep(1)
        assert max(await times()) <= max(before)
        call(home, 0, 7)
        await asyncio.sleep(1)
        assert await times() == [0, 0, 0]
        # Who left the group no longer listens.
        await peers[0].invoke(1, Groups.remove_group, RemoveGroup(group_id=GROUP))
        call(home, 100, 8)
        await asyncio.sleep(1)
        assert [bool(seconds) for seconds in await times()] == [False, True, False]

    tell(play)


def test_a_lock_knows_its_group_after_a_restart_and_forgets_it_with_the_fabric():
    async def play(world):
        home = await world.controller()
        peer = await home.commission((await world.lock(equip=with_groups)).qr)
        await teach(peer)
        await world.power_cut()
        lock = await world.lock(equip=with_groups)
        call(home, 100, 1)
        await asyncio.sleep(1)
        assert await peer.get(1, Identify.identify_time)
        await home.decommission(peer)
        await asyncio.sleep(1)
        assert not lock.node.runtime.engine.groups.keys
        assert not any(world.air._groups.values())

    tell(play)
