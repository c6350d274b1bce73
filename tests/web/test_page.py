"""The page in a real Chromium: what a person sees while calls come and go."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import web
from tests.support.browser import Page, chromium, open_page
from tests.web.conftest import Site, served
from tests.web.fakes import BUSY, NUMBER, QUIET, Board, a_call
from web.api.status import AgentState, AsteriskStatus, CallState, QueueLine, Status, Today, Unwell
from web.app import build_app, serve
from web.settings import PageSettings

real = pytest.mark.real
CONSOLE = Path(web.__file__).parent / "console"
SETTINGS = PageSettings(title="12345", dial="sip:12345@192.0.2.1:5060", note="按 1 普通话", least_gap_s=0.02)
LIVE = "document.body.dataset.link === 'live'"
CALL_ROW = "document.querySelector('#calls-rows tr')"
SHOWN = "document.querySelector('{}').innerText.includes('{}')"


@pytest.fixture(scope="module")
def devtools() -> Iterator[str]:
    with chromium() as address:
        yield address


@asynccontextmanager
async def shown(
    devtools: str, settings: PageSettings = SETTINGS, *, language: str = "zh-CN"
) -> AsyncIterator[tuple[Site, Page]]:
    """The page, live, with nothing to complain about before or after."""
    async with served(settings) as site, open_page(devtools, language=language) as page:
        await page.prefer("light")
        await page.goto(site.serving.url)
        await page.wait_for(LIVE)
        yield site, page
        assert page.complaints == []


def texts(selector: str, text: str) -> str:
    return SHOWN.format(selector, text)


@real
async def test_a_call_comes_waits_talks_and_goes(devtools: str) -> None:
    async with shown(devtools) as (site, page):
        assert (
            await page.evaluate("getComputedStyle(document.querySelector('.calls .empty')).display") != "none"
        )
        for state, words, where in [
            ("menu", "语音菜单", "main"),
            ("queue", "排队", "general"),
            ("ringing", "振铃", "general → 李雯"),
            ("talking", "通话中", "general → 李雯"),
        ]:
            queue = None if state == "menu" else "general"
            agent = "李雯" if state in {"ringing", "talking"} else None
            site.board.show(replace(QUIET, calls=(a_call(state, queue=queue, agent=agent),)))
            await page.wait_for(f"{CALL_ROW}?.dataset.state === '{state}'")
            row = await page.evaluate(f"{CALL_ROW}.innerText")
            assert words in row and where in row and "138****5678" in row
            assert NUMBER not in await page.evaluate("document.documentElement.outerHTML")
        assert await page.evaluate("document.querySelector('#calls-count').innerText") == "1"
        assert (
            await page.evaluate("getComputedStyle(document.querySelector('.calls .empty')).display") == "none"
        )
        site.board.show(QUIET)
        await page.wait_for(f"{CALL_ROW}?.dataset.state === 'ended'")
        assert "已结束" in await page.evaluate(f"{CALL_ROW}.innerText")
        assert await page.evaluate("document.querySelector('#calls-count').innerText") == "0"
        await page.wait_for(f"{CALL_ROW} === null")


@real
async def test_rows_that_stay_are_kept_in_order_while_others_come_and_go(devtools: str) -> None:
    async with shown(devtools) as (site, page):
        one, two, three = (a_call(call_id=f"c-n1-{number}") for number in (1, 2, 3))
        site.board.show(replace(QUIET, calls=(one, two)))
        await page.wait_for("document.querySelectorAll('#calls-rows tr').length === 2")
        await page.evaluate("void (window.kept = document.querySelector('[data-key=\"c-n1-2\"]'))")
        site.board.show(replace(QUIET, calls=(two, three)))
        await page.wait_for("document.querySelector('[data-key=\"c-n1-3\"]') !== null")
        keys = await page.evaluate(
            "[...document.querySelectorAll('#calls-rows tr')].map((row) => row.dataset.key)"
        )
        assert keys == ["c-n1-1", "c-n1-2", "c-n1-3"]  # the one that leaves keeps its place until it is gone
        assert await page.evaluate("window.kept === document.querySelector('[data-key=\"c-n1-2\"]')")


@real
async def test_figures_queues_agents_and_the_number_to_dial(devtools: str) -> None:
    async with shown(devtools) as (site, page):
        site.board.show(BUSY)
        await page.wait_for(texts("#today", "95%"))
        assert (
            await page.evaluate("document.querySelector('#dial-address').href") == "sip:12345@192.0.2.1:5060"
        )
        assert "按 1 普通话" in await page.evaluate("document.querySelector('#dial').innerText")
        assert "general" in await page.evaluate("document.querySelector('#queues-rows').innerText")
        assert re.search(
            r"李雯\s+1001\s+空闲\s+已注册",
            await page.evaluate("document.querySelector('#agents-rows').innerText"),
        )
        health = await page.evaluate("document.querySelector('#health').innerText")
        assert "22.10.1" in health and "whisper" in health and "仅按键" in health
        site.board.show(replace(BUSY, asterisk=AsteriskStatus(connected=False)))
        await page.wait_for(texts("#health .bad", "未连接"))


@real
async def test_a_part_that_is_not_well_is_named_in_the_pages_language(devtools: str) -> None:
    disk = Unwell("disk", "degraded", "磁盘只剩 400 MB", "400 MB are left on the disk")
    shown_anyway = Unwell("database", "degraded", "数据库没有跟上", "the database does not keep up")
    for language, words in [("zh-CN", "磁盘只剩 400 MB"), ("en", "400 MB are left on the disk")]:
        async with shown(devtools, language=language) as (site, page):
            site.board.show(replace(QUIET, unwell=(disk, shown_anyway)))
            await page.wait_for(texts("#health", words))
            health = await page.evaluate("document.querySelector('#health').innerText")
            assert shown_anyway.zh not in health and shown_anyway.en not in health, (
                "the database has its line"
            )
            site.board.show(QUIET)
            await page.wait_for(f"!{texts('#health', words)}")


@real
async def test_durations_go_on_between_messages(devtools: str) -> None:
    async with shown(devtools) as (site, page):
        site.board.show(replace(QUIET, calls=(a_call(),)))
        await page.wait_for(f"{CALL_ROW} !== null")
        age = "document.querySelector('#calls-rows time').textContent"
        before = await page.evaluate(age)
        assert re.fullmatch(r"0:(0[7-9]|[1-5]\d)", before)
        await page.wait_for(f"{age} !== '{before}'")


@real
async def test_the_language_is_the_browsers_until_chosen_and_then_kept(devtools: str) -> None:
    async with shown(devtools, language="en-GB") as (site, page):
        site.board.show(BUSY)
        await page.wait_for("document.querySelectorAll('#calls-rows tr').length === 2")
        assert await page.evaluate("document.documentElement.lang") == "en"
        assert "Connection rate" in await page.evaluate("document.body.innerText")
        assert "Menu" in await page.evaluate(f"{CALL_ROW}.innerText")
        await page.click("[data-language=zh]")
        assert await page.evaluate("document.documentElement.lang") == "zh-CN"
        assert "语音菜单" in await page.evaluate(f"{CALL_ROW}.innerText")
        assert await page.evaluate("document.querySelector('[data-language=zh]').ariaPressed") == "true"
        await page.goto(site.serving.url)
        await page.wait_for(LIVE)
        assert await page.evaluate("document.documentElement.lang") == "zh-CN"


@real
async def test_a_lost_connection_is_said_and_mended(devtools: str) -> None:
    board = Board(BUSY)
    async with AsyncExitStack() as first:
        serving = await first.enter_async_context(serve(build_app(board, settings=SETTINGS), "127.0.0.1", 0))
        async with open_page(devtools, language="en") as page:
            await page.goto(serving.url)
            await page.wait_for(LIVE)
            await first.aclose()
            await page.wait_for("document.body.dataset.link === 'lost'")
            notice = await page.evaluate("document.querySelector('[role=alert]:not([hidden])').innerText")
            assert "Connection lost" in notice and "Reconnecting" in notice
            assert "138****5678" in await page.evaluate(
                "document.body.innerText"
            )  # what was known stays in sight
            board.show(replace(BUSY, node="n2"))
            async with serve(build_app(board, settings=SETTINGS), "127.0.0.1", serving.port):
                await page.wait_for(LIVE)
                await page.wait_for(texts("#node", "n2"))
                assert await page.evaluate("document.querySelector('[role=alert]').hidden")
                assert (
                    await page.evaluate("document.querySelector('[aria-live]').textContent")
                    == "Connected again"
                )


@real
async def test_silence_counts_as_a_lost_connection(devtools: str) -> None:
    """A network that drops everything without a word: no socket closes, but the heartbeat is missing."""
    board = Board(BUSY)
    async with (
        served(replace(SETTINGS, heartbeat_s=0.4), board) as site,
        cable(site.serving.port) as (port, plugged),
        open_page(devtools) as page,
    ):
        await page.goto(f"http://127.0.0.1:{port}/")
        await page.wait_for(LIVE)
        plugged.clear()
        await page.wait_for("document.body.dataset.link === 'lost'")
        board.show(replace(BUSY, node="n2"))
        plugged.set()
        await page.wait_for(f"{LIVE} && {texts('#node', 'n2')}")


@asynccontextmanager
async def cable(port: int) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A way to this port through another, which passes nothing on while the event is not set."""
    plugged = asyncio.Event()
    plugged.set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await plugged.wait()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with asyncio.TaskGroup() as group:

        async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            group.create_task(carry(reader, far_writer), name="cable.there")
            group.create_task(carry(far_reader, writer), name="cable.back")

        relay = await asyncio.start_server(connect, "127.0.0.1", 0)
        yield relay.sockets[0].getsockname()[1], plugged
        relay.close()


