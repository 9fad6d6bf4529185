"""Virtual doors on pages: only in a virtual house, only for those who may change doors, and what is typed there is nowhere."""

import json
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from tests.web.conftest import World
from tests.web.test_pages import HTML, send, token_of

from latchwork.base.errors import Misuse
from latchwork.sim.faults import FAULTS
from latchwork.web.app import create_app
from latchwork.web.pages.telling_virtual import grouped, in_words
from latchwork.web.pages.texts import texts_of
from latchwork.web.settings import WebSettings
from latchwork.web.virtual_doors import Build, Told, VirtualDoor, VirtualFault

TEXTS = texts_of("en")
BUILD = Build(model="u400", title="Aqara Smart Lock U400", reset_hold_s=5.0)
DOOR = VirtualDoor(id="1", number=1, door_id=None, build=BUILD, bolt="locked", leaf="closed", battery=80.0, qr="MT:X")


class ModelDoors:
    """One virtual door that remembers what was done to it."""

    def __init__(self):
        self.door = DOOR
        self.acts = []
        self.on = {}

    def list(self):
        return ["1"] if self.door else []

    def of_door(self, door_id):
        return "1" if self.door and self.door.door_id == door_id else None

    def state(self, virtual_id):
        return self.door if self.door and virtual_id == self.door.id else None

    def faults(self, virtual_id):
        return [
            VirtualFault(name=name, what=kind.what, takes=kind.takes, value=kind.default, is_on=name in self.on)
            for name, kind in FAULTS.items()
        ]

    def act(self, virtual_id, words):
        if "turn" in words and self.door.bolt == "between":
            raise Misuse("something is in the way", advice="Take it away.")
        self.acts.append(dict(words))

    def set_fault(self, virtual_id, name, value, *, is_on):
        self.acts.append((name, value, is_on))


@pytest.fixture
def doors():
    return ModelDoors()


@pytest.fixture
async def home(world, doors):
    """The same house with virtual doors."""
    app = create_app(
        world.house,
        clock=world.clock,
        entropy=world.house.entropy,
        settings=WebSettings(requests_per_minute=100_000),
        hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
        virtual_doors=doors,
    )
    found = World(app, world.house, world.clock)
    yield found
    await found.context.close()


@pytest.fixture
async def olive(home):
    return await home.owner()


async def act(browser, **words):
    token = token_of((await browser.get("/virtual/1", **HTML)).text)
    return await send(browser, "/virtual/1/act", referer="/virtual/1", csrf_token=token, **words)


async def act_json(browser, **words):
    return await browser.ask(
        "POST", "/virtual/1/act", words, origin="http://hub.test", x_csrf_token=browser.csrf, accept="application/json"
    )


async def test_a_hub_of_real_doors_has_no_virtual_ones(world, owner):
    for path in ("/virtual", "/virtual/1", "/virtual/1/label.svg"):
        assert (await owner.get(path, **HTML)).status == 404
    assert (await act_json(owner, keys="1")).status == 404
    assert "/virtual" not in (await owner.get("/", **HTML)).text


async def test_the_nav_leads_there_only_while_there_are_any(olive, doors):
    assert 'href="/virtual"' in (await olive.get("/", **HTML)).text
    doors.door = None
    assert 'href="/virtual"' not in (await olive.get("/", **HTML)).text
    assert (await olive.get("/virtual/1", **HTML)).status == 404


@pytest.mark.parametrize(("role", "is_let_in"), [("manager", True), ("resident", False), ("read_only", False)])
async def test_whoever_may_not_change_doors_does_not_stand_before_virtual_ones(home, olive, role, is_let_in):
    account = await home.account(olive, "Sam", role)
    page = (await account.get("/", **HTML)).text
    assert ('href="/virtual"' in page) == is_let_in
    assert (await account.get("/virtual/1", **HTML)).status == (200 if is_let_in else 403)
    assert (await act_json(account, turn="lock")).status == (204 if is_let_in else 403)


async def test_a_door_and_its_card_in_the_app_lead_to_the_drawn_one(home, olive, doors):
    door_id, _ = await home.door_with_lock(olive)
    assert "Stand before this door" not in (await olive.get("/", **HTML)).text
    doors.door = replace(DOOR, door_id=door_id)
    assert 'href="/virtual/1"' in (await olive.get("/", **HTML)).text
    page = (await olive.get("/virtual/1", **HTML)).text
    assert f'action="/doors/{door_id}/operate"' in page
    assert "Front" in (await olive.get("/virtual", **HTML)).text


async def test_every_control_is_a_form_that_works_without_script(olive, doors):
    for words in ({"key": "4"}, {"finger": "Ada"}, {"card": "blue"}, {"turn": "unlock"}, {"plate": "off"}):
        answer = await act(olive, side="inside", **words)
        assert (answer.status, answer.headers["location"]) == (303, "/virtual/1?side=inside")
    await act(olive, open="true")
    await act(olive, battery="25")
    await act(olive, phone="true")
    await act(olive, hold="reset", seconds="5.5")
    assert doors.acts == [
        *({"key": "4"}, {"finger": "Ada"}, {"card": "blue"}, {"turn": "unlock"}, {"plate": "off"}),
        *({"open": True}, {"battery": 25.0}, {"phone": True}, {"hold": "reset", "seconds": 5.5}),
    ]


async def test_a_short_press_is_what_a_button_is_without_script(olive, doors):
    page = (await olive.get("/virtual/1?side=inside", **HTML)).text
    assert 'id="side-inside" checked' in page
    assert 'name="seconds" value="0.3"' in page
    await act(olive, key="1", seconds="0.3")
    assert doors.acts == [{"key": "1"}]


