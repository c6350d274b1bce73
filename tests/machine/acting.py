"""Carries a step of a drawn shift out. What it is about may not be there: then nothing happens."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TypeVar, assert_never

from ivr.desk.errors import DeskError
from ivr.desk.people import Author
from ivr.errors import CallbackError, HotlineError
from ivr.talk.service import TalkService
from ivr.talk.targets import Target, ToAgent, ToNumber, ToQueue
from routing.agents import IN_CALL, IllegalTransition
from routing.ids import AgentId
from tests.machine import steps
from tests.machine.controller import Controller
from tests.machine.town import Town
from tests.support.fake_ari_objects import ITS_CHANNEL, FakeChannel, Phone

SUPERVISOR = Author("s1", "supervisor")
MENU_S = 2.6
"""After the greeting, in the menu's prompt."""
GIVEN_UP_S = 15.0
"""What was to happen to the next commands or events, and did not, happens to later ones no more."""
PHONES: dict[steps.PhoneKind, Phone] = {
    "answers": Phone(rings_s=1.0),
    "slow": Phone(rings_s=4.5),
    "never": Phone(then="never"),
    "busy": Phone(then="busy"),
    "reject": Phone(then="reject"),
    "unregistered": Phone(registered=False),
    "short": Phone(rings_s=0.3, talks_s=1.5),
}
T = TypeVar("T")


def do(here: Town, what: steps.Act | steps.Fault) -> None:
    match what:
        case steps.Call(number, key):
            _call(here, number, key)
        case steps.Press(citizen, keys):
            if channel := _citizen(here, citizen):
                here.world.press(channel, keys, between_s=0.15)
        case steps.Speak(citizen, seconds):
            if channel := _citizen(here, citizen):
                here.world.say(channel, seconds)
        case steps.HangUp(citizen):
            if channel := _citizen(here, citizen):
                here.world.hang_up(channel)
        case steps.CalledOneHangsUp(which):
            if party := _one(_outside(here), which):
                here.world.hang_up(party.id)
        case steps.CalledOnePresses(which, keys):
            if party := _one(_outside(here), which):
                here.world.press(party.id, keys, between_s=0.15)
        case steps.AgentHangsUp(agent):
            for channel in _telephones(here, agent):
                here.world.hang_up(channel.id)
        case steps.PhoneIs(whose, kind):
            _phone(here, whose, kind)
        case steps.Dial(agent, digits):
            here.devices.append(here.world.call("feature", digits, agent, caller=agent))
        case (
            steps.Lose()
            | steps.Garble()
            | steps.Double()
            | steps.Cut()
            | steps.Ari()
            | steps.DatabaseIs()
            | steps.Kill()
            | steps.Restart()
        ):
            _fault(here, what)
        case _:
            _by_controller(here, what)


def _by_controller(
    here: Town,
    what: steps.Code
    | steps.InTalk
    | steps.PickUp
    | steps.Supervise
    | steps.Force
    | steps.Move
    | steps.CancelPromise
    | steps.CallBack,
) -> None:
    """By way of its services: not while there is none."""
    now = here.now
    if now is None:
        return
    talks = TalkService(now.work.in_talk)
    match what:
        case steps.Code(agent, code):
            code_of(now, agent, code)
        case steps.InTalk(agent, act, to):
            who = _talker(now, agent)
            here.act(_in_talk(talks, who, act, to), f"{who}: {act} {to}")
        case steps.PickUp(agent, slot):
            parked = _one(sorted(talks.parked()), slot)
            here.act(talks.pick_up(agent, parked or "701"), str(what))
        case steps.Supervise(mode, agent):
            if mode == "stop":
                here.act(now.supervising.stop("s1", why="drawn"), str(what))
            else:
                who = _talker(now, agent)
                here.act(getattr(now.supervising, mode)("s1", who, why="drawn"), f"supervisor: {mode} {who}")
        case steps.Force(agent, to):
            forced = now.dispatcher.board.agents[AgentId(agent)]
            if forced.state in IN_CALL and forced.entry is not None:
                here.forced_out.add((forced.entry, forced.id))
            _allowed(lambda: now.work.desk.force(SUPERVISOR, agent, to, "drawn"))
        case steps.Move(entry, queue):
            if found := _one(now.dispatcher.board.entries(), entry):
                _allowed(lambda: now.work.desk.move(SUPERVISOR, found.id, "drawn", queue=queue))
        case steps.CancelPromise(which):
            if line := _one(now.callbacks.lines(), which):
                now.callbacks.cancel(line.id, "s1")
        case steps.CallBack(which):
            here.act(_call_back(here, which), str(what))
        case _:
            assert_never(what)


# --- people


def code_of(now: Controller, agent: str, code: steps.AgentCode) -> None:
    """As the agent's desktop does it."""
    by, desk = Author.of_agent(agent), now.work.desk
    acts: dict[steps.AgentCode, Callable[[], object]] = {
        "login": lambda: desk.log_in(by),
        "logout": lambda: desk.log_out(by),
        "pause": lambda: desk.pause(by),
        "ready": lambda: desk.wrap_up_done(by),
    }
    _allowed(acts[code])


