"""The backup's file: what goes in comes out, and whatever is done to it in between is found."""

import io
import struct
from binascii import crc32

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.hub.backup.file import (
    CHUNK,
    MAGIC,
    BackupDamaged,
    BackupError,
    BackupTooNew,
    Cost,
    NotABackup,
    Opener,
    PassphraseRefused,
    Sealer,
    WrongPassphrase,
    check_passphrase,
)

PASSPHRASE = "four plain words here"
CHEAP = Cost(log_n=1, r=1)
HEADER = 72
SEALED = CHUNK + 16


def entropy(length):
    return bytes(range(length))


def sealed(entries, passphrase=PASSPHRASE, cost=CHEAP, chance=entropy):
    out = io.BytesIO()
    sealer = Sealer(out, passphrase, chance, cost)
    for name, content in entries.items():
        sealer.add(name, len(content), iter((content[:7], content[7:])))
    sealer.finish()
    return out.getvalue()


def opened(octets, passphrase=PASSPHRASE):
    return {each.name: b"".join(each.pieces) for each in Opener(io.BytesIO(octets), passphrase).entries()}


class Dribble(io.RawIOBase):
    """A pipe that gives what it has, and never all that was asked for."""

    def __init__(self, octets):
        self.left = octets

    def read(self, length=-1):
        piece, self.left = self.left[: min(length, 1000)], self.left[min(length, 1000) :]
        return piece


LARGE = {"manifest.json": b"{}", "hub.db": bytes(i * 7 % 256 for i in range(3 * CHUNK + 11)), "a.key": b"k" * 32}


@given(
    st.dictionaries(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True), st.binary(max_size=300), max_size=6)
)
def test_what_goes_in_comes_out(entries):
    assert opened(sealed(entries)) == entries


@pytest.mark.parametrize(
    "size", [CHUNK - 16, CHUNK - 15, CHUNK - 14, CHUNK - 13, CHUNK, 2 * CHUNK - 15, 2 * CHUNK - 14]
)
def test_what_fills_a_chunk_exactly_comes_out_too(size):
    assert opened(sealed({"hub.db": b"x" * size})) == {"hub.db": b"x" * size}


def test_a_pipe_that_gives_little_at_a_time_is_as_good_as_a_file():
    found = Opener(Dribble(sealed(LARGE)), PASSPHRASE)
    assert {each.name: b"".join(each.pieces) for each in found.entries()} == LARGE


def test_what_is_not_looked_at_is_read_past():
    assert [each.name for each in Opener(io.BytesIO(sealed(LARGE)), PASSPHRASE).entries()] == list(LARGE)


def test_the_same_house_twice_is_two_different_files():
    count = iter(range(256))

    def chance(length):
        return bytes([next(count)] * length)

    one, other = sealed(LARGE, chance=chance), sealed(LARGE, chance=chance)
    assert one[HEADER : HEADER + 64] != other[HEADER : HEADER + 64]
    assert b"hub.db" not in one


@given(st.integers(0, 3 * SEALED), st.integers(1, 255))
@example(0, 1)
@example(HEADER - 1, 1)
@settings(deadline=None)
def test_any_octet_that_is_changed_is_found(at, change):
    octets = bytearray(sealed(LARGE))
    octets[at] ^= change
    with pytest.raises(BackupError) as caught:
        opened(bytes(octets))
    if at >= HEADER:
        assert type(caught.value) is BackupDamaged


@given(st.integers(0, len(sealed(LARGE)) - 1))
@example(HEADER)
@example(HEADER + SEALED)
@example(HEADER + 2 * SEALED)
@settings(deadline=None)
def test_a_file_that_was_cut_off_is_found(length):
    with pytest.raises(BackupError):
        opened(sealed(LARGE)[:length])


def parts(octets):
    body = octets[HEADER:]
    return octets[:HEADER], [body[at : at + SEALED] for at in range(0, len(body), SEALED)]


@pytest.mark.parametrize(
    "shuffle",
    [
        lambda parts: [parts[1], parts[0], *parts[2:]],
        lambda parts: parts[1:],
        lambda parts: [parts[0], *parts],
        lambda parts: [parts[0], *parts[2:]],
        lambda parts: [*parts, parts[-1]],
        lambda parts: [*parts, b"\0"],
        lambda parts: [],
    ],
)
def test_parts_that_were_moved_repeated_or_left_out_are_found(shuffle):
    header, chunks = parts(sealed(LARGE))
    with pytest.raises(BackupDamaged):
        opened(header + b"".join(shuffle(chunks)))


