"""All places of the app.

Layer web.
"""

from __future__ import annotations

from typing import Final

from latchwork.web.pages.routes import accesses, activity, enrolments, guests, home, people, sign_in, static

ROUTERS: Final = (
    static.router,
    sign_in.router,
    home.router,
    people.router,
    accesses.router,
    guests.router,
    enrolments.router,
    activity.router,
)
"""Every page's routes."""
