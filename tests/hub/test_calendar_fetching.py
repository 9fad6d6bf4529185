"""Fetching calendars from a real server on this machine, and from where it must not come."""

import asyncio
import gzip
import traceback
from contextlib import asynccontextmanager

import pytest

from latchwork.hub.addresses import AddressRefused
from latchwork.hub.calendars.feeds import MAX_OCTETS
from latchwork.hub.calendars.fetching import MAX_TURNS, HttpFetcher, NotFetched, checked_url, host_of

BODY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


@asynccontextmanager
async def server(answer):
    """A server that gives out what `answer(path, headers)` says, and a list of what it was asked."""
    asked, over, serving = [], asyncio.Event(), set()

    async def serve(reader, writer):
        serving.add(asyncio.current_task())
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    async def talk(reader, writer):
        if (await reader.read(1)) != b"G":
            writer.write(b"this is no TLS")
            return
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        path = lines[0].split()[1]
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        asked.append((path, headers))
        octets = answer(path, headers)
        if octets is not None:
            writer.write(octets)
            await writer.drain()
        else:
            await over.wait()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        try:
            yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}", asked
        finally:
            over.set()
            await asyncio.gather(*serving, return_exceptions=True)


def http(status=200, body=BODY, **headers):
    lines = [f"HTTP/1.1 {status} X", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if body is not None and "transfer_encoding" not in headers and "content_length" not in headers:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


async def fetch(url, etag="", last_modified="", is_local=True, timeout_s=5.0):
    return await HttpFetcher(timeout_s=timeout_s).fetch(url, etag=etag, last_modified=last_modified, is_local=is_local)


async def test_a_calendar_comes_with_what_to_show_the_next_time():
    async with server(lambda *_: http(etag='"1"', last_modified="Thu, 01 Jan 2026 00:00:00 GMT")) as (url, asked):
        fetched = await fetch(f"{url}/secret.ics?token=x")
        assert (fetched.octets, fetched.etag) == (BODY, '"1"')
        assert asked[0][0] == "/secret.ics?token=x"
        assert "if-none-match" not in asked[0][1]
        await fetch(f"{url}/", etag=fetched.etag, last_modified=fetched.last_modified)
        assert asked[1][1]["if-none-match"] == '"1"'
        assert asked[1][1]["if-modified-since"] == "thu, 01 jan 2026 00:00:00 gmt"


async def test_what_has_not_changed_does_not_come_again():
    async with server(lambda *_: http(304, None)) as (url, _):
        assert (await fetch(url, etag='"1"')).octets is None
        with pytest.raises(NotFetched, match="304"):
            await fetch(url)


async def test_in_pieces_packed_or_without_a_length_it_is_the_same():
    pieces = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    for octets in (
        http(body=pieces, transfer_encoding="chunked"),
        http(body=gzip.compress(BODY, mtime=0), content_encoding="gzip"),
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + BODY,
    ):
        async with server(lambda *_, octets=octets: octets) as (url, _):
            assert (await fetch(url)).octets == BODY


async def test_it_goes_where_it_is_sent_and_not_for_ever():
    async with server(lambda path, _: http() if path == "/b" else http(302, b"", location="/b")) as (url, asked):
        assert (await fetch(f"{url}/a")).octets == BODY
        assert [path for path, _ in asked] == ["/a", "/b"]
    async with server(lambda *_: http(301, b"", location="/")) as (url, asked):
        with pytest.raises(NotFetched, match="too many"):
            await fetch(url)
        assert len(asked) == MAX_TURNS + 1


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest", "http://example.com/", "file:///etc/passwd", "http://[::]/"]
)
async def test_it_is_not_sent_where_it_must_not_go(location):
    async with server(lambda *_: http(302, b"", location=location)) as (url, _):
        with pytest.raises((AddressRefused, NotFetched)) as caught:
            await fetch(url)
        assert not isinstance(caught.value, NotFetched) or "example" in location


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (http(404, b""), "withdrawn"),
        (http(500, b""), "answered 500"),
        (http(429, b""), "too often"),
        (b"SSH-2.0-x\r\n\r\n", "not HTTP"),
        (b"", "hung up|not HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nBEGIN", "not HTTP|hung up"),
        (http(content_length=str(MAX_OCTETS + 10), body=b"x" * (MAX_OCTETS + 10)), "2 MiB"),
        (http(body=gzip.compress(b"x" * (MAX_OCTETS + 10), mtime=0), content_encoding="gzip"), "2 MiB"),
        (http(body=gzip.compress(BODY, mtime=0)[:-9], content_encoding="gzip"), "cut off|damaged"),
        (http(body=b"nonsense", content_encoding="gzip"), "damaged"),
        (http(content_encoding="br"), "packed"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", "not HTTP"),
    ],
)
async def test_what_goes_wrong_is_told_in_plain_words_without_the_address(octets, words):
    async with server(lambda *_: octets) as (url, _):
        with pytest.raises(NotFetched, match=words) as caught:
            await fetch(f"{url}/secret-token.ics")
        assert "secret-token" not in str(caught.value)


