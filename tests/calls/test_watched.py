"""Callers who are not let in hear why, on the real line; and the metrics tell of it and of nobody."""

from __future__ import annotations

import re
from dataclasses import replace

import aiohttp
import pytest

from ivr.admission.overload import OverloadRules
from ivr.admission.rules import Nuisance
from tests.support.citizens import Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def test_a_full_house_and_a_nuisance(scene: Scene) -> None:
    hotline = scene.hotline
    gate = hotline.admissions.gate
    citizen = await scene.citizen()
    call = scene.live_call()
    rules, gate.rules = gate.rules, replace(gate.rules, most_calls=1)
    try:
        refused = await scene.citizen_dialling()
        await refused.events.next("established", timeout=10)
        await scene.hears(refused, "line.full")
        assert len(hotline.front_door.registry) == 1, "no session for who is refused"
        await refused.hangup()
        await refused.events.next("closed", timeout=10)
    finally:
        gate.rules = rules
    # Asterisk's answers to pings take longer than nothing: too long, by this rule. Asterisk says then that it is full.
    overload, gate.overload = gate.overload, OverloadRules(late_s=1e-6, for_s=0.1)
    try:
        await scene.until(lambda: gate.share == 1.0, "all new callers are refused")
        sent_away = await scene.citizen_dialling()
        await sent_away.events.next("established", timeout=10)
        await scene.until(lambda: gate.refused["overload"] == 1, "one is refused")
        await scene.hears(sent_away, "line.full")
        await sent_away.hangup()
        await sent_away.events.next("closed", timeout=10)
    finally:
        gate.overload = None
    await scene.until(lambda: gate.share == 0.0, "all are let in again")
    gate.overload = overload
    gate.use([Nuisance("1380000XXXX")])
    try:
        barred = await scene.citizen_dialling()
        await barred.events.next("established", timeout=10)
        await barred.events.next("closed", timeout=30)
        assert scene.heard(barred, "line.barred")
        assert scene.heard(barred, "line.barred", "en")
    finally:
        gate.use(())
    async with aiohttp.ClientSession(hotline.page_url) as client:
        async with client.get("/metrics") as response:
            assert response.status == 200
            text = await response.text()
        async with client.get("/readyz") as response:
            ready = await response.json()
    assert ready["status"] == "ready"
    assert ready["parts"]["asterisk"] == {"level": "ok"}
    figures = dict(re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE))
    assert float(figures['hotline_calls_refused_total{reason="full"}']) == gate.refused["full"] >= 1
    assert float(figures['hotline_calls_refused_total{reason="nuisance"}']) == gate.refused["nuisance"] >= 1
    assert float(figures["hotline_calls_arrived_total"]) >= 1
    assert float(figures['hotline_ari_command_seconds_count{command="channels.play_with_id"}']) >= 3
    assert float(figures["hotline_event_lag_seconds_count"]) >= 1
    assert float(figures["hotline_ready"]) == 1
    assert call not in text
    assert not re.search(r"(?<![\d.])1380000\d{4}|c-n1-", text), (
        "a number or the id of a call is in the metrics"
    )
    await hotline.writer.drain()
    async with hotline.store.reading() as uow:
        calls = [one for one in await uow.calls.recent(50) if one.data.get("outcome") == "refused"]
    assert {one.data["refused"] for one in calls} >= {"full", "nuisance", "overload"}
    await citizen.hangup()
