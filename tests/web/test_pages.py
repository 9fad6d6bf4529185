"""What holds for every page: who may see it, forms that only our own pages send, and nothing that a browser should not run."""

import gzip
import json
import re
from importlib.resources import files
from urllib.parse import urlencode

import pytest
from tests.web.conftest import PASSWORD

from latchwork.web.pages import places
from latchwork.web.pages.assets import assets
from latchwork.web.pages.forms import is_token, mask
from latchwork.web.pages.routing import own_path
from latchwork.web.routing import guard_of

HTML = {"accept": "text/html,application/xhtml+xml"}
FORM = "application/x-www-form-urlencoded"


async def send(browser, path, referer="/", **fields):
    """A form as a browser sends it."""
    return await browser.ask(
        "POST",
        path,
        body=urlencode(fields, doseq=True).encode(),
        content_type=FORM,
        origin="http://hub.test",
        referer=f"http://hub.test{referer}",
        x_csrf_token=None,
        **HTML,
    )


def token_of(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def page_routes():
    return [route for router in places.ROUTERS for route in router.routes]


async def test_the_first_owner_comes_by_the_link_and_is_signed_in(world):
    browser = world.browser()
    assert (await browser.get("/", **HTML)).headers["location"] == "/sign-in?next=%2F"
    assert (await browser.get("/sign-in", **HTML)).headers["location"] == "/setup"
    link = world.context.owner_link.renew()
    wrong = await send(browser, "/setup", token=link, name="Olive", password=PASSWORD, again="something else")
    assert wrong.status == 422
    assert "not the same" in wrong.text
    answer = await send(
        browser, "/setup", token=f"http://hub/setup#{link}", name="Olive", password=PASSWORD, again=PASSWORD
    )
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert (await browser.get("/", **HTML)).status == 200


async def test_whoever_is_not_signed_in_comes_back_to_where_they_wanted(world, owner):
    browser = world.browser()
    answer = await browser.get("/", **HTML)
    assert answer.headers["location"] == "/sign-in?next=%2F"
    wrong = await send(browser, "/sign-in", name="Olive", password="not this", next="/people")
    assert wrong.status == 401
    assert 'value="Olive"' in wrong.text
    assert "not this" not in wrong.text
    right = await send(browser, "/sign-in", name="Olive", password=PASSWORD, next="/people")
    assert (right.status, right.headers["location"]) == (303, "/people")


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\evil", "", "javascript:alert(1)", "/a\r\nb"],
)
def test_nobody_is_sent_to_another_site(path):
    assert own_path(path) == "/"


