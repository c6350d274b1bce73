"""Agents' telephones on a real Asterisk: accounts come and go, what a phone is told, phones that cannot answer.

A hotline of its own: accounts are changed here, and a phone without voice is taken to be gone after three seconds.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ivr.accounts.access import provisioner_of
from ivr.accounts.service import Accounts
from ivr.audit.evidence import evidence_of
from ivr.audit.figures import discrepancies
from ivr.clock import SystemClock
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from ivr.main import Hotline, RunningHotline
from ivr.projections.kpi_stored import service_figures
from tests.calls.conftest import staged
from tests.support import parts_house
from tests.support.audio import save_wav, tone, tone_present
from tests.support.browser import chromium, open_page
from tests.support.citizens import Caller, Scene
from tests.support.softphone import sip_server
from tests.support.webphone import FLAGS, WebPhone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

AGENTS = """agents:
  - {id: a1001, name: Li, extension: "1001", skills: {mandarin: 5}, queues: [general]}
  - {id: a1002, name: Wang, extension: "1002", skills: {mandarin: 5}, queues: [general]}
  - {id: a1003, name: Zhao, extension: "1003", skills: {mandarin: 5}, queues: [general]}
"""
TOLD_HZ = {"agent.whisper": 1500, "agent.whisper_general": 1900}
RTP_TIMEOUT_S = 3
TALK_S = 1.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def telephones(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hotline]:
    flows = parts_house.copy_flows(tmp_path_factory.mktemp("telephones") / "flows")
    (flows / "agents.yaml").write_text(AGENTS, encoding="utf-8")
    announce_facts(flows)
    settings = parts_house.settings(tmp_path_factory.mktemp("state"), flows, parts_house.free_port())
    asterisk = settings.asterisk.model_copy(update={"rtp_timeout_s": RTP_TIMEOUT_S, "allow_anonymous": False})
    running = RunningHotline(settings.model_copy(update={"asterisk": asterisk}))
    yield await running.start()
    await running.stop()


def announce_facts(flows: Path) -> None:
    """The queue tells its agents whose call it is: a tone for `a caller`, another for the queue."""
    dialogue, prompts = flows / "parts.yaml", flows / "prompts" / "zh.yaml"
    text = dialogue.read_text(encoding="utf-8")
    asks = "    queue: general\n    options:"
    assert asks in text
    dialogue.write_text(text.replace(asks, asks.replace("options:", "whisper: agent.whisper\n    options:")))
    with prompts.open("a", encoding="utf-8") as more:
        more.write("agent.whisper: 市民。\nagent.whisper_general: 人工。\n")
    for name, hz in TOLD_HZ.items():
        save_wav(flows / "recordings" / "zh" / f"{name}.wav", tone(hz, 0.4))


@pytest_asyncio.fixture(loop_scope="session")
async def stage(telephones: Hotline) -> AsyncIterator[Scene]:
    async with staged(telephones) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def phones() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def in_queue(stage: Scene) -> Caller:
    citizen = await stage.citizen()
    await stage.until(
        lambda: "parts.choose" in [session.node for session in stage.hotline.front_door.registry], "the menu"
    )
    await citizen.send_digits("5")
    return citizen


async def both_hear(stage: Scene, citizen: Caller, agent: Caller) -> None:
    before = len(citizen.received_audio()), len(agent.received_audio())
    await citizen.play(tone(600, TALK_S))
    await agent.play(tone(1000, TALK_S))
    await stage.hears_for(citizen, TALK_S + 0.5)
    assert tone_present(agent.received_audio()[before[1] :], 600)
    assert tone_present(citizen.received_audio()[before[0] :], 1000)


def state_of(stage: Scene, agent: str = "a1002") -> str:
    return stage.states()[agent]


async def registered(stage: Scene, stack: AsyncExitStack, name: str, secret: str, **more: Any) -> LightPhone:
    phone = await stack.enter_async_context(
        LightPhone(name, sip_server(stage.rendered), password=secret, **more)
    )
    await phone.register()
    return phone


async def refused(stage: Scene, name: str, secret: str) -> bool:
    async with LightPhone(name, sip_server(stage.rendered), password=secret) as phone:
        try:
            await phone.register()
        except PhoneError:
            return True
    return False


async def logged_in(stage: Scene, phones: AsyncExitStack, name: str, **more: Any) -> LightPhone:
    """Without the code: its announcement is heard elsewhere."""
    phone = await registered(stage, phones, name, stage.rendered.account(name).password, **more)
    await stage.until(lambda: name in stage.hotline.telephony.phones.online, f"{name} has a telephone")
    stage.log_in(name)
    return phone


async def test_an_account_is_made_changed_and_revoked_while_calls_go_on(
    stage: Scene, phones: AsyncExitStack
) -> None:
    """From outside of the running hotline, as the command does, which rings the new telephone all the same."""
    hotline = stage.hotline
    async with provisioner_of(hotline.settings) as provisioner:
        made = await Accounts(hotline.store, SystemClock().now, provisioner).create("a1002", username="spare")
    assert made.in_effect
    phone = await registered(stage, phones, "spare", made.secret, auto_answer_after_s=0.2)
    book = stage.hotline.telephony.book
    await stage.until(lambda: book.endpoint_of("a1002") == "PJSIP/spare", "the new telephone is known")
    await stage.dial_code(phone, "*45")
    assert state_of(stage) == "available", "a code from it is its agent's"
    citizen = await in_queue(stage)
    await phone.events.next("established", timeout=20)
    await stage.until(lambda: "talking" in stage.stages(), "they talk")
    assert all(tone_present(phone.received_audio(), hz) for hz in TOLD_HZ.values()), "the facts were not told"
    assert not any(tone_present(citizen.received_audio(), hz) for hz in TOLD_HZ.values())
    await both_hear(stage, citizen, phone)

    accounts = stage.hotline.telephony.accounts
    turned = await accounts.rotate("spare")
    assert turned.in_effect
    assert state_of(stage) == "talking", "the citizen keeps the agent"
    assert await refused(stage, "spare", made.secret)
    await stage.until(lambda: not book.is_online("spare"), "who registered with the old secret is not rung")
    await phone.hangup()
    await stage.until(lambda: state_of(stage) == "paused", "no telephone, no offers")
    again = await registered(stage, phones, "spare", turned.secret)
    await stage.until(lambda: state_of(stage) == "available", "back with the new secret")

    assert (await accounts.revoke("spare")).in_effect
    await stage.until(lambda: state_of(stage) == "paused", "the revoked telephone is gone")
    await again.dial(f"sip:*46@{sip_server(stage.rendered)}")
    closed = await again.events.next("closed", "established", timeout=20)
    assert (closed.kind, closed.detail[:3]) == ("closed", "401"), "a revoked account placed a call"
    assert await refused(stage, "spare", turned.secret)
    assert stage.hotline.asterisk is not None
    assert "spare" not in await stage.hotline.asterisk.cli("pjsip show contacts")


@asynccontextmanager
async def ringing_at_once(stage: Scene, number: int) -> AsyncIterator[None]:
    """So many agents for one caller, long enough for all that the test does meanwhile."""
    dispatcher = stage.hotline.dispatcher
    rules = dispatcher.board.rules
    queues = {name: replace(queue, ring=number, ring_s=60.0) for name, queue in rules.queues.items()}
    dispatcher.use_rules(replace(rules, queues=queues))
    yield
    dispatcher.use_rules(rules)


def misses(stage: Scene) -> dict[str, int]:
    return {agent.id: agent.no_answers for agent in stage.hotline.dispatcher.board.agents.values()}


async def test_three_are_rung_one_rejects_and_one_answers(stage: Scene, phones: AsyncExitStack) -> None:
    """Complaint: ring-all restarts the round. Here the others ring on, and stop when one answers, without a miss."""
    async with ringing_at_once(stage, 3):
        ann, bob, cid = [await logged_in(stage, phones, name) for name in ("a1001", "a1002", "a1003")]
        citizen = await in_queue(stage)
        (call,) = [session.call for session in stage.hotline.front_door.registry]
        for phone in (ann, bob, cid):
            await phone.events.next("incoming", timeout=20)
        invites = [phone.call.invite for phone in (bob, cid) if phone.call is not None]
        await ann.reject("603 Decline")
        await stage.until(lambda: misses(stage)["a1001"] == 1, "the rejection is known")
        assert [state_of(stage, name) for name in ("a1001", "a1002", "a1003")] == [
            "available",
            "ringing",
            "ringing",
        ]
        await bob.answer()
        assert (await cid.events.next("closed", timeout=20)).detail == "cancelled by the other side"
        await stage.until(lambda: "talking" in stage.stages(), "they talk")
        assert [state_of(stage, name) for name in ("a1001", "a1002", "a1003")] == [
            "available",
            "talking",
            "available",
        ]
        assert misses(stage) == {"a1001": 1, "a1002": 0, "a1003": 0}
        assert [phone.call.invite for phone in (bob, cid) if phone.call is not None] == invites, "rung anew"
        assert [event.kind for event in ann.events.history].count("incoming") == 1, "rung again after the no"
        await both_hear(stage, citizen, bob)
        await citizen.hangup()
        await stage.until(lambda: not stage.stages(), "the call is over")
        record = await stage.record(call)
        async with stage.hotline.store.reading() as uow:
            evidence = await evidence_of(uow, record)
        assert discrepancies(evidence) == []
        offered = {one.agent for one in evidence.decisions if one.kind == "offer"}
        assert offered == {"a1001", "a1002", "a1003"}


async def test_a_second_caller_gets_one_of_those_who_are_rung_together(
    stage: Scene, phones: AsyncExitStack
) -> None:
    """A telephone with one line: it stops, and then rings for the other, and nobody has missed anything."""
    async with ringing_at_once(stage, 3):
        ann, bob = [await logged_in(stage, phones, name) for name in ("a1001", "a1002")]
        first = await in_queue(stage)
        for phone in (ann, bob):
            await phone.events.next("incoming", timeout=20)
        second = await in_queue(stage)
        assert (await bob.events.next("closed", timeout=20)).detail == "cancelled by the other side"
        await bob.events.next("incoming", timeout=20)
        await bob.answer()
        await ann.answer()
        await stage.until(lambda: stage.stages() == ["talking", "talking"], "both talk")
        assert misses(stage) == {"a1001": 0, "a1002": 0, "a1003": 0}
        await both_hear(stage, first, ann)
        await both_hear(stage, second, bob)


async def test_all_telephones_of_an_agent_ring(stage: Scene, phones: AsyncExitStack) -> None:
    made = await stage.hotline.telephony.accounts.create("a1002", username="desk")
    desk = await registered(stage, phones, "desk", made.secret)
    mobile = await logged_in(stage, phones, "a1002")
    book = stage.hotline.telephony.book
    await stage.until(lambda: len(book.endpoints_of("a1002")) == 2, "both are known")
    citizen = await in_queue(stage)
    for phone in (desk, mobile):
        await phone.events.next("incoming", timeout=20)
    await mobile.reject("486 Busy Here")
    await desk.answer()
    await stage.until(lambda: "talking" in stage.stages(), "they talk")
    assert misses(stage)["a1002"] == 0
    await both_hear(stage, citizen, desk)
    await desk.hangup()
    await citizen.events.next("closed", timeout=20)
    await stage.until(lambda: state_of(stage) == "available", "the wrap-up is over")
    second = await in_queue(stage)
    for phone in (desk, mobile):
        await phone.events.next("incoming", timeout=20)
    await mobile.answer()
    assert (await desk.events.next("closed", timeout=20)).detail == "cancelled by the other side"
    await stage.until(lambda: "talking" in stage.stages(), "they talk again")
    await both_hear(stage, second, mobile)
    await second.hangup()
    await stage.hotline.telephony.accounts.revoke("desk")


async def test_asterisk_is_brought_in_step(stage: Scene) -> None:
    """What is missing there is made, what is ours and unknown here is removed, what is others' stays."""
    ari, asterisk = stage.hotline.ari.asterisk, stage.hotline.asterisk
    assert asterisk is not None
    where = {"config_class": "res_pjsip", "object_type": "endpoint"}
    await ari.delete_object(**where, id="a1001")
    for name, mark in (("left", "ivr:0:0"), ("theirs", "other:0:0")):
        fields = [{"attribute": "callerid_tag", "value": mark}]
        await ari.update_object(**where, id=name, fields=fields)
    accounts = await stage.hotline.telephony.accounts.all()
    done = await stage.hotline.telephony.provisioner.reconcile(accounts)
    # The hotline looks by itself, too, and may have been first.
    assert {one.username for one in done.make} <= {"a1001"}
    assert set(done.remove) <= {"left"}
    endpoints = await asterisk.cli("pjsip show endpoints")
    assert "a1001" in endpoints and "theirs" in endpoints and "left" not in endpoints
    assert (await stage.hotline.telephony.provisioner.reconcile(accounts)).make == ()
    await ari.delete_object(**where, id="theirs")
    await stage.hotline.telephony.phones.refresh()


