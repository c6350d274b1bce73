"""Commands and an Asterisk that is slow, frozen, failing or away: what is sent again, and what never is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ari.again import ONCE, PAUSES_S, Trouble, again, look_for, way_of
from ivr.ari.generated.operations import OPERATIONS, Channels, Playbacks
from ivr.ari.heart import Heart
from ivr.ari.patience import Patient
from ivr.ari.repository import Reply, Request
from ivr.ari.results import Gone, Operation, Sent
from ivr.errors import AriRejected, AriUnavailable
from tests.support.virtual_time import run_virtual

NAMED = {operation.name: operation for operation in OPERATIONS}


def request(name: str, **ids: str) -> Request:
    operation: Operation = NAMED[name]
    target = operation.template
    for key, value in ids.items():
        target = target.replace("{" + key + "}", value)
    return Request(operation, target)


# --- the decision


@given(st.sampled_from(sorted(NAMED)), st.sampled_from(["unanswered", "failed"]), st.integers(1, 9))
def test_what_is_not_the_same_twice_is_sent_once(name: str, trouble: Trouble, tries: int) -> None:
    one = Request(NAMED[name], NAMED[name].template.replace("{", "").replace("}", ""))
    decided = again(one, trouble, tries)
    if name in ONCE or tries > len(PAUSES_S):
        assert decided is None
    if decided is not None and NAMED[name].method == "POST" and way_of(one) == "look":
        assert decided.look
    if NAMED[name].method in ("GET", "PUT", "DELETE") and name not in ONCE and tries <= len(PAUSES_S):
        assert decided is not None


@given(st.sampled_from(sorted(NAMED)), st.integers(1, 99))
def test_what_asterisk_never_saw_is_always_sent_again(name: str, tries: int) -> None:
    assert again(Request(NAMED[name], "/x"), "not_sent", tries) is not None


def test_what_is_made_is_looked_for_by_its_own_id() -> None:
    play = request("channels.play_with_id", channelId="1.2", playbackId="c-n1.play%2F1")
    assert look_for(play) == request("playbacks.get", playbackId="c-n1.play%2F1")
    snoop = request("channels.snoop_channel_with_id", channelId="1.2", snoopId="s")
    assert look_for(snoop) == request("channels.get", channelId="s")
    created = Request(NAMED["channels.create"], "/channels/create?channelId=a%26b&app=ivr")
    assert look_for(created) == request("channels.get", channelId="a%26b")
    in_body = Request(NAMED["channels.external_media"], "/channels/externalMedia", b'{"channelId":"m"}')
    assert look_for(in_body) == request("channels.get", channelId="m")
    nameless = Request(NAMED["channels.create"], "/channels/create?app=ivr")
    assert look_for(nameless) is None
    assert way_of(nameless) == "never"


# --- the pulse


def test_time_in_which_we_were_stopped_ourselves_says_nothing_of_asterisk() -> None:
    heart = Heart(1.0, 3.0)
    heart.opened()
    heart.tick(0.0)
    heart.tick(1000.0)
    assert heart.condition == "answers"
    assert heart.silent_for_s == 2.0


def test_silence_on_every_path_is_silence_and_one_sign_is_life() -> None:
    heart = Heart(1.0, 3.0)
    heart.opened()
    for now in range(4):
        heart.tick(float(now))
        heart.heard("http")
    assert heart.condition == "answers"
    assert heart.quiet_s["websocket"] == 3.0
    for now in range(4, 8):
        heart.tick(float(now))
    assert heart.condition == "silent"
    assert heart.away_s == 2.0, "counted from when it was held to be silent"
    heart.closed()
    assert heart.condition == "away"
    heart.opened()
    assert (heart.condition, heart.away_s) == ("answers", 0.0)


# --- carrying it out


@dataclass
class Peer:
    """An Asterisk that answers as `then` says, one after the other; the last goes on for ever."""

    then: list[Callable[[], Awaitable[Reply]]]
    seen: list[str] = field(default_factory=list)

    async def exchange(self, request: Request) -> Reply:
        self.seen.append(f"{request.operation.method} {request.target.partition('?')[0]}")
        step = self.then.pop(0) if len(self.then) > 1 else self.then[0]
        return await step()


async def fine() -> Reply:
    return Reply(200, b"{}")


async def gone() -> Reply:
    return Reply(404, b'{"message":"Playback not found"}')


async def failing() -> Reply:
    return Reply(500, b'{"message":"injected"}')


async def refused() -> Reply:
    raise AriUnavailable("refused", sent=False)


async def cut() -> Reply:
    raise AriUnavailable("cut")


def takes(seconds: float) -> Callable[[], Awaitable[Reply]]:
    async def step() -> Reply:
        await asyncio.sleep(seconds)
        return await fine()

    return step


def patient(peer: Peer, *, patience_s: float = 30.0, frozen: bool = False) -> Patient:
    heart = Heart(1.0, 3.0)
    heart.opened()
    if frozen:
        heart.quiet_s = dict.fromkeys(heart.quiet_s, 10.0)
    return Patient(peer, heart, 5.0, patience_s)


async def play(transport: Patient) -> Sent[object] | Gone:
    return await Channels(transport).play_with_id(channel_id="1", playback_id="p", media=["sound:x"])


PLAY, LOOK = "POST /channels/1/play/p", "GET /playbacks/p"


@pytest.mark.parametrize(
    ("then", "seen"),
    [
        ([refused, refused, fine], [PLAY, PLAY, PLAY]),
        ([cut, fine], [PLAY, LOOK]),
        ([cut, gone, fine], [PLAY, LOOK, PLAY]),
        ([failing, gone, failing, gone, fine], [PLAY, LOOK, PLAY, LOOK, PLAY]),
        ([takes(9.0), fine], [PLAY, LOOK]),
    ],
)
def test_a_prompt_is_played_once_whatever_happens(
    then: list[Callable[[], Awaitable[Reply]]], seen: list[str]
) -> None:
    async def main() -> None:
        peer = Peer(then)
        assert isinstance(await play(patient(peer)), Sent)
        assert peer.seen == seen

    run_virtual(main)


def test_a_frozen_asterisk_is_waited_for_and_nothing_is_sent_twice() -> None:
    """What it has received it carries out when it goes on: 20 s later."""

    async def main() -> None:
        peer = Peer([takes(20.0)])
        assert isinstance(await play(patient(peer, frozen=True)), Sent)
        assert peer.seen == [PLAY]

    run_virtual(main)


def test_what_never_comes_back_is_given_up() -> None:
    async def main() -> None:
        peer = Peer([takes(1000.0)])
        with pytest.raises(AriUnavailable, match="no answer within"):
            await play(patient(peer, frozen=True))
        assert asyncio.get_running_loop().time() < 36.0
        with pytest.raises(AriUnavailable, match="refused"):
            await play(patient(Peer([refused])))
        with pytest.raises(AriUnavailable, match="500 injected"):
            await Playbacks(patient(Peer([failing]))).stop(playback_id="p")

    run_virtual(main)


def test_commands_side_by_side_have_a_limit_each() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        commands = patient(Peer([takes(1000.0)]), patience_s=0.0)

        async def given_up_at(begins_s: float) -> float:
            await asyncio.sleep(begins_s)
            with pytest.raises(AriUnavailable, match="no answer within 5 s"):
                await play(commands)
            return loop.time()

        assert await asyncio.gather(*map(given_up_at, (0.0, 1.0, 1.0, 7.0))) == [5.0, 6.0, 6.0, 12.0]

    run_virtual(main)


def test_a_channel_is_dialled_once_whatever_became_of_it() -> None:
    async def main() -> None:
        peer = Peer([cut, fine])
        channels = Channels(patient(peer))
        with pytest.raises(AriUnavailable, match="cut"):
            await channels.dial(channel_id="1")
        with pytest.raises(AriRejected, match="dialled already"):
            await channels.dial(channel_id="1")
        assert len(peer.seen) == 1
        never_sent = Peer([refused, fine])
        await Channels(patient(never_sent)).dial(channel_id="1")
        assert len(never_sent.seen) == 2, "that one Asterisk has never seen"

    run_virtual(main)


def test_the_end_is_in_no_need_of_patience() -> None:
    async def main() -> None:
        transport = patient(Peer([refused]))
        transport.hurry()
        with pytest.raises(AriUnavailable):
            await play(transport)
        assert asyncio.get_running_loop().time() == 0.0

    run_virtual(main)