async def test_signing_in_is_slowed_down_for_somebody_who_guesses(world, owner):
    browser = world.browser()
    statuses = [(await send(browser, "/sign-in", name="Olive", password=f"guess {n}")).status for n in range(12)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


async def test_a_session_that_somebody_planted_ends_with_signing_in(world, owner):
    browser = world.browser()
    await send(browser, "/sign-in", name="Olive", password=PASSWORD)
    planted = dict(browser.cookies)
    victim = world.browser()
    victim.cookies = dict(planted)
    await send(victim, "/sign-in", name="Olive", password=PASSWORD)
    assert victim.cookies != planted
    assert (await browser.get("/", **HTML)).status == 303


async def test_a_form_without_its_token_changes_nothing(world, owner):
    door_id, _ = await world.door_with_lock(owner)
    page = (await owner.get("/", **HTML)).text
    operate = f"/doors/{door_id}/operate"
    for token in ("", "guessed", mask("another token that is as long as ours", world.context.entropy)):
        answer = await send(owner, operate, operation="unlock", csrf_token=token)
        assert answer.status == 403
        assert "too old" in answer.text
    assert (await send(owner, operate, operation="unlock", csrf_token=token_of(page))).status == 303


async def test_a_form_of_another_site_changes_nothing(world, owner):
    door_id, _ = await world.door_with_lock(owner)
    token = token_of((await owner.get("/", **HTML)).text)
    answer = await owner.ask(
        "POST",
        f"/doors/{door_id}/operate",
        body=urlencode({"operation": "unlock", "csrf_token": token}).encode(),
        content_type=FORM,
        origin="https://evil.example",
        **HTML,
    )
    assert answer.status == 403


async def test_the_token_looks_different_on_every_page(world, owner):
    await world.door_with_lock(owner)
    pages = [(await owner.get("/", **HTML)).text for _ in range(2)]
    assert token_of(pages[0]) != token_of(pages[1])
    assert all(is_token(token_of(page), owner.csrf) for page in pages)
    assert owner.csrf not in "".join(pages)


async def test_signing_out_ends_the_session(world, owner):
    page = (await owner.get("/", **HTML)).text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    answer = await send(owner, "/sign-out", csrf_token=token)
    assert answer.headers["location"] == "/sign-in"
    assert (await owner.get("/", **HTML)).status == 303


async def test_what_was_done_is_said_once_on_the_next_page(world, owner):
    door_id, _ = await world.door_with_lock(owner)
    token = token_of((await owner.get("/", **HTML)).text)
    await send(owner, f"/doors/{door_id}/operate", operation="lock", csrf_token=token)
    assert "was asked to lock" in (await owner.get("/", **HTML)).text
    assert "was asked to lock" not in (await owner.get("/", **HTML)).text


async def test_an_address_with_nothing_behind_it_is_a_page_for_people_and_a_problem_for_programs(world, owner):
    page = await owner.get("/no/such/place", **HTML)
    assert page.status == 404
    assert "There is nothing here" in page.text
    assert (await owner.get("/api/v1/nothing", **HTML)).json["code"] == "not_found"
    stranger = await world.browser().get("/no/such/place", **HTML)
    assert stranger.status == 404


async def test_pages_may_not_be_framed_by_others_and_run_nothing_of_their_own(world, owner):
    await world.door_with_lock(owner)
    answer = await owner.get("/", **HTML)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_never_changes_is_kept_for_ever_and_is_small(world):
    style = assets().path("app.css")
    answer = await world.browser().get(style, accept_encoding="gzip")
    assert "immutable" in answer.headers["cache-control"]
    assert gzip.decompress(answer.body) == assets().get("app.css").content
    older = await world.browser().get(style.replace(assets().version, "000000000000"))
    assert older.headers["cache-control"] == "no-cache"
    assert (await world.browser().get("/static/x/../../etc/passwd", **HTML)).status == 404
    # A page needs a few of these; all of them together are less than what a page may weigh.
    names = [name for name in assets()._assets if not name.startswith("img/")]
    packed = sum(len(assets().get(name).compressed or assets().get(name).content) for name in names)
    assert packed < 150_000


async def test_the_theme_is_kept_and_nothing_else_is_taken_for_one(world, owner):
    token = re.search(r'name="csrf-token" content="([^"]+)"', (await owner.get("/", **HTML)).text)[1]
    await send(owner, "/theme", theme="dark", csrf_token=token)
    assert 'data-theme="dark"' in (await owner.get("/", **HTML)).text
    assert (await send(owner, "/theme", theme='x" onload="', csrf_token=token)).status == 422


async def test_pages_work_below_the_path_of_a_proxy_that_is_trusted(make_trusting):
    world = await make_trusting(trusted_proxies=frozenset({"192.0.2.7"}))
    owner = await world.owner()
    page = await owner.get("/", x_ingress_path="/api/hassio_ingress/abc", **HTML)
    assert 'href="/api/hassio_ingress/abc/people"' in page.text
    assert 'data-home="/api/hassio_ingress/abc"' in page.text
    strange = await owner.get("/", x_ingress_path="//evil.example", **HTML)
    assert "evil" not in strange.text
    stranger = world.browser(address="198.51.100.9")
    assert (await stranger.get("/", x_ingress_path="/elsewhere", **HTML)).headers["location"].startswith("/sign-in")


def test_every_page_has_a_guard_and_every_change_is_a_form():
    for route in page_routes():
        guard_of(route.endpoint)
        assert route.methods <= {"GET", "POST"}, route.path


def templates():
    folder = files("latchwork.web.pages") / "templates"
    found, waiting = {}, [("", folder)]
    while waiting:
        prefix, where = waiting.pop()
        for each in where.iterdir():
            if each.is_dir():
                waiting.append((f"{prefix}{each.name}/", each))
            else:
                found[prefix + each.name] = each.read_text("utf-8")
    return found


@pytest.mark.parametrize("name", sorted(templates()))
def test_templates_hold_no_script_no_style_and_nothing_of_another_site(name):
    text = templates()[name]
    assert not re.search(r"\sstyle\s*=|\son[a-z]+\s*=|<style|javascript:", text), name
    for script in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL):
        assert script == ""
    assert not re.search(r'(src|href)="(https?:)?//', text), name
    for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL):
        is_open = "/sign-in" in form or "/setup" in form
        assert is_open or "csrf_input(" in form, f"{name}: a form without its token"


def all_texts():
    together = {}
    for each in (files("latchwork.web.pages") / "texts" / "en").iterdir():
        together |= json.loads(each.read_text("utf-8"))
    return together


def sources():
    root = files("latchwork.web.pages")
    yield from templates().items()
    waiting = [root]
    while waiting:
        for each in waiting.pop().iterdir():
            if each.is_dir():
                waiting.append(each)
            elif each.name.endswith((".py", ".js")):
                yield each.name, each.read_text("utf-8")


def test_every_text_that_a_page_says_is_there():
    texts = all_texts()
    for name, source in sources():
        for key in re.findall(r"""(?<![\w.])(?:t|say)\(\s*["']([a-z0-9_.]+)["']\s*[,)]""", source):
            assert key in texts, f"{name} says {key}"
