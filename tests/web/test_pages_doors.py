"""A door on pages: everything that is known of it and nothing more, and each change with the word that it needs."""

import re
from dataclasses import replace

import pytest
from tests.support.shared_lock import APPLE, GOOGLE, SharedLock
from tests.web.conftest import PASSWORD
from tests.web.test_pages import HTML, send, token_of
from tests.web.test_pages_people import added

from latchwork.base.errors import Refused, Unreachable
from latchwork.devices.models import MODELS
from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import Observed, SeenCredential, SeenUser, Slot
from latchwork.hub.house.placed import PlacedUser
from latchwork.hub.listening.history import SampleKind
from latchwork.hub.status import LockStatus
from latchwork.web.pages.reset_guides import GENERIC, GUIDES, guide_for
from latchwork.web.pages.texts import texts_of

DAY = 86_400.0
NOW = 1_800_000_000.0
TEXTS = texts_of("en")


class House:
    """A door with a lock, and whoever looks at its pages."""

    def __init__(self, world, owner, door_id, lock_id):
        self.world = world
        self.owner = owner
        self.door_id = door_id
        self.lock_id = lock_id
        self.locks = world.house.locks

    async def get(self, rest="", who=None):
        return await (who or self.owner).get(f"/doors/{self.door_id}{rest}", **HTML)

    async def post(self, rest, who=None, **fields):
        who = who or self.owner
        page = await who.get("/", **HTML)
        token = re.search(r'name="csrf-token" content="([^"]+)"', page.text)[1]
        return await send(who, f"/doors/{self.door_id}{rest}", csrf_token=token, **fields)

    def set_status(self, **changes):
        self.locks.states[self.lock_id] = replace(self.locks.status(self.lock_id), **changes)

    def set_foreign(self):
        """Somebody else's user, one of nobody, one that this hub made earlier, and a code without a user."""
        self.locks.seen[self.lock_id] = Observed(
            users={
                2: SeenUser(index=2, name="Cleaner", creator=2, credentials=((CredentialKind.PIN, 4),)),
                3: SeenUser(index=3, creator=0),
                5: SeenUser(index=5, name="Uncle", creator=1),
                6: Slot.EMPTY,
            },
            credentials={
                (CredentialKind.PIN, 4): SeenCredential(kind=CredentialKind.PIN, index=4, user_index=2, creator=2),
                (CredentialKind.PIN, 9): SeenCredential(kind=CredentialKind.PIN, index=9),
            },
            read_at=NOW,
        )
        self.set_status(fabrics={1: "Latchwork", 2: "Apple (Home)"})

    @property
    def done(self):
        return self.locks.done


@pytest.fixture
async def house(world, owner):
    door_id, lock_id = await world.door_with_lock(owner)
    lock = world.house.repository.lock(lock_id)
    await world.house.repository.put_lock(
        replace(lock, fabric_index=1, vendor="Aqara", product="Aqara Smart Lock U200", serial="S-17", firmware="1.4")
    )
    return House(world, owner, door_id, lock_id)


# The door's page


async def test_what_is_known_of_a_door_is_on_its_page(house):
    house.set_status(door_state="closed", battery_percent=64, heard_at=NOW, fabrics={1: "Latchwork", 2: "Apple (Home)"})
    house.locks.can = {"kinds": {CredentialKind.PIN: 20, CredentialKind.FINGERPRINT: 20}}
    house.set_foreign()
    _, person_id = await added(house.world, house.owner, door_ids=house.door_id)
    await house.world.house.repository.save_troubles(
        house.lock_id,
        [Trouble(code=TroubleCode.CODE_LENGTH, message="The code is too long.", advice="Take another.", person_id=person_id)],
    )  # fmt: skip
    page = (await house.get()).text
    for text in (
        "Front",
        "Locked",
        "Door closed",
        "64 %",
        "The code is too long.",
        "Take another.",
        "To Ada",
        "Apple (Home)",
    ):
        assert text in page, text
    for text in ("Aqara Smart Lock U200", "S-17", "1.4", "2 of 20", "4 to review"):
        assert text in page, text
    assert "Aqara Aqara" not in page
    assert f"/people/{person_id}" in page
    assert "Latchwork, Apple" not in page, "the hub itself is no other ecosystem"