@real
async def test_what_callers_said_cannot_become_part_of_the_page(devtools: str) -> None:
    evil = "<img src=x onerror=alert(1)>"
    async with shown(devtools, replace(SETTINGS, show_transcripts=True, note=evil, title=evil)) as (
        site,
        page,
    ):
        site.board.show(
            replace(
                QUIET, calls=(a_call(last_heard=evil, node=evil),), queues=(QueueLine(evil, 0, None, 0, 0),)
            )
        )
        await page.wait_for(texts("#calls-rows", "onerror"))
        assert await page.evaluate("document.querySelectorAll('main img').length") == 0


@real
async def test_logging_in(devtools: str) -> None:
    token = "a-token-of-sufficient-length"
    async with served(replace(SETTINGS, token=token)) as site, open_page(devtools) as page:
        await page.goto(site.serving.url)
        assert await page.evaluate("location.pathname") == "/login"
        # The field has the focus already.
        await page.evaluate(f"void (document.activeElement.value = '{token}')")
        async with page.loading():
            await page.press("Enter")
        await page.wait_for(LIVE)
        assert page.complaints == []


# -- For everyone --

CONTRAST = """
(() => {
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const channel = (value) => linear(value / 255);
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    throw new Error("nothing has a ground");
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility() || element.closest(".unseen")) continue;
    const [one, two] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) weak.push(`${walker.currentNode.textContent.trim()} ${ratio.toFixed(2)}`);
  }
  return weak;
})()
"""

