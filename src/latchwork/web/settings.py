"""How the web side behaves: what an installation may set, with defaults that are safe.

Layer web, pure.
"""

from __future__ import annotations

from dataclasses import dataclass

DAY: float = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Settings of the application; durations in seconds.

    Attributes:
        is_secure: the hub is reached by HTTPS: cookies are then never sent in clear, and browsers are told to stay with it.
        is_strict: browsers are told to come with HTTPS only. Not where the hub's own authority vouches for it: they would then refuse
            everything else that the same machine serves without.
        root_path: path below which a proxy shows the hub, without a slash at its end.
        trusted_proxies: addresses whose X-Forwarded-For says who asks.
        session_s: how long a log-in lasts at most.
        session_idle_s: how long it lasts without being used.
        confirm_s: how fresh a password must be for reading a code back in a browser.
        max_body: octets of a request.
        max_open_body: likewise of one from somebody who is not known, and of a form that carries no file.
        max_photo: likewise where a form may carry a photograph.
        idempotency_s: how long an answer to an Idempotency-Key is kept.
        requests_per_minute: of one account or address.
        reveals_per_hour: codes that one account reads back.
        operations_per_minute: lock and unlock, of one account.
        live_s: how long a stream of live events lasts at most.
    """

    is_secure: bool = False
    is_strict: bool = True
    root_path: str = ""
    trusted_proxies: frozenset[str] = frozenset()
    session_s: float = 30 * DAY
    session_idle_s: float = 7 * DAY
    confirm_s: float = 15 * 60.0
    max_body: int = 1 << 20
    max_open_body: int = 32 << 10
    max_photo: int = 13 << 20
    idempotency_s: float = DAY
    requests_per_minute: int = 600
    reveals_per_hour: int = 30
    operations_per_minute: int = 60
    live_s: float = 3600.0
