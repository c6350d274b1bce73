"""What the catalogue gives is heard on a real call: by the content of the audio that arrives, not by events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from ivr.ari.client import AriClient, AriSettings
from ivr.ari.generated.events import ChannelDestroyed, PlaybackFinished, StasisStart
from ivr.asterisk.process import PrivateAsterisk
from ivr.demo.lightphone import LightPhone
from ivr.flow.actions import Prompt
from ivr.prompts import audio, texts
from ivr.prompts.catalogue import Folders, PromptCatalogue
from ivr.prompts.prepared import Prepared
from ivr.prompts.store import write_whole
from tests.prompts.conftest import tone
from tests.support.audio import contains, tone_present
from tests.support.softphone import citizen_phone

pytestmark = pytest.mark.real

FLOWS = Path(__file__).parents[2] / "flows"
PATIENCE_S = 60.0
TRIES = 3
"""On a machine without a free core packets of the call go missing; what is looked for then is in the repetition."""


@asynccontextmanager
async def listener(asterisk: PrivateAsterisk) -> AsyncIterator[tuple[AriClient, str, LightPhone]]:
    """A citizen's call that we answered: our client, the call's channel, the phone."""
    rendered = asterisk.rendered
    settings = AriSettings(
        rendered.ari_url, rendered.ari_user, rendered.ari_password, app=rendered.application
    )
    phone = citizen_phone(rendered, kind=LightPhone)
    assert isinstance(phone, LightPhone)
    async with asyncio.timeout(PATIENCE_S), AriClient(settings) as ari, phone:
        await ari.ready(PATIENCE_S)
        await phone.dial(rendered.hotline_uri)
        async for arrived in ari.bus.front_door():
            if isinstance(arrived, StasisStart):
                break
        await ari.channel(arrived.channel.id).answer()
        await phone.events.next("established")
        try:
            yield ari, arrived.channel.id, phone
        finally:
            await ari.channel(arrived.channel.id).hangup()


async def play_all(ari: AriClient, channel: str, media: list[str]) -> None:
    """Until Asterisk says that the whole list is over."""
    with ari.bus.mailbox("prompts") as mailbox:
        mailbox.watch("prompts-playback", channel)
        await ari.channel(channel).play_with_id(playback_id="prompts-playback", media=media)
        async for event in mailbox:
            assert not isinstance(event, ChannelDestroyed), "the call ended while a prompt played"
            if isinstance(event, PlaybackFinished):
                return
    raise AssertionError("no end of the playback was reported")


def raw_form(uri: str) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.frombuffer(Path(uri.removeprefix("sound:") + ".sln16").read_bytes(), dtype="<i2")


def as_phone_samples(samples: audio.Samples) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.asarray(samples * 32767, dtype=np.int16)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_shipped_prompt_with_a_value_is_heard_whole(
    asterisk: PrivateAsterisk, tmp_path: Path, language: str
) -> None:
    folders = Folders(FLOWS / "audio", FLOWS / "recordings", tmp_path / "cache")
    library = texts.read(FLOWS / "prompts")
    catalogue = await asyncio.to_thread(PromptCatalogue.load, library, folders)
    prompts = [Prompt("greeting.recording"), Prompt("queue.place", {"place": 23})]
    media = catalogue.media(prompts, language)
    expected = [raw_form(uri) for uri in media]
    narrow = [audio.resample((clip / 32768).astype(np.float32), 16_000, 8000) for clip in expected]
    async with listener(asterisk) as (ari, channel, phone):
        for _ in range(TRIES):
            await play_all(ari, channel, media)
            heard = phone.received_audio()
            matches = [contains(heard, as_phone_samples(clip)) for clip in narrow]
            if all(matches):
                break
    assert all(matches), matches
    assert catalogue.seconds(prompts, language) == pytest.approx(
        sum(len(clip) for clip in narrow) / 8000, abs=0.01
    )


async def test_the_gaps_between_the_parts_of_a_sentence_are_short(
    asterisk: PrivateAsterisk, tmp_path: Path
) -> None:
    """Ten tones of one clip each are heard as one sound, whole but for what Asterisk needs from file to file."""
    one = Prepared(tmp_path).make(audio.pack(tone(440, 0.3), audio.SHELF_RATE))
    async with listener(asterisk) as (ari, channel, phone):
        await play_all(ari, channel, [one.uri] * 10)
        heard = phone.received_audio()
    loud = np.flatnonzero(np.abs(heard.astype(int)) > 1000)
    length = (loud[-1] - loud[0]) / 8000
    assert 2.9 <= length <= 3.0 + 9 * 0.045, f"ten clips of 0.3 s lasted {length:.2f} s"


async def test_asterisk_takes_the_form_of_the_calls_codec(asterisk: PrivateAsterisk, tmp_path: Path) -> None:
    """Each form holds another pitch: a G.711 call hears its own, so nothing is transcoded."""
    pitches = {"ulaw": 440, "alaw": 880, "sln16": 1320}
    for extension, hz in pitches.items():
        samples = tone(hz)
        write_whole(tmp_path / f"pitch.{extension}", audio.raw_formats(samples, audio.SHELF_RATE)[extension])
    async with listener(asterisk) as (ari, channel, phone):
        await play_all(ari, channel, [f"sound:{tmp_path / 'pitch'}"])
        heard = phone.received_audio()
    assert tone_present(heard, 440, at_least_s=0.8), "the mu-law form was not played"
    assert not tone_present(heard, 880) and not tone_present(heard, 1320)
