"""The whole house as a file, and people from a table, over the API."""

import io
import logging

from latchwork.hub.backup.service import read_manifest, restore
from latchwork.hub.journal.entries import Head
from latchwork.hub.keeping import restored
from latchwork.store.database import Database

PASSPHRASE = "four plain words here"
CODE = "739164"


async def test_an_owner_takes_everything_home(world, owner, tmp_path):
    world.house.backup._store.apply({"authority": b"the fabric's keys", "next": (7).to_bytes(8, "big")})
    person_id = await world.person(owner)
    await owner.post(f"/api/v1/people/{person_id}/credentials", {"code": CODE})
    answer = await owner.post("/api/v1/backup", {"passphrase": PASSPHRASE})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].endswith('.backup"')
    assert CODE.encode() not in answer.body
    assert b"Ana" not in answer.body
    manifest = read_manifest(io.BytesIO(answer.body), PASSPHRASE)
    assert manifest.site == "Home"
    restore(io.BytesIO(answer.body), PASSPHRASE, tmp_path / "hub", now=1.0)
    async with Database(tmp_path / "hub" / "hub.db") as database:
        names = database.read(lambda to: to.execute("SELECT name FROM person").fetchall())
        assert names == [("Ana",)]
        assert database.read(lambda to: to.execute("SELECT count(*) FROM session").fetchone()) == (0,)


async def test_the_journal_says_who_took_it_and_not_what_opens_it(world, owner, caplog):
    with caplog.at_level(logging.DEBUG):
        await owner.post("/api/v1/backup", {"passphrase": PASSPHRASE})
    text = (await owner.get("/api/v1/journal")).text
    assert "backed_up" in text
    assert PASSPHRASE not in text + caplog.text


async def test_a_passphrase_that_is_guessed_is_refused_with_the_reason(world, owner):
    answer = await owner.post("/api/v1/backup", {"passphrase": "short one"})
    assert answer.status == 422
    assert "12 to 1024 characters" in answer.json["detail"]
    assert "short one" not in answer.text
    assert (await owner.post("/api/v1/backup", {"passphrase": "\ud800" * 12})).status == 422
    assert (await owner.post("/api/v1/backup", {})).status == 422


async def test_a_browser_types_the_password_once_more(world, owner):
    world.clock.advance(3600)
    answer = await owner.post("/api/v1/backup", {"passphrase": PASSPHRASE})
    assert answer.status == 403
    assert answer.json["code"] == "confirmation_needed"


async def test_a_restored_lock_is_confirmed_once(world, owner):
    _, lock_id = await world.door_with_lock(owner)
    assert (await owner.post(f"/api/v1/locks/{lock_id}/restored")).status == 422
    head = Head(0, bytes(32))
    begin = lambda to: restored.begin(to, made_at=1.0, now=2.0, head=head, actor="")  # noqa: E731 - one use
    sessions = world.house.repository.database.read(lambda to: to.execute("SELECT * FROM session").fetchall())
    await world.house.repository.database.write(begin)
    assert (await owner.get("/api/v1/doors")).status == 401, "whoever was logged in is not any more"
    put = f"INSERT INTO session VALUES ({', '.join('?' * len(sessions[0]))})"
    await world.house.repository.database.write(lambda to: to.executemany(put, sessions).close())
    assert (await owner.post(f"/api/v1/locks/{lock_id}/restored")).status == 204
    assert (lock_id, "wake") in world.house.locks.done
    assert (await owner.post(f"/api/v1/locks/{lock_id}/restored")).status == 422
    assert (await owner.post("/api/v1/locks/none/restored")).status == 404


async def test_a_table_is_looked_at_first_and_then_imported(world, owner, caplog):
    door_id, _ = await world.door_with_lock(owner)
    table = f"Name,Email,PIN,Doors\nAda,ada@example.com,{CODE},Front\nBen,,{CODE},Front\n,,1234,\n".encode()
    with caplog.at_level(logging.DEBUG):
        looked = await owner.post("/api/v1/import/people", body=table, query={"dry_run": "true"})
        assert looked.status == 200
        assert (await owner.get("/api/v1/people")).json["data"] == []
        done = await owner.post("/api/v1/import/people", body=table, content_type="text/csv")
    assert done.json | {"dry_run": True} == looked.json
    assert [(row["line"], row["name"], row["result"]) for row in done.json["rows"]] == [
        (2, "Ada", "added"),
        (3, "Ben", "refused"),
        (4, "", "refused"),
    ]
    assert done.json["columns"] == ["name", "email", "code", "doors"]
    assert CODE not in looked.text + done.text + caplog.text + (await owner.get("/api/v1/journal")).text
    (ada,) = (await owner.get("/api/v1/people")).json["data"]
    assert (ada["name"], ada["email"]) == ("Ada", "ada@example.com")
    (access,) = (await owner.get("/api/v1/accesses")).json["data"]
    assert access["door_ids"] == [door_id]
    again = await owner.post("/api/v1/import/people", body=table)
    assert again.json["rows"][0]["result"] == "exists"


async def test_what_is_no_table_is_refused_without_repeating_it(world, owner):
    answer = await owner.post("/api/v1/import/people", body=f"739164,Ada\n{CODE},Ben\n".encode())
    assert answer.status == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert CODE not in answer.text
    assert (await owner.post("/api/v1/import/people")).status == 422
    assert (await owner.post("/api/v1/import/people", body=b"x" * (1 << 21))).status == 413
