"""Where browsers reach the hub, as whoever asks reached it: below a proxy's path, under a proxy's name.

Layer web. What a proxy says counts only when it is a trusted one.
"""

from __future__ import annotations

import re
from typing import Final

from fastapi import Request

from latchwork.web.context import context_of

_PREFIX: Final = re.compile(r"/[A-Za-z0-9_./~-]{1,200}")
_HOST: Final = re.compile(r"[A-Za-z0-9.\-_]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.%]{2,60}\](:[0-9]{1,5})?")


def home_of(request: Request) -> str:
    """The path below which browsers see the app, without a slash at its end."""
    if _is_by_proxy(request):
        said = request.headers.get("x-ingress-path") or request.headers.get("x-forwarded-prefix") or ""
        if _PREFIX.fullmatch(said) and "//" not in said and ".." not in said:
            return said.rstrip("/")
    return context_of(request).settings.root_path


def address_of(request: Request) -> str:
    """The whole address of the app, without a slash at its end: what a link that is sent to somebody begins with."""
    host, scheme = request.headers.get("host", ""), request.url.scheme
    if _is_by_proxy(request):
        host = _nearest(request, "x-forwarded-host") or host
        said = _nearest(request, "x-forwarded-proto")
        scheme = said if said in {"http", "https"} else scheme
    if context_of(request).settings.is_secure:
        scheme = "https"
    return f"{scheme}://{host if _HOST.fullmatch(host) else 'localhost'}{home_of(request)}"


def is_host(text: str) -> bool:
    """Whether this is a name or an address of a host, with a port or without, and nothing else."""
    return _HOST.fullmatch(text) is not None


def _is_by_proxy(request: Request) -> bool:
    return request.client is not None and request.client.host in context_of(request).settings.trusted_proxies


def _nearest(request: Request, name: str) -> str:
    """What the proxy next to us says; what comes before it anybody may have written."""
    return request.headers.get(name, "").rpartition(",")[2].strip()
