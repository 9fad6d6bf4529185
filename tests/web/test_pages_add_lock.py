"""Adding a lock on pages: the right code and the wrong ones, its door, its steps, who may use it, and a test in front of it."""

import asyncio
import logging
import re
import struct
import zlib
from contextlib import suppress
from dataclasses import replace
from io import BytesIO

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.web.test_pages import HTML, send, token_of

from latchwork.base.errors import Refused, Unreachable, Unsupported
from latchwork.controller import CommissioningFailed, Step
from latchwork.hub.books import accesses as repository_accesses
from latchwork.hub.house.entities import Door
from latchwork.hub.house.rules import Once, Window
from latchwork.hub.journal.entries import Entry, How, Kind
from latchwork.matter.onboarding import DiscoveryCapabilities, Discriminator, SetupPayload, manual_code, qr_code
from latchwork.web.adding import LIFE_S, MAX_KEPT, Addings, read_setup_code
from latchwork.web.jobs import Job, JobState
from latchwork.web.pages.routes.add_lock import failure_of
from latchwork.web.pages.routes.add_lock_door import choices_for, trials_of
from latchwork.web.pages.telling_jobs import COURSES, has_joined, steps_of
from latchwork.web.pages.texts import texts_of
from latchwork.web.qr_reading import MAX_OCTETS, MAX_PIXELS, NotAPicture, read_codes

PAYLOAD = SetupPayload(
    discriminator=Discriminator.of(1100),
    passcode=30405060,
    vendor_id=0x115F,
    product_id=5,
    discovery_capabilities=DiscoveryCapabilities.ON_NETWORK,
)
QR, DIGITS = qr_code(PAYLOAD), manual_code(PAYLOAD)
SECRETS = (QR, DIGITS, "30405060")
NOW = 1_800_000_000.0


# Pictures


def picture(text=QR, kind="PNG", turn=0, scale=6):
    octets = BytesIO()
    segno.make_qr(text, error="m").save(octets, kind="png", scale=scale, border=4)
    found = Image.open(octets).convert("L").rotate(turn, expand=True, fillcolor=255)
    out = BytesIO()
    found.save(out, kind)
    return out.getvalue()


def side_by_side(*texts):
    parts = [Image.open(BytesIO(picture(text))) for text in texts]
    sheet = Image.new("L", (sum(each.width for each in parts), max(each.height for each in parts)), 255)
    at = 0
    for each in parts:
        sheet.paste(each, (at, 0))
        at += each.width
    out = BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("turn", [0, 90, 17])
def test_a_code_is_read_from_a_photo_however_it_is_held(kind, turn):
    assert read_codes(picture(kind=kind, turn=turn)) == (QR,)


def test_a_large_photo_is_read_small():
    large = Image.new("L", (4000, 3000), 180)
    large.paste(Image.open(BytesIO(picture(scale=30))), (1500, 900))
    out = BytesIO()
    large.save(out, "JPEG")
    assert read_codes(out.getvalue()) == (QR,)


def test_a_picture_without_a_code_gives_none():
    out = BytesIO()
    Image.new("RGB", (800, 600), "#3a6").save(out, "JPEG")
    assert read_codes(out.getvalue()) == ()


