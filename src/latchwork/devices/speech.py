"""Voices: prompts spoken by espeak where it is installed, said by several speakers at once, or by none.

Layer devices: implements the `Speaker` port; knows prompts as text. Nothing here goes through a shell, and texts never are arguments of
a program, where everybody on the machine could read them.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from latchwork.base.logs import logger
from latchwork.devices.hardware import Speaker

LOG: Final = logger(__name__)

PROGRAMS: Final = ("espeak-ng", "espeak")
MAX_TEXT: Final = 500
"""Characters of one prompt that are spoken: half a minute."""


class Speaking(Protocol):
    """A program that speaks."""

    @property
    def returncode(self) -> int | None:
        """None while it speaks."""

    async def communicate(self, text: bytes) -> object:
        """Give it the text and wait until it has spoken."""

    def kill(self) -> None:
        """Silence it."""

    async def wait(self) -> int:
        """Wait until it is gone."""


Start = Callable[[tuple[str, ...]], Awaitable[Speaking]]
"""Starts a program with its arguments."""


class ClosableSpeaker(Speaker, Protocol):
    """A speaker that must be told when the lock ends."""

    async def close(self) -> None:
        """Be quiet for good."""


class NullSpeaker:
    """Says nothing."""

    __slots__ = ()

    def say(self, prompt: str, text: str) -> None:
        """Nothing."""

    async def close(self) -> None:
        """Nothing."""


class SeveralSpeakers:
    """Has every one of some speakers say it: a voice and a buzzer, say."""

    __slots__ = ("_speakers",)

    def __init__(self, *speakers: Speaker) -> None:
        self._speakers = speakers

    def say(self, prompt: str, text: str) -> None:
        """Have it said, by the first speaker first."""
        for speaker in self._speakers:
            speaker.say(prompt, text)


class EspeakSpeaker:
    """Speaks through espeak-ng or espeak, one text at a time; a new text cuts off the former.

    Args:
        program: its path.
        language: the voice, as espeak names it: `en`, `de`, `en-us`.
        start: starts a program.
    """

    __slots__ = ("_arguments", "_has_complained", "_next", "_speaking", "_start", "_task")

    def __init__(self, program: str, language: str = "en", *, start: Start | None = None) -> None:
        self._arguments = (program, "--stdin", "-v", language)
        self._start = start or _start
        self._next: str | None = None
        self._speaking: Speaking | None = None
        self._task: asyncio.Task[None] | None = None
        self._has_complained = False

    def say(self, prompt: str, text: str) -> None:
        """Speak it. Call it in the event loop."""
        del prompt
        self._next = text[:MAX_TEXT]
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._speak())
        else:
            self._silence()

    async def close(self) -> None:
        """Stop speaking."""
        self._next = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _speak(self) -> None:
        while self._next is not None:
            text, self._next = self._next, None
            try:
                await self._say_one(text)
            except OSError as error:
                self._complain(str(error))

    async def _say_one(self, text: str) -> None:
        speaking = await self._start(self._arguments)
        self._speaking = speaking
        try:
            if self._next is None:  # nothing newer came while the program started
                await speaking.communicate(text.encode())
                if speaking.returncode and speaking.returncode > 0:
                    self._complain(f"it ended with {speaking.returncode}")
        finally:
            self._silence()
            self._speaking = None
            await speaking.wait()

    def _silence(self) -> None:
        if self._speaking is not None and self._speaking.returncode is None:
            self._speaking.kill()

    def _complain(self, reason: str) -> None:
        """Once: a lock without a loudspeaker says so in its log, not at every key."""
        if not self._has_complained:
            self._has_complained = True
            LOG.warning("The lock cannot speak with %s: %s", self._arguments[0], reason)


def voice(language: str = "en") -> ClosableSpeaker:
    """A voice if this machine has espeak-ng or espeak, else one that says nothing; the log tells."""
    for name in PROGRAMS:
        if (program := shutil.which(name)) is not None:
            return EspeakSpeaker(program, language)
    LOG.warning("The lock stays silent: neither espeak-ng nor espeak is installed. Debian: apt install espeak-ng")
    return NullSpeaker()


async def _start(arguments: tuple[str, ...]) -> Speaking:
    return await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
