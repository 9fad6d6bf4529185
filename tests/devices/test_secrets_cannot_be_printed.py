"""Codes, cards and passcodes go in through everything that takes them; then they are looked for wherever something can be read.

Looked for as text, octets, hexadecimal, base64, numbers, backwards and as digests; in log lines, in what objects print of themselves, in
errors, in what peers are told, and in what is stored.
"""

import asyncio
import base64
import functools
import hashlib
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import traceback
import types
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.support.bench import CODES, Bench, Refusal
from tests.support.front_door import BY_THE_APP, FrontDoor
from tests.support.world import tell

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import Secret
from latchwork.devices.models import GENERIC
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.panel_effects import NewMasterCode
from latchwork.doorlock.panel_memory import change_memory
from latchwork.matter.interaction.client import AttributeQuery, EventQuery
from latchwork.matter.interaction.values import AttributeValue, EventValue
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.onboarding import qr_code
from latchwork.matter.tlv.schema import Struct
from latchwork.sim.lock import label
from latchwork.store.kv import FileStore

ADD, MODIFY = wire.DataOperationTypeEnum.ADD, wire.DataOperationTypeEnum.MODIFY
EXAMPLES = 100 if int(os.environ.get("LATCHWORK_STEPS", "10000")) >= 100_000 else 4
BYTES_ATTRIBUTES = (bytes, bytearray, memoryview)


def forms(secret):
    """How it might show: as text, and as octets."""
    numbers = [str(list(secret)), " ".join(map(str, secret)), secret.hex(" "), secret.hex(":")]
    texts = {repr(secret)[2:-1], repr(secret[::-1])[2:-1], ascii(secret.decode("latin-1"))[1:-1], *numbers}
    for each in (secret, secret[::-1]):
        texts |= {each.hex(), each.hex().upper(), base64.b64encode(each).decode().rstrip("=")}
        texts.add(base64.urlsafe_b64encode(each).decode().rstrip("="))
    digests = [hashlib.new(name, secret).digest() for name in ("sha256", "sha1", "md5")]
    crc = zlib.crc32(secret)
    texts |= {digest.hex() for digest in digests} | {digest.hex().upper() for digest in digests}
    texts |= {f"{crc:08x}", f"{crc:08X}", str(crc)}
    octets = {secret, secret[::-1], *digests, crc.to_bytes(4, "big"), crc.to_bytes(4, "little")}
    octets |= {text.encode() for text in texts}
    if secret.isdigit():
        # Codes with leading zeros are as good; a number that is one code and many others is not looked for.
        octets.add(int(secret).to_bytes(5, "little"))
        octets.add(int(secret).to_bytes(5, "big"))
    return texts, octets


class Search:
    """What was looked through, and what was found there."""

    def __init__(self, secrets):
        known = {name: forms(secret) for name, secret in secrets.items()}
        self.texts = {text: name for name, (texts, _) in known.items() for text in texts}
        self.octets = {octets: name for name, (_, all_octets) in known.items() for octets in all_octets}
        self.text_pattern = re.compile("|".join(map(re.escape, self.texts)))
        self.octet_pattern = re.compile(b"|".join(map(re.escape, self.octets)))
        self.found = set()
        self.looked = 0

    def text(self, where, text):
        self.looked += 1
        for hit in self.text_pattern.finditer(text):
            self.found.add((where, self.texts[hit.group()], text[max(0, hit.start() - 60) : hit.end() + 20]))

    def octets_in(self, where, octets):
        self.looked += 1
        for hit in self.octet_pattern.finditer(bytes(octets)):
            self.found.add((where, self.octets[hit.group()]))

    def objects(self, *roots):
        """What every object of ours that can be reached prints of itself."""
        seen, todo = set(), list(roots)
        while todo:
            one = todo.pop()
            if id(one) in seen or isinstance(one, (type, types.ModuleType)):
                continue
            seen.add(id(one))
            if isinstance(one, (list, tuple, set, frozenset)) or type(one).__name__ in {"deque", "dict_values"}:
                todo.extend(one)
            if hasattr(one, "items") and hasattr(one, "keys"):
                todo.extend(one.keys())
                todo.extend(one.values())
            elif isinstance(one, types.MethodType):
                todo.append(one.__self__)
            elif isinstance(one, types.FunctionType):
                with suppress(ValueError):
                    todo.extend(cell.cell_contents for cell in one.__closure__ or ())
            elif isinstance(one, functools.partial):
                todo.extend((one.func, one.args, one.keywords))
            if type(one).__module__.startswith("latchwork") or isinstance(one, BaseException):
                self.text(type(one).__qualname__, f"{one!r} {one!s} {one}")
                todo.extend(attributes(one))
            todo = [each for each in todo if not isinstance(each, (str, int, float, *BYTES_ATTRIBUTES, type(None)))]
        self.looked += len(seen)
        return len(seen)

    def error(self, error):
        lines = traceback.format_exception(error)
        self.text("error", "".join(lines))
        self.objects(error, error.__cause__, error.__context__)

    def wire(self, entries):
        for entry in entries:
            if isinstance(entry, (AttributeValue, EventValue)):
                self.text("told", repr(entry))
                self.content(entry.value)

    def content(self, value):
        """All of a value, also what it does not print."""
        if isinstance(value, Struct):
            self.octets_in(type(value).__name__, value.encode())
        elif isinstance(value, (tuple, list)):
            for each in value:
                self.content(each)
        elif isinstance(value, BYTES_ATTRIBUTES):
            self.octets_in("value", value)
        else:
            self.text("value", str(value))


