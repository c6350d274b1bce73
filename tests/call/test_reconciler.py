"""What goes wrong without a word is repaired within 5 s, each repair with its reason; and nothing else is touched."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ivr.ari.results import Gone
from ivr.desk.people import Author
from ivr.desk.settings import DeskSettings
from ivr.desk.wiring import open_desk
from ivr.talk.service import TalkService
from ivr.talk.targets import ToQueue
from routing.entries import enter
from routing.ids import AgentId, EntryId, QueueName
from tests.call.scenes import SEEDS, nodes, play, sent
from tests.support.call_house import House
from tests.support.virtual_time import VirtualClock

WITHIN_S = 5.0
ENDS = ("ChannelHangupRequest", "StasisEnd", "ChannelDestroyed", "ChannelLeftBridge")


async def talking(here: House) -> tuple[str, str]:
    here.log_in("a1")
    caller = here.ari.world.call("call", "12345", "trunk")
    await here.until(3)
    here.ari.world.press(caller, "2")
    await here.until(4)
    (agent,) = [one.id for one in here.ari.world.channels.values() if one.endpoint == "PJSIP/a1"]
    return caller, agent


def service(here: House) -> TalkService:
    return TalkService(here.front_door._services.in_talk)


def repairs(here: House) -> list[Any]:
    return [data["what"] for _, _, kind, data in here.memory.events if kind == "repair"]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_whose_telephone_went_without_a_word_is_not_stuck(seed: int) -> None:
    """The complaint "agents stay stuck for hours after a lost BYE"."""

    async def scene(here: House) -> None:
        caller, agent = await talking(here)
        for event in ENDS:
            here.ari.world.lost[event] = 1
        here.ari.world.hang_up(agent)
        await here.until(WITHIN_S)
        assert here.states()["a1"] == "wrap_up"
        assert nodes(here)[-1] == "main.rate"
        assert repairs(here) == ["telephone_gone_from_talk"]
        here.ari.world.hang_up(caller)

    play(scene, seed, repairs=True)


def test_a_telephone_that_could_not_be_hung_up_is_though_its_call_goes_on() -> None:
    """Or its agent, who is free for the next caller, would have it at the ear until the citizen hangs up."""

    async def scene(here: House) -> None:
        caller, agent = await talking(here)
        here.ari.world.fault("channels.hangup", status=500, times=1)
        assert await service(here).transfer("a1", ToQueue("general"))
        await here.until(0.5)
        assert agent in here.ari.world.channels
        await here.until(WITHIN_S)
        assert agent not in here.ari.world.channels
        assert caller in here.ari.world.channels
        assert repairs(here) == ["channel_without_owner"]
        assert not here.ari.not_ended
        here.ari.world.hang_up(caller)

    play(scene, repairs=True)


def test_an_agent_who_is_forced_out_is_so_though_the_telephone_could_not_be_hung_up() -> None:
    """The board has the agent on a pause: nobody else would ever end that talk."""

    async def scene(here: House) -> None:
        caller, agent = await talking(here)
        (talk,) = here.talks
        clock, nobody = VirtualClock(), cast(Any, None)
        async with open_desk(
            DeskSettings(), here.dispatcher, clock, nobody, here.memory.stored.append, here.ari, nobody
        ) as work:
            here.ari.world.fault("channels.hangup", status=500, times=1)
            with work.talks.during(talk):
                work.desk.force(Author("sue", "supervisor"), "a1", "paused", "fell ill")
                await here.until(0.5)
            assert agent in here.ari.world.channels
            await here.until(WITHIN_S)
        assert agent not in here.ari.world.channels
        assert here.states()["a1"] == "paused"
        assert nodes(here)[-1] == "main.rate"
        here.ari.world.hang_up(caller)

    play(scene, repairs=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_fell_out_of_the_bridge_is_put_back(seed: int) -> None:
    async def scene(here: House) -> None:
        caller, agent = await talking(here)
        bridge = here.ari.world.channels[caller].bridge
        await here.ari.bridges.remove_channel(bridge_id=bridge, channel=[agent])
        await here.until(WITHIN_S)
        assert here.ari.world.channels[agent].bridge == bridge
        assert here.reconciler.repairs.as_dict() == {"citizen_alone": 1}
        here.ari.world.hang_up(caller)

    play(scene, seed, repairs=True)


def test_people_whose_bridge_is_gone_are_together_again() -> None:
    """Somebody else destroyed it: they would hear nobody, and nobody would see that."""

    async def scene(here: House) -> None:
        caller, agent = await talking(here)
        await here.ari.bridges.destroy(bridge_id=here.ari.world.channels[caller].bridge)
        await here.until(WITHIN_S)
        channels = here.ari.world.channels
        assert channels[caller].bridge == channels[agent].bridge != ""
        assert here.reconciler.repairs.as_dict() == {"misplaced": 1}
        here.ari.world.hang_up(caller)

    play(scene, repairs=True)


def test_a_citizen_who_could_not_be_taken_out_of_the_room_is_when_it_can_be() -> None:
    """On hold by all that anybody sees, and hearing what the agent says."""

    async def scene(here: House) -> None:
        caller, agent = await talking(here)
        here.ari.world.fault("bridges.remove_channel", status=500, times=1)
        assert await service(here).hold("a1")
        assert here.ari.world.channels[caller].bridge == here.ari.world.channels[agent].bridge
        await here.until(WITHIN_S)
        assert not here.ari.world.channels[caller].bridge
        assert here.ari.world.channels[caller].music
        assert repairs(here) == ["misplaced"]
        here.ari.world.hang_up(caller)

    play(scene, repairs=True)


@pytest.mark.parametrize("what", ["out", "no bridge", "gone"])
def test_with_an_outside_party_it_is_the_same(what: str) -> None:
    async def scene(here: House) -> None:
        world = here.ari.world
        caller = world.call("call", "12345", "trunk")
        await here.until(1)
        world.press(caller, "1")
        await here.until(4)
        (police,) = [one.id for one in world.channels.values() if one.endpoint == "PJSIP/110@trunk"]
        bridge = world.channels[caller].bridge
        assert bridge == world.channels[police].bridge != ""
        if what == "out":
            await here.ari.bridges.remove_channel(bridge_id=bridge, channel=[police])
        elif what == "no bridge":
            await here.ari.bridges.destroy(bridge_id=bridge)
        else:
            for event in ENDS:
                world.lost[event] = 1
            world.hang_up(police)
        await here.until(WITHIN_S)
        if what == "out":
            assert world.channels[caller].bridge == world.channels[police].bridge == bridge
        else:
            assert police not in world.channels
            assert "connect.back" in nodes(here), "the caller is with the dialogue"
        (code,) = here.reconciler.repairs.as_dict()
        assert (
            code
            == {"out": "citizen_alone", "no bridge": "misplaced", "gone": "telephone_gone_from_talk"}[what]
        )
        world.hang_up(caller)

    play(scene, repairs=True, entry="connect")


def test_who_left_us_without_a_word_is_no_caller_any_more() -> None:
    """The dialplan has the caller: prompts would be refused, and the call last as long as that."""

    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2)
        here.ari.world.lost["StasisEnd"] = 1
        await here.ari.channels.continue_in_dialplan(channel_id=caller, context="elsewhere", extension="s")
        await here.until(WITHIN_S)
        assert len(here.front_door.registry) == 0
        assert repairs(here) == ["caller_left"]
        here.ari.world.hang_up(caller)

    play(scene, repairs=True)


def test_who_waits_and_is_not_on_the_board_has_the_old_place() -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(3)
        here.ari.world.press(caller, "2")
        await here.until(2)
        (lost,) = here.dispatcher.board.entries()
        here.dispatcher.leave(lost.id, "failed")
        await here.until(WITHIN_S)
        (entry,) = here.dispatcher.board.entries()
        assert (entry.queue, entry.enqueued_at, entry.call_id) == (
            lost.queue,
            lost.enqueued_at,
            lost.call_id,
        )
        assert repairs(here) == ["place_not_on_board"]
        here.log_in("a1")
        await here.until(4)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(caller)

    play(scene, repairs=True)


def test_a_place_and_an_agent_that_belong_to_no_call_are_free() -> None:
    class Seat:
        rings_several = False

        def offered(self, offer: object) -> None: ...
        def withdrawn(self, offer: object) -> None: ...
        def progressed(self, place: int, waiting: int, wait_s: object) -> None: ...
        def rejected(self, outcome: str) -> None: ...

    async def scene(here: House) -> None:
        here.log_in("a1")
        entry = enter(EntryId("e1"), QueueName("general"), "c-n1-0-gone", VirtualClock().now())
        here.dispatcher.put(entry, "", Seat())
        assert here.states()["a1"] == "reserved"
        await here.until(WITHIN_S)
        assert here.states()["a1"] == "available"
        assert here.dispatcher.board.agents[AgentId("a1")].no_answers == 0
        assert here.reconciler.repairs.as_dict() == {"entry_without_session": 1}

    play(scene, repairs=True)


def test_a_caller_whose_arrival_was_lost_is_taken_in() -> None:
    async def scene(here: House) -> None:
        here.ari.world.lost["StasisStart"] = 1
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(WITHIN_S + 1.5)
        assert nodes(here)[:1] == ["main.welcome"]
        assert here.reconciler.repairs.as_dict() == {"caller_without_session": 1}
        here.ari.world.hang_up(caller)

    play(scene, repairs=True)


def test_who_is_taken_in_and_comes_in_late_is_one_call() -> None:
    """And a StasisStart that comes twice is one, too."""

    async def scene(here: House) -> None:
        here.ari.world.doubled["StasisStart"] = 1
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(1.5)
        listed = await here.ari.channels.list()
        assert not isinstance(listed, Gone)
        (channel,) = [one for one in listed.value if one.id == caller]
        here.front_door.take_in(channel)
        await here.until(1)
        assert nodes(here) == ["main.welcome", "main.choose"]
        here.ari.world.hang_up(caller)
        await here.until(2)
        assert len(here.memory.calls) == len(here.memory.arrivals) == 1

    play(scene)


def test_what_asterisk_refuses_is_tried_again_and_counted_once() -> None:
    async def scene(here: House) -> None:
        await here.ari.bridges.create_with_id(bridge_id="c-n1-gone.talk2", type="mixing")
        here.ari.world.fault("bridges.destroy", status=500, times=2)
        await here.until(12)
        assert here.reconciler.repairs.as_dict() == {"bridge_without_owner": 1}
        assert here.reconciler.repairs.failed == 2

    play(scene, repairs=True)


def test_nothing_is_repaired_while_the_calls_of_another_controller_are_not_adopted() -> None:
    async def scene(here: House) -> None:
        here.front_door.wait_for_adoption()
        await here.ari.bridges.create_with_id(bridge_id="c-n1-gone.talk2", type="mixing")
        await here.until(20)
        assert sent(here, "bridges.destroy") == []
        here.front_door.open()
        await here.until(WITHIN_S)
        assert here.reconciler.repairs.as_dict() == {"bridge_without_owner": 1}

    play(scene, repairs=True)


def test_what_is_not_true_can_be_asked_for() -> None:
    """What is only just changing is not told."""

    async def scene(here: House) -> None:
        here.front_door.wait_for_adoption()
        looked = await here.reconciler.check()
        assert looked is not None and looked.findings == ()
        await here.ari.bridges.create_with_id(bridge_id="c-n1-gone.talk2", type="mixing")
        looked = await here.reconciler.check()
        assert looked is not None
        assert [one.code for one in looked.findings] == ["bridge_without_owner"]
        here.front_door.open()

    play(scene, repairs=True)
