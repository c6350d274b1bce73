"""How well and how quickly callers are understood: `python -m bench.asr [--quick]`.

Sets (8 kHz telephone audio, from ../shared/data/audio; the demo's own recordings where that folder is absent):
- short: 30 short Mandarin answers, each among all 30 (closed set) and among a menu that lacks it (rejection)
- digits: Mandarin telephone numbers, as digits (CER)
- english: digits 0-9 among all ten (closed set)
Latency: the same answers as RTP in real time through a worker, from the certain end of speech to the final text.
Baseline: faster-whisper as it comes (30 s window, beam 5), its text matched to the nearest phrase by characters.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from asr.endpointing import Began, Ended, Endpointer, Rules
from asr.listening import LEAD_S, TRAIL_S
from asr.model_fetch import Fetcher
from asr.models import by_name
from asr.pool import WorkerPool
from asr.protocol import Final, ListenRequest
from asr.settings import EngineSpec, PoolSettings, WorkerSettings
from asr.text import spoken
from asr.vad import CHUNK_S, VoiceDetector
from asr.whisper_engine import WhisperRecognizer
from tests.support.speech import Recording, read_pcm, recordings, send, silence

MENU_PHRASES = """
人工 返回 重听 咨询 投诉 举报 求助 噪音 路灯 停水 停电 垃圾 建议 表扬 感谢 进度 工单 企业 公司 营业执照 老人 其他语言
"""
DIGITS = """
zero one two three four five six seven eight nine
"""
MENU = MENU_PHRASES.split()
ENGLISH_DIGITS = DIGITS.split()


@dataclass(frozen=True, slots=True)
class Clip:
    pcm: bytes
    text: str


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def cut(detector: VoiceDetector, pcm: bytes) -> bytes:
    """The speech as a worker would hand it to the engine."""
    voice, endpointer = detector.voice(), Endpointer(Rules())
    begin, end = 0.0, len(pcm) / 32_000
    for probability in voice.feed(pcm + silence(2.0)):
        turn = endpointer.feed(probability, CHUNK_S)
        if isinstance(turn, Began):
            begin = max(0.0, turn.at_s - LEAD_S)
        elif isinstance(turn, Ended):
            end = turn.at_s + TRAIL_S
    return pcm[int(begin * 16_000) * 2 : int(end * 16_000) * 2]


def clips(detector: VoiceDetector, found: list[Recording]) -> list[Clip]:
    return [Clip(cut(detector, read_pcm(one.path, telephone=True)), one.transcript) for one in found]


def demo_clips(detector: VoiceDetector) -> list[Clip]:
    from ivr.demo.sayings import SAYINGS

    found = [saying for saying in SAYINGS.values() if saying.language == "zh" and saying.id != "zh-person"]
    return [Clip(cut(detector, silence(0.5) + read_pcm(saying.path)), saying.text) for saying in found]


def closed_set(engine: WhisperRecognizer, said: list[Clip], language: str) -> dict[str, float]:
    phrases = [clip.text for clip in said] if language == "zh" else ENGLISH_DIGITS
    engine.prepare(language, phrases)
    right, took = 0, []
    for clip in said:
        began = time.perf_counter()
        final = engine.hear(clip.pcm, language, phrases)
        took.append(time.perf_counter() - began)
        right += final.phrase == clip.text
        if final.phrase != clip.text:
            progress(
                f"  {clip.text}: {final.text!r} -> {final.phrase!r} {final.confidence} {final.alternatives}"
            )
    return {"right": right, "of": len(said), "engine_p50_ms": round(1000 * statistics.median(took))}


def rejection(engine: WhisperRecognizer, said: list[Clip]) -> float:
    """Share of answers outside the menu that it refuses."""
    engine.prepare("zh", MENU)
    return sum(engine.hear(clip.pcm, "zh", MENU).phrase == "" for clip in said) / len(said)


def digit_errors(engine: WhisperRecognizer, said: list[Clip]) -> float:
    wrong = sum(
        Levenshtein.distance(spoken(engine.hear(clip.pcm, "zh").text, "zh"), spoken(clip.text, "zh"))
        for clip in said
    )
    return wrong / sum(len(spoken(clip.text, "zh")) for clip in said)


def as_it_comes(folder: Path, said: list[Clip]) -> dict[str, float]:
    """faster-whisper's own way."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)
    phrases = [clip.text for clip in said]
    right, took = 0, []
    for clip in said:
        audio = np.frombuffer(clip.pcm, dtype="<i2").astype(np.float32) / 32768.0
        began = time.perf_counter()
        segments, _ = model.transcribe(audio, language="zh", beam_size=5)
        text = spoken("".join(segment.text for segment in segments), "zh")
        right += (
            min(phrases, key=lambda phrase: Levenshtein.distance(text, spoken(phrase, "zh"))) == clip.text
        )
        took.append(time.perf_counter() - began)
    return {"right": right, "of": len(said), "engine_p50_ms": round(1000 * statistics.median(took))}