@pytest.mark.parametrize(
    "words", [{"advance": "60"}, {"open": "yes"}, {"phone": "maybe"}, {"battery": "much"}, {"nonsense": "1"}, {}]
)
async def test_a_form_that_makes_no_sense_does_nothing(olive, doors, words):
    answer = await act(olive, **words)
    assert answer.status in {303, 422}
    assert [each for each in doors.acts if each] == []


@pytest.mark.parametrize(
    "words", [{"advance": 60}, {"keys": ["1"]}, {"finger": "x" * 65}, {"fault": 5}, {"fault": "slow", "value": 3}]
)
async def test_an_object_that_makes_no_sense_is_refused(olive, doors, words):
    assert (await act_json(olive, **words)).status == 422
    assert doors.acts == []


async def test_what_is_no_object_is_refused(olive):
    for body in (b"[]", b"{", b"7"):
        answer = await olive.ask(
            "POST",
            "/virtual/1/act",
            body=body,
            content_type="application/json",
            origin="http://hub.test",
            accept="application/json",
        )
        assert answer.status == 422


async def test_hands_need_a_page_of_ours(olive, doors):
    assert (await send(olive, "/virtual/1/act", turn="lock")).status == 403
    answer = await olive.ask("POST", "/virtual/1/act", {"turn": "lock"}, origin="https://evil.example", **HTML)
    assert answer.status == 403
    assert doors.acts == []


async def test_what_is_in_the_way_is_said(olive, doors):
    doors.door = replace(DOOR, bolt="between")
    answer = await act_json(olive, turn="lock")
    assert answer.status == 422
    assert "in the way" in answer.text


async def test_faults_are_switched_with_their_values(olive, doors):
    await act(olive, fault="slow", value="5", on="true")
    await act(olive, fault="slow", value="5", on="false")
    assert (await act_json(olive, fault="jammed", on=True)).status == 204
    assert doors.acts == [("slow", "5", True), ("slow", "5", False), ("jammed", None, True)]


def test_every_fault_has_plain_words_of_its_own():
    faults = [
        VirtualFault(name=name, what=kind.what, takes=kind.takes, value=kind.default, is_on=False)
        for name, kind in FAULTS.items()
    ]
    lines = [line for _, lines in grouped(faults, TEXTS) for line in lines]
    assert {line.name for line in lines} == set(FAULTS)
    for line in lines:
        assert f"virtual.fault.{line.name}" in TEXTS
        assert f"virtual.fault.{line.name}.more" in TEXTS
        assert not line.takes or f"virtual.takes.{line.takes}" in TEXTS


def test_a_fault_that_nobody_foresaw_is_told_in_its_own_words():
    fault = VirtualFault(name="brand-new", what="it hums", takes="VOLTS", value="3", is_on=True)
    ((group, (line,)),) = grouped([fault], TEXTS)
    assert (group, line.title, line.more, line.unit) == ("answers", "Brand new", "It hums.", "volts")


@pytest.mark.parametrize(
    ("event", "facts", "line"),
    [
        ("said", {"prompt": "entry.opened", "text": "Unlocked."}, "“Unlocked.”"),
        ("bolt", {"position": "Between"}, "Bolt half-way"),
        ("door", {"position": "DoorForcedOpen"}, "Door forced open"),
        ("held", {"what": "open", "by": "bolt"}, "The bolt holds the door. It does not open."),
        ("held", {"what": "close", "by": "bolt"}, "The bolt sticks out against the frame. The door does not close."),
        ("operated", {"what": "Unlock", "source": "Keypad", "user": 1}, "Unlocked at the keypad"),
        (
            "refused",
            {"what": "Unlock", "source": "Rfid", "error": "InvalidCredential"},
            "Refused with a card: it does not know this",
        ),
        ("users", {"change": "Add", "what": "UserIndex"}, "A user added"),
        ("users", {"change": "Clear", "what": "Pin"}, "Pin removed"),
        ("window", {"open": True, "seconds": 600}, "Ready to pair"),
        ("fault", {"name": "slow", "on": True, "value": "3"}, "A slow motor: on"),
        ("alarm", {"alarm": "WrongCodeEntryLimit"}, "Alarm: too many wrong codes"),
        ("battery", {"percent": 12.0}, "Battery at 12 %"),
        ("power", {"on": False}, "Power off"),
        ("commissioned", {}, "It belongs to a home now"),
        ("something_else", {}, "Something else"),
    ],
)
def test_what_a_lock_tells_is_said_in_plain_words(event, facts, line):
    assert in_words(Told(number=1, at=0.0, event=event, facts=facts), TEXTS) == line


async def test_a_page_shows_what_is_and_no_digit_of_what_is_typed(olive, doors):
    said = Told(number=9, at=1_800_000_000.0, event="said", facts={"text": "That <does> not open this lock."})
    doors.door = replace(DOOR, typed=4, said=said, said_s=7.0, told=(said,), light="bad", flash=9)
    page = (await olive.get("/virtual/1", **HTML)).text
    assert "That &lt;does&gt; not open this lock." in page
    assert page.count("<i></i>") == 4
    assert "4 digits typed" in page
    await act(olive, key="7")
    doors.door = replace(DOOR, build=replace(BUILD, keypad=False, fingers=False, cards=False))
    page = (await olive.get("/virtual/1", **HTML)).text
    assert 'name="key"' not in page
    assert 'name="finger"' not in page
    assert 'name="card"' not in page


async def test_the_label_is_a_picture_of_the_lock_s_own_code(olive):
    answer = await olive.get("/virtual/1/label.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert b"<svg" in answer.body


async def test_nothing_of_it_is_in_the_description_of_the_api(olive):
    assert "/virtual" not in json.dumps((await olive.get("/api/v1/openapi.json")).json["paths"])
