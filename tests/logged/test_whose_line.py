"""Each line of the log has the id of the call that it is about, and of no other."""

from __future__ import annotations

import datetime as dt
import logging

import pytest

from ivr.log import call_context
from routing.board_events import AgentChanged
from tests.admission.test_refusing import LimitSettings, guarded
from tests.call.scenes import play
from tests.call.test_callback import party
from tests.call.test_called_back import answered, asked
from tests.support.call_house import House
from tests.support.fake_ari_objects import FakeChannel


class Ids(logging.Handler):
    """Of the lines of one logger."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(call_context.get())


def test_what_the_routers_clock_does_is_no_calls_though_one_wound_it_up() -> None:
    seen: list[tuple[str, str]] = []

    async def scene(here: House) -> None:
        def see(fact: object, _at: dt.datetime) -> None:
            if isinstance(fact, AgentChanged):
                seen.append((fact.after.state, call_context.get()))

        here.dispatcher.watch(see)
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        await here.until(8)
        here.log_in("a1")
        await here.until(10)
        here.ari.world.hang_up(caller)
        await here.until(15)

    play(scene)
    by_state = dict(seen)
    assert by_state["wrap_up"].startswith("c-"), "the call that ended"
    assert by_state["available"] == "-", "long after it"


def test_a_refused_call_has_its_id() -> None:
    ids = Ids()

    async def scene(here: House) -> None:
        guarded(here, LimitSettings(nuisance=("13800138000",)))
        caller = here.ari.world.call("call", "12345", "trunk", caller="13800138000")
        await here.until(10)
        assert caller not in here.ari.world.channels
        (call,) = {fact.call_id for fact in here.memory.stored if hasattr(fact, "call_id")}
        assert ids.seen == [call]

    logger = logging.getLogger("ivr.admission.refusal")
    logger.addHandler(ids)
    try:
        play(scene)
    finally:
        logger.removeHandler(ids)


def test_a_callback_has_the_id_of_the_call_that_it_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    under: list[tuple[str, str]] = []
    made = FakeChannel.__init__

    def make(self: FakeChannel, id: str, *args: object, **values: object) -> None:
        made(self, id, *args, **values)  # type: ignore[arg-type]
        under.append((id, call_context.get()))

    monkeypatch.setattr(FakeChannel, "__init__", make)

    async def scene(here: House) -> None:
        call_context.set("c-n1-69270a1b-99999999")
        citizen = await answered(here)
        here.ari.world.press(citizen.id, "1")
        await here.until(5)
        here.ari.world.hang_up(party(here, "PJSIP/a1").id)
        await here.until(1)

    play(scene, entry="promise", earlier=asked("agent_first"))
    assert len(under) == 2
    for channel, call in under:
        assert channel.startswith(f"{call}.")
