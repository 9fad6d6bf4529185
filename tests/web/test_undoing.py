"""What was just done is taken back by whoever did it, once, for some minutes, and not over somebody else's change."""

import re
from dataclasses import replace

from tests.web.test_pages import HTML, send
from tests.web.test_pages_people import added, post

from latchwork.web.undoing import GOOD_FOR_S, MAX_KEPT, Undos


async def given(world, owner):
    """Somebody with access to a door; gives the access."""
    front, _ = await world.door_with_lock(owner)
    _, person_id = await added(world, owner, code_choice="no", door_ids=front)
    (access,) = world.house.repository.accesses(person_id=person_id)
    return access


async def undo_of(owner, person_id):
    page = (await owner.get(f"/people/{person_id}", **HTML)).text
    return re.search(r'action="(/undo/[0-9a-f]+)"', page)[1]


async def test_access_that_was_ended_is_given_back(world, owner):
    access = await given(world, owner)
    await post(owner, f"/accesses/{access.id}/end")
    name = await undo_of(owner, access.person_id)
    assert (await post(owner, name, referer=f"/people/{access.person_id}")).status == 303
    (again,) = world.house.repository.accesses(person_id=access.person_id)
    assert replace(again, id=access.id, created_at=access.created_at, version=access.version) == access
    await post(owner, name)
    assert len(world.house.repository.accesses(person_id=access.person_id)) == 1


async def test_access_that_was_changed_is_as_it_was_unless_somebody_changed_it_since(world, owner):
    access = await given(world, owner)
    changes = {"door_ids": access.door_ids[0], "rule": "once", "is_enabled": "1"}
    await post(owner, f"/accesses/{access.id}", **changes)
    await post(owner, await undo_of(owner, access.person_id))
    assert world.house.repository.access(access.id).rule == access.rule
    await post(owner, f"/accesses/{access.id}", **changes)
    name = await undo_of(owner, access.person_id)
    await post(owner, f"/accesses/{access.id}", **changes | {"note": "by somebody else"})
    late = await post(owner, name)
    assert late.status == 409
    assert world.house.repository.access(access.id).note == "by somebody else"


async def test_nobody_else_takes_it_back_and_not_without_the_forms_token(world, owner):
    access = await given(world, owner)
    await post(owner, f"/accesses/{access.id}/end")
    name = await undo_of(owner, access.person_id)
    manager = await world.account(owner, "Max", "manager")
    await post(manager, name)
    assert (await send(owner, name)).status == 403
    assert world.house.repository.accesses(person_id=access.person_id) == []
    await post(owner, name)
    assert len(world.house.repository.accesses(person_id=access.person_id)) == 1


async def test_it_is_over_after_some_minutes_and_few_are_kept():
    now = [0.0]
    undos = Undos(lambda length: (len(undos._kept) + 1).to_bytes(length, "big"), lambda: now[0])

    async def back():
        return None

    name = undos.keep("account:a", back)
    assert undos.take("account:b", name) is None
    now[0] = GOOD_FOR_S
    assert undos.take("account:a", name) is None
    for _ in range(MAX_KEPT + 10):
        undos.keep("account:a", back)
    assert len(undos._kept) <= MAX_KEPT