async def test_asterisks_own_files_hold_no_secret_and_are_closed_to_others(stage: Scene) -> None:
    folder = stage.rendered.folder
    kept = [path for path in (folder / "lib").iterdir() if path.is_file()]
    assert kept, "Asterisk's database is not where it is looked for"
    secrets = [account.password.encode() for account in stage.rendered.accounts]
    digests = [one.md5.encode() for one in (await stage.hotline.telephony.accounts.all()).values()]
    for path in kept:
        data = path.read_bytes()
        assert not any(secret in data for secret in (*secrets, *digests)), path
    for path in (folder, folder / "lib"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


async def test_what_the_telephone_is_told(stage: Scene, phones: AsyncExitStack) -> None:
    """Who calls and for which queue; when to look after a lost end; and, of this account, to answer by itself."""
    phone = await logged_in(stage, phones, "a1002")
    await stage.hotline.telephony.accounts.answer("a1002", "by_itself")
    citizen = await in_queue(stage)
    await phone.events.next("incoming", timeout=20)
    assert phone.call is not None and phone.call.invite is not None
    invite = phone.call.invite
    assert '"Service desk zh"' in invite.get("from") and "sip:138000000" in invite.get("from")
    assert invite.get("min-se") == "90" and invite.get("session-expires").startswith("900")
    assert "timer" in invite.get("supported")
    assert invite.get("call-info") == "<sip:hotline>;answer-after=0"
    assert "alert-autoanswer" in invite.get("alert-info")
    assert invite.get("answer-mode") == "Auto"
    await phone.reject("603 Decline")
    await stage.hotline.telephony.accounts.answer("a1002", "by_hand")
    await phone.events.next("incoming", timeout=30)
    invite = phone.call.invite
    assert not invite.get("call-info") and not invite.get("alert-info")
    await citizen.hangup()
    await phone.events.next("closed", timeout=10)


async def test_the_caller_hangs_up_while_it_rings(stage: Scene, phones: AsyncExitStack) -> None:
    """Complaint: a call is offered to an agent whose caller has gone. Here the phone's ringing ends at once."""
    phone = await logged_in(stage, phones, "a1001")
    citizen = await in_queue(stage)
    await phone.events.next("incoming", timeout=20)
    await citizen.hangup()
    assert (await phone.events.next("closed", timeout=10)).detail == "cancelled by the other side"
    await stage.until(lambda: state_of(stage, "a1001") == "available", "the agent is free again")


async def test_telephones_that_cannot_answer_block_nobody(stage: Scene, phones: AsyncExitStack) -> None:
    """Complaint: one unavailable agent blocks the rest. One phone has gone, one does not want to be disturbed."""
    disturbed = await logged_in(stage, phones, "a1002")
    async with AsyncExitStack() as leaves:
        await logged_in(stage, leaves, "a1001")
    await stage.until(lambda: state_of(stage, "a1001") == "paused", "seen at once")
    citizen = await in_queue(stage)
    await disturbed.events.next("incoming", timeout=20)
    await disturbed.reject("486 Busy Here")
    back = await logged_in(stage, phones, "a1001", auto_answer_after_s=0.1)
    await back.events.next("established", timeout=20)
    await stage.until(lambda: state_of(stage, "a1001") == "talking", "the other has the call")
    await citizen.hangup()


async def test_a_telephone_on_do_not_disturb(stage: Scene, phones: AsyncExitStack) -> None:
    """Seen with the first call that it refuses, kept, and over when it takes one; how long it was is told."""
    desk, store = stage.hotline.desk, stage.hotline.store
    began = dt.datetime.now(dt.UTC)
    phone = await logged_in(stage, phones, "a1001", auto_answer_after_s=0.1, refuses="486 Busy Here")
    citizen = await in_queue(stage)
    await phone.events.next("refused", timeout=20)
    await stage.until(lambda: desk.agent("a1001").phone == "do not disturb", "it is seen")
    await stage.hotline.writer.drain()
    async with store.reading() as uow:
        kept = await uow.agents.get("a1001")
    assert kept is not None and kept.do_not_disturb
    phone.refuses = ""
    await phone.events.next("established", timeout=20)
    await stage.until(lambda: state_of(stage, "a1001") == "talking", "it takes the call")
    assert desk.agent("a1001").phone == ""
    await citizen.hangup()
    await stage.hotline.writer.drain()
    told = await service_figures(store, began, dt.datetime.now(dt.UTC), by="agent", zone=dt.UTC)
    (shift,) = [line for line in told if line.key == "a1001"]
    assert 0 < shift.do_not_disturb_s < shift.logged_in_s


async def test_a_telephone_in_a_call_of_its_own_is_offered_nothing(
    stage: Scene, phones: AsyncExitStack
) -> None:
    phone = await logged_in(stage, phones, "a1001", auto_answer_after_s=0.1)
    await phone.dial(stage.rendered.hotline_uri)
    await phone.events.next("established", timeout=10)
    await stage.until(lambda: state_of(stage, "a1001") == "talking", "a call of the agent's own")
    citizen = await in_queue(stage)
    await stage.until(lambda: "queue" in stage.stages(), "the citizen waits")
    await phone.hangup()
    await stage.until(lambda: "talking" in stage.stages(), "free again, and the citizen has the agent")
    assert [event.kind for event in phone.events.history].count("incoming") == 1
    await citizen.hangup()


async def test_a_telephone_that_vanishes_frees_its_agent_and_caller(
    stage: Scene, phones: AsyncExitStack
) -> None:
    """Complaint: an agent is in a call for ever after a lost BYE. No word comes from this phone any more."""
    phone = await logged_in(stage, phones, "a1001", auto_answer_after_s=0.1)
    citizen = await in_queue(stage)
    await stage.until(lambda: state_of(stage, "a1001") == "talking", "they talk")
    phone.vanish()
    await stage.until(lambda: state_of(stage, "a1001") != "talking", "the agent is free", 20)
    await stage.hears(citizen, "back")
    await citizen.events.next("closed", timeout=15)


async def test_a_browser_takes_a_call_from_the_queue(stage: Scene) -> None:
    """Chromium itself: ICE, DTLS-SRTP, opus; each side hears the other's tone."""
    made = await stage.hotline.telephony.accounts.create("a1002", kind="browser")
    url = stage.rendered.http_url.replace("http", "ws") + "/ws"
    with chromium(*FLAGS) as devtools:
        async with open_page(devtools) as page, WebPhone(page, url, "a1002-web", made.secret) as browser:
            await browser.register()
            book = stage.hotline.telephony.book
            await stage.until(lambda: book.is_online("a1002-web"), "the browser is registered")
            stage.log_in("a1002")
            citizen = await in_queue(stage)
            await browser.answer_next(1000)
            await stage.until(lambda: "talking" in stage.stages(), "they talk")
            before = len(citizen.received_audio())
            await citizen.play(tone(600, 10))
            await stage.hears_for(citizen, 2.0)
            assert tone_present(citizen.received_audio()[before:], 1000), (
                "the citizen does not hear the browser"
            )
            assert await browser.hears(600) > 20, "the browser does not hear the citizen"
            assert await browser.hears(750) < 0, "any tone would do"
            voice = await browser.voice()
            assert (voice["codec"], voice["dtls"]) == ("audio/opus", "connected")
            assert voice["srtp"] and voice["packets"] > 50
            await citizen.hangup()
            async with asyncio.timeout(10):
                await browser.over.wait()
    await stage.hotline.telephony.accounts.revoke("a1002-web")
