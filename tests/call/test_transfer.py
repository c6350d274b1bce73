"""Other parties: outside numbers through the allow-list, agents through the dispatcher, and what the caller hears."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.flow.actions import Transfer
from ivr.flow.inputs import OpId
from tests.call.scenes import SEEDS, inputs, nodes, play, press_if_there, sent, summary_of
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone

POLICE, CRISIS = "PJSIP/110@trunk", "PJSIP/12356@trunk"


async def choosing(here: House, key: str) -> str:
    caller = here.ari.world.call("call", "12345", "trunk")
    await here.until(1.5)
    here.ari.world.press(caller, key)
    return caller


def party(here: House, endpoint: str) -> Any:
    found = [one for one in here.ari.world.channels.values() if one.endpoint == endpoint]
    return found[0] if found else None


def ended(here: House) -> dict[str, Any]:
    (only,) = inputs(here, "transfer_ended")
    return only


def stage(here: House) -> str:
    return next((session.stage for session in here.front_door.registry), "")


@pytest.mark.parametrize("seed", SEEDS)
def test_an_outside_number_talks_and_the_caller_comes_back(seed: int) -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones[POLICE] = Phone(rings_s=2.0)
        caller = await choosing(here, "1")
        await here.until(1)
        world = here.ari.world
        assert world.channels[caller].ringing
        assert stage(here) == "ringing"
        await here.until(2)
        assert not world.channels[caller].ringing
        assert stage(here) == "talking"
        other = party(here, POLICE)
        assert world.channels[caller].bridge == other.bridge != ""
        assert other.variables["CONNECTEDLINE(num,i)"] == "12345"
        await here.until(5)
        world.hang_up(other.id)
        await here.until(2.5)
        assert ended(here)["outcome"] == "completed"
        assert ended(here)["talked_s"] == pytest.approx(6, abs=1)
        assert len(inputs(here, "party_joined")) == 1
        assert "connect.back" in nodes(here)
        assert summary_of(here).outcome == "completed"

    play(scene, seed, entry="connect")


@pytest.mark.parametrize(
    ("phone", "outcome", "cause"),
    [
        (Phone(then="busy"), "busy", 17),
        (Phone(then="reject"), "refused", 21),
        (Phone(then="reject", cause=18), "no_answer", 18),
        (Phone(then="reject", cause=19), "no_answer", 19),
        (Phone(then="reject", cause=20), "unavailable", 20),
        (Phone(then="reject", cause=1), "unavailable", 1),
        (Phone(then="reject", cause=28), "unavailable", 28),
        (Phone(then="reject", cause=34), "failed", 34),
        (Phone(then="reject", cause=16), "no_answer", 16),
        (Phone(then="never"), "no_answer", 19),
        (Phone(registered=False), "unavailable", 0),
    ],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_why_it_was_not_reached_is_told(seed: int, phone: Phone, outcome: str, cause: int) -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones[POLICE] = phone
        caller = await choosing(here, "1")
        await here.until(14)
        assert (ended(here)["outcome"], ended(here).get("cause", 0)) == (outcome, cause)
        assert "connect.sorry" in nodes(here)
        assert [values["channelId"] for values in sent(here, "channels.ring_stop")] in ([], [caller])
        assert summary_of(here).outcome == "completed"

    play(scene, seed, entry="connect")


@pytest.mark.parametrize("seed", SEEDS)
def test_an_announced_party_hears_who_comes_before_they_are_joined(seed: int) -> None:
    async def scene(here: House) -> None:
        here.ari.world.lengths_s["sound:crisis.announce.zh"] = 1.0
        caller = await choosing(here, "2")
        await here.until(1.6)
        other = party(here, CRISIS)
        assert other.state == "Up"
        assert here.heard(other.id), "the party heard nothing"
        assert here.ari.world.channels[caller].bridge == ""
        assert here.ari.world.channels[caller].ringing
        await here.until(1.2)
        assert here.ari.world.channels[caller].bridge == other.bridge
        here.ari.world.hang_up(other.id)
        await here.until(5)
        assert ended(here)["outcome"] == "completed"

    play(scene, seed, entry="connect")


@pytest.mark.parametrize("seed", SEEDS)
def test_an_announced_party_who_hangs_up_while_hearing_has_refused(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await choosing(here, "2")
        await here.until(1.6)
        here.ari.world.hang_up(party(here, CRISIS).id)
        await here.until(1)
        assert ended(here)["outcome"] == "refused"
        assert inputs(here, "party_joined") == []
        assert not here.ari.world.channels[caller].ringing
        await here.until(5)

    play(scene, seed, entry="connect")


def test_the_longest_talk_is_ended() -> None:
    async def scene(here: House) -> None:
        await choosing(here, "2")
        await here.until(40)
        assert (ended(here)["outcome"], round(ended(here)["talked_s"])) == ("completed", 30)
        assert party(here, CRISIS) is None

    play(scene, entry="connect")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("key", "agent"), [("3", "a1"), ("5", "a2")])
def test_an_agent_by_id_or_extension(seed: int, key: str, agent: str) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1", "a2")
        caller = await choosing(here, key)
        await here.until(0.5)
        assert here.states()[agent] == "ringing"
        await here.until(2)
        assert here.states()[agent] == "talking"
        other = next(one for one in here.states() if one != agent)
        assert here.states()[other] == "available"
        here.ari.world.hang_up(party(here, f"PJSIP/{agent}").id)
        await here.until(1)
        assert here.states()[agent] == "wrap_up"
        assert ended(here)["outcome"] == "completed"
        await here.until(12)
        assert here.states()[agent] == "available"
        assert caller not in here.ari.world.channels

    play(scene, seed, entry="connect")


@pytest.mark.parametrize(
    ("phone", "outcome", "cause"),
    [
        (Phone(then="busy"), "busy", 17),
        (Phone(then="reject"), "refused", 21),
        (Phone(registered=False), "unavailable", 0),
    ],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_who_does_not_take_it_is_free_again(
    seed: int, phone: Phone, outcome: str, cause: int
) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        here.ari.world.phones["PJSIP/a1"] = phone
        await choosing(here, "3")
        await here.until(5)
        assert (ended(here)["outcome"], ended(here).get("cause", 0)) == (outcome, cause)
        assert here.states()["a1"] == "available"
        await here.until(5)

    play(scene, seed, entry="connect")


@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_who_lets_it_ring_was_not_there(seed: int) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        here.ari.world.phones["PJSIP/a1"] = Phone(then="never")
        await choosing(here, "3")
        await here.until(10)
        assert ended(here)["outcome"] == "no_answer"
        assert here.states()["a1"] == "available"
        await here.until(5)

    play(scene, seed, entry="connect")


def test_an_agent_who_is_not_free_and_one_who_is_not_there() -> None:
    for key, outcome in (("3", "unavailable"), ("4", "unknown")):

        async def scene(here: House, key: str = key, outcome: str = outcome) -> None:
            await choosing(here, key)
            await here.until(6)
            assert ended(here)["outcome"] == outcome
            assert sent(here, "channels.create") == []

        play(scene, entry="connect")


def test_no_telephone_is_rung_that_the_settings_do_not_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    from ivr.call.outbound import NOWHERE

    monkeypatch.setattr("tests.support.call_house.OUTBOUND", NOWHERE)

    async def scene(here: House) -> None:
        await choosing(here, "1")
        await here.until(6)
        assert ended(here)["outcome"] == "forbidden"
        assert sent(here, "channels.create") == []

    play(scene, entry="connect")


@pytest.mark.parametrize("at_ms", range(0, 14_000, 370))
@pytest.mark.parametrize("key", ["1", "2", "3"])
def test_a_hangup_at_every_moment_leaves_nothing(at_ms: int, key: str) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        for endpoint in (POLICE, CRISIS, "PJSIP/a1"):
            here.ari.world.phones[endpoint] = Phone(rings_s=2.0, talks_s=4.0)
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(min(1.5, at_ms / 1000))
        press_if_there(here, caller, key)
        await here.until(max(0.0, at_ms / 1000 - 1.5))
        if caller in here.ari.world.channels:
            here.ari.world.hang_up(caller)
        await here.until(14)
        assert here.states()["a1"] == "available"
        assert len(here.memory.calls) == 1

    play(scene, seed=at_ms, entry="connect")


@pytest.mark.parametrize("after_ms", range(0, 40, 2))
def test_a_hangup_just_as_the_party_answers_leaves_nothing(after_ms: int) -> None:
    async def scene(here: House) -> None:
        caller = await choosing(here, "1")
        while party(here, POLICE) is None or party(here, POLICE).state != "Up":
            await here.until(0.001)
        await here.until(after_ms / 1000)
        here.ari.world.hang_up(caller)
        await here.until(1.0)
        here.ari.world.assert_empty()

    play(scene, seed=after_ms, entry="connect")


@pytest.mark.parametrize("operation", ["channels.create", "bridges.create_with_id", "channels.dial"])
@pytest.mark.parametrize("how", [{"status": 500}, {"unanswered": True}])
def test_a_party_that_cannot_be_called_costs_only_the_transfer(operation: str, how: dict[str, Any]) -> None:
    async def scene(here: House) -> None:
        caller = await choosing(here, "1")
        here.ari.world.fault(operation, times=1, **how)
        await here.until(12)
        assert ended(here)["outcome"] in ("failed", "unavailable")
        assert caller not in here.ari.world.channels
        assert summary_of(here).outcome == "completed"
        await here.until(30)

    play(scene, entry="connect", repairs=how == {"unanswered": True})


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("who", ["party", "agent", "caller"])
def test_in_a_conference_the_agent_of_the_call_stays(seed: int, who: str) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        caller = await in_conference(here)
        world = here.ari.world
        agent, other = party(here, "PJSIP/a1"), party(here, POLICE)
        assert {world.channels[caller].bridge, agent.bridge} == {other.bridge}
        world.hang_up({"party": other.id, "agent": agent.id, "caller": caller}[who])
        await here.until(1)
        if who == "party":
            assert party(here, POLICE) is None
            assert world.channels[caller].bridge == agent.bridge != ""
            assert here.states()["a1"] == "talking"
            world.hang_up(agent.id)
        elif who == "agent":
            assert world.channels[caller].bridge == other.bridge != ""
            assert here.states()["a1"] == "wrap_up"
            world.hang_up(caller)
        await here.until(3)

    play(scene, seed)


async def in_conference(here: House) -> str:
    """A caller who talks to a1, with the police brought in."""
    caller = here.ari.world.call("call", "12345", "trunk")
    await here.until(2.5)
    here.ari.world.press(caller, "2")
    await here.until(5)
    assert here.states()["a1"] == "talking"
    (session,) = here.front_door.registry
    session._parts.transfers.start(Transfer(OpId("x"), "number", "110", "zh", "conference"))
    await here.until(3)
    return caller


@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_who_comes_ends_the_ringing_of_another_party(seed: int) -> None:
    """The place in the queue is kept meanwhile: whoever answers first has the caller."""

    async def scene(here: House) -> None:
        here.ari.world.phones[POLICE] = Phone(then="never")
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        await here.until(4)
        (session,) = here.front_door.registry
        session._parts.transfers.start(Transfer(OpId("x"), "number", "110", "zh", ring_s=20))
        await here.until(2)
        assert party(here, POLICE) is not None
        here.log_in("a1")
        await here.until(3)
        assert here.states()["a1"] == "talking"
        assert party(here, POLICE) is None
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_agent_cuts_into_a_talk_with_another_party(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        await here.until(4)
        (session,) = here.front_door.registry
        session._parts.transfers.start(Transfer(OpId("x"), "number", "110", "zh"))
        await here.until(3)
        bridge = here.ari.world.channels[caller].bridge
        here.log_in("a1")
        await here.until(6)
        assert here.ari.world.channels[caller].bridge == bridge == party(here, POLICE).bridge
        assert party(here, "PJSIP/a1") is None
        here.ari.world.hang_up(party(here, POLICE).id)
        await here.until(6)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("at_ms", range(0, 6000, 290))
@pytest.mark.parametrize("to", ["number", "agent"])
def test_a_transfer_cancelled_at_every_moment_frees_everything(at_ms: int, to: str) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        here.ari.world.phones[POLICE] = here.ari.world.phones["PJSIP/a1"] = Phone(rings_s=2.0)
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(1.5)
        (session,) = here.front_door.registry
        action = Transfer(OpId("x"), to, "110" if to == "number" else "a1", "zh")  # type: ignore[arg-type]
        session._parts.transfers.start(action)
        await here.until(at_ms / 1000)
        session._parts.transfers.cancel(OpId("x"))
        await here.until(1)
        world = here.ari.world
        assert list(world.channels) == [
            caller,
            *(one for one in world.channels if ".snoop" in one or ".media" in one),
        ]
        assert world.channels[caller].bridge == "" or ".hear" in world.channels[caller].bridge
        assert here.states()["a1"] in ("available", "wrap_up")
        assert [one for one in inputs(here, "transfer_ended") if one["op"] == "x"] == []
        world.hang_up(caller)

    play(scene, seed=at_ms, entry="connect")
