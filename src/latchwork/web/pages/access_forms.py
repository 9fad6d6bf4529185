"""Giving access from a form.

Layer web.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from latchwork.web.api import accesses as api
from latchwork.web.api.accesses import AccessOut, NewAccess
from latchwork.web.api.shapes import RuleBody
from latchwork.web.context import Context
from latchwork.web.pages.validating import checked
from latchwork.web.principals import Principal


async def grant_from(
    web: Context,
    who: Principal,
    person_id: str,
    door_ids: Sequence[str],
    rule: RuleBody,
    *,
    credential_ids: Sequence[str] = (),
    is_duress: bool = False,
    note: str = "",
) -> AccessOut:
    """Grant access, as the API's route does.

    Raises:
        Problem: 422 when no door is named, or something is not right.
    """
    body = checked(
        NewAccess,
        person_id=person_id,
        door_ids=list(door_ids),
        credential_ids=list(credential_ids),
        rule=rule.model_dump(mode="json"),
        is_duress=is_duress,
        note=note,
    )
    return await api.grant(Response(), body, web, who)
