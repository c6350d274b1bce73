"""The status page with a make-believe hotline behind it, for looking at the page: `python -m web.preview [--port N]`.

Nothing here is part of the server: no Asterisk, no database, invented people.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import logging
import random
import sys
from dataclasses import replace

from ivr.errors import ConfigError
from web.api.status import (
    AgentLine,
    AgentState,
    AsteriskStatus,
    Callback,
    DatabaseStatus,
    LiveCall,
    QueueLine,
    Revision,
    SpeechStatus,
    Status,
    Today,
)
from web.app import build_app, serve
from web.settings import PageSettings

SETTINGS = PageSettings(
    title="12345 热线",
    dial="sip:12345@127.0.0.1:5060",
    note="按 1 普通话,2 English;随时按 0 或说“人工”。\nDemo: nobody real is calling.",
)
QUEUES = ("general", "english", "elderly")
AGENTS = ("李雯", "王建国", "Grace Okafor", "陈思远", "赵敏", "周海燕")
NODES = ("greeting", "language", "open_question", "main_menu", "progress.ticket")
HEARD = {
    "zh": ("我想投诉小区噪音", "转人工", "查一下我的工单"),
    "en": ("I want to talk to a person", "garbage collection"),
}
MOST_CALLS = 7


class MakeBelieve:
    """A floor on which each `advance()` lets one thing happen: a call arrives, moves on, or ends."""

    def __init__(self, chance: random.Random, now: dt.datetime) -> None:
        self._chance = chance
        self._started = now - dt.timedelta(hours=3, minutes=12)
        self._revision = Revision()
        self._calls: dict[str, LiveCall] = {}
        self._today = Today(214, 131, 126, 119, 4, 2, 8.4)
        self._agents = {
            f"{1001 + index}": AgentLine(
                id=f"{1001 + index}",
                name=name,
                state="offline" if index == len(AGENTS) - 1 else "paused" if index == 4 else "available",
                since=now - dt.timedelta(seconds=chance.randrange(20, 1500)),
                phone_registered=index != len(AGENTS) - 1,
            )
            for index, name in enumerate(AGENTS)
        }
        for seconds_ago in range(240, 0, -6):
            self.advance(now - dt.timedelta(seconds=seconds_ago))

    def snapshot(self) -> Status:
        now = dt.datetime.now(dt.UTC)
        return Status(
            now=now,
            node="n1",
            uptime_s=(now - self._started).total_seconds(),
            asterisk=AsteriskStatus(connected=True, version="22.10.1"),
            database=DatabaseStatus(kind="sqlite", ok=True),
            speech=(
                SpeechStatus("zh", "Whisper base"),
                SpeechStatus("en", "Vosk small"),
                SpeechStatus("ug", None),
            ),
            calls=tuple(self._calls.values()),
            queues=tuple(self._queue(name, now) for name in QUEUES),
            agents=tuple(self._agents.values()),
            today=self._today,
            callbacks=(
                Callback("k-1", "general", "138****2201", now - dt.timedelta(minutes=6), 3),
                Callback(
                    "k-2", "general", "0519****345", now - dt.timedelta(minutes=21), None, 1, calling=True
                ),
            ),
        )

    async def changed(self, seen: int) -> int:
        return await self._revision.changed(seen)

    def advance(self, now: dt.datetime) -> None:
        movable = list(self._calls.values())
        if len(movable) < MOST_CALLS and (not movable or self._chance.random() < 0.3):
            self._arrive(now)
        else:
            self._move(self._chance.choice(movable), now)
        for agent in self._agents.values():
            if agent.state == "wrap_up" and (now - agent.since).total_seconds() > 12:
                self._set_agent(agent.id, "available", now)
        self._revision.bump()

    def _arrive(self, now: dt.datetime) -> None:
        call_id = f"c-n1-{self._chance.randrange(16**8):08x}"
        caller = f"13{self._chance.randrange(10**9):09d}"
        language = self._chance.choice(("zh", "zh", "zh", "en"))
        self._calls[call_id] = LiveCall(call_id, caller, now, "menu", now, NODES[0], language)
        self._today = replace(self._today, arrived=self._today.arrived + 1)

    def _move(self, call: LiveCall, now: dt.datetime) -> None:
        match call.state:
            case "menu" if self._chance.random() < 0.4:
                node, heard = self._chance.choice(NODES), self._chance.choice(HEARD[call.language or "zh"])
                self._calls[call.call_id] = replace(call, node=node, last_heard=heard)
            case "menu":
                queue = (
                    "english"
                    if call.language == "en"
                    else self._chance.choice(("general", "general", "elderly"))
                )
                self._calls[call.call_id] = replace(
                    call, state="queue", state_since=now, queue=queue, node=None
                )
                self._today = replace(self._today, offered=self._today.offered + 1)
            case "queue":
                free = [agent for agent in self._agents.values() if agent.state == "available"]
                if free:
                    agent = self._chance.choice(free)
                    self._set_agent(agent.id, "ringing", now, call.call_id)
                    self._calls[call.call_id] = replace(
                        call, state="ringing", state_since=now, agent=agent.name
                    )
            case "ringing":
                self._set_agent(self._agent_of(call).id, "talking", now, call.call_id)
                self._calls[call.call_id] = replace(call, state="talking", state_since=now)
                self._today = replace(
                    self._today,
                    answered=self._today.answered + 1,
                    answered_within_15_s=self._today.answered_within_15_s + 1,
                )
            case "talking":
                self._set_agent(self._agent_of(call).id, "wrap_up", now)
                self._calls[call.call_id] = replace(call, state="survey", state_since=now, node="survey")
            case _:
                del self._calls[call.call_id]

    def _agent_of(self, call: LiveCall) -> AgentLine:
        return next(agent for agent in self._agents.values() if agent.call_id == call.call_id)

    def _set_agent(self, agent: str, state: AgentState, now: dt.datetime, call: str | None = None) -> None:
        self._agents[agent] = replace(self._agents[agent], state=state, since=now, call_id=call)

    def _queue(self, name: str, now: dt.datetime) -> QueueLine:
        waiting = [
            call for call in self._calls.values() if call.queue == name and call.state in {"queue", "ringing"}
        ]
        waits = [(now - call.state_since).total_seconds() for call in waiting]
        states = [agent.state for agent in self._agents.values()]
        busy = sum(state in {"ringing", "talking", "wrap_up"} for state in states)
        return QueueLine(name, len(waiting), max(waits, default=None), states.count("available"), busy)


async def preview(host: str, port: int, settings: PageSettings = SETTINGS) -> None:
    """Serve the page until cancelled; something happens every second or so."""
    chance = random.Random()
    floor = MakeBelieve(chance, dt.datetime.now(dt.UTC))
    async with serve(build_app(floor, settings=settings), host, port) as serving:
        sys.stdout.write(f"{serving.url}\n")
        sys.stdout.flush()
        while True:
            await asyncio.sleep(chance.uniform(0.4, 2.2))
            floor.advance(dt.datetime.now(dt.UTC))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m web.preview", description="The status page, with invented calls."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0: any free port")
    parser.add_argument("--token", default="", help="ask for this access token")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    try:
        settings = replace(SETTINGS, token=arguments.token)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(preview(arguments.host, arguments.port, settings))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n  {error.mend}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
