"""A page is made like the server's without losing what somebody does on it: tried with trees made by chance, in the browser itself."""

import random

import pytest_asyncio

START = """async (path) => {
    const { morph } = await import(path);
    window.make = (html) => new DOMParser().parseFromString(`<main id="root">${html}</main>`, "text/html").querySelector("main");
    window.put = (html) => {
        document.body.replaceChildren(document.importNode(make(html), true));
        return document.body.firstElementChild;
    };
    window.be = (html) => morph(document.body.firstElementChild, make(html));
}"""
WORDS = ("Front", "Back", "Cellar", "on the lock", "waiting")


@pytest_asyncio.fixture(loop_scope="session")
async def page(visit):
    visitor = await visit()
    await visitor.go("/offline")
    sheet = await visitor.page.get_attribute("link[rel=stylesheet]", "href")
    await visitor.page.evaluate(START, sheet.replace("app.css", "js/morph.js"))
    return visitor.page


def tree(dice, depth, taken):
    """Some HTML: lists with ids, paragraphs, forms and texts; each id once, and not always there."""
    parts = []
    for _ in range(dice.randrange(5)):
        kind = dice.choice(("text", "p", "div", "ul", "input", "details", "keyed"))
        if kind == "text":
            parts.append(dice.choice(WORDS))
        elif kind == "p":
            parts.append(f'<p class="{dice.choice("abc")}">{dice.choice(WORDS)}</p>')
        elif kind == "input":
            parts.append(f'<input name="{dice.choice("xyz")}" value="{dice.randrange(9)}">')
        elif kind in {"div", "details"}:
            more = tree(dice, depth - 1, taken) if depth else dice.choice(WORDS)
            parts.append(f"<{kind}>{more}</{kind}>")
        elif kind == "keyed":
            free = [each for each in range(12) if each not in taken]
            if free:
                taken.add(found := dice.choice(free))
                more = tree(dice, depth - 1, taken) if depth else dice.choice(WORDS)
                parts.append(f'<section id="s{found}">{more}</section>')
        else:
            ids = dice.sample(range(8), dice.randrange(5))
            items = "\n".join(f'<li id="u{depth}-{len(taken)}-{each}">{dice.choice(WORDS)}</li>' for each in ids)
            taken.add(f"list {depth} {len(taken)}")
            parts.append(f"<ul>\n{items}\n</ul>")
    return "\n".join(parts)


async def test_whatever_was_there_it_becomes_what_the_server_says(page):
    dice = random.Random(7)
    pairs = [(tree(dice, 3, set()), tree(dice, 3, set())) for _ in range(400)]
    wrong = await page.evaluate(
        """(pairs) => pairs.flatMap(([before, after]) => {
            const root = put(before);
            be(after);
            const got = root.innerHTML, wanted = make(after).innerHTML;
            return got === wanted ? [] : [{ before, got, wanted }];
        })""",
        pairs,
    )
    assert wrong == []


async def test_what_has_an_id_stays_itself_wherever_it_goes_in_its_list(page):
    dice = random.Random(11)
    lists = [[dice.sample(range(10), dice.randrange(11)) for _ in range(2)] for _ in range(300)]
    lost = await page.evaluate(
        """(lists) => lists.flatMap(([before, after]) => {
            const html = (ids) => "\\n" + ids.map((id) => `<li id="i${id}">${id}</li>`).join("\\n") + "\\n";
            const root = put(`<ul>${html(before)}</ul>`);
            const kept = new Map([...root.querySelectorAll("li")].map((each) => [each.id, each]));
            be(`<ul>${html(after)}</ul>`);
            const now = [...root.querySelectorAll("li")];
            const isRight = now.map((each) => each.id).join() === after.map((id) => `i${id}`).join();
            const isSame = now.every((each) => !kept.has(each.id) || kept.get(each.id) === each);
            return isRight && isSame ? [] : [{ before, after }];
        })""",
        lists,
    )
    assert lost == []


async def test_what_is_typed_stays_in_its_field_though_fields_come_and_go_around_it(page):
    await page.evaluate("""() => put('<form><input name="a"><input name="b"><textarea name="c"></textarea></form>')""")
    await page.fill("[name=b]", "typed")
    await page.fill("[name=c]", "a note")
    await page.evaluate(
        """() => be('<form><p>New</p><input name="z"><input name="b"><textarea name="c"></textarea></form>')"""
    )
    assert await page.input_value("[name=b]") == "typed"
    assert await page.input_value("[name=c]") == "a note"
    assert await page.input_value("[name=z]") == ""
    assert await page.evaluate("document.activeElement.name") == "c"


async def test_the_focus_stays_when_others_go_and_come(page):
    def item(each):
        return f'<li id="{each}"><a href="#{each}">{each}</a></li>'

    await page.evaluate("(html) => put(html)", f"<ul>{''.join(map(item, 'abcd'))}</ul>")
    await page.focus("#c a")
    for order in ("cd", "xcd", "dc", "cab"):
        await page.evaluate("(html) => be(html)", f"<ul>{''.join(map(item, order))}</ul>")
        assert await page.evaluate("document.activeElement.textContent") == "c", order


async def test_what_is_opened_stays_open_and_what_is_closed_closed(page):
    details = '<details id="a"><summary>A</summary>one</details><details id="b" open><summary>B</summary>one</details>'
    await page.evaluate("(html) => put(html)", details)
    await page.click("#a summary")
    await page.click("#b summary")
    await page.evaluate("(html) => be(html)", details.replace("one", "two"))
    assert await page.evaluate("[...document.querySelectorAll('details')].map((each) => each.open)") == [True, False]
    assert "two" in await page.inner_text("#a")


async def test_what_is_in_use_or_a_scripts_own_is_left_alone(page):
    await page.evaluate(
        """() => put('<form data-busy class="asking"><p>Moving</p></form><p class="said failed" data-own>Why not</p>')"""
    )
    await page.evaluate("""() => be('<form><p>Unlock</p></form><p class="said"></p>')""")
    assert await page.inner_text("form") == "Moving"
    assert await page.inner_text(".said.failed") == "Why not"


async def test_an_id_is_never_there_twice(page):
    dice = random.Random(3)
    trees = [tree(dice, 3, set()) for _ in range(200)]
    twice = await page.evaluate(
        """(trees) => {
            const root = put(trees[0]);
            return trees.slice(1).filter((after) => {
                be(after);
                const ids = [...root.querySelectorAll("[id]")].map((each) => each.id);
                return new Set(ids).size !== ids.length;
            });
        }""",
        trees,
    )
    assert twice == []