async def latencies(folder: Path, said: list[Clip], phrases: list[str]) -> dict[str, float]:
    """One caller at a time, in real time, through the whole path."""
    worker = WorkerSettings((EngineSpec("whisper", "whisper-base", str(folder), ("zh",)),))
    final_s, began_s, open_s = [], [], []
    async with WorkerPool(PoolSettings(worker)) as ears:
        for clip in said:
            asked = time.perf_counter()
            hearing = await ears.open(ListenRequest("zh", tuple(phrases)))
            open_s.append(time.perf_counter() - asked)
            pcm = silence(0.3) + clip.pcm + silence(2.0)
            sending = asyncio.create_task(send(pcm, hearing.media_host, hearing.media_port))
            first = time.perf_counter()
            async for heard in hearing:
                if isinstance(heard, Final):
                    final_s.append(heard.latency_s)
                elif not began_s or len(began_s) < len(open_s):
                    began_s.append(time.perf_counter() - first)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await hearing.aclose()
    ordered = sorted(final_s)
    return {
        "final_p50_ms": round(1000 * statistics.median(ordered)),
        "final_p95_ms": round(1000 * ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]),
        "open_p50_ms": round(1000 * statistics.median(open_s), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of each set, under 45 s")
    quick = parser.parse_args().quick
    folder = Fetcher().fetch(by_name("whisper-base"))
    detector, engine = VoiceDetector(), WhisperRecognizer(folder)
    short = clips(detector, recordings("short", "zh/")) or demo_clips(detector)
    numbers = clips(detector, recordings("digits", "zh/8k"))
    english = clips(detector, recordings("digit", "en/"))
    # The closed set stays whole: taking phrases away would make it easier.
    step = 5 if quick else 1
    ours: dict[str, Any] = {}
    progress("closed set")
    closed = closed_set(engine, short, "zh")
    ours |= {f"short_{name}": value for name, value in closed.items()}
    progress("rejection")
    ours["rejected_share"] = round(rejection(engine, short[:: 2 if quick else 1]), 3)
    if numbers:
        progress("telephone numbers")
        ours["digits_cer"] = round(digit_errors(engine, numbers[::step]), 3)
    if english:
        progress("English digits")
        result = closed_set(engine, english[:: 15 if quick else 1], "en")
        ours |= {f"english_{name}": value for name, value in result.items()}
    progress("latency")
    phrases = [clip.text for clip in short]
    ours |= asyncio.run(latencies(folder, short[:: 8 if quick else 2], phrases))
    progress("baseline")
    baseline: dict[str, Any] = {
        f"short_{name}": value for name, value in as_it_comes(folder, short[:: 10 if quick else 1]).items()
    }
    goals = {
        "short_28_of_30": ours["short_right"] >= ours["short_of"] * 28 / 30,
        "rejected_share_90": ours["rejected_share"] >= 0.9,
        "digits_cer_8": ours.get("digits_cer", 0.0) <= 0.08,
        "final_p50_350_ms": ours["final_p50_ms"] <= 350,
        "final_p95_600_ms": ours["final_p95_ms"] <= 600,
    }
    ratio = round(baseline["short_engine_p50_ms"] / max(1, ours["short_engine_p50_ms"]), 2)
    print(json.dumps({"name": "asr", "ours": ours, "baseline": baseline, "ratio": ratio, "goals": goals}))


if __name__ == "__main__":
    main()
