"""Everything in one encrypted file; and what a restored hub asks its owner.

Layer web.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, BinaryIO, Final

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, StringConstraints

from latchwork.hub.backup.file import MAX_PASSPHRASE
from latchwork.hub.keeping import restored
from latchwork.web.api.locks import present_lock
from latchwork.web.api.shapes import Id
from latchwork.web.context import Web, Who
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs

router = APIRouter(prefix="/api/v1", tags=["backup"], route_class=GuardedRoute)
OCTETS: Final = "application/octet-stream"
_PIECE: Final = 1 << 16
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file.", "content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}}
}


class BackupBody(BaseModel):
    """What opens the file."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    # As it was typed: a space at its end is part of it.
    passphrase: Annotated[str, StringConstraints(max_length=MAX_PASSPHRASE)]


@router.post("/backup", summary="Everything in one encrypted file", response_class=StreamingResponse, responses=_FILE)
@needs(Scope.ACCOUNTS_WRITE, quota="reveal", is_repeatable=False)
async def make_backup(body: BackupBody, web: Web, who: Who) -> StreamingResponse:
    """With the keys of the fabric, so that another machine goes on with the same locks. Nobody opens it without the passphrase."""
    who.check_fresh(web.clock.utc(), web.settings.confirm_s)
    file = await web.house.backup.file(body.passphrase, actor=who.actor)
    size = file.seek(0, 2)
    file.seek(0)
    day = datetime.fromtimestamp(web.clock.utc(), UTC).date().isoformat()
    headers = {
        "content-length": str(size),
        "content-disposition": f'attachment; filename="latchwork-{day}.backup"',
    }
    return StreamingResponse(_pieces(file), media_type=OCTETS, headers=headers)


@router.post("/locks/{lock_id}/restored", status_code=204, summary="Make a lock as the restored hub says")
@needs(Scope.LOCKS_WRITE)
async def confirm_restored(lock_id: Id, web: Web, who: Who) -> None:
    """After a restoration, where lock and backup differ about somebody: what the backup says counts. What it does not have stays."""
    present_lock(web, lock_id)
    await restored.confirm(web.house.desk, lock_id, actor=who.actor)
    web.house.locks.wake(lock_id)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
