"""From RTP packets at their own pace to the words, through a worker with the real models."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from asr.pool import WorkerPool
from asr.protocol import Final, ListenRequest, Partial, SpeechBegan
from asr.settings import EngineSpec, PoolSettings, WorkerSettings
from tests.asr.test_whisper_engine import MENU, saying
from tests.support.speech import read_pcm, send, silence

pytestmark = pytest.mark.real


async def test_mandarin_english_and_korean_callers_at_once(
    whisper_folder: Path, korean_folder: Path, tmp_path: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        "espeak-ng", "-v", "ko", "-s", "140", "-w", str(tmp_path / "ko.wav"), "상담원"
    )
    assert await process.wait() == 0
    worker = WorkerSettings(
        (
            EngineSpec("vosk", "korean", str(korean_folder), ("ko",)),
            EngineSpec("whisper", "whisper-base", str(whisper_folder), ("zh", "en")),
        )
    )
    callers = [
        (ListenRequest("zh", MENU, label="zh"), saying("zh-noise"), "投诉"),
        (ListenRequest("en", ("operator", "person"), label="en"), saying("en-person"), "person"),
        (ListenRequest("ko", ("상담원", "아니요"), label="ko"), read_pcm(tmp_path / "ko.wav"), "상담원"),
    ]
    async with WorkerPool(PoolSettings(worker, ready_s=110.0, open_s=10.0)) as ears:
        assert ears.languages() == {"zh", "en", "ko"}

        async def call(request: ListenRequest, pcm: bytes, phrase: str) -> None:
            hearing = await ears.open(request)
            sending = asyncio.create_task(
                send(silence(0.5) + pcm + silence(3.0), hearing.media_host, hearing.media_port)
            )
            async with asyncio.timeout(60):
                heard = [one async for one in hearing]
            await sending
            await hearing.aclose()
            final = heard[-1]
            assert isinstance(heard[0], SpeechBegan)
            assert isinstance(final, Final), heard
            assert (final.language, final.phrase) == (request.language, phrase)
            # Whisper shows its words early only where nobody waits for it.
            assert request.language != "ko" or any(isinstance(one, Partial) for one in heard)

        async with asyncio.TaskGroup() as group:
            for request, pcm, phrase in callers:
                group.create_task(call(request, pcm, phrase), name=f"caller {request.label}")
