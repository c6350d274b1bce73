"""Callers in every state on a real Asterisk: another controller takes over, is killed (-9) and started again; all go
on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from ivr.audit.evidence import evidence_of
from ivr.audit.figures import discrepancies
from ivr.demo.lightphone import LightPhone
from ivr.main import Hotline, RunningHotline
from storage.store import Store
from tests.support import parts_house
from tests.support.audio import contains, load_recording, tone, tone_present
from tests.support.mortal import external, mortal, taken_over
from tests.support.softphone import agent_phone, citizen_phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

WAIT_S = 30.0
BEFORE_HZ, AFTER_HZ = 700, 1100


async def test_all_go_on(tmp_path: Path) -> None:
    port = parts_house.free_port()
    settings = parts_house.settings(tmp_path / "state", parts_house.copy_flows(tmp_path / "flows"), port)
    async with mortal(tmp_path, port) as (controller, rendered), AsyncExitStack() as stack:
        agent = await stack.enter_async_context(
            agent_phone(rendered, "a1001", auto_answer_after_s=0.2, kind=LightPhone)
        )
        await agent.register()
        store = await stack.enter_async_context(await Store.open(settings.effective_database_url))
        flows = settings.flows_dir
        phones: dict[str, LightPhone] = {}
        calls: dict[str, str] = {}
        for number, name in enumerate(("waiting", "gone", "typing", "speaking", "menu"), start=1):
            caller = f"1380001000{number}"
            phone = citizen_phone(rendered, caller, kind=LightPhone)
            assert isinstance(phone, LightPhone)
            phones[name] = await stack.enter_async_context(phone)
            await phone.dial(rendered.hotline_uri)
            await phone.events.next("established", timeout=10)
            calls[name] = await _call_of(store, caller)
            await _until_node(store, calls[name], "parts.choose")
            if name in ("waiting", "gone", "typing"):
                await phone.send_digits("5")
                await _until_node(store, calls[name], "parts.desk")
        # A planned restart first. A key that is pressed when nobody has the calls is not lost.
        lock = settings.state_dir / "controller.lock"
        presses = asyncio.create_task(_press_between(lock, phones["typing"], "1"))
        second = await stack.enter_async_context(taken_over(tmp_path, port))
        assert await controller.wait() == 0
        await presses
        await _until_heard(phones["typing"], flows, "number")
        await phones["speaking"].send_digits("1")
        await _until_file(rendered.recordings, calls["speaking"])
        speaks = asyncio.create_task(phones["speaking"].play(tone(BEFORE_HZ, 1.2)))
        await phones["typing"].send_digits("138")
        await _until_pressed(store, calls["typing"], 5)

        second.kill()
        await second.wait()
        await phones["gone"].hangup()
        await speaks
        speaks_on = asyncio.create_task(phones["speaking"].play(tone(AFTER_HZ, 1.5)))
        again = RunningHotline(external(settings, rendered))
        hotline = await again.start()
        try:
            live = {session.call for session in hotline.front_door.registry}
            assert live >= {calls[name] for name in ("waiting", "typing", "speaking", "menu")}
            # What was typed before and what is typed after is one number.
            await phones["typing"].send_digits("00001234#")
            # A key in a menu of the controller that is dead.
            await phones["menu"].send_digits("1")
            await _until_heard(phones["menu"], flows, "speak")
            await _until_heard(phones["typing"], flows, "promised")
            # The first in line is the first to be served.
            await agent.dial(f"sip:*45@{rendered.sip_host}:{rendered.ports.sip}")
            await agent.events.next("closed", timeout=15)
            await _soon(lambda: _joined(store, calls["waiting"]), "the agent has who waited")
            await phones["waiting"].play(tone(BEFORE_HZ, 1.0))
            await _until_tone(agent, BEFORE_HZ)
            # One message, of what was said before the kill and after it.
            await speaks_on
            await _until_tone(phones["speaking"], BEFORE_HZ)
            await _until_tone(phones["speaking"], AFTER_HZ)
            await phones["waiting"].hangup()
            await _on_record(hotline, calls)
        finally:
            await again.stop()


async def _on_record(hotline: Hotline, calls: Mapping[str, str]) -> None:
    await _soon(lambda: _nobody(hotline), "all calls are over")
    await hotline.writer.drain()
    async with hotline.store.reading() as uow:
        for name, call in calls.items():
            record = await uow.calls.get(call)
            assert record is not None
            assert (record.state, name) == ("ended", name)
            if name != "typing":  # its promise is being kept by now, by the same agent
                assert discrepancies(await evidence_of(uow, record)) == []
            kept = await uow.live_calls.get(call)
            assert kept is not None
            assert (kept.state, kept.data) == ("over", {})
            kinds = [event.kind for event in await uow.journal.of(call)]
            assert (kinds.count("adopted"), kinds.count("arrived")) == (2, 1)
        gone = await uow.calls.get(calls["gone"])
        assert gone is not None
        assert gone.data["outcome"] == "abandoned"
        (promise,) = await uow.callbacks.of_call(calls["typing"])
        assert promise.number == "13800001234"
        (message,) = await uow.recordings.of_call(calls["speaking"])
        assert message.state == "kept"


async def _press_between(lock: Path, phone: LightPhone, key: str) -> None:
    """When the one controller has let its calls go, and the other does not have them yet."""

    async def let_go() -> bool:
        return "let_go" in await asyncio.to_thread(lock.read_text)

    await _soon(let_go, "the calls are let go", every_s=0.005)
    await phone.send_digits(key)


async def _nobody(hotline: Hotline) -> bool:
    return not len(hotline.front_door.registry)


async def _joined(store: Store, call: str) -> bool:
    return any(kind == "joined" for kind, _ in await _journal(store, call))


async def _call_of(store: Store, caller: str) -> str:
    async def found() -> str:
        async with store.reading() as uow:
            return next((one.id for one in await uow.calls.live() if one.caller == caller), "")

    return await _soon(found, f"the call of {caller}")


async def _until_node(store: Store, call: str, node: str) -> None:
    async def there() -> bool:
        return any(data.get("node") == node for kind, data in await _journal(store, call) if kind == "node")

    await _soon(there, f"{node} in the journal")


async def _until_pressed(store: Store, call: str, keys: int) -> None:
    async def there() -> bool:
        return sum(data.get("type") == "digit" for _, data in await _journal(store, call)) >= keys

    await _soon(there, f"{keys} keys in the journal")


async def _until_file(folder: Path, call: str) -> None:
    def there() -> bool:
        return any(folder.glob(f"{call}*"))

    await _soon(lambda: asyncio.to_thread(there), "a file of what is said")


async def _until_heard(phone: LightPhone, flows: Path, prompt: str) -> None:
    clip = load_recording(flows / "recordings" / "zh" / f"{prompt}.wav")

    async def heard() -> bool:
        return bool(await asyncio.to_thread(contains, phone.received_audio(), clip))

    await _soon(heard, f"{prompt} is heard")


async def _until_tone(phone: LightPhone, hz: float) -> None:
    async def heard() -> bool:
        return tone_present(phone.received_audio(), hz, at_least_s=0.5) is not None

    await _soon(heard, f"{hz} Hz are heard")


async def _soon(true: Callable[[], Awaitable[Any]], what: str, every_s: float = 0.1) -> Any:
    """What no signal tells, since another process does it."""
    for _ in range(round(WAIT_S / every_s)):
        if found := await true():
            return found
        await asyncio.sleep(every_s)
    raise AssertionError(f"not within {WAIT_S} s: {what}")


async def _journal(store: Store, call: str) -> list[tuple[str, Mapping[str, Any]]]:
    async with store.reading() as uow:
        return [(event.kind, event.data) for event in await uow.journal.of(call)]
