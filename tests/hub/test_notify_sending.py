"""Sending through Apprise to a receiver on this machine, and never a word about the address."""

import asyncio
import builtins
import json
import logging
from contextlib import asynccontextmanager

import pytest

from latchwork.base.errors import Misuse
from latchwork.hub.addresses import AddressRefused
from latchwork.hub.notify.sending import AppriseSender, NotInstalled, NotSent, scheme_of

# Apprise loads an old module of Python with one of its services.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


@asynccontextmanager
async def receiver(status=200, **headers):
    """A service that takes notifications; gives its address and what it got."""
    got, serving = [], set()

    async def serve(reader, writer):
        serving.add(asyncio.current_task())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length"))
        got.append((head.split()[1], json.loads(await reader.readexactly(length))))
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n{more}\r\n".encode())
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        yield f"json://127.0.0.1:{running.sockets[0].getsockname()[1]}/secret-token", got
        await asyncio.gather(*serving, return_exceptions=True)


@pytest.fixture
def sender():
    sender = AppriseSender()
    yield sender
    sender.close()


async def test_a_message_arrives(sender):
    async with receiver() as (url, got):
        assert sender.check(url, is_local=True) == "json"
        await sender.send(url, "Home", "Front: opened by Ada, 14:05", is_local=True)
    ((path, message),) = got
    assert path == "/secret-token"
    assert (message["title"], message["message"]) == ("Home", "Front: opened by Ada, 14:05")


@pytest.mark.parametrize(
    ("status", "words"), [(401, "keys"), (403, "keys"), (500, "answered 500"), (302, "did not take it")]
)
async def test_what_is_not_taken_is_told_without_the_address(sender, caplog, capsys, status, words):
    caplog.set_level(logging.DEBUG)
    async with receiver(status, location="http://127.0.0.1:1/secret-token") as (url, got):
        with pytest.raises(NotSent, match=words) as caught:
            await sender.send(url, "Home", "text", is_local=True)
    assert len(got) == 1, "it is not sent on"
    assert "secret-token" not in str(caught.value)
    assert "secret-token" not in caplog.text
    assert "secret-token" not in "".join(capsys.readouterr())


async def test_nobody_there(sender, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(NotSent, match="cannot be reached"):
        await sender.send("json://127.0.0.1:1/secret-token", "Home", "text", is_local=True)
    assert "secret-token" not in caplog.text


async def test_addresses_inside_the_home_need_an_owners_word(sender):
    async with receiver() as (url, got):
        for inside in (url, "json://localhost:1/x", "gotify://192.168.1.5/token12345678901"):
            with pytest.raises(AddressRefused):
                sender.check(inside, is_local=False)
        with pytest.raises(AddressRefused):
            await sender.send(url.replace("127.0.0.1", "localhost"), "Home", "text", is_local=False)
        assert got == []
    with pytest.raises(AddressRefused):
        sender.check("json://169.254.169.254/latest", is_local=True)


def test_services_whose_address_is_no_host_are_not_looked_up(sender):
    assert sender.check("tgram://123456789:abcdefg_hijklmnop/12315544", is_local=False) == "tgram"
    assert sender.check("pover://user@token", is_local=False) == "pover"


@pytest.mark.parametrize("url", ["", "nonsense", "foo://x", "json://", "json://a b", "x" * 3000, "file:///etc/passwd"])
def test_what_is_no_address_of_a_service(sender, url):
    with pytest.raises(Misuse):
        sender.check(url, is_local=True)


@pytest.mark.parametrize("url", ["syslog://", "dbus://", "macosx://", "windows://", "gnome://"])
def test_this_machine_itself_is_no_service(sender, url):
    with pytest.raises(AddressRefused):
        sender.check(url, is_local=True)


def test_without_the_extra_it_says_what_to_install(sender, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "apprise":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NotInstalled) as caught:
        sender.check("json://example.com", is_local=False)
    assert caught.value.advice == "Install it: pip install latchwork[notify]."


def test_the_scheme_is_all_that_is_shown():
    assert scheme_of("TGRAM://123:secret/1") == "tgram"
