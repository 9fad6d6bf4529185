"""Settings of a lock: as it says now, and changed one at a time.

Layer web.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StrictBool, StrictInt, StrictStr

from latchwork.hub.locks.settings import FieldKind, Found
from latchwork.web.api.locks import present_lock
from latchwork.web.api.shapes import Body, Id, ListOf
from latchwork.web.context import Web, Who
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs

router = APIRouter(prefix="/api/v1", tags=["locks"], route_class=GuardedRoute)


class LockSettingOut(BaseModel):
    """A setting that a lock has; a value that has no name here is null."""

    key: str
    kind: FieldKind
    value: bool | int | str | None
    least: int | None
    most: int | None
    unit: str
    choices: list[str]


class LockSettingChange(Body):
    """What it is to be."""

    value: StrictBool | StrictInt | Annotated[StrictStr, Field(max_length=100)]


@router.get("/locks/{lock_id}/settings", summary="A lock's settings")
@needs(Scope.LOCKS_READ)
async def list_lock_settings(lock_id: Id, web: Web) -> ListOf[LockSettingOut]:
    """Those that it has, as it says now."""
    present_lock(web, lock_id)
    return ListOf(data=[lock_setting_out(each) for each in await web.house.lock_settings.read(lock_id)])


@router.patch("/locks/{lock_id}/settings/{key}", summary="Change a setting of a lock")
@needs(Scope.LOCKS_WRITE)
async def change_lock_setting(
    lock_id: Id, key: Annotated[str, Path(max_length=100)], body: LockSettingChange, web: Web, who: Who
) -> LockSettingOut:
    """Answers with what the lock says afterwards; a lock may refuse a value, or the whole setting."""
    present_lock(web, lock_id)
    return lock_setting_out(await web.house.lock_settings.write(lock_id, key, body.value, actor=who.actor))


def lock_setting_out(found: Found) -> LockSettingOut:
    """The setting to be answered."""
    setting = found.setting
    is_number = setting.kind is FieldKind.NUMBER
    return LockSettingOut(
        key=setting.key,
        kind=setting.kind,
        value=found.value,
        least=setting.least if is_number else None,
        most=setting.most if is_number else None,
        unit=setting.unit,
        choices=list(found.choices),
    )
