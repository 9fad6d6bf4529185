"""JSON lines: octets, wide integers, input in pieces."""

import asyncio
import contextlib
import json
import os
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.cli import lines
from latchwork.cli.lines import StandardInput, StandardOutput, emit, parse


def test_octets_and_wide_integers_have_a_form_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"a": b"\x01\xff", "b": [2**53 - 1, 2**53, -(2**60)], "c": None, "d": True, "e": 1.5})
    line = capsys.readouterr().out
    assert (
        line
        == '{"a":{"hex":"01ff"},"b":[9007199254740991,"9007199254740992","-1152921504606846976"],"c":null,"d":true,"e":1.5}\n'
    )


def test_hex_objects_become_octets_and_others_stay() -> None:
    assert parse('{"a":{"hex":"01ff"},"b":{"hex":"01","c":1}}') == {"a": b"\x01\xff", "b": {"hex": "01", "c": 1}}


@pytest.mark.parametrize("line", ["", "{", "nonsense", '{"hex":"0"}', '{"a":{"hex":"zz"}}'])
def test_what_is_not_json_is_misuse(line: str) -> None:
    with pytest.raises(Misuse, match="not JSON"):
        parse(line)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.binary(), lambda i: st.lists(i) | st.dictionaries(st.text(), i)
    )
)
def test_lines_written_are_read_back(value: object) -> None:
    wanted = lines.plain({"value": value})
    assert lines.plain(parse(json.dumps(wanted))) == wanted


async def read_all(descriptor: int) -> list[str]:
    found: list[str] = []
    reader = StandardInput(found.append, descriptor)
    async with asyncio.timeout(5):
        await reader.ended.wait()
    return found


async def test_lines_come_whole_from_a_pipe_however_they_were_written() -> None:
    read, write = os.pipe()
    reading = asyncio.create_task(read_all(read))
    for piece in (b"on", b"e\n\n  tw", b"o \nthree"):
        os.write(write, piece)
        await asyncio.sleep(0)
    os.close(write)
    assert await reading == ["one", "two", "three"]
    os.close(read)


async def test_a_file_and_the_null_device_are_read_to_their_end() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"one\ntwo\n")
        file.seek(0)
        assert await read_all(file.fileno()) == ["one", "two"]
    nothing = os.open(os.devnull, os.O_RDONLY)
    assert await read_all(nothing) == []
    os.close(nothing)


async def test_a_line_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 10)
    read, write = os.pipe()
    reading = asyncio.create_task(read_all(read))
    os.write(write, b"x" * 100)
    await asyncio.sleep(0.01)
    os.write(write, b"yz\nnext\n")
    os.close(write)
    assert await reading == ["yz", "next"]
    os.close(read)


async def test_output_never_holds_up_who_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 1000)
    read, write = os.pipe()
    output = StandardOutput(write)
    for number in range(20_000):
        output.write(f"line {number}\n")
    os.set_blocking(read, False)
    taken = b""
    async with asyncio.timeout(5):
        while b"dropped" not in taken:
            with contextlib.suppress(BlockingIOError):
                taken += os.read(read, 65_536)
            await asyncio.sleep(0)
    *kept, last, _ = taken.decode().split("\n")
    assert kept == [f"line {number}" for number in range(len(kept))]
    assert json.loads(last) == {"event": "dropped", "lines": 20_000 - len(kept)}
    output.close()
    os.close(read)
    os.close(write)


async def test_output_without_a_reader_is_no_error() -> None:
    read, write = os.pipe()
    output = StandardOutput(write)
    os.close(read)
    output.write("one\n")
    output.write("two\n")
    output.close()
    os.close(write)


async def test_what_waits_is_written_at_the_end() -> None:
    read, write = os.pipe()
    output = StandardOutput(write)
    output.write("x" * 100_000 + "\n")
    reading = asyncio.create_task(asyncio.to_thread(os.read, read, 65_536))
    await reading
    output.close()
    os.close(write)
    assert len(os.read(read, 65_536)) == 100_001 - 65_536
    os.close(read)
