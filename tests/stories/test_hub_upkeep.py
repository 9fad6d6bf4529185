"""What the hub does once a day by itself: it looks at its storage, and forgets what is not to be kept any more."""

from dataclasses import replace

from tests.support.hub import OWNER, tell

from latchwork.hub.journal.entries import Kind

DAY = 86_400.0


async def keep_for(house, days):
    site = house.hub.repository.site()
    await house.hub.repository.put_site(replace(site, journal_days=days))


def test_the_journal_forgets_what_is_older_than_the_site_keeps_it_and_still_verifies():
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await keep_for(house, 7)
        await house.settle(5 * DAY)
        await house.enter("Front", "739218")
        await house.settle(3 * DAY)
        entries = await house.journal()
        assert Kind.COMMISSIONED not in {entry.kind for entry in entries}
        assert [entry.person_name for entry in entries if entry.kind is Kind.OPENED] == ["Ada"]
        assert Kind.PRUNED in {entry.kind for entry in entries}
        assert (await house.hub.journal.verify()).is_whole

    tell(play)


def test_the_journal_is_kept_for_ever_unless_somebody_says_otherwise():
    async def play(house):
        await house.door("Front")
        await house.settle(3 * DAY)
        assert Kind.COMMISSIONED in {entry.kind for entry in await house.journal()}

    tell(play)


def test_codes_that_nobody_has_and_no_lock_knows_are_forgotten():
    async def play(house):
        await house.door("Front")
        _, credential = await house.person("Ada", "739218", ["Front"])
        await house.settle()
        await house.hub.people.remove_credential(credential.id, actor=OWNER)
        await house.settle(2 * DAY)
        assert house.hub.secrets.holders(b"739218") == []

    tell(play)