async def test_what_the_lock_has_not_said_is_said_so(house):
    house.set_status(lock_state=None, battery_percent=None, is_reachable=False, why="it stopped reporting", since=NOW)
    page = (await house.get()).text
    for text in ("The lock does not say", "Does not answer since", "it stopped reporting", "Not heard yet"):
        assert text in page, text
    assert "does not say how full its battery is" in page
    assert "has not been asked yet" in page
    assert "not been read yet" in page
    assert '<svg class="chart' not in page


async def test_the_battery_and_the_link_are_drawn_with_words_for_those_who_do_not_see_it(house):
    clock, kept = house.world.clock, house.world.house.history
    house.set_status(battery_percent=61, battery_level="ok", heard_at=NOW + 40 * DAY)
    for day in range(40):
        await kept.keep(house.lock_id, {SampleKind.BATTERY: 100.0 - day, SampleKind.THREAD_RSSI: -84.0 - day / 4})
        clock.advance(DAY)
    assert (await house.owner.log_in("Olive", PASSWORD)).status == 201
    page = (await house.get()).text
    assert "Battery over time: now 61 %, between 61 % and 90 %." in page
    assert "Link quality over time: now Weak · -94 dBm" in page
    assert page.count('class="chart line-chart"') == 2
    week = (await house.get("?days=7")).text
    assert "between 61 % and 67 %" in week
    assert (await house.get("?days=3")).text.count('aria-current="true"') == 1
    told = (await house.owner.get(f"/api/v1/locks/{house.lock_id}/history?kind=thread_rssi&days=365")).json
    assert (told["is_told"], len(told["samples"])) == (True, 40)
    wifi = (await house.owner.get(f"/api/v1/locks/{house.lock_id}/history?kind=wifi_rssi")).json
    assert (wifi["is_told"], wifi["samples"]) == (None, [])


async def test_a_guest_sees_the_control_of_their_door_and_nothing_else(house):
    _, person_id = await added(house.world, house.owner, "Gus", door_ids=house.door_id)
    guest = await house.world.account(house.owner, "Gus", "guest", person_id)
    page = (await house.get(who=guest)).text
    assert "Unlock Front" in page
    for text in ("Who has access", "Over time", "Ecosystems", "S-17", "Lately"):
        assert text not in page
    assert (await house.get("/sharing", who=guest)).status == 403
    other, _ = await house.world.door_with_lock(house.owner, "Back")
    assert (await guest.get(f"/doors/{other}", **HTML)).status == 404


async def test_looking_again_is_asked_for_by_a_button(house):
    answer = await house.post("/look")
    assert (answer.status, answer.headers["location"]) == (303, f"/doors/{house.door_id}")
    assert house.done == [(house.lock_id, "wake")]


async def test_doors_are_renamed_and_put_in_order(house):
    for name in ("Back", "Cellar"):
        await house.world.door_with_lock(house.owner, name)
    answer = await house.post("/edit", name="Main door", place="3")
    assert answer.status == 303
    assert [each.name for each in house.world.house.repository.doors()] == ["Back", "Cellar", "Main door"]
    await house.post("/edit", name="Main door", place="1")
    assert [each.name for each in house.world.house.repository.doors()] == ["Main door", "Back", "Cellar"]
    assert (await house.post("/edit", name="Main door", place="9")).status == 422
    assert (await house.post("/edit", name="", place="1")).status == 422


async def test_a_door_without_a_lock_goes_when_its_name_is_typed(house):
    await house.post("/remove", confirm="front")
    await house.world.job_done(house.owner, "none")
    assert (await house.post("/delete", confirm="Back")).status == 422
    assert (await house.post("/delete", confirm="Front")).status == 303
    assert house.world.house.repository.doors() == []


# Ecosystems


@pytest.fixture
def shared(house):
    """What stands behind the lock for sharing."""
    sharing = house.world.house.sharing
    lock = sharing.locks[house.world.house.repository.lock(house.lock_id).node_id] = SharedLock(1)
    lock.fabrics[2] = replace_label(lock, 2, APPLE, "Home")
    return lock


def replace_label(lock, index, vendor, label):
    lock.joins(index, vendor, label)
    return lock.fabrics[index]


