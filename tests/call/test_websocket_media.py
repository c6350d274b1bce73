"""What Asterisk is told before audio goes to a worker by websocket."""

from __future__ import annotations

import pytest

from asr.hearing import RemoteHearing
from ivr.call.media_path import MediaPathFailed
from ivr.call.websocket_media import WebsocketMedia
from tests.support.fake_ari import FakeAri
from tests.support.fake_ari_commands import FakeAsterisk
from tests.support.virtual_time import run_virtual


def hearing(url: str) -> RemoteHearing:
    return RemoteHearing("1", "127.0.0.1", 4000, lambda identity: None, media_url=url)


def told(ari: FakeAri) -> int:
    return len([name for name, _ in ari.world.commands if name == "asterisk.update_object"])


def test_a_worker_is_told_once_until_asterisk_may_be_another() -> None:
    async def main() -> None:
        async with FakeAri(FakeAsterisk()) as ari:
            source = WebsocketMedia(ari)
            first = await source.towards(hearing("http://127.0.0.1:4000/media?hearing=aa"))
            second = await source.towards(hearing("http://127.0.0.1:4000/media?hearing=bb"))
            assert (first.external_host, first.transport_data) == (second.external_host, "v(hearing=aa)")
            assert second.transport_data == "v(hearing=bb)"
            assert (first.transport, first.encapsulation) == ("websocket", "none")
            elsewhere = await source.towards(hearing("https://speech.example:4443/media?hearing=cc"))
            assert elsewhere.external_host != first.external_host
            objects = ari.world.objects
            assert objects[first.external_host]["uri"] == "ws://127.0.0.1:4000/media"
            assert objects[elsewhere.external_host]["uri"] == "wss://speech.example:4443/media"
            assert [objects[one.external_host]["tls_enabled"] for one in (first, elsewhere)] == ["no", "yes"]
            assert told(ari) == 2
            source.forget()
            await source.towards(hearing("http://127.0.0.1:4000/media?hearing=dd"))
            assert told(ari) == 3

    run_virtual(main)


def test_what_is_missing_is_said() -> None:
    async def main() -> None:
        async with FakeAri(FakeAsterisk()) as ari:
            with pytest.raises(MediaPathFailed, match="no audio by websocket"):
                await WebsocketMedia(ari).towards(hearing(""))
            ari.world.fault("asterisk.update_object", status=404, message="configClass not found")
            with pytest.raises(MediaPathFailed, match=r"sorcery\.conf"):
                await WebsocketMedia(ari).towards(hearing("http://127.0.0.1:4000/media?hearing=aa"))

    run_virtual(main)
