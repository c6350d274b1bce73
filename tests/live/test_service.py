"""The web services of live scenarios answer as the scenario says."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from ivr.cli.live.service import Services, serve
from ivr.flow.scenarios.model import Given, LookupAnswer, RequestAnswer
from tests.flow.scenarios.hotline import library

WEATHER = "https/api.city.example/weather"
PEOPLE = "https/api.city.example/people/138"


async def get(services: Services, path: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{services.address}/{path}") as response:
        body = await response.text()
        is_json = response.content_type == "application/json" and body
        return response.status, await response.json() if is_json else body


def given(**said: object) -> Given:
    return Given.model_validate(said)


async def test_requests_by_rule_in_their_order() -> None:
    rules = [
        {"url": "*/other", "status": 500},
        {"node": "weather", "times": 1, "status": 503},
        {"body": {"sky": "blue"}},
    ]
    async with serve(library()) as services:
        services.begin(given(requests=rules), lambda: "main.weather")
        assert await get(services, WEATHER) == (503, "")
        assert await get(services, WEATHER) == (200, {"sky": "blue"})
        assert await get(services, "https/api.city.example/other") == (500, "")
        services.begin(given(requests=rules), lambda: "main.other")
        assert await get(services, WEATHER) == (200, {"sky": "blue"})


async def test_what_is_no_answer() -> None:
    async with serve(library()) as services:
        services.begin(given(requests=[{"outcome": "failed"}]), lambda: "")
        with pytest.raises(aiohttp.ClientError):
            await get(services, WEATHER)
        services.begin(given(requests=[{"outcome": "invalid"}]), lambda: "")
        with pytest.raises(ValueError, match="Expecting"):
            await get(services, WEATHER)
        services.begin(given(requests=[{"outcome": "too_large"}]), lambda: "")
        assert len((await get(services, WEATHER))[1]) > 1_000_000


async def test_sources_by_rule() -> None:
    async with serve(library()) as services:
        services.begin(given(lookups={"people": {"found": {"name": "x"}}}), lambda: "")
        assert await get(services, PEOPLE) == (200, {"name": "x"})
        services.begin(given(lookups={"people": "none"}), lambda: "")
        assert (await get(services, PEOPLE))[0] == 404
        services.begin(given(lookups={"people": "failed"}), lambda: "")
        assert (await get(services, PEOPLE))[0] == 500


async def test_what_has_no_rule_waits_for_a_turn() -> None:
    async with serve(library()) as services:
        services.begin(given(), lambda: "")
        assert not await services.answer(RequestAnswer(), 0.01)
        weather = asyncio.create_task(get(services, WEATHER))
        people = asyncio.create_task(get(services, PEOPLE))
        assert await services.answer(RequestAnswer(status=404), 10.0)
        assert await services.answer(LookupAnswer(found={"name": "y"}), 10.0)
        assert await weather == (404, "")
        assert await people == (200, {"name": "y"})
        assert not services.waits