EVERY_STATE = replace(
    BUSY,
    calls=tuple(a_call(state, f"c-n1-{state}") for state in get_args(CallState)),
    agents=tuple(
        replace(QUIET.agents[0], id=state, name=state, state=state, phone_registered=state != "offline")
        for state in get_args(AgentState)
    ),
    queues=(QueueLine("general", 2, 3600.0, 0, 1), QueueLine("english", 0, None, 1, 1)),
    today=Today(1, 2, 1, 1, 1, 1, 99.0),
)


@real
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_can_be_read_in_both_schemes(devtools: str, scheme: str) -> None:
    async with shown(devtools) as (site, page):
        await page.prefer(scheme)
        site.board.show(EVERY_STATE)
        await page.wait_for("document.querySelectorAll('#agents-rows tr').length > 5")
        assert await page.evaluate(CONTRAST) == []
        dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (dark == "rgb(17, 23, 26)") is (scheme == "dark")


@real
@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
async def test_every_state_has_words(devtools: str, language: str) -> None:
    async with shown(devtools, language=language) as (site, page):
        site.board.show(EVERY_STATE)
        await page.wait_for("document.querySelectorAll('#agents-rows tr').length > 5")
        shown_text = await page.evaluate("document.body.innerText")
        assert not re.search(r"\b(call|agent)\.\w+|[{}]|undefined|null|NaN", shown_text)