def _call(here: Town, number: int, key: str) -> None:
    caller = f"1380000000{number}"
    channel = here.world.call("call", "12345", "trunk", caller=caller)
    here.citizens.append(channel)
    if channel in here.world.channels:
        here.numbers[channel] = caller
        if key:
            here.world.press(channel, key, after_s=MENU_S)


def _citizen(here: Town, which: int) -> str | None:
    return _one([one for one in here.citizens if one in here.world.channels], which)


def _outside(here: Town) -> list[FakeChannel]:
    return [one for one in here.world.channels.values() if one.endpoint.endswith("@trunk")]


def _telephones(here: Town, agent: str) -> list[FakeChannel]:
    return [
        one
        for one in list(here.world.channels.values())
        if one.endpoint == f"PJSIP/{agent}" or (one.id in here.devices and agent in one.app_args)
    ]


def _phone(here: Town, whose: str, kind: steps.PhoneKind) -> None:
    if whose == "outside":
        for number in ("110", *(f"1380000000{n}" for n in range(10))):
            here.world.phones[f"PJSIP/{number}@trunk"] = PHONES[kind]
        return
    here.world.phones[f"PJSIP/{whose}"] = PHONES[kind]
    if here.now is not None:
        here.now.dispatcher.phone_seen(whose, kind != "unregistered")


def _talker(now: Controller, agent: str) -> str:
    """That agent, or another one who is in a talk."""
    talking = [one for talk in now.work.in_talk for one in talk.state.agents]
    return agent if agent in talking else _one(talking, steps.AGENTS.index(agent)) or agent


async def _in_talk(talks: TalkService, agent: str, act: steps.InTalkAct, to: steps.Target) -> object:
    match act:
        case "transfer" | "consult" | "add":
            return await getattr(talks, act)(agent, _target(to))
        case "mute":
            return await talks.mute(agent, True)
        case "to_flow":
            flow, back = ("main", False) if to in ("a1", "a2", "a3") else ("identity", True)
            return await talks.to_flow(agent, flow, come_back=back)
        case _:
            return await getattr(talks, act)(agent)


def _target(to: steps.Target) -> Target:
    match to:
        case "a1" | "a2" | "a3":
            return ToAgent(to)
        case "general" | "line":
            return ToQueue(to)
        case "police":
            return ToNumber("police")


async def _call_back(here: Town, which: int) -> object:
    assert here.now is not None
    missed = here.now.callers.missed
    try:
        record = _one(await missed.listed(), which)
        return record and await missed.call_back(record.id, by="s1")
    except (CallbackError, HotlineError) as error:
        return f"refused: {error}"


def _allowed(act: Callable[[], object]) -> None:
    with contextlib.suppress(DeskError, IllegalTransition):
        act()


# --- what goes wrong


def _fault(here: Town, what: steps.Fault) -> None:
    match what:
        case steps.Lose(kind, count):
            _lose(here, here.world.lost, kind, count)
        case steps.Garble(kind, count):
            _lose(here, here.world.garbled, kind, count)
        case steps.Double(kind, count):
            here.world.doubled[kind] = count
        case steps.Cut(away_s, asterisk):
            here.gap(away_s, restarted=asterisk)
        case steps.Ari():
            _ari(here, what)
        case steps.DatabaseIs(state, lasts_s):
            here.trouble(lasts_s)
            here.house.database.be(state)
            here.later(lasts_s, _works(here), "the database is back")
        case steps.Restart():
            here.restart()
        case steps.Kill(after, away_s):
            here.kill(after, away_s)
        case _:
            assert_never(what)


def _ari(here: Town, what: steps.Ari) -> None:
    match what.trouble:
        case "fails":
            fault = here.world.fault(what.command, status=500, times=what.count)
        case "slow":
            fault = here.world.fault(what.command, delay_s=2.0, times=what.count)
        case "unanswered":
            fault = here.world.fault(what.command, delay_s=11.0, times=what.count)
        case "gone":
            fault = here.world.fault(what.command, ends=ITS_CHANNEL, times=min(what.count, 2))
        case _:
            assert_never(what.trouble)
    here.trouble(GIVEN_UP_S)

    async def over() -> None:
        if fault in here.world.faults:
            here.world.faults.remove(fault)

    here.later(GIVEN_UP_S, over(), f"{what.command} works again")


def _lose(here: Town, counts: dict[str, int], kind: str, count: int) -> None:
    async def no_more() -> None:
        counts.pop(kind, None)

    here.trouble(GIVEN_UP_S)
    counts[kind] = count
    here.later(GIVEN_UP_S, no_more(), "no more events are lost")


async def _works(here: Town) -> None:
    here.house.database.be("works")


def _one(of: Sequence[T], which: int) -> T | None:
    """They are counted round and round."""
    return of[which % len(of)] if of else None
