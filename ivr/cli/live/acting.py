"""A scenario's turns, done by real telephones on a real call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ivr.cli.live import people
from ivr.cli.live.following import Follower, LiveCall
from ivr.cli.live.service import Services
from ivr.cli.live.voices import talk
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError, Samples
from ivr.flow.followed import Moment
from ivr.flow.inputs import (
    AgentJoined,
    OpId,
    QueueEnded,
    RecordingEnded,
    SpeechFailed,
    SpeechHeard,
    SpeechStarted,
)
from ivr.flow.scenarios.acting import acts_of
from ivr.flow.scenarios.model import Given, Turn

SETTLED_S: Final = 120.0
"""For prompts, web services and messages to come to their end."""
KEYS_S: Final = 5.0
LISTENS_S: Final = 10.0
"""A question is asked, and then listened for; not for ever."""
RECOGNISED_S: Final = 30.0
"""After the words, on a loaded machine."""
SOMETHING_S: Final = 90.0
"""Until something comes of silence, or a call ends."""
BEEP_S: Final = 1.0
MESSAGE_S: Final = 2.0
"""Of one that a hang-up ends."""


@dataclass(slots=True)
class Caller:
    """One caller on a call. agents: queue or agent -> telephone. words: what each turn says, by its number."""

    phone: LightPhone
    follower: Follower
    given: Given
    services: Services
    agents: Mapping[str, LightPhone]
    outside: LightPhone | None
    words: Mapping[int, Samples]
    _recognised: str = ""
    _messages: set[OpId] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.follower.on_news = self._speak_onto_the_machine

    @property
    def call(self) -> LiveCall:
        return self.follower.call

    async def settle(self) -> str:
        """Let what plays play to its end, and web services answer. What is wrong, "" when nothing."""

        def settled(call: LiveCall) -> bool:
            quick = {"play", "request", "lookup", "callback"}
            if self.given.recorded_s is not None:
                quick.add("record")
            return call.over or not (quick - self._asked_by_turns()) & set(call.state.waiting)

        done = await self.follower.until(settled, SETTLED_S)
        return "" if done or self.call.over else f"prompts do not come to an end at `{self.call.state.node}`"

    def _asked_by_turns(self) -> set[str]:
        """What has no rule waits for a turn of the scenario."""
        return {"request", "lookup"} if self.services.waits else set()

    async def do(self, number: int, turn: Turn, since: Moment) -> str:
        """What is wrong with it, "" when nothing. since: the end of the turn before: what is waited for may have come
        already."""
        here = f"at `{self.call.state.node}`"
        if self.call.over and turn.wait is None:
            return "the call is over"
        try:
            match acts_of(turn)[:1]:
                case ["press"]:
                    return await self._press(turn.press or "")
                case ["say"]:
                    self.call.saying = turn.say.text if turn.say is not None else ""
                    return await self._say(self.words[number])
                case ["silence"]:
                    return await self._silence()
                case ["wait"]:
                    return await self._wait(turn.wait if turn.wait is not None else 0.0, since)
                case ["hangup"]:
                    return await self._hang_up()
                case ["agent" | "queue"]:
                    return await self._agent(joins=turn.agent == "joins")
                case ["party"]:
                    return await self._party(str(turn.party))
                case ["recorded"]:
                    return await self._record(float(turn.recorded or 0))
                case ["request" | "lookup"]:
                    answer = turn.request if turn.request is not None else turn.lookup
                    if answer is None or not await self.services.answer(answer, LISTENS_S):
                        return f"no web service is asked {here}"
                    return ""
                case ["callback"]:
                    return ""
                case acts:
                    return f"{', '.join(acts)} cannot be done in a real call"
        except PhoneError as error:
            return str(error)

    def take_recognised(self) -> str:
        """What the recogniser made of what was said in the last turn; "" when nothing was."""
        words, self._recognised = self._recognised, ""
        return words

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    # The caller

    async def _press(self, keys: str) -> str:
        before = self.follower.digits()
        recordings = self._count(RecordingEnded)
        self.follower.pressed.extend(keys)
        await self.phone.send_digits(keys)

        def arrived(_: LiveCall) -> bool:
            ended = self._count(RecordingEnded) - recordings
            return self.follower.digits() - before + ended >= len(keys) or self.call.over

        return "" if await self.follower.until(arrived, KEYS_S + len(keys)) else f"{keys} did not arrive"

    async def _say(self, words: Samples) -> str:
        if not await self.follower.until(lambda call: call.listening or call.over, LISTENS_S):
            return f"nobody listens at `{self.call.state.node}`"
        if self.call.over:
            return "the call is over"
        before = self._count(SpeechHeard, SpeechFailed)
        length_s = await self.phone.play(words)

        def recognised(call: LiveCall) -> bool:
            return self._count(SpeechHeard, SpeechFailed) > before or call.over

        if not await self.follower.until(recognised, length_s + RECOGNISED_S):
            began = self._count(SpeechStarted) > 0
            return (
                "what was said was not recognised in time"
                if began
                else "nobody heard that something was said"
            )
        last = next(
            event for _, event in reversed(self.call.inputs) if isinstance(event, SpeechHeard | SpeechFailed)
        )
        if isinstance(last, SpeechFailed):
            return f"recognition failed: {last.cause}"
        sure = "" if last.confidence is None else f", {last.confidence:.2f}"
        self._recognised = f"recognised: {last.text or '(nothing)'}{sure}"
        return ""

    async def _silence(self) -> str:
        """Until something comes of it that is neither a prompt's end nor more of the same."""
        before = len(self.call.inputs)
        reached = await self.follower.until(lambda call: len(call.inputs) > before or call.over, SOMETHING_S)
        return "" if reached else f"nothing comes of silence at `{self.call.state.node}`"

    async def _wait(self, until: float | str, since: Moment) -> str:
        if isinstance(until, int | float):
            await self.follower.until(lambda call: call.over, float(until))
            return ""
        wanted = {"joined": AgentJoined, "served": QueueEnded}.get(until)

        def reached(call: LiveCall) -> bool:
            came = call.inputs_since(since) if wanted is not None else []
            return call.over or any(isinstance(event, wanted or ()) for event in came)

        if await self.follower.until(reached, SOMETHING_S) and (until != "end" or self.call.over):
            return ""
        return (
            f"the call does not end (at `{self.call.state.node}`)"
            if until == "end"
            else f"nobody was {until}"
        )

    async def _hang_up(self) -> str:
        """Who hangs up while a message is recorded has left one."""
        if "record" in self.call.state.waiting:
            await self._talk(MESSAGE_S)
            await asyncio.sleep(MESSAGE_S)
        await self.phone.hangup()

        def gone(call: LiveCall) -> bool:
            return call.over or (call.state.hung_up and "record" not in call.state.waiting)

        return "" if await self.follower.until(gone, KEYS_S) else "the hang-up was not noticed"

    async def _record(self, seconds: float) -> str:
        if not await self.follower.until(lambda call: "record" in call.state.waiting or call.over, LISTENS_S):
            return f"nothing is recorded at `{self.call.state.node}`"
        before = self._count(RecordingEnded)
        await self._talk(seconds)
        ended = await self.follower.until(
            lambda call: self._count(RecordingEnded) > before or call.over, seconds + SOMETHING_S
        )
        return "" if ended else "the recording did not end"

    def _speak_onto_the_machine(self) -> None:
        """Where the scenario says how long messages are, each of them is spoken."""
        op = self.call.op_of("record")
        if op is not None and op not in self._messages and self.given.recorded_s is not None:
            self._messages.add(op)
            task = asyncio.get_running_loop().create_task(self._talk(self.given.recorded_s), name="message")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _talk(self, seconds: float) -> None:
        await asyncio.sleep(BEEP_S)
        if seconds > 0:
            await self.phone.play(talk(seconds))

    # Others

    async def _agent(self, *, joins: bool) -> str:
        """Of the queue where the caller is."""
        work = self.call.work_of("queue")
        phone = self.agents.get(getattr(work, "queue", ""))
        if phone is None:
            return f"there is no queue at `{self.call.state.node}`"
        if joins:
            if not await people.rings(phone, people.RINGS_S):
                return "no agent's telephone rings"
            await phone.answer()
            joined = await self.follower.until(lambda call: call.talking or call.over, LISTENS_S)
            return "" if joined else "the agent answered, and was not joined with the caller"
        before = self._count(QueueEnded)
        await people.hang_up(phone)
        ended = await self.follower.until(lambda _: self._count(QueueEnded) > before, LISTENS_S)
        return "" if ended else "the agent hung up, and the talk did not end"

    async def _party(self, wanted: str) -> str:
        work = self.call.work_of("transfer")
        target = getattr(work, "target", "")
        phone = self.agents.get(target, self.outside)
        if work is None or phone is None:
            return f"there is no transfer at `{self.call.state.node}`"
        op = self.call.op_of("transfer")
        if wanted == "completed" and self.call.talking:
            await people.hang_up(phone)
        elif not await people.rings(phone, people.RINGS_S):
            return "the other party's telephone does not ring"
        elif wanted in ("answers", "completed"):
            await phone.answer()
        else:
            await people.refuse(phone, wanted)
        if wanted == "answers":
            talks = await self.follower.until(lambda call: call.talking or call.over, LISTENS_S)
            return "" if talks else "the other party answered, and was not joined with the caller"
        if wanted == "completed" and not await self._ended(op, 0.0):
            await people.hang_up(phone)
        return "" if await self._ended(op, people.RINGS_S) else "the transfer did not end"

    async def _ended(self, op: OpId | None, within_s: float) -> bool:
        return await self.follower.until(lambda call: call.op_of("transfer") != op, within_s)

    def _count(self, *kinds: type) -> int:
        return sum(isinstance(event, kinds) for _, event in self.call.inputs)
