"""Pages made of templates: what every page knows, and addresses that are right below a proxy's path.

Layer web, on Jinja2. Everything is escaped; pages hold no script and no style of their own, as the content policy wants it.
"""

from __future__ import annotations

import gzip
from functools import cache
from typing import Any, Final

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from latchwork.web.context import context_of
from latchwork.web.outside import home_of
from latchwork.web.pages.assets import assets
from latchwork.web.pages.forms import CSRF_FIELD, mask
from latchwork.web.pages.texts import LANGUAGES, Texts, texts_of
from latchwork.web.pages.words import Words
from latchwork.web.principals import Principal
from latchwork.web.roles import Scope
from latchwork.web.stamps import etag

THEMES: Final = ("auto", "light", "dark")
THEME_COOKIE: Final = "theme"
_WORTH_IT: Final = 1400
"""Characters from which on a page is compressed: less fits into one packet anyway."""


@cache
def environment() -> Environment:
    """All templates; what a page forgets to give is an error, not an empty place."""
    found = Environment(
        loader=PackageLoader("latchwork.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["merged"] = lambda values, **others: values | others
    found.globals["Scope"] = Scope
    found.globals["etag"] = etag
    return found


def accepts_gzip(request: Request) -> bool:
    """Whether the browser takes it."""
    return "gzip" in request.headers.get("accept-encoding", "")


def render(
    request: Request, name: str, /, *, status: int = 200, is_secret: bool = False, **values: Any
) -> HTMLResponse:
    """A page.

    Args:
        request: who asks for it.
        name: of the template.
        status: HTTP status.
        is_secret: it shows a code: it is not compressed, so that its length tells nothing.
        values: what the template shows.
    """
    web = context_of(request)
    principal: Principal | None = getattr(request.state, "principal", None)
    home, texts = home_of(request), texts_of(LANGUAGES[0])
    site = web.house.repository.site()
    theme = request.cookies.get(THEME_COOKIE, "auto")
    common = {
        "t": texts.say,
        "word": texts.word,
        "words": Words(texts, site.time_zone, web.clock.utc()),
        "url": lambda path: f"{home}{path}",
        "static": lambda path: f"{home}{assets().path(path)}",
        "home": home,
        "path": request.url.path,
        "language": texts.language,
        "theme": theme if theme in THEMES else "auto",
        "site": site,
        "who": principal,
        "may": principal.may if principal is not None else _may_nothing,
        "csrf_field": CSRF_FIELD,
        "csrf": mask(principal.csrf, web.entropy) if principal is not None and principal.csrf else "",
        "notices": web.notices.take(principal.actor) if principal is not None else [],
        "era": web.era,
        "last_event": f"{web.era}-{web.house.bus.last_id}",
        "is_secure": web.settings.is_secure,
        "has_virtual": web.virtual_doors is not None and bool(web.virtual_doors.list()),
        "virtual_of": _nothing_virtual if web.virtual_doors is None else web.virtual_doors.of_door,
    }
    text = environment().get_template(name).render(common | values)
    if is_secret or len(text) < _WORTH_IT or not accepts_gzip(request):
        return HTMLResponse(text, status)
    packed = gzip.compress(text.encode(), 4, mtime=0)
    return HTMLResponse(packed, status, {"content-encoding": "gzip", "vary": "accept-encoding"})


def words_for(request: Request) -> Words:
    """Facts in words, for this site and now."""
    web = context_of(request)
    return Words(said(request), web.house.repository.site().time_zone, web.clock.utc())


def said(request: Request) -> Texts:
    """The texts in the language of whoever asks."""
    del request
    return texts_of(LANGUAGES[0])


def _nothing_virtual(door_id: str) -> str | None:
    del door_id
    return None


def _may_nothing(scope: Scope) -> bool:
    del scope
    return False
