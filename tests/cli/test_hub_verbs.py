"""The verbs that speak to a hub, against a real one: virtual locks in the air, the API on the loopback."""

import asyncio
import csv
import io
import json
import os
import re
import stat
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner

from latchwork.base.clock import SystemClock
from latchwork.cli import main
from latchwork.cli.hub_service import Address, open_hub, serving
from latchwork.devices.models import MODELS
from latchwork.matter.onboarding import qr_code
from latchwork.sim.home import VirtualHome
from latchwork.stack.memory import Air

PASSWORD = "four plain words here"


def cheap_hasher():
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class House:
    """A hub with two virtual locks, and somebody at a terminal who is its owner."""

    def __init__(self, home, hub, url, link):
        self.home, self.hub, self.url, self.link = home, hub, url, link
        self.listeners = lambda: 0

    async def types(self, *words, stdin=None, code=0):
        """What a verb says; fails where it ends otherwise than by this exit code."""
        env = {"COLUMNS": "160"}
        result = await asyncio.to_thread(CliRunner(env=env).invoke, main, list(words), input=stdin)
        assert result.exit_code == code, (result.exit_code, result.output, result.exception)
        return result

    async def says(self, *words, **rest):
        return (await self.types(*words, **rest)).stdout

    async def facts(self, *words, **rest):
        """The one JSON line that a verb says."""
        lines = await self.lines(*words, **rest)
        assert len(lines) == 1, lines
        return lines[0]

    async def lines(self, *words, **rest):
        return [json.loads(line) for line in (await self.says(*words, "--json", **rest)).splitlines()]

    async def logs_in(self):
        await self.types("login", self.link, "--name", "Olive", "--password-stdin", stdin=f"{PASSWORD}\n")

    async def pairs(self, number, name):
        lines = await self.lines("pair", self.home.locks[number].qr, "--name", name)
        return lines[-1]

    async def settles(self):
        await self.types("sync", "--wait", "20")