async def test_a_lock_is_shared_with_code_picture_steps_and_what_is_left_of_the_time(house, shared):
    page = (await house.get("/sharing")).text
    assert "Home" in page
    assert "3 places free" in page
    answer = await house.post("/sharing", ecosystem="google")
    assert answer.status == 303
    answer = await house.get("/sharing")
    code = re.search(r'class="big-code pairing"[^>]*>([\d-]+)<', answer.text)[1]
    assert re.fullmatch(r"\d{4}-\d{3}-\d{4}", code)
    assert "content-encoding" not in answer.headers
    assert f"/api/v1/locks/{house.lock_id}/share/qr" in answer.text
    assert 'data-left-s="900"' in answer.text
    assert "Open for Google Home" in answer.text
    again = await house.post("/sharing", ecosystem="apple")
    assert again.status == 409
    assert "this hub opened it" in again.text
    assert code in again.text, "the code stays where it was"
    assert (await house.post("/sharing/end")).status == 303
    assert code not in (await house.get("/sharing")).text


async def test_who_joined_and_what_others_opened_is_told(house, shared):
    await house.post("/sharing", ecosystem="google")
    shared.joins(3, GOOGLE, "Villa")
    page = (await house.get("/sharing")).text
    assert "Joined: Google (Villa)." in page
    house.world.clock.advance(3600)
    assert "Joined:" not in (await house.get("/sharing")).text
    shared.opener = (3, GOOGLE)
    page = (await house.get("/sharing")).text
    assert "Google (Villa) has opened this lock" in page
    assert "Show the code" not in page


async def test_a_lock_that_does_not_answer_is_not_said_to_be_closed(house, shared):
    house.set_status(fabrics={1: "Latchwork", 2: "Apple (Home)"})
    shared.is_silent = True
    page = (await house.get("/sharing")).text
    assert "is not known" in page
    assert "As the lock said last" in page
    assert "Show the code" not in page


async def test_an_ecosystem_goes_by_its_typed_name_and_by_an_owner_only(house, shared):
    manager = await house.world.account(house.owner, "Max", "manager")
    page = (await house.get("/sharing", who=manager)).text
    assert "Only an owner" in page
    assert "/fabrics/" not in page
    assert (await house.get("/fabrics/2", who=manager)).status == 403
    assert (await house.post("/fabrics/2", who=manager, confirm="Apple")).status == 403
    page = (await house.get("/fabrics/2")).text
    assert "Codes that it put on the lock stay" in page
    assert (await house.post("/fabrics/2", confirm="Google")).status == 422
    assert (await house.get("/fabrics/1")).status == 404, "the hub itself is not on offer"
    assert 2 in shared.fabrics
    assert (await house.post("/fabrics/2", confirm="apple")).status == 303
    assert 2 not in shared.fabrics
    reader = await house.world.account(house.owner, "Ray", "read_only")
    assert "This hub" in (await house.get("/sharing", who=reader)).text


# What is not ours


async def test_what_others_put_there_is_shown_with_who_made_it(house):
    assert "not been read yet" in (await house.get("/foreign")).text
    house.set_foreign()
    page = (await house.get("/foreign")).text
    for key, who in (
        ("user-2", "Apple (Home)"),
        ("user-3", "has left the lock"),
        ("user-5", "This hub, earlier"),
        ("pin-9", "At the lock, or not said"),
    ):
        assert f"/foreign/{key}" in page
        one = (await house.get(f"/foreign/{key}")).text
        assert who in page
        assert who in one
    assert (await house.get("/foreign/user-77")).status == 404
    house.locks.seen[house.lock_id] = Observed(read_at=NOW)
    assert "Nothing of others" in (await house.get("/foreign")).text


async def test_it_is_cleared_only_by_an_owner_who_types_its_name(house):
    house.set_foreign()
    manager = await house.world.account(house.owner, "Max", "manager")
    page = (await house.get("/foreign/user-2", who=manager)).text
    assert "Only an owner" in page
    assert "<form" not in page.partition("<main")[2]
    assert (await house.post("/foreign/user-2/clear", who=manager, confirm="Cleaner")).status == 403
    assert (await house.post("/foreign/user-2/clear", confirm="")).status == 422
    assert (await house.post("/foreign/user-2/clear", confirm="Uncle")).status == 422
    assert house.done == []
    assert (await house.post("/foreign/user-2/clear", confirm="cleaner")).status == 303
    assert (await house.post("/foreign/pin-9/clear", confirm="pin 9")).status == 303
    assert house.done == [
        (house.lock_id, "clear", 2, None),
        (house.lock_id, "clear", None, (CredentialKind.PIN, 9)),
    ]