def bomb(width, height):
    """A PNG that says of itself to be this large, in a hundred octets."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"GIF89a" + bytes(100),
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        picture()[:200],
        picture(kind="JPEG")[:300],
        bytes(MAX_OCTETS + 1),
        bomb(60_000, 60_000),
        bomb(10_000, MAX_PIXELS // 10_000 + 1),
    ],
    ids=["empty", "gif", "pdf", "svg", "half a png", "half a jpeg", "too long", "bomb", "too many pixels"],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_picture_or_too_large_fails_one_way(octets):
    with pytest.raises(NotAPicture) as caught:
        read_codes(octets)
    assert "digits" in caught.value.advice


@given(st.binary(max_size=400), st.integers(0, 3))
def test_no_octets_make_it_fail_another_way(tail, which):
    heads = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x00\x01\x00\x00WEBP", b"")
    with suppress(NotAPicture):
        read_codes(heads[which] + tail)


# Codes


@pytest.mark.parametrize(
    "typed",
    [DIGITS, f"{DIGITS[:4]}-{DIGITS[4:7]}-{DIGITS[7:]}", " ".join(DIGITS), QR, f"https://x/?c={QR}", QR.lower()],
)
def test_a_code_is_understood_however_it_is_given(typed):
    code, payload = read_setup_code(typed)
    assert payload.passcode == PAYLOAD.passcode
    assert code in {QR, DIGITS}


def test_what_is_kept_of_a_code_hides_it():
    kept = Addings(lambda prefix: f"{prefix}_1", lambda: 0.0).begin("account:1")
    kept.code, kept.payload = read_setup_code(QR)
    assert not any(secret in repr(kept) for secret in SECRETS)


def test_what_is_kept_is_for_its_owner_and_not_for_ever():
    now, count = [0.0], iter(range(10_000))
    addings = Addings(lambda prefix: f"{prefix}_{next(count)}", lambda: now[0])
    one = addings.begin("account:1")
    assert addings.get(one.id, "account:1") is one
    assert addings.get(one.id, "account:2") is None
    now[0] = LIFE_S - 1
    assert addings.get(one.id, "account:1") is one
    now[0] += LIFE_S + 1
    assert addings.get(one.id, "account:1") is None
    ids = [addings.begin("account:1").id for _ in range(MAX_KEPT + 5)]
    assert addings.get(ids[0], "account:1") is None
    assert addings.get(ids[-1], "account:1") is not None


# Pages


async def token(owner):
    return token_of((await owner.get("/add-lock", **HTML)).text)


async def post(owner, path, **fields):
    return await send(owner, path, csrf_token=await token(owner), **fields)


async def upload(browser, octets, name="photo.jpg", csrf="", **fields):
    """A form with a file, as a browser sends it."""
    edge = "edge-of-a-part"
    fields = {"csrf_token": csrf, "setup_code": "", "door": "", "adding": ""} | fields
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()
    ]
    head = f'--{edge}\r\nContent-Disposition: form-data; name="photo"; filename="{name}"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + octets + f"\r\n--{edge}--\r\n".encode()
    return await browser.ask(
        "POST",
        "/add-lock",
        body=body,
        content_type=f"multipart/form-data; boundary={edge}",
        content_length=str(len(body)),
        origin="http://hub.test",
        x_csrf_token=None,
        **HTML,
    )


async def adding_by(owner, typed=DIGITS, **fields):
    answer = await post(owner, "/add-lock", setup_code=typed, **fields)
    assert answer.status == 303, answer
    return answer.headers["location"]


async def joined(world, owner, name="Front door"):
    """A lock was added on pages; gives the address of its path and the door's id."""
    path = await adding_by(owner)
    assert (await post(owner, path, door=name)).headers["location"] == path
    await asyncio.gather(*world.context.jobs._tasks)
    door = next(each for each in world.house.repository.doors() if each.name == name)
    return path, door.id


async def test_a_typed_code_leads_to_the_door_and_stands_in_no_address_and_no_log(world, owner, caplog):
    caplog.set_level(logging.DEBUG)
    path = await adding_by(owner, f"{DIGITS[:4]}-{DIGITS[4:7]}-{DIGITS[7:]}")
    assert re.fullmatch(r"/add-lock/adding_\w+", path)
    page = await owner.get(path, **HTML)
    assert "Which door?" in page.text
    texts = page.text + path + caplog.text
    assert not any(secret in texts for secret in SECRETS)


async def test_a_photo_leads_to_the_door(world, owner):
    answer = await upload(owner, picture(kind="JPEG"), csrf=await token(owner))
    assert answer.status == 303
    page = await owner.get(answer.headers["location"], **HTML)
    assert "of Aqara" in page.text


async def test_of_several_codes_in_a_photo_the_right_one_is_taken(world, owner):
    answer = await upload(owner, side_by_side("https://maker.example/app", QR, "X-HM://00ABC"), csrf=await token(owner))
    assert answer.status == 303


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (picture("X-HM://0023ABCDE"), "HomeKit"),
        (picture("https://maker.example/app"), "web link"),
        (picture("Z:0123456789ABCDEF$I:83FED3407A939723A5C639B26916D505C3B5"), "Zigbee"),
        (b"not a picture", "not a picture"),
    ],
    ids=["homekit", "link", "zigbee", "text"],
)
async def test_a_photo_of_something_else_is_said_to_be_that(world, owner, octets, said):
    answer = await upload(owner, octets, csrf=await token(owner))
    assert answer.status == 422
    assert said in answer.text
    assert 'role="alert"' in answer.text


