"""All places of the app.

Layer web.
"""

from __future__ import annotations

from typing import Final

from latchwork.web.pages.routes import (
    accesses,
    accounts,
    activity,
    add_lock,
    add_lock_door,
    backup,
    calendars,
    doors,
    enrolments,
    foreign,
    guests,
    health,
    home,
    jobs,
    leaving,
    lock_settings,
    notifications,
    people,
    security,
    settings,
    sharing,
    sign_in,
    static,
    tokens,
    trust,
    virtual,
    webhooks,
)

ROUTERS: Final = (
    static.router,
    sign_in.router,
    home.router,
    people.router,
    accesses.router,
    guests.router,
    enrolments.router,
    activity.router,
    jobs.router,
    trust.router,
    add_lock_door.router,
    add_lock.router,
    doors.router,
    leaving.router,
    sharing.router,
    foreign.router,
    lock_settings.router,
    settings.router,
    security.router,
    accounts.router,
    tokens.router,
    calendars.router,
    notifications.router,
    webhooks.router,
    backup.router,
    health.router,
)
"""Every page's routes."""

VIRTUAL: Final = (virtual.router,)
"""Of a virtual house only."""