async def test_only_what_this_hub_made_is_offered_to_be_taken_over(house):
    house.set_foreign()
    _, person_id = await added(house.world, house.owner, "Ada", door_ids=house.door_id)
    assert "lets only whoever made this change it" in (await house.get("/foreign/user-2")).text
    assert "Take over Uncle" in (await house.get("/foreign/user-5")).text
    stale = await house.post("/foreign/user-5/adopt", confirm="Somebody else", person_id=person_id)
    assert stale.status == 409
    assert (await house.post("/foreign/user-5/adopt", confirm="Uncle", person_id=person_id)).status == 303
    assert (await house.post("/foreign/pin-9/adopt", confirm="pin 9", person_id=person_id)).status == 422
    assert house.done == [(house.lock_id, "adopt", 5, person_id)]


# Settings


@pytest.fixture
def settings(house):
    found = house.world.house.lock_settings
    found.values[house.lock_id] = {
        "auto_relock_time": 0,
        "sound_volume": "medium",
        "enable_one_touch_locking": True,
        "language": "en",
    }
    return found


async def test_settings_are_changed_one_at_a_time_and_told_as_the_lock_has_them(house, settings):
    page = (await house.get("/settings")).text
    assert "Lock by itself after" in page
    assert "Mode" not in page, "this lock does not have it"
    for key, value in (
        ("auto_relock_time", "30"),
        ("sound_volume", "silent"),
        ("enable_one_touch_locking", "off"),
        ("language", "de"),
    ):
        assert (await house.post("/settings", setting=key, value=value)).status == 303
    told = (await house.owner.get(f"/api/v1/locks/{house.lock_id}/settings")).json["data"]
    assert [each["value"] for each in told] == [30, "silent", False, "de"]
    assert (await house.post("/settings", setting="no_such", value="1")).status == 404


async def test_what_the_lock_refuses_is_said_at_the_setting(house, settings):
    settings.refusal = Refused("the lock does not take this value", advice="Try another one.")
    answer = await house.post("/settings", setting="auto_relock_time", value="30")
    assert answer.status == 502
    where = answer.text.partition('id="setting-auto_relock_time"')[2].partition("</form>")[0]
    assert "does not take this value" in where
    assert 'value="0"' in where, "what the lock has"
    wrong = await house.post("/settings", setting="auto_relock_time", value="soon")
    assert wrong.status == 422
    assert (await house.post("/settings", setting="language", value="English")).status == 422
    path = f"/api/v1/locks/{house.lock_id}/settings/auto_relock_time"
    assert (await house.owner.patch(path, {"value": "30"})).status == 422
    assert (await house.owner.patch(path, {"value": True})).status == 422
    assert settings.values[house.lock_id]["auto_relock_time"] == 0


async def test_settings_of_a_lock_that_is_away_are_not_made_up(house, settings):
    house.set_status(is_reachable=False)
    page = (await house.get("/settings")).text
    assert "it does not answer now" in page
    assert "<select" not in page
    house.locks.states[house.lock_id] = LockStatus(is_reachable=True)
    reader = await house.world.account(house.owner, "Ray", "read_only")
    page = (await house.get("/settings", who=reader)).text
    assert page.count(" disabled") == 4
    assert (await house.post("/settings", who=reader, setting="language", value="de")).status == 403


# Replacing, removing, resetting


async def test_another_lock_comes_to_the_door(house):
    page = await house.get("/replace")
    assert "everybody who has access" in page.text
    assert (await house.post("/replace", setup_code="1234")).status == 422
    answer = await house.post("/replace", setup_code="34970112332")
    assert answer.headers["location"].startswith("/jobs/")
    await house.world.job_done(house.owner, "none")
    assert "Replacing a lock" in (await house.owner.get(answer.headers["location"], **HTML)).text
    assert house.world.house.repository.door(house.door_id).lock_id != house.lock_id


async def test_a_lock_is_given_up_only_where_it_does_not_answer(house):
    house.set_foreign()
    person_id = await house.world.person(house.owner)
    await house.world.house.repository.save_placed_user(PlacedUser(lock_id=house.lock_id, key=person_id, index=1))
    page = (await house.get("/remove")).text
    assert "Cleaner" in page
    assert "is_forced" not in page
    refused = await house.post("/remove", confirm="Front", is_forced="1")
    assert refused.status == 409
    assert (await house.post("/remove", confirm="Back")).status == 422
    house.set_status(is_reachable=False)
    page = (await house.get("/remove")).text
    assert "the codes of Ana stay on it" in page
    answer = await house.post("/remove", confirm="Front", is_forced="1")
    assert answer.headers["location"].startswith("/jobs/")
    await house.world.job_done(house.owner, "none")
    assert house.world.house.repository.door(house.door_id).lock_id is None
    page = (await house.get()).text
    assert "No lock on this door" in page
    assert (await house.get("/remove")).status == 409