async def test_a_photo_without_a_code_says_how_to_take_a_better_one(world, owner):
    out = BytesIO()
    Image.new("L", (300, 300), 99).save(out, "PNG")
    answer = await upload(owner, out.getvalue(), csrf=await token(owner))
    assert answer.status == 422
    assert "Hold the camera closer" in answer.text


async def test_a_photo_as_telephones_make_them_fits_here_and_nowhere_else(world, owner):
    large = picture() + bytes(5 << 20)
    assert (await upload(owner, large, csrf=await token(owner))).status == 303
    assert (await upload(owner, picture() + bytes(14 << 20), csrf=await token(owner))).status == 413
    elsewhere = await send(owner, "/people/add", csrf_token=await token(owner), name="x" * (2 << 20))
    assert elsewhere.status == 413


async def test_a_stranger_cannot_send_a_photo(world, owner):
    answer = await upload(world.browser(), picture())
    assert answer.headers["location"].startswith("/sign-in")
    assert (await upload(owner, picture(), csrf="guessed")).status == 403


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "There is no code"),
        ("123-45-678", "8 digits. The right one has 11"),
        (DIGITS[:-1] + str((int(DIGITS[-1]) + 1) % 10), "check digit"),
        ("hello", "not a Matter onboarding code"),
    ],
)
async def test_a_wrong_code_is_named_and_what_was_typed_stays(world, owner, typed, said):
    answer = await post(owner, "/add-lock", setup_code=typed)
    assert answer.status == 422
    assert said in answer.text
    assert f'value="{typed}"' in answer.text
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("typed", "state", "said"),
    [
        ("", "typing", "Scan"),
        (DIGITS[:6], "typing", "5 digits are missing"),
        (DIGITS, "right", "This is a Matter code."),
        (QR, "right", "of Aqara"),
        ("12345678", "wrong", "HomeKit"),
        ("MT:ABC", "typing", "end of the code is missing"),
        (DIGITS + "5", "typing", "missing from a code of 21"),
        ("9" * 30, "wrong", "too many"),
    ],
)
async def test_a_code_is_looked_at_while_it_is_typed(world, owner, typed, state, said):
    answer = await post(owner, "/add-lock/check", setup_code=typed)
    assert (answer.status, answer.json["state"]) == (200, state), answer.json
    assert said in answer.json["text"]


async def test_what_somebody_typed_is_not_shown_to_others(world, owner):
    path = await adding_by(owner)
    other = await world.account(owner, "Ann", "owner")
    answer = await other.get(path, **HTML)
    assert (answer.status, answer.headers["location"]) == (303, "/add-lock")
    assert (await send(other, f"{path}/again", csrf_token=await token(other))).status == 404


async def test_who_may_not_change_locks_adds_none(world, owner):
    resident = await world.account(owner, "Rita", "resident")
    assert (await resident.get("/add-lock", **HTML)).status == 403


async def test_a_lock_comes_onto_a_new_door_and_its_code_is_forgotten(world, owner):
    path, door_id = await joined(world, owner)
    page = await owner.get(path, **HTML)
    assert "Front door is on the hub." in page.text
    assert f"/add-lock/doors/{door_id}/people" in page.text
    adding = world.context.adding.get(path.rpartition("/")[2], next(iter(world.context.adding._kept.values())).actor)
    assert (adding.code, adding.payload) == ("", None)
    # Sent once more, by a finger that was too quick: nothing happens.
    assert (await post(owner, path, door="Front door")).status == 303
    assert len(world.house.repository.doors()) == 1


async def test_a_lock_comes_onto_a_door_that_has_none(world, owner):
    await world.house.repository.put_door(Door(id="door_00000000000000000000000001", name="Shed"))
    page = await owner.get("/add-lock?door=door_00000000000000000000000001", **HTML)
    assert "For the door “Shed”" in page.text
    path = await adding_by(owner, door="door_00000000000000000000000001")
    page = await owner.get(path, **HTML)
    assert re.search(r'value="door_0+1" checked', page.text)
    await post(owner, path, door="door_00000000000000000000000001")
    await asyncio.gather(*world.context.jobs._tasks)
    (door,) = world.house.repository.doors()
    assert (door.name, door.lock_id is not None) == ("Shed", True)