async def test_a_server_that_does_not_answer_is_not_waited_for():
    async with server(lambda *_: None) as (url, _):
        with pytest.raises(NotFetched, match="did not answer"):
            await fetch(url, timeout_s=0.05)


async def test_nobody_there_and_a_name_that_nobody_knows():
    with pytest.raises(NotFetched, match="no connection"):
        await fetch("http://127.0.0.1:1/secret-token.ics")
    with pytest.raises(NotFetched, match=r"no secure connection|no connection"):
        async with server(lambda *_: b"plain") as (url, _):
            await fetch(url.replace("http", "https"))


async def test_the_address_is_in_no_traceback():
    url = "http://127.0.0.1:1/" + "secret-token.ics"
    with pytest.raises(NotFetched) as caught:
        await fetch(url)
    assert "secret-token.ics" not in "".join(traceback.format_exception(caught.value, chain=True)).replace(
        '"secret-token.ics"', ""
    )


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/a.ics", "ftp://example.com/a.ics", "file:///etc/passwd", "https://", "nonsense", ""),
        *(
            "https://user:pass@example.com/",
            "https://exa mple.com/",
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://[::1]/",
        ),
        *(
            "https://169.254.169.254/",
            "https://[fe80::1]/",
            "https://0.0.0.0/",
            "https://[::ffff:127.0.0.1]/",
            "https://x:99999/",
        ),
    ],
)
def test_addresses_where_no_calendar_is(url):
    with pytest.raises(AddressRefused):
        checked_url(url, is_local=False)


def test_an_owner_can_allow_the_home_and_nothing_beyond():
    for url in (
        "http://127.0.0.1:8123/a.ics",
        "https://10.0.0.1/a.ics",
        "http://[fd00::1]/a.ics",
        "http://nas.local/a.ics",
    ):
        assert checked_url(url, is_local=True) == url
    for url in ("http://169.254.169.254/", "http://8.8.8.8/a.ics", "http://[fe80::1]/"):
        with pytest.raises(AddressRefused):
            checked_url(url, is_local=True)


async def test_a_name_that_leads_inside_is_refused_unless_allowed():
    async with server(lambda *_: http()) as (url, _):
        named = url.replace("127.0.0.1", "localhost")
        assert (await fetch(named)).octets == BODY
        with pytest.raises(AddressRefused, match="inside"):
            await fetch(named.replace("http", "https"), is_local=False)
        with pytest.raises(AddressRefused, match="https"):
            await fetch(named, is_local=False)


def test_webcal_is_https_and_the_host_is_all_that_is_shown():
    assert checked_url("webcal://example.com/a.ics?s=x", is_local=False) == "https://example.com/a.ics?s=x"
    assert host_of("https://example.com/a.ics?s=x") == "example.com"