def attributes(one):
    for kind in type(one).__mro__:
        for name in getattr(kind, "__slots__", ()):
            with suppress(AttributeError):
                yield getattr(one, name)
    yield from getattr(one, "__dict__", {}).values()


class Lines(logging.Handler):
    """Every log line, with everything that a handler could make of it."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.said = []

    def emit(self, record):
        parts = [record.getMessage(), repr(record.args), repr(getattr(record, "fields", {}))]
        if record.exc_info:
            parts += traceback.format_exception(*record.exc_info)
        self.said.append(" ".join(parts))


@contextmanager
def all_log_lines():
    root, lines = logging.getLogger(), Lines()
    before = {each: each.level for each in (root, logging.getLogger("latchwork"), logging.getLogger("asyncio"))}
    for each in before:
        each.setLevel(logging.DEBUG)
    root.addHandler(lines)
    try:
        yield lines.said
    finally:
        root.removeHandler(lines)
        for each, level in before.items():
            each.setLevel(level)


@dataclass(frozen=True)
class Secrets:
    """What nobody may read."""

    pin: bytes
    new_pin: bytes
    wrong_pin: bytes
    door_pin: bytes
    master: bytes
    card: bytes
    strange_card: bytes
    reader_key: bytes
    passcode: int
    wrong_passcode: int

    def all(self):
        values = dict(vars(self))
        for name in ("passcode", "wrong_passcode"):
            values[name] = b"%08d" % values[name]
        return values


def secrets_of(seed):
    """Drawn by dice of our own: Hypothesis likes numbers that the code knows, such as versions, which may be printed."""
    dice = Random(seed)
    codes = [b"%d" % dice.randrange(10**8, 10**10) for _ in range(5)]
    cards = [dice.randbytes(dice.randrange(8, 21)) for _ in range(2)]
    passcodes = [dice.randrange(12_345_679, 87_654_320) for _ in range(2)]
    return Secrets(*codes, *cards, dice.randbytes(32), *passcodes)


SECRETS = st.integers(0, 2**64 - 1).map(secrets_of)


def credential(op, kind, index, secret, user_index=None):
    return wire.SetCredential(
        operation_type=op,
        credential=wire.CredentialStruct(credential_type=wire.CredentialTypeEnum(kind), credential_index=index),
        credential_data=secret,
        user_index=user_index,
        user_status=None,
        user_type=None,
    )


def requests(secrets):
    """What an administrator sends, right and wrong."""
    reader = wire.SetAliroReaderConfig(
        signing_key=secrets.reader_key,
        verification_key=b"\x04" + bytes(64),
        group_identifier=bytes(16),
        group_resolving_key=bytes(16),
    )
    return (
        (DoorLock.set_credential, credential(ADD, 1, 1, secrets.pin)),
        (DoorLock.set_credential, credential(ADD, 1, 2, secrets.pin)),  # a duplicate
        (DoorLock.set_credential, credential(ADD, 1, 1, secrets.new_pin)),  # occupied
        (DoorLock.set_credential, credential(ADD, 4, 1, secrets.card)),  # no such kind
        (DoorLock.set_credential, credential(ADD, 2, 1, secrets.card, 1)),
        (DoorLock.unlock_door, wire.UnlockDoor(pin_code=secrets.pin)),
        (DoorLock.unlock_door, wire.UnlockDoor(pin_code=secrets.wrong_pin)),
        (DoorLock.lock_door, wire.LockDoor(pin_code=secrets.wrong_pin)),
        (DoorLock.unlock_with_timeout, wire.UnlockWithTimeout(timeout=5, pin_code=secrets.wrong_pin)),
        (DoorLock.unbolt_door, wire.UnboltDoor(pin_code=secrets.wrong_pin)),
        (DoorLock.set_credential, credential(MODIFY, 1, 1, secrets.new_pin, 1)),
        (DoorLock.set_credential, credential(MODIFY, 1, 1, secrets.wrong_pin, 7)),  # not theirs
        (DoorLock.set_aliro_reader_config, reader),
        (DoorLock.set_aliro_reader_config, reader),  # has its keys already
    )


async def administer(peer, secrets, search):
    for command, request in requests(secrets):
        search.text("request", f"{request!r} {request!s}")
        try:
            answer = await peer.invoke(1, command, request)
        except LatchworkError as error:
            search.error(error)
        else:
            search.text("answer", repr(answer))
            search.content(answer)
    for kind in (1, 2):
        place = wire.CredentialStruct(credential_type=wire.CredentialTypeEnum(kind), credential_index=1)
        told = await peer.invoke(1, DoorLock.get_credential_status, wire.GetCredentialStatus(credential=place))
        assert told.credential_exists
        search.content(told)
    told = await peer.invoke(1, DoorLock.get_user, wire.GetUser(user_index=1))
    assert len(told.credentials) == 2
    search.content(told)


async def come_home(door, secrets):
    await door.enter(secrets.wrong_pin)
    assert door.last_prompt == "entry.wrong"
    await door.enter(secrets.new_pin)
    assert door.is_open
    await door.lock_up()
    await door.show_card(secrets.strange_card)
    await door.show_card(secrets.card)
    assert door.is_open
    await door.lock_up()
    # Half a code, and nothing more.
    await door.keys(secrets.pin[:6])
    await asyncio.sleep(60)


async def program(door, secrets, search):
    door.panel.vendor_app.is_bound = True
    with door.node.turn():
        change = NewMasterCode(Secret(secrets.master))
        search.text("change", repr(change))
        door.lock.program(lambda register, _author: change_memory(register, BY_THE_APP, change))
    await door.press_set()
    await door.enter(secrets.master)
    assert door.panel.state.is_in_setup
    await door.keys("1#1")
    await door.enter(secrets.door_pin)
    search.objects(door.panel)
    await door.enter(secrets.wrong_pin)  # not the same again
    await door.enter(secrets.door_pin)
    search.objects(door.panel)
    await door.enter(secrets.door_pin)
    assert door.last_prompt == "user.enrolled"
    await door.keys("*")
    await door.enter(secrets.door_pin)
    assert door.is_open


def look_through_folder(search, folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"store.db", "store.db-wal", "store.db.key"} <= {path.name for path in files}
    for path in files:
        search.octets_in(path.name, path.read_bytes())


def a_day(secrets, search, folder):
    async def play(world):
        store = world.stores["door"] = FileStore(folder / "store.db")
        door = await FrontDoor(world, GENERIC, passcode=secrets.passcode).start()
        home = await world.controller()
        stranger = label(door.config).__class__
        wrong = {name: getattr(label(door.config), name) for name in stranger.__slots__}
        wrong["passcode"] = secrets.wrong_passcode
        with pytest.raises(LatchworkError) as caught:
            await home.commission(stranger(**wrong))
        search.error(caught.value)
        search.text("label", repr(label(door.config)))
        peer = await home.commission(qr_code(label(door.config)))
        heard = []
        await peer.subscribe(EventQuery(is_urgent=True), on_report=heard.extend, max_s=60)
        await administer(peer, secrets, search)
        await come_home(door, secrets)
        code = await peer.open_window()
        search.text("window", f"{code!r} {code}")
        await asyncio.sleep(200)
        await program(door, secrets, search)
        await asyncio.sleep(5)
        search.wire(heard)
        assert len(heard) > 15
        search.wire(await peer.read(AttributeQuery()))
        search.wire(await peer.read(EventQuery()))
        register = door.register
        found = [register.credential(CredentialKind.PIN, 1), *register.users(), *door.parts.values()]
        seen = search.objects(door.node, door.lock, door.panel, home, peer, world.air, register, found, door.config)
        assert seen > 1000
        for text in door.voice.texts:
            search.text("said", text)
        look_through_folder(search, folder)
        await world.locks.pop("door").close()
        store.close()
        for path in folder.iterdir():
            search.octets_in(path.name, path.read_bytes())

    tell(play)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, phases=[Phase.generate])
@given(secrets=SECRETS)
def test_nothing_that_is_logged_printed_told_or_stored_holds_a_code(secrets):
    search = Search(secrets.all())
    with tempfile.TemporaryDirectory() as folder, all_log_lines() as lines:
        a_day(secrets, search, Path(folder))
        for line in lines:
            search.text("log", line)
    assert lines
    assert not search.found


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, phases=[Phase.generate])
@given(secrets=SECRETS)
def test_a_lock_without_users_prints_no_code_either(secrets):
    search = Search({"pin": secrets.pin[:8], "card": secrets.card, "wrong": secrets.wrong_pin[:8]})
    with all_log_lines() as lines:
        bench = Bench(CODES)
        for command, request in (
            (DoorLock.set_pin_code, wire.SetPinCode(user_id=1, user_status=1, user_type=0, pin=secrets.pin[:8])),
            (DoorLock.set_pin_code, wire.SetPinCode(user_id=2, user_status=1, user_type=0, pin=secrets.pin[:8])),
            (DoorLock.set_pin_code, wire.SetPinCode(user_id=99, user_status=1, user_type=0, pin=secrets.wrong_pin[:8])),
            (DoorLock.set_rfid_code, wire.SetRfidCode(user_id=1, user_status=1, user_type=0, rfid_code=secrets.card)),
        ):
            search.text("request", repr(request))
            try:
                bench.invoke(command, request)
            except Refusal as refusal:
                search.error(refusal)
        # These two are asked for the code itself; what they print is another matter.
        told = bench.invoke(DoorLock.get_pin_code, wire.GetPinCode(user_id=1))
        assert told.pin_code == secrets.pin[:8]
        search.text("answer", f"{told!r} {told}")
        told = bench.invoke(DoorLock.get_rfid_code, wire.GetRfidCode(user_id=1))
        assert told.rfid_code == secrets.card
        search.text("answer", f"{told!r} {told}")
        search.objects(bench.node, bench.lock, bench.heard)
        for key in bench.store.keys(""):
            search.octets_in(key, bench.store.get(key))
        for payload in bench.heard:
            search.content(payload)
        for line in lines:
            search.text("log", line)
    assert not search.found


@pytest.mark.parametrize("secret", [b"135792468", b"\x00\x01'\"\\card\xff\x80\x7f"])
def test_the_search_finds_what_is_there(secret):
    digest = hashlib.sha1(secret).hexdigest()
    for text in (repr(secret), secret.hex(), base64.b64encode(secret).decode(), digest, str(zlib.crc32(secret))):
        search = Search({"it": secret})
        search.text("here", f"x={text};")
        assert search.found
    search = Search({"it": secret})
    search.octets_in("here", b"\x00" + secret + b"\x00")
    search.objects({"a": [LatchworkError(f"no: {secret!r}")]})
    assert {where for where, *_ in search.found} == {"here", "LatchworkError"}


def test_the_process_that_plays_a_lock_writes_no_code(tmp_path):
    pin, card, half = b"864209753", b"\x04\x91\x82\x73\x64\x55\x46", b"97531864"
    lines = [
        {"keys": f"{pin.decode()}#"},
        {"keys": f"{pin.decode()}x"},
        {"keys": int(pin)},
        {"key": pin.decode()},
        {"card": card.hex()},
        {"card": list(card)},
        {"press": pin.decode()},
        {"door": pin.decode()},
        {"turn": pin.decode()},
        {"battery": int(pin)},
        {"keys": half.decode()},
        {"nothing": pin.decode()},
    ]
    text = "\n".join(map(json.dumps, lines)) + f'\n{{"keys":"{pin.decode()}#"\n{pin.decode()}\n"{pin.decode()}"\n'
    options = ("--interface", "lo", "--port", "0", "--storage", str(tmp_path / "lock.db"), "--log", "debug", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "latchwork.cli", "lock", *options],
        input=text.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b'"ready"' in done.stdout
    assert done.stdout.count(b"\n") > len(lines) // 2
    search = Search({"pin": pin, "card": card, "half": half})
    search.octets_in("standard output", done.stdout)
    search.octets_in("standard error", done.stderr)
    assert not search.found