async def test_a_door_needs_a_name(world, owner):
    path = await adding_by(owner)
    answer = await post(owner, path, door="other", door_name="  ")
    assert answer.status == 422
    assert "Give the door a name." in answer.text
    assert (await post(owner, path, door="other", door_name="Sauna")).status == 303


async def test_doors_that_are_there_are_not_suggested_again(world, owner):
    await joined(world, owner)
    page = await owner.get(await adding_by(owner), **HTML)
    assert 'value="Front door"' not in page.text
    assert 'value="Back door" checked' in page.text


async def test_a_try_that_failed_is_repeated_with_nothing_typed_again(world, owner):
    asked = []
    add = world.house.locks.add

    async def failing(code, *, tell, **rest):
        asked.append((code, rest["door_name"]))
        tell(Step.FIND.value)
        raise CommissioningFailed(Step.FIND, Unreachable("no device answered", advice="Press Set once."), {})

    world.house.locks.add = failing
    path = await adding_by(owner)
    await post(owner, path, door="Garage")
    await asyncio.gather(*world.context.jobs._tasks)
    page = await owner.get(path, **HTML)
    assert page.status == 200
    for said in ("The lock did not join.", "Find the lock.", "No device answered.", "Press Set once.", "Try again"):
        assert said in page.text
    assert not any(secret in page.text for secret in SECRETS)
    world.house.locks.add = add
    assert (await post(owner, f"{path}/again")).headers["location"] == path
    await asyncio.gather(*world.context.jobs._tasks)
    assert asked == [(DIGITS, "Garage")]
    assert "Garage is on the hub." in (await owner.get(path, **HTML)).text


async def test_another_code_keeps_the_name_of_the_door(world, owner):
    path = await adding_by(owner)
    adding_id = path.rpartition("/")[2]
    await post(owner, path, door="other", door_name="Sauna")
    await asyncio.gather(*world.context.jobs._tasks)
    again = await adding_by(owner, QR, adding=adding_id)
    assert again == path
    assert 'value="Sauna"' in (await owner.get(path, **HTML)).text


async def test_the_page_of_a_job_leads_to_its_place_on_the_path(world, owner):
    path, _ = await joined(world, owner)
    (job_id,) = world.context.jobs._jobs
    assert (await owner.get(f"/jobs/{job_id}", **HTML)).headers["location"] == path
    world.context.adding._kept.clear()
    page = await owner.get(f"/jobs/{job_id}", **HTML)
    assert "Adding a lock" in page.text
    assert "Find the lock" in page.text
    assert (await owner.get("/jobs/job_00000000000000000000000000", **HTML)).status == 404


# Steps and failures


def job(state=JobState.RUNNING, steps=(), error=None, ended=None):
    begun = [NOW + 2.0 * number for number in range(len(steps))]
    return Job(
        id="job", kind="add_lock", actor="a", state=state, steps=list(steps), begun=begun, error=error, ended_at=ended
    )


def test_steps_have_their_times_and_those_to_come_are_shown():
    shown = steps_of(job(steps=[Step.FIND.value, Step.PASE.value]))
    assert [(each.state, each.seconds) for each in shown[:2]] == [("done", 2.0), ("running", None)]
    assert [each.name for each in shown] == list(COURSES["add_lock"])
    assert {each.state for each in shown[2:]} == {"waiting"}


def test_steps_that_are_passed_over_are_left_out():
    shown = [each.name for each in steps_of(job(steps=[Step.REGULATORY.value, Step.ATTESTATION.value]))]
    assert Step.TIME.value not in shown


def test_when_it_is_over_nothing_is_to_come():
    done = steps_of(job(JobState.DONE, [Step.FIND.value, Step.PASE.value], ended=NOW + 5))
    assert [(each.state, each.seconds) for each in done] == [("done", 2.0), ("done", 3.0)]
    failed = steps_of(job(JobState.FAILED, [Step.FIND.value, Step.PASE.value], ended=NOW + 5))
    assert [each.state for each in failed] == ["done", "failed"]
    assert steps_of(job(JobState.FAILED, ended=NOW)) == []


