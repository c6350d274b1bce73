"""Prompts that have to be spoken first: the caller waits no longer than for the voice, and may go on meanwhile."""

from __future__ import annotations

import pytest

from tests.call.scenes import SEEDS, inputs, nodes, play, sent, summary_of
from tests.support.call_house import House


@pytest.mark.parametrize("seed", SEEDS)
def test_what_has_no_sound_yet_is_spoken_first(seed: int) -> None:
    async def scene(here: House) -> None:
        here.prompts.speaks_s = 1.5
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(1.2)
        assert here.heard(caller) == []
        await here.until(1.0)
        assert len(here.heard(caller)) == 1
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_key_is_taken_while_a_prompt_is_being_spoken(seed: int) -> None:
    async def scene(here: House) -> None:
        here.prompts.speaks_s = 3.0
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(4.5)
        assert nodes(here)[-1] == "main.choose"
        here.ari.world.press(caller, "1")
        await here.until(0.2)
        assert nodes(here)[-1] == "main.info", "the key waited for the voice"
        await here.until(12)
        assert len(here.heard(caller)) == 3, "the menu was said although nobody waited for it any more"
        assert summary_of(here).outcome == "completed"

    play(scene, seed)


def test_a_voice_that_never_comes_does_not_hold_the_caller_up() -> None:
    async def scene(here: House) -> None:
        here.prompts.speaks_s = 10_000.0
        here.ari.world.call("call", "12345", "trunk")
        await here.until(25)
        assert "main.choose" in nodes(here)
        (session,) = here.front_door.registry
        here.ari.world.hang_up(session.channel)

    play(scene)


def test_music_is_heard_until_the_words_are_there() -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        await here.until(0.5)
        # "Putting you through" is heard; the place, told after it, is still to be spoken.
        here.prompts.speaks_s = 4.0
        said = len(here.heard(caller))
        await here.until(2.5)
        assert here.ari.world.channels[caller].music
        assert len(here.heard(caller)) == said
        await here.until(2.5)
        assert not here.ari.world.channels[caller].music
        assert len(here.heard(caller)) == said + 1
        here.ari.world.hang_up(caller)

    play(scene)


@pytest.mark.parametrize("at_ms", range(0, 6000, 330))
def test_a_hangup_at_every_moment_leaves_nothing(at_ms: int) -> None:
    async def scene(here: House) -> None:
        here.prompts.speaks_s = 0.7
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(at_ms / 1000)
        here.ari.world.hang_up(caller)
        await here.until(1)
        here.ari.world.assert_empty()
        assert len(sent(here, "channels.play_with_id")) >= len(inputs(here, "prompt_ended"))

    play(scene, seed=at_ms)