TOO_WIDE = """
[...document.querySelectorAll("body *")]
  .filter((element) => element.checkVisibility() && !element.closest(".unseen, .skip"))
  .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((element) => `${element.tagName}.${element.className}: ${element.textContent.slice(0, 40)}`)
"""


@real
async def test_it_fits_every_width(devtools: str) -> None:
    async with shown(devtools, language="en-GB") as (site, page):
        site.board.show(EVERY_STATE)
        await page.wait_for("document.querySelectorAll('#agents-rows tr').length > 5")
        for width in (1920, 1440, 1080, 1000, 768, 600, 390, 320):
            await page.resize(width, 900)
            assert await page.evaluate(TOO_WIDE) == [], width


@real
async def test_roles_names_and_landmarks(devtools: str) -> None:
    async with shown(devtools, language="en-GB") as (site, page):
        site.board.show(BUSY)
        await page.wait_for("document.querySelectorAll('#calls-rows tr').length === 2")
        tree = (await page.send("Accessibility.getFullAXTree"))["nodes"]
        nodes = [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in tree
            if not node["ignored"] and "role" in node
        ]
        roles = [role for role, _ in nodes]
        assert roles.count("main") == 1 and roles.count("banner") == 1 and roles.count("contentinfo") == 1
        assert {name for role, name in nodes if role == "table"} == {"Calls 2", "Queues 1", "Agents 1"}
        assert {"Caller", "State", "Where", "Time"} <= {
            name for role, name in nodes if role == "columnheader"
        }
        assert "138****5678 c-n1-1" in {" ".join(name.split()) for role, name in nodes if role == "rowheader"}
        for role, name in nodes:
            if role in {"button", "link", "table", "heading", "group", "region"}:
                assert name, f"a {role} has no name"


@real
async def test_everything_is_reached_by_keyboard(devtools: str) -> None:
    async with shown(devtools, language="en-GB") as (_, page):
        reached = []
        for _ in range(5):
            await page.press("Tab")
            reached.append(await page.evaluate("document.activeElement.innerText"))
        assert reached == ["Skip to the calls", "中文", "English", "sip:12345@192.0.2.1:5060", "Copy"]
        await page.evaluate("document.querySelector('[data-language=zh]').focus()")
        await page.press("Enter")
        assert await page.evaluate("document.documentElement.lang") == "zh-CN"


# -- The page and the server mean the same --


@real
async def test_both_languages_have_the_same_texts(devtools: str) -> None:
    async with shown(devtools) as (_, page):
        keys = await page.evaluate(
            "import('/static/messages.js').then(({ MESSAGES }) => [Object.keys(MESSAGES.zh), Object.keys(MESSAGES.en)])"
        )
        assert keys[0] == keys[1]
        wanted = {f"call.{state}" for state in get_args(CallState)} | {
            f"agent.{state}" for state in get_args(AgentState)
        }
        assert wanted <= set(keys[0])
        page_texts = set(
            re.findall(r'data-text="(\w+)"', (CONSOLE / "index.html").read_text(encoding="utf-8"))
        )
        assert page_texts <= set(keys[0])


def test_the_pages_types_have_the_fields_of_the_values() -> None:
    script = (CONSOLE / "status.js").read_text(encoding="utf-8")
    rates = {"connection_rate", "rate_15_s"}
    for kind in _values_in(Status):
        typedef = re.search(rf"@typedef {{{{(.*)}}}} {kind.__name__} \*/", script)
        if typedef is None:
            continue  # written inside Status's own
        flat = re.sub(r"{[^{}]*}", "", typedef.group(1))
        names = set(re.findall(r"(\w+): ", flat + " "))
        assert names == {field.name for field in fields(kind)} | (rates if kind is Today else set()), (
            kind.__name__
        )
    assert re.findall(r"@typedef {{.*}} (\w+) \*/", script)[:6] == [
        "LiveCall",
        "QueueLine",
        "AgentLine",
        "Today",
        "Callback",
        "Status",
    ]


def _values_in(kind: type) -> Iterator[type]:
    yield kind
    for hint in get_type_hints(kind).values():
        for part in (hint, *get_args(hint)):
            if is_dataclass(part) and isinstance(part, type):
                yield from _values_in(part)