def test_a_lock_that_joined_stays_so_whatever_failed_afterwards():
    assert not has_joined(job(JobState.FAILED, [Step.FIND.value]))
    assert not has_joined(job(JobState.FAILED, [Step.COMPLETE.value]))
    assert has_joined(job(JobState.FAILED, [Step.COMPLETE.value, "ask what the lock is"]))


TEXTS = texts_of("en")


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("seconds", [0.2, 30.0])
def test_each_failure_says_where_it_stopped_how_soon_what_was_seen_and_what_is_next(step, seconds):
    cause = Refused("the device said no", status=1, advice="Look at its label.")
    error = CommissioningFailed(step, cause, {"product_name": "Smart Lock", "commissioned_fabrics": 0})
    failure = failure_of(job(JobState.FAILED, [step.value], error, NOW + seconds), TEXTS)
    assert TEXTS.word("step", step.value) in failure.what
    assert ("at once" if seconds < 1 else "after 30 s") in failure.what
    assert failure.seen == "The device said no."
    assert failure.advice == "Look at its label."
    assert ("Product", "Smart Lock") in failure.facts
    assert ("Ecosystems on it", "0") in failure.facts


def test_every_step_has_words_of_its_own():
    for step in COURSES["add_lock"]:
        assert f"word.step.{step}" in TEXTS


def test_a_lock_that_joined_but_is_silent_is_not_to_be_added_again():
    steps = [Step.COMPLETE.value, "ask what the lock is"]
    failure = failure_of(job(JobState.FAILED, steps, Unreachable("no answer"), NOW + 9), TEXTS)
    assert "Do not add it again" in failure.advice


def test_a_failure_of_another_kind_is_told_too():
    failure = failure_of(job(JobState.FAILED, [Step.FIND.value], Unsupported("this is a lamp"), NOW + 9), TEXTS)
    assert failure.seen == "This is a lamp."
    assert failure_of(job(JobState.FAILED, ended=NOW), TEXTS).what == "It did not begin."


def test_nothing_on_this_path_advises_a_reset():
    for key, text in TEXTS.begins("add_lock.").items():
        assert "reset" not in str(text).lower(), key


# People


async def test_people_of_the_house_are_chosen_and_guests_are_not(world, owner):
    _, door_id = await joined(world, owner)
    people = {name: await world.person(owner, name) for name in ("Ada", "Gus", "Once", "Zoe")}
    other, _ = await world.door_with_lock(owner, "Other")
    rules = {"Gus": Window(start=NOW, end=NOW + 9), "Once": Once(start=NOW, end=NOW + 9), "Zoe": None}
    for name, rule in rules.items():
        body = {"person_id": people[name], "door_ids": [other]}
        access = (await owner.post("/api/v1/accesses", body)).json["id"]
        if rule is not None:
            kept = world.house.repository.access(access)
            await world.house.repository.database.write(
                lambda to, kept=kept, rule=rule: repository_accesses.put_access(to, replace(kept, rule=rule))
            )
    choices, already = choices_for(world.house.repository, door_id)
    assert {each.person.name: each.is_chosen for each in choices} == {
        "Ada": True,
        "Gus": False,
        "Once": False,
        "Zoe": True,
    }
    assert already == []
    page = await owner.get(f"/add-lock/doors/{door_id}/people", **HTML)
    assert re.search(rf'value="{people["Ada"]}" checked', page.text)
    assert not re.search(rf'value="{people["Gus"]}" checked', page.text)


async def test_access_is_given_and_new_codes_are_shown_once(world, owner):
    _, door_id = await joined(world, owner)
    ada = await world.person(owner, "Ada")
    path = f"/add-lock/doors/{door_id}/people"
    answer = await post(owner, path, person_ids=ada, name="Ben", with_codes="yes")
    assert answer.status == 200
    assert "content-encoding" not in answer.headers
    codes = re.findall(r'class="new-code">(\d+)<', answer.text)
    assert len(codes) == 2
    assert {each.person_id for each in world.house.repository.accesses()} >= {ada}
    assert len(world.house.repository.accesses()) == 2
    for place in (path, f"/add-lock/doors/{door_id}/test"):
        page = (await owner.get(place, **HTML)).text
        assert not any(code in page for code in codes)
    assert "Ada, Ben may already." in (await owner.get(path, **HTML)).text


