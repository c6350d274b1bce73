"""How quickly: answers as RTP in real time through a worker, one caller at a time; Whisper as it comes beside it."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from asr.pool import WorkerPool
from asr.protocol import Final, ListenRequest
from asr.settings import EngineSpec, PoolSettings, WorkerSettings
from asr.text import spoken
from bench.asr_sets import Clip
from tests.support.speech import send, silence

Figures = dict[str, float]
AFTER_S = 2.5
"""Silence sent after an answer: longer than any end silence here."""


async def latencies(folder: Path, said: Sequence[tuple[Clip, ListenRequest]]) -> Figures:
    """From the certain end of speech to the final text, and from the last speech to it."""
    worker = WorkerSettings((EngineSpec("whisper", "whisper-base", str(folder), ("zh", "en")),))
    final_s, whole_s, open_s = [], [], []
    async with WorkerPool(PoolSettings(worker)) as ears:
        for clip, request in said:
            asked = time.perf_counter()
            hearing = await ears.open(request)
            open_s.append(time.perf_counter() - asked)
            pcm = silence(0.3) + clip.pcm + silence(AFTER_S)
            sending = asyncio.create_task(send(pcm, hearing.media_host, hearing.media_port))
            began = time.perf_counter()
            async for heard in hearing:
                if isinstance(heard, Final):
                    final_s.append(heard.latency_s)
                    whole_s.append(time.perf_counter() - began - heard.ended_s)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await hearing.aclose()
    return {
        "final_p50_ms": _ms(final_s, 0.5),
        "final_p95_ms": _ms(final_s, 0.95),
        "after_speech_p50_ms": _ms(whole_s, 0.5),
        "after_speech_p95_ms": _ms(whole_s, 0.95),
        "open_p50_ms": _ms(open_s, 0.5),
        "finals": len(final_s),
    }


def as_it_comes(folder: Path, said: Sequence[Clip]) -> Figures:
    """faster-whisper's own way: 30 s window, beam 5, the text matched to the nearest phrase by characters."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)
    phrases = [clip.text for clip in said]
    right, took = 0, []
    for clip in said:
        audio = np.frombuffer(clip.pcm, dtype="<i2").astype(np.float32) / 32768.0
        began = time.perf_counter()
        segments, _ = model.transcribe(audio, language=clip.language, beam_size=5)
        text = spoken("".join(segment.text for segment in segments), clip.language)
        nearest = min(phrases, key=lambda phrase: Levenshtein.distance(text, spoken(phrase, clip.language)))
        right += nearest == clip.text
        took.append(time.perf_counter() - began)
    return {
        "short_right": right,
        "short_of": len(said),
        "short_engine_p50_ms": round(1000 * statistics.median(took)),
    }


def _ms(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
