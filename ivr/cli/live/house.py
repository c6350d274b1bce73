"""One hotline for a group of scenarios: up, each scenario a call, several side by side, down, and nothing left."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ivr.call.session import CallSession
from ivr.cli.live.acting import Caller
from ivr.cli.live.clock import ScenarioClock
from ivr.cli.live.following import Follower
from ivr.cli.live.people import People, hang_up
from ivr.cli.live.plan import OUTSIDE, Group, Plan
from ivr.cli.live.service import Services, serve
from ivr.cli.live.sound import EARLIER_S, expected, unheard
from ivr.cli.live.variant import OUTSIDE_ADDRESS, Addresses, agent_of, make_folder, make_settings
from ivr.cli.live.voices import Voices, recorded
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PHONE_RATE, PhoneError, Samples
from ivr.errors import HotlineError
from ivr.flow.followed import Moment
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.acting import acts_of, describe
from ivr.flow.scenarios.beginning import CALLER
from ivr.flow.scenarios.checking import Seen, mismatches
from ivr.flow.scenarios.model import Turn
from ivr.flow.scenarios.running import Failure, Result, lines_of, next_at_once
from ivr.main import Hotline, RunningHotline

AT_ONCE: Final = 3
"""Calls side by side; more would make the recogniser late."""
ARRIVES_S: Final = 10.0
SETTLES_S: Final = 10.0


@dataclass(slots=True)
class House:
    """A running hotline with its people. `play` places a scenario as a call."""

    folder: Path
    hotline: Hotline
    people: People
    services: Services
    addresses: Addresses
    clock: ScenarioClock
    voices: Voices
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(int(CALLER) + 1))
    """Each call its own, so that none is another's earlier call."""
    _dialling: asyncio.Lock = field(default_factory=asyncio.Lock)
    _needed: dict[str, asyncio.Lock] = field(default_factory=dict)
    _lines: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def play_all(self, plans: Sequence[Plan], told: Callable[[Result], None]) -> list[Result]:
        """In the order of their times; those of one moment side by side. Results as the plans are ordered."""
        results: dict[int, Result] = {}
        moments = sorted({plan.start for plan in plans if plan.start is not None})
        for start in moments:
            self.clock.turn(start)
            async with asyncio.TaskGroup() as group:
                for index, plan in enumerate(plans):
                    if plan.start == start:
                        group.create_task(
                            self._one(index, plan, results, told), name=f"live {plan.case.name}"
                        )
        return [results[index] for index in range(len(plans))]

    async def _one(
        self, index: int, plan: Plan, results: dict[int, Result], told: Callable[[Result], None]
    ) -> None:
        async with AsyncExitStack() as stack:
            # Always in the same order, so that no two wait for each other.
            for need in sorted(plan.needs):
                await stack.enter_async_context(self._needed.setdefault(need, asyncio.Lock()))
            await stack.enter_async_context(self._lines)
            try:
                results[index] = await self.play(plan)
            except (HotlineError, PhoneError, OSError) as error:
                results[index] = Result(plan.case, (Failure(0, plan.case.where(), str(error)),), ())
        told(results[index])

    async def play(self, plan: Plan) -> Result:
        """Raises HotlineError when the call cannot be placed."""
        case = plan.case
        words = await asyncio.to_thread(self._words, plan)
        async with AsyncExitStack() as stack:
            agents = {name: await stack.enter_async_context(agent) for name, agent in self._agents(plan)}
            outside = None
            if OUTSIDE in plan.needs:
                rule = next(iter(case.given.transfers.values()), None)
                outside = await stack.enter_async_context(self.people.outside(rule))
            number = case.given.caller or str(next(self._numbers))
            phone = await stack.enter_async_context(self.people.caller(number))
            session = await self._arrived(phone)
            self.services.begin(case.given, lambda: session.node)
            follower = Follower(self.hotline, session, self.addresses, case.given.caller or CALLER)
            caller = Caller(phone, follower, case.given, self.services, agents, outside, words)
            try:
                return await self._turns(plan, caller)
            finally:
                await caller.close()
                await self._over(caller, session)

    async def _turns(self, plan: Plan, caller: Caller) -> Result:
        case, turns = plan.case, plan.case.scenario.turns
        call = caller.call
        failures: list[Failure] = []
        transcript: list[str] = []
        since, heard_from = call.moment()._replace(actions=0, done=0), 0
        last, last_heard = since, 0
        for number, turn in enumerate(turns, 1):
            problem = "" if turn.at_once else await caller.settle()
            transcript += lines_of(call)
            recognised = ""
            if not problem and acts_of(turn):
                # What is waited for may have come while the turn before was being looked at.
                waits = turn.wait is not None
                since = last if waits else call.moment()
                heard_from = last_heard if waits else len(caller.phone.received_audio())
                transcript.append(f"> {describe(turn)}")
                problem = await caller.do(number, turn, since)
                recognised = caller.take_recognised()
                transcript += [f"  ({recognised})"] if recognised else []
                if not problem and not next_at_once(turns, number):
                    problem = await caller.settle()
            await caller.follower.update()
            transcript += lines_of(call)
            wrong = [problem] if problem else mismatches(turn, Seen.since(call, since))
            if not wrong and not next_at_once(turns, number):
                wrong = await self._sound(turn, caller, since, heard_from)
            hint = f" ({recognised})" if recognised else ""
            failures += [Failure(number, case.where(number), cause + hint) for cause in wrong]
            last, last_heard = call.moment(), len(caller.phone.received_audio())
            if wrong:
                break
        return Result(case, tuple(failures), tuple(transcript), tuple(call.steps))

    async def _sound(self, turn: Turn, caller: Caller, since: Moment, heard_from: int) -> list[str]:
        wanted = expected(turn, caller.call, since)
        if not wanted:
            return []
        await asyncio.sleep(EARLIER_S / 2)  # the last words are still on their way
        first = max(0, heard_from - round(EARLIER_S * PHONE_RATE))
        heard = caller.phone.received_audio()[first:]
        return await asyncio.to_thread(lambda: list(unheard(wanted, heard, self.hotline.audio)))

    def _agents(self, plan: Plan) -> list[tuple[str, contextlib.AbstractAsyncContextManager[LightPhone]]]:
        """Who has to be there: for queues that serve, by rule or by a turn; for transfers to an agent."""
        given = plan.case.given
        by_turn = any(turn.agent is not None or turn.queue == "served" for turn in plan.case.scenario.turns)
        found: list[tuple[str, contextlib.AbstractAsyncContextManager[LightPhone]]] = []
        for queue in plan.queues:
            rule = given.queues.get(queue)
            if rule is None and by_turn:
                found.append((queue, self.people.agent(agent_of(queue), None)))
            elif rule is not None and rule.outcome == "served":
                found.append((queue, self.people.agent(agent_of(queue), rule)))
        for agent in plan.agents:
            party = given.transfers.get(agent)
            if party is None or party.outcome == "completed":
                found.append((agent, self.people.agent(agent, party)))
        return found

    def _words(self, plan: Plan) -> dict[int, Samples]:
        """What each turn says. Raises SpeechUnavailable."""
        said = iter(plan.said)
        words: dict[int, Samples] = {}
        for number, turn in enumerate(plan.case.scenario.turns, 1):
            if turn.say is None:
                continue
            if turn.audio is not None:
                words[number] = recorded(self.folder / Path(plan.case.file).parent / turn.audio)
            else:
                language, text = next(said)
                words[number] = self.voices.say(text, language)
        return words

    async def _arrived(self, phone: LightPhone) -> CallSession:
        """One after the other, so that each call is known by being new."""
        async with self._dialling:
            registry = self.hotline.front_door.registry
            before = {session.call for session in registry}
            await self.people.dial(phone)
            seen = -1
            try:
                async with asyncio.timeout(ARRIVES_S):
                    while True:
                        new = [session for session in registry if session.call not in before]
                        if new:
                            return new[0]
                        seen = await self.hotline.status.changed(seen)
            except TimeoutError:
                raise HotlineError("the call did not reach the dialogue") from None

    async def _over(self, caller: Caller, session: CallSession) -> None:
        """The caller is gone, and what was promised in the call is taken back."""
        await hang_up(caller.phone)
        registry = self.hotline.front_door.registry
        seen = -1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLES_S):
                while registry.get(session.call) is not None:
                    seen = await self.hotline.status.changed(seen)
        for promise in caller.call.promises:
            self.hotline.callbacks.cancel(promise, "the end of a test")

    async def left_behind(self) -> str:
        """ "" when nothing is left of the calls, in Asterisk's eyes and in ours."""
        found: list[str] = []
        asterisk = self.hotline.asterisk
        if asterisk is not None:
            inventory = await asterisk.wait_empty(SETTLES_S)
            if not inventory.is_empty:
                found.append(f"channels {inventory.channels}, bridges {inventory.bridges}")
        if calls := [session.call for session in self.hotline.front_door.registry]:
            found.append(f"calls {calls}")
        if entries := self.hotline.dispatcher.board.entries():
            found.append(f"places in queues {[entry.id for entry in entries]}")
        return "; ".join(found)


@asynccontextmanager
async def house(
    flows: Path, library: FlowLibrary, group: Group, plans: Sequence[Plan], voices: Voices
) -> AsyncIterator[House]:
    """Raises HotlineError: what does not start, and how to mend it."""
    start = min(plan.start for plan in plans if plan.start is not None)
    clock = ScenarioClock(start)
    async with AsyncExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ivr-live-")))
        services = await stack.enter_async_context(serve(library))
        addresses = Addresses(library, services.address)
        outside_port = _free_port()
        folder = state / "flows"
        make_folder(flows, folder, library, group, addresses, services.host, f"{start:%Y-%m-%d}")
        running = RunningHotline(make_settings(state, folder, library, group, outside_port), clock=clock)
        hotline = await running.start()
        stack.push_async_callback(running.stop)
        if hotline.rendered is None:
            raise HotlineError("the hotline has no Asterisk of its own")
        people = await stack.enter_async_context(People(hotline, hotline.rendered, outside_port))
        yield House(flows, hotline, people, services, addresses, clock, voices)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((OUTSIDE_ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port