async def test_access_without_codes_goes_on_to_the_test(world, owner):
    _, door_id = await joined(world, owner)
    ada = await world.person(owner, "Ada")
    answer = await post(owner, f"/add-lock/doors/{door_id}/people", person_ids=[ada, "person_unknown"])
    assert answer.headers["location"] == f"/add-lock/doors/{door_id}/test"
    assert world.house.repository.credentials(ada) == []
    (access,) = world.house.repository.accesses()
    assert access.person_id == ada


async def test_a_name_that_is_none_is_said_so(world, owner):
    _, door_id = await joined(world, owner)
    answer = await post(owner, f"/add-lock/doors/{door_id}/people", name="x" * 300)
    assert answer.status == 422
    assert world.house.repository.persons() == []


async def test_a_door_without_a_lock_has_nothing_to_test(world, owner):
    await world.house.repository.put_door(Door(id="door_00000000000000000000000001", name="Shed"))
    for place in ("people", "test", "done"):
        answer = await owner.get(f"/add-lock/doors/door_00000000000000000000000001/{place}", **HTML)
        assert answer.status == 409


# The test at the door


def entry(kind, how, at=NOW, **rest):
    return Entry(at=at, kind=kind, how=how, **rest)


def test_a_test_counts_only_what_the_lock_told():
    nothing = trials_of([entry(Kind.OPENED, How.MANUAL), entry(Kind.AUDIT, How.NOT_APPLICABLE)])
    assert (nothing.locked, nothing.unlocked, nothing.used, nothing.refused) == (None, None, None, None)
    all_of_it = trials_of(
        [
            entry(Kind.OPENED, How.KEYPAD, NOW + 3, person_name="Ada"),
            entry(Kind.REFUSED, How.KEYPAD, NOW + 2),
            entry(Kind.LOCKED, How.REMOTE, NOW + 1),
            entry(Kind.UNLATCHED, How.REMOTE),
        ]
    )
    assert all_of_it.used.person_name == "Ada"
    assert all_of_it.locked.at == NOW + 1
    assert all_of_it.unlocked.kind is Kind.UNLATCHED
    assert all_of_it.refused is None, "it worked afterwards"
    again = trials_of([entry(Kind.REFUSED, How.KEYPAD, NOW + 9), entry(Kind.OPENED, How.FINGERPRINT, NOW)])
    assert again.refused is not None


async def test_the_page_turns_green_when_the_journal_has_it(world, owner):
    _, door_id = await joined(world, owner)
    lock_id = world.house.repository.door(door_id).lock_id
    path = f"/add-lock/doors/{door_id}/test"
    assert "Type your code now" in (await owner.get(path, **HTML)).text
    about = {"lock_id": lock_id, "door_id": door_id}
    refused = entry(Kind.REFUSED, How.KEYPAD, NOW + 1, **about)
    await world.house.desk.note(refused)
    page = (await owner.get(path, **HTML)).text
    assert "Refused." in page
    assert "Type your code now" in page
    await world.house.desk.note(entry(Kind.OPENED, How.KEYPAD, NOW + 2, person_name="Ada", **about))
    page = (await owner.get(path, **HTML)).text
    assert "It works" in page
    assert "Ada · at the keypad" in page
    assert "Refused." not in page


async def test_the_path_ends_where_one_can_go_on(world, owner):
    _, door_id = await joined(world, owner)
    page = (await owner.get(f"/add-lock/doors/{door_id}/done", **HTML)).text
    assert f'href="/doors/{door_id}/sharing"' in page
    assert f'href="/guest?door={door_id}"' in page


async def test_an_error_is_kept_without_what_was_being_done(world, owner):
    async def failing(code, *, tell, **_):
        tell(Step.FIND.value)
        try:
            await world.house.locks.operate("lock_1", None, actor="")
        except Unreachable as cause:
            raise CommissioningFailed(Step.FIND, cause, {}) from cause

    world.house.locks.add = failing
    await post(owner, await adding_by(owner), door="Garage")
    await asyncio.gather(*world.context.jobs._tasks)
    (kept,) = world.context.jobs._jobs.values()
    assert kept.error.__traceback__ is None
    assert kept.error.__cause__.__traceback__ is None
