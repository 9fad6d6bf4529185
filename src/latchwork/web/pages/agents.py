"""What a browser calls itself, as people call it.

Layer web, pure. Browsers write the names of others into theirs: the order of these lists is what tells them apart.
"""

from __future__ import annotations

from typing import Final

_BROWSERS: Final = (
    *(("Home Assistant/", "Home Assistant"), ("EdgA/", "Edge"), ("Edg/", "Edge"), ("OPR/", "Opera")),
    *(("SamsungBrowser/", "Samsung Internet"), ("FxiOS/", "Firefox"), ("Firefox/", "Firefox"), ("CriOS/", "Chrome")),
    *(("HeadlessChrome/", "Chrome"), ("Chromium/", "Chromium"), ("Chrome/", "Chrome"), ("Safari/", "Safari")),
    *(("curl/", "curl"), ("Python", "Python")),
)
_SYSTEMS: Final = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS")),
    *(("Mac OS", "Mac"), ("Linux", "Linux")),
)


def browser_of(agent: str) -> str:
    """Its name, or empty."""
    return next((name for mark, name in _BROWSERS if mark in agent), "")


def system_of(agent: str) -> str:
    """What it runs on, or empty."""
    return next((name for mark, name in _SYSTEMS if mark in agent), "")
