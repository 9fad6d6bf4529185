"""Voices: one text at a time, the newest; nothing in the list of programs; complaints once."""

import asyncio
import logging

import pytest

from latchwork.devices import speech
from latchwork.devices.speech import EspeakSpeaker, NullSpeaker, SeveralSpeakers, voice


class Program:
    """A program that speaks until it is told to end, or killed."""

    def __init__(self, returncode=0):
        self.said, self.returncode, self._ends_with = None, None, returncode
        self._over = asyncio.Event()

    async def communicate(self, text):
        self.said = text.decode()
        await self._over.wait()

    def finish(self):
        self.returncode = self._ends_with
        self._over.set()

    def kill(self):
        self.returncode = -9
        self._over.set()

    async def wait(self):
        await self._over.wait()
        return self.returncode


class Shop:
    """Starts programs."""

    def __init__(self):
        self.programs, self.arguments, self.error, self.returncode = [], [], None, 0

    async def start(self, arguments):
        self.arguments.append(arguments)
        if self.error is not None:
            raise self.error
        self.programs.append(Program(self.returncode))
        return self.programs[-1]


async def turns():
    for _ in range(8):
        await asyncio.sleep(0)


@pytest.fixture
def shop():
    return Shop()


async def test_a_text_is_spoken_through_standard_input(shop):
    speaker = EspeakSpeaker("/usr/bin/espeak-ng", "de", start=shop.start)
    speaker.say("opened", "Offen. --version; rm -rf $HOME")
    await turns()
    assert shop.arguments == [("/usr/bin/espeak-ng", "--stdin", "-v", "de")]
    assert shop.programs[0].said == "Offen. --version; rm -rf $HOME"
    shop.programs[0].finish()
    await turns()
    speaker.say("locked", "Zu.")
    await turns()
    assert shop.programs[1].said == "Zu."
    await speaker.close()


async def test_the_newest_text_cuts_off_the_former_and_what_waited_is_skipped(shop):
    speaker = EspeakSpeaker("espeak", start=shop.start)
    speaker.say("a", "one")
    await turns()
    speaker.say("b", "two")
    speaker.say("c", "three")
    await turns()
    assert [program.said for program in shop.programs] == ["one", "three"]
    assert shop.programs[0].returncode == -9
    await speaker.close()
    assert shop.programs[1].returncode == -9
    await speaker.close()


async def test_a_voice_that_fails_is_complained_about_once(shop, caplog):
    speaker = EspeakSpeaker("espeak", start=shop.start)
    shop.error = FileNotFoundError("no such program")
    with caplog.at_level(logging.WARNING, "latchwork"):
        for _ in range(3):
            speaker.say("a", "one")
            await turns()
        shop.error, shop.returncode = None, 1
        speaker.say("a", "two")
        await turns()
        shop.programs[0].finish()
        await turns()
    assert len(caplog.records) == 1
    assert shop.programs[0].said == "two"
    await speaker.close()


async def test_a_real_program_gets_the_text_and_no_shell_sees_it(tmp_path):
    program = tmp_path / "espeak"
    program.write_text('#!/bin/sh\necho "$@" > "$0.arguments"\ncat > "$0.said"\n', encoding="utf-8")
    program.chmod(0o755)
    speaker = EspeakSpeaker(str(program))
    speaker.say("opened", "Unlocked. `touch x`")
    await speaker._task
    assert (tmp_path / "espeak.said").read_text(encoding="utf-8") == "Unlocked. `touch x`"
    assert (tmp_path / "espeak.arguments").read_text(encoding="utf-8") == "--stdin -v en\n"
    await speaker.close()


async def test_several_speakers_all_say_it():
    class Ear:
        def __init__(self):
            self.heard = []

        def say(self, prompt, text):
            self.heard.append((prompt, text))

    left, right = Ear(), Ear()
    SeveralSpeakers(left, NullSpeaker(), right).say("locked", "Locked.")
    assert left.heard == right.heard == [("locked", "Locked.")]


async def test_a_machine_without_espeak_has_a_silent_voice(monkeypatch, caplog):
    monkeypatch.setattr(speech.shutil, "which", lambda _name: None)
    with caplog.at_level(logging.WARNING, "latchwork"):
        silent = voice()
    assert isinstance(silent, NullSpeaker)
    assert "espeak-ng" in caplog.text
    await silent.close()
    monkeypatch.setattr(speech.shutil, "which", lambda name: f"/usr/bin/{name}" if name == "espeak" else None)
    assert isinstance(voice("de"), EspeakSpeaker)