def test_a_part_of_another_backup_is_found():
    header, _ = parts(sealed(LARGE, chance=lambda length: b"\1" * length))
    _, chunks = parts(sealed(LARGE, chance=lambda length: b"\2" * length))
    with pytest.raises(BackupDamaged):
        opened(header + b"".join(chunks))


def test_a_wrong_passphrase_is_told_from_damage():
    octets = sealed(LARGE)
    with pytest.raises(WrongPassphrase):
        opened(octets, "four other words here")
    with pytest.raises(BackupDamaged, match="header"):
        opened(octets[:20] + b"?" + octets[21:])
    with pytest.raises(BackupDamaged, match="part 2"):
        opened(octets[: HEADER + SEALED] + b"?" + octets[HEADER + SEALED + 1 :])


def test_a_passphrase_is_the_same_however_the_keyboard_composes_it():
    assert opened(sealed({"a": b"b"}, "schöne grüne Häuser"), "scho\u0308ne gru\u0308ne Ha\u0308user") == {"a": b"b"}


@given(st.binary(max_size=200))
@example(b"")
@example(MAGIC)
@example(MAGIC + b"\1" + bytes(55))
def test_any_file_is_opened_or_refused(octets):
    with pytest.raises(BackupError):
        opened(octets)


def test_a_file_of_a_later_version_is_refused_as_such():
    octets = sealed(LARGE)
    with pytest.raises(BackupTooNew):
        opened(MAGIC + b"\2" + octets[17:])
    with pytest.raises(BackupTooNew):
        opened(MAGIC + b"\2")
    with pytest.raises(NotABackup):
        opened(b"SQLite format 3\0" + octets[16:])


@pytest.mark.parametrize(
    "cost", [(63, 8, 1), (0, 8, 1), (24, 255, 1), (17, 0, 1), (17, 8, 0), (17, 8, 200), (16, 1, 1)]
)
def test_a_header_that_asks_for_all_the_memory_is_refused_before_anything_is_derived(cost):
    header = struct.pack(">16sBBBB16s", MAGIC, 1, *cost, bytes(16))
    octets = header + struct.pack(">I", crc32(header)) + bytes(32 + 100)
    with pytest.raises(BackupDamaged, match="memory"):
        opened(octets)


@pytest.mark.parametrize("name", ["", "../hub.db", "a/b", ".hidden", "Hub.db", "x" * 65, "nul\0"])
def test_a_name_that_would_leave_the_folder_is_never_written(name):
    with pytest.raises(Misuse):
        sealed({name: b""})


def test_a_name_that_would_leave_the_folder_is_never_read(monkeypatch):
    with monkeypatch.context() as patched:
        import re

        patched.setattr("latchwork.hub.backup.file._NAME", re.compile(".*"))
        octets = sealed({"../hub.db": b"x"})
    with pytest.raises(BackupDamaged):
        opened(octets)


@pytest.mark.parametrize("size", [0, 4, 6])
def test_a_file_that_changes_while_it_is_backed_up_is_no_backup(size):
    with pytest.raises(Misuse):
        Sealer(io.BytesIO(), PASSPHRASE, entropy, CHEAP).add("hub.db", size, iter((b"12345",)))


@pytest.mark.parametrize("passphrase", ["", "short", "x" * 40, "abcabcabcabc", "y" * 2000, "surrogate \ud800 here"])
def test_a_passphrase_that_is_guessed_at_once_is_refused(passphrase):
    with pytest.raises(PassphraseRefused) as caught:
        check_passphrase(passphrase)
    assert caught.value.advice
    assert not passphrase or passphrase not in str(caught.value)


def test_the_cost_of_a_try_is_the_one_that_was_promised():
    octets = sealed({"a": b"b"}, cost=None)
    assert octets[17:20] == bytes((17, 8, 1)), "128 MiB"
    assert opened(octets) == {"a": b"b"}


def test_the_file_is_as_documented():
    """A reader written from the description alone, with primitives of another library where there are some."""
    import hashlib
    import hmac

    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    octets = sealed({"note": b"kept"}, cost=Cost(log_n=4, r=8))
    magic, version, log_n, r, p, salt = struct.unpack_from(">16sBBBB16s", octets)
    assert (magic, version) == (b"latchwork backup", 1)
    key = hashlib.scrypt(PASSPHRASE.encode(), salt=salt, n=1 << log_n, r=r, p=p, dklen=64)
    assert struct.unpack_from(">I", octets, 36) == (crc32(octets[:36]),)
    assert octets[40:72] == hmac.digest(key[32:], octets[:40], "sha256")
    plain = ChaCha20Poly1305(key[:32]).decrypt(bytes(11) + b"\1", octets[72:], None)
    assert plain == b"\4note" + (4).to_bytes(8, "big") + b"kept" + b"\0"