@pytest.fixture
async def house(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("LATCHWORK_URL", "LATCHWORK_TOKEN", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("latchwork.web.passwords.PasswordHasher", cheap_hasher)
    models = [MODELS["u400"], MODELS["u100"]]
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(VirtualHome(2, air=Air(), clock=SystemClock(), model=models))
        hub = await stack.enter_async_context(open_hub(tmp_path / "hub", home.controller))
        up = await stack.enter_async_context(serving(hub, Address()))
        house = House(home, hub, up.url, up.owner_link)
        house.listeners = lambda: up.context.measures.live_listeners
        yield house


@pytest.fixture
async def lived_in(house):
    """The same with two doors, an owner who is logged in, and Ada."""
    await house.logs_in()
    await house.pairs(0, "Front door")
    await house.pairs(1, "Back door")
    house.ada = await house.facts("people", "add", "Ada Lovelace", "--door", "all")
    await house.settles()
    return house


async def test_the_first_owner_logs_in_by_the_link_and_stays_so(house, tmp_path):
    said = await house.facts("login", house.link, "--name", "Olive", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (said["name"], said["is_new_owner"], said["url"]) == ("Olive", True, house.url)
    kept = tmp_path / "config" / "latchwork" / "hub.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert PASSWORD not in kept.read_text()
    assert "no door yet" in await house.says("doors")
    again = await house.types("login", house.link, "--name", "Eve", "--password-stdin", stdin=f"{PASSWORD}\n", code=3)
    assert "not good any more" in again.stderr


async def test_logging_in_and_out(house):
    await house.logs_in()
    said = await house.says("login", house.url, "--name", "Olive", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert "Logged in as Olive" in said
    wrong = await house.types("login", house.url, "--name", "Olive", "--password-stdin", stdin="nonsense!\n", code=3)
    assert "password is wrong" in wrong.stderr
    assert "nonsense!" not in wrong.output
    assert (await house.facts("login", "--forget"))["event"] == "logged_out"
    assert "latchwork login" in (await house.types("doors", code=2)).stderr


async def test_a_token_from_the_environment_is_enough(house, monkeypatch, tmp_path):
    await house.logs_in()
    token = json.loads((tmp_path / "config" / "latchwork" / "hub.json").read_text())["token"]
    await house.types("login", house.url, "--token-stdin", stdin=f"{token}\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("LATCHWORK_URL", house.url)
    monkeypatch.setenv("LATCHWORK_TOKEN", token)
    await house.types("doors")
    monkeypatch.setenv("LATCHWORK_TOKEN", "latchwork_nonsense")
    refused = await house.types("doors", code=3)
    assert "latchwork login" in refused.stderr
    assert "latchwork_nonsense" not in refused.output


async def test_pairing_tells_each_step_and_where_the_door_is(house):
    await house.logs_in()
    lines = await house.lines("pair", house.home.locks[0].qr, "--name", "Front door")
    steps = [line for line in lines if line["event"] == "step"]
    assert [line["state"] for line in steps] == ["started", "done"] * (len(steps) // 2)
    assert steps[0]["step"] == "find the device"
    paired = lines[-1]
    assert (paired["event"], paired["name"], paired["product"]) == ("paired", "Front door", "Smart Lock U400")
    assert paired["page"] == f"{house.url}/doors/{paired['door_id']}"
    said = await house.says("pair", "-", "--name", "Back door", stdin=f"{house.home.locks[1].manual}\n")
    assert "✓ complete" in said
    assert "Aqara Smart Door Lock U100 is on Back door" in said
    assert "latchwork people add NAME --door 'Back door'" in said
    assert f"{house.url}/doors/" in said


async def test_a_code_that_is_none_is_told_before_the_hub_is_asked(house):
    assert (await house.types("pair", "12345", code=2)).stderr
    await house.logs_in()
    wrong = await house.types("pair", house.home.locks[0].qr, "--door", "Cellar", code=2)
    assert "there is no door yet" in wrong.stderr


async def test_a_step_that_fails_is_marked_with_its_cause(house):
    await house.logs_in()
    wrong = replace(house.home.locks[0].payload, passcode=11223344)
    failed = await house.types("pair", qr_code(wrong), code=3)
    assert "✓ find the device" in failed.stdout
    assert "✗ secure the connection with the setup code" in failed.stdout
    assert "the passcode is wrong" in failed.stderr


async def test_doors_stand_as_they_are(lived_in):
    said = await lived_in.says("doors")
    assert re.search(r"Front door +locked +closed +100 % +yes", said)
    doors = await lived_in.lines("doors")
    assert [door["name"] for door in doors] == ["Back door", "Front door"]
    assert all(door["sync"]["is_in_step"] for door in doors)
    one = await lived_in.says("doors", "fr")
    for words in ("Aqara Smart Lock U400", "Ada Lovelace: always", "codes of 4 to 8 digits", "in step"):
        assert words in one
    assert (await lived_in.facts("doors", "front"))["lock"]["product"] == "Smart Lock U400"


async def test_a_door_is_unlocked_and_locked_by_name(lived_in):
    assert "Front door is unlocked" in await lived_in.says("unlock", "front")
    assert lived_in.home.locks[0].state == "UNLOCKED"
    locked = await lived_in.facts("lock", "Front door")
    assert (locked["lock_state"], locked["is_done"]) == ("locked", True)
    assert lived_in.home.locks[0].state == "LOCKED"
    assert "has accepted it" in await lived_in.says("unlock", "back", "--no-wait")
    several = await lived_in.types("unlock", "door", code=2)
    assert "Back door, Front door" in several.stderr
    assert json.loads((await lived_in.types("lock", "door", "--json", code=2)).stderr)["kind"] == "misuse"


async def test_somebody_new_has_a_code_at_once_and_it_opens(lived_in):
    code = lived_in.ada["code"]
    assert re.fullmatch(r"\d{6}", code)
    lived_in.home.locks[1].handle({"keys": f"{code}#"})
    await heard(lived_in, "opened")
    said = await lived_in.says("journal")
    assert re.search(r"Back door +Ada Lovelace opened at the keypad", said)
    assert "person added" not in said
    assert "Olive: person added" in await lived_in.says("journal", "--all")
    assert code not in await lived_in.says("journal", "--all", "--json")


async def test_people_are_shown_with_their_doors_and_proofs(lived_in):
    said = await lived_in.says("people")
    assert re.search(r"Ada Lovelace +all doors +always +(on the lock|proved)", said)
    shown = await lived_in.says("people", "show", "ada")
    for words in ("Code, 6 digits", "Front door: ", "Back door: ", "always"):
        assert words in shown
    ada = await lived_in.facts("people", "show", "lovelace")
    assert len(ada["accesses"][0]["locks"]) == 2
    assert lived_in.ada["code"] not in json.dumps(ada)
    assert (await lived_in.facts("people", "code", "ada"))["code"] == lived_in.ada["code"]
    await lived_in.types("people", "change", "ada", "--name", "Ada King", "--email", "ada@example.com")
    assert (await lived_in.lines("people"))[0]["name"] == "Ada King"


async def test_a_chosen_code_is_read_from_standard_input_and_never_said(lived_in):
    said = await lived_in.says("people", "add", "Ben", "--door", "front", "--code-stdin", stdin="739218\n")
    assert "739218" not in said
    assert (await lived_in.facts("people", "code", "Ben"))["code"] == "739218"
    taken = await lived_in.types("people", "add", "Carl", "--code-stdin", stdin="739218\n", code=2)
    assert "739218" not in taken.output
    assert "Carl is here already" in taken.stderr
    new = await lived_in.facts("people", "code", "Ben", "--new")
    assert new["code"] != "739218"


async def test_somebody_moves_out_and_is_gone(lived_in):
    assert "has to be confirmed" in (await lived_in.types("people", "move-out", "ada", code=2)).stderr
    said = await lived_in.says("people", "move-out", "ada", "--yes")
    assert "gone from every lock" in said
    assert await lived_in.lines("people") == []
    assert "moved out" in await lived_in.says("people", "--left")
    assert "gone from every lock" in await lived_in.says("people", "report", "ada")


async def test_access_is_granted_shown_and_taken_back(lived_in):
    await lived_in.types("people", "add", "Cleo")
    said = await lived_in.says("access", "grant", "cleo", "--door", "front", "--weekly", "thu 9:00-12:00")
    assert "Cleo may open Front door: Thu 09:00-12:00." in said
    await lived_in.types("access", "grant", "cleo", "--door", "front", "--door", "back", "--until", "+3h")
    assert len(await lived_in.lines("access", "list", "--person", "cleo")) == 2
    assert len(await lived_in.lines("access", "list", "--door", "back")) == 2
    several = await lived_in.types("access", "revoke", "cleo", code=2)
    first, second = (each["id"] for each in await lived_in.lines("access", "list", "--person", "cleo"))
    assert first in several.stderr
    await lived_in.types("access", "revoke", first)
    await lived_in.types("access", "revoke", "cleo", "--door", "front")
    (left,) = await lived_in.lines("access", "list", "--person", "cleo")
    assert (left["id"], len(left["door_ids"])) == (second, 1)
    await lived_in.types("access", "revoke", "cleo")
    assert "Ada Lovelace" in await lived_in.says("access")


async def test_a_guest_gets_a_code_a_page_and_a_message(lived_in):
    missing = await lived_in.types("guest", "Kim", "--door", "front", code=2)
    assert "--until" in missing.stderr
    made = await lived_in.facts("guest", "Kim", "--door", "front", "--until", "+3h")
    assert made["code"] in made["message"]
    assert "/guest/" in made["link"]["url"]
    said = await lived_in.says("guest", "Lee", "--door", "front", "--once", "--no-link")
    assert "Lee may open Front door: once" in said
    assert "  page  " not in said


async def test_the_journal_is_filtered_and_exported(lived_in, tmp_path):
    await lived_in.types("unlock", "front")
    await heard(lived_in, "opened")
    assert {line["kind"] for line in await lived_in.lines("journal", "--kind", "opened")} == {"opened"}
    assert all(line["door_name"] == "Front door" for line in await lived_in.lines("journal", "--door", "front"))
    everything = list(csv.DictReader(io.StringIO(await lived_in.says("journal", "--export", "csv"))))
    assert sorted(int(row["seq"]) for row in everything) == list(range(1, len(everything) + 1))
    target = tmp_path / "journal.jsonl"
    await lived_in.types("journal", "--export", "jsonl", "--kind", "opened", "--output", str(target))
    assert [json.loads(line)["kind"] for line in target.read_text().splitlines()] == ["opened"]
    assert "Olive: unlock" in await lived_in.says("journal")


async def test_the_journal_is_verified_against_a_head_that_was_kept(lived_in, tmp_path):
    head = (await lived_in.facts("journal", "head"))["head"]
    assert "is whole" in await lived_in.says("journal", "verify", "--against", head)
    forged = f"{head.partition(':')[0]}:{'00' * 32}"
    changed = await lived_in.types("journal", "verify", "--against", forged, code=7)
    assert "not whole" in changed.stdout
    running = await lived_in.types("journal", "verify", "--folder", str(tmp_path / "hub"), code=1)
    assert "in use" in running.stderr


async def test_a_lock_is_shared_listed_and_closed(lived_in):
    shared = await lived_in.facts("share", "front", "--no-wait")
    assert shared["code"]
    assert shared["qr"].startswith("MT:")
    assert "(this hub)" in await lived_in.says("share", "front", "--list")
    await lived_in.types("share", "front", "--close")
    nobody = await lived_in.types("share", "front", "--remove", "Apple", code=2)
    assert "nobody else" in nobody.stderr


async def test_a_backup_becomes_a_hub_elsewhere(lived_in, tmp_path):
    file, folder = tmp_path / "home.backup", tmp_path / "second"
    words = "a passphrase of some length\n"
    made = await lived_in.facts("backup", "create", str(file), "--passphrase-stdin", stdin=words)
    assert made["octets"] == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert lived_in.ada["code"].encode() not in file.read_bytes()
    assert "nothing is overwritten" in (await lived_in.types("backup", "create", str(file), code=2)).stderr
    wrong = ["backup", "restore", str(file), "--folder", str(folder), "--passphrase-stdin"]
    assert (await lived_in.types(*wrong, stdin="another passphrase here\n", code=2)).exit_code == 2
    assert not folder.exists()
    said = await lived_in.says(*wrong, stdin=words)
    assert f"latchwork hub --folder {folder}" in said
    assert "is whole" in await lived_in.says("journal", "verify", "--folder", str(folder))
    again = await lived_in.types(*wrong, stdin=words, code=2)
    assert "not empty" in again.stderr


async def test_sync_says_whether_all_is_in_step(lived_in):
    said = await lived_in.says("sync")
    assert re.search(r"Front door +yes +1 +1", said)
    assert (await lived_in.facts("sync", "front", "--wait", "10"))["is_in_step"]


async def test_a_hub_that_is_away_is_unreachable(house, monkeypatch):
    monkeypatch.setenv("LATCHWORK_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("LATCHWORK_TOKEN", "latchwork_x")
    assert "does not answer" in (await house.types("doors", code=4)).stderr


async def test_a_token_is_not_sent_to_another_hub(house):
    await house.logs_in()
    assert (
        "not logged in at http://127.0.0.1:1"
        in (await house.types("doors", "--url", "http://127.0.0.1:1", code=2)).stderr
    )


async def test_colours_can_be_left_out(lived_in, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32m" in await lived_in.says("doors")
    assert "\x1b[3" not in await lived_in.says("doors", "--no-color")


async def test_the_shell_completes_names(lived_in, monkeypatch):
    async def completed(line):
        words = line.split(" ")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        monkeypatch.setenv("_LATCHWORK_COMPLETE", "bash_complete")
        result = await asyncio.to_thread(CliRunner().invoke, main, [], prog_name="latchwork")
        return [each.partition(",")[2] for each in result.stdout.splitlines()]

    assert await completed("latchwork unlock f") == ["Front door"]
    assert await completed("latchwork lock ") == ["Back door", "Front door"]
    assert await completed("latchwork people show A") == ["Ada Lovelace"]
    assert "pair" in await completed("latchwork p")
    os.environ.pop("_LATCHWORK_COMPLETE", None)


async def test_the_journal_is_followed_as_it_happens(lived_in, monkeypatch):
    seen = []

    def told(entry):
        seen.append(entry)
        if entry["kind"] == "opened":
            raise KeyboardInterrupt

    monkeypatch.setattr("latchwork.cli.journal.emit", told)
    listening = asyncio.create_task(lived_in.types("journal", "--follow", "--last", "1", "--json", code=130))
    async with asyncio.timeout(20):
        while not lived_in.listeners():  # noqa: ASYNC110 - it happens in the other thread's request
            await asyncio.sleep(0.01)
    lived_in.home.locks[0].handle({"turn": "unlock"})
    await asyncio.wait_for(listening, 20)
    assert (seen[-1]["kind"], seen[-1]["door_name"], seen[-1]["why_unknown"]) == ("opened", "Front door", "manual")
    assert len({entry["seq"] for entry in seen}) == len(seen)


async def heard(house, kind):
    """Until the journal has an entry of this kind."""
    async with asyncio.timeout(20):
        async for event in house.hub.bus.listen(0):
            if event is not None and event.kind == "journal" and event.data["kind"] == kind:
                return