async def test_the_guide_shows_what_is_lost_first_and_what_costs_nothing_before_what_does(house):
    house.set_foreign()
    person_id = await house.world.person(house.owner)
    await house.world.house.repository.save_placed_user(PlacedUser(lock_id=house.lock_id, key=person_id, index=1))
    page = (await house.get("/reset")).text
    order = [
        "What a factory reset would erase",
        "Ana",
        "Cleaner",
        "Apple (Home)",
        "nothing is lost",
        "Have the hub look again",
        "Charge it fully",
        "Press the reset button briefly",
        "Only then: factory reset",
        "battery bay",
        "Hold it for 10 seconds.",
        "everybody gets their code back",
    ]
    places = [page.index(text) for text in order]
    assert places == sorted(places)
    assert "not known here" not in page
    lock = house.world.house.repository.lock(house.lock_id)
    await house.world.house.repository.put_lock(replace(lock, vendor="Yale", product="Assure"))
    assert "not known here" in (await house.get("/reset")).text


def test_each_model_has_the_guide_of_its_own_facts():
    names = {"reset button": "reset_button", "button in the battery bay": "battery_bay_button"}
    names |= {"settings key in administrator mode": "settings_key"}
    for key, model in MODELS.items():
        guide = guide_for(model.maker, model.name)
        assert guide.key == key
        assert guide.hold_s == model.reset.hold_s
        assert tuple(guide.places) == tuple(names[each.value] for each in model.reset.places)
        assert [each.value for each in guide.restarts] == [each.name.lower() for each in model.reset.soft]
        assert guide.power.value == model.power.kind.value
        assert not (model.power.loses_state and "batteries" in guide.restarts)
    assert {each.key for each in GUIDES} == set(MODELS)


@pytest.mark.parametrize(
    ("maker", "product", "key"),
    [
        ("Aqara", "Aqara Smart Lock U200", "u200"),
        ("aqara", "smart lock u400", "u400"),
        ("Aqara", "Doorbell G410", "generic"),
        ("Yale", "U200", "generic"),
        ("", "", "generic"),
    ],
)
def test_a_guide_is_found_by_what_the_lock_says_of_itself(maker, product, key):
    assert guide_for(maker, product).key == key


def test_every_guide_has_its_words():
    for guide in GUIDES:
        for place in guide.places:
            assert f"reset.place.{place}" in TEXTS
        for restart in guide.restarts:
            assert f"reset.restart.{restart}" in TEXTS
            assert f"reset.restart.{restart}.more" in TEXTS
        assert f"reset.power.{guide.power}" in TEXTS
    assert GENERIC in GUIDES


def test_every_setting_has_its_words():
    from latchwork.hub.locks.settings import SETTINGS

    for each in SETTINGS:
        assert f"setting.{each.key}" in TEXTS
        assert f"setting.{each.key}.hint" in TEXTS
        for choice in (each.choices or {}).values():
            assert f"setting.{each.key}.{choice}" in TEXTS


async def test_pages_of_a_lock_need_one(world, owner):
    answer = await owner.post("/api/v1/doors", {"name": "Gate"})
    door_id = answer.json["id"]
    for rest in ("/sharing", "/settings", "/foreign", "/reset", "/remove"):
        assert (await owner.get(f"/doors/{door_id}{rest}", **HTML)).status == 409, rest
        assert (await owner.get(f"/doors/nothing{rest}", **HTML)).status == 404, rest
    assert "No lock on this door" in (await owner.get(f"/doors/{door_id}", **HTML)).text
    assert token_of((await owner.get(f"/doors/{door_id}/replace", **HTML)).text)


async def test_a_lock_that_takes_long_is_said_to_be_slow(house, settings, monkeypatch):
    import asyncio

    from latchwork.web.pages import live_reading

    async def never(lock_id):
        await asyncio.Event().wait()

    monkeypatch.setattr(settings, "read", never)
    answered, problem = await live_reading.asked(never(""), TEXTS, 0.01)
    assert answered is None
    assert problem.code == "lock_slow"
    _, problem = await live_reading.asked(failing(), TEXTS)
    assert problem.status == 504


async def failing():
    raise Unreachable("the lock does not answer")
