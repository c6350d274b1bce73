"""Turn taking: is a caller who pauses cut short, and how long does one wait who is done? `python -m bench.asr_turns`

Sets (../shared/data/audio at 8 kHz, and recordings of `hesitations.py`; without that folder only the latter):
- menu: short answers, each among all of them          - numbers: telephone numbers and digit strings as they were read
- sentences: open speech as it was read                - grouped: the same numbers with pauses of 0.9 and 1.2 s in them
- hesitant: pauses of 1.0 and 1.3 s in mid-sentence
Ours: the silence depends on what was heard up to the pause, by Whisper base, which is told `LATENCY_S` after it asked
(a fixed figure: the machine's load must not count; streaming: as if the text were there at once).
Baseline of the same run: a silence of 0.8 s, whatever was said. Cut: the end was called before the last words.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from asr.completeness import patience
from asr.endpointing import Ended, Endpointer, Resumed, Rules, Settled, State
from asr.foreground import Foreground
from asr.listening import TRAIL_S
from asr.model_fetch import Fetcher
from asr.models import by_name
from asr.protocol import ListenRequest
from asr.quality import decibels, pieces
from asr.vad import CHUNK, CHUNK_S, VoiceDetector
from asr.whisper_engine import WhisperRecognizer
from bench.hesitations import HESITATIONS
from tests.support.speech import read_pcm, recordings, silence

LATENCY_S = 0.35
"""From the question to Whisper base's text, measured on a quiet machine (docs/speech.md)."""

BEFORE_S, AFTER_S = 0.5, 3.0
GROUPS = (0.9, 1.2)
HESITATIONS_S = (1.0, 1.3)
CUT_S = 0.4
"""An end this far before the last word is one within the answer."""

Texts = Callable[[bytes], tuple[str, str]]
"""Audio -> its text and the phrase it stands for."""


@dataclass(frozen=True, slots=True)
class Clip:
    """pcm: with silence around it. over_s: where its last word ends."""

    kind: str
    request: ListenRequest
    pcm: bytes
    over_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """delay_s: from the last word to the certain end; text_s: to the text."""

    cut: bool
    delay_s: float
    text_s: float


def clip(kind: str, request: ListenRequest, said: bytes) -> Clip:
    samples = np.abs(np.frombuffer(said, dtype="<i2").astype(np.float32))
    loud = np.flatnonzero(
        samples[: len(samples) // 320 * 320].reshape(-1, 320).mean(axis=1) > 0.08 * samples.max()
    )
    over_s = BEFORE_S + (float(loud[-1]) + 1) * 0.02
    return Clip(kind, request, silence(BEFORE_S) + said + silence(AFTER_S), over_s)


def with_pauses(said: bytes, at: tuple[float, ...], seconds: float) -> bytes:
    """A pause at the quietest place near each share of the whole."""
    samples = np.frombuffer(said, dtype="<i2").astype(np.float32)
    rows = np.square(samples[: len(samples) // 160 * 160].reshape(-1, 160)).mean(axis=1)
    smooth = np.convolve(rows, np.ones(4), "same")
    parts, begin = [], 0
    for share in at:
        middle, around = int(share * len(rows)), len(rows) // 16
        cut = (middle - around + int(np.argmin(smooth[middle - around : middle + around]))) * 320
        parts += [said[begin:cut], silence(seconds)]
        begin = cut
    return b"".join([*parts, said[begin:]])


def all_clips() -> Iterator[Clip]:
    short = recordings("short", "zh/")
    menu = tuple(one.transcript for one in short)
    for one in short:
        yield clip("menu", ListenRequest("zh", menu), read_pcm(one.path, telephone=True))
    for language, expects in (("zh", "phone"), ("en", "digits:4")):
        request = ListenRequest(language, expects=expects)
        for one in recordings("digits", f"{language}/8k"):
            if language == "en" and len(one.transcript.split()) != 4:
                continue
            said = read_pcm(one.path)
            yield clip("numbers", request, said)
            for seconds in GROUPS:
                shares = (3 / 11, 7 / 11) if language == "zh" else (0.5,)
                yield clip("grouped", request, with_pauses(said, shares, seconds))
    for language in ("zh", "en"):
        for one in recordings("sentence", f"{language}/8k"):
            yield clip("sentences", ListenRequest(language), read_pcm(one.path))
    for hesitation in HESITATIONS:
        before, after = (read_pcm(path, telephone=True) for path in hesitation.paths)
        request = ListenRequest(hesitation.language, expects=hesitation.expects)
        for seconds in HESITATIONS_S:
            yield clip("hesitant", request, before + silence(seconds) + after)


def take_turn(one: Clip, detector: VoiceDetector, texts: Texts | None, latency_s: float) -> Outcome:
    """As `Listening` does it, on a clock of the audio alone. texts None: whatever was said."""
    request = one.request
    usual = patience(request, None) if texts else 1.0
    endpointer = Endpointer(Rules(end_silence_s=request.end_silence_s, patience=usual))
    foreground = Foreground()
    pcm = one.pcm[: len(one.pcm) // (2 * CHUNK) * 2 * CHUNK]
    due_s: float | None = None
    told = ("", "")
    ready_s = 0.0
    for probability, piece in zip(detector.voice().feed(pcm), pieces(pcm), strict=True):
        if due_s is not None and endpointer.now_s >= due_s:
            endpointer.understood(patience(request, *told))
            due_s = None
        speaking = endpointer.state is State.SPEECH
        caller = foreground.feed(probability, decibels(piece.power), CHUNK_S, speaking=speaking)
        turn = endpointer.feed(caller, CHUNK_S)
        match turn:
            case Settled(at_s) if texts is not None:
                told = texts(pcm[: int((at_s + TRAIL_S) * 16_000) * 2])
                due_s = ready_s = endpointer.now_s + latency_s
                endpointer.asked()
            case Resumed():
                due_s = None
            case Ended():
                delay_s = endpointer.now_s - one.over_s
                text_s = max(delay_s, ready_s - one.over_s) if texts else delay_s
                return Outcome(turn.at_s < one.over_s - CUT_S, delay_s, text_s)
    return Outcome(False, AFTER_S, AFTER_S)


class Heard:
    """What Whisper makes of each beginning, asked once."""

    def __init__(self, engine: WhisperRecognizer) -> None:
        self._engine = engine
        self._known: dict[bytes, tuple[str, str]] = {}

    def of(self, request: ListenRequest) -> Texts:
        def texts(pcm: bytes) -> tuple[str, str]:
            if pcm not in self._known:
                stream = self._engine.stream(request)
                stream.accept(pcm)
                (final,) = stream.finish()
                self._known[pcm] = (final.text, final.phrase)  # type: ignore[union-attr]
            return self._known[pcm]

        return texts


def summed(outcomes: list[Outcome]) -> dict[str, float]:
    whole = [one for one in outcomes if not one.cut]
    return {
        "of": len(outcomes),
        "cut": sum(one.cut for one in outcomes),
        "delay_ms": round(1000 * statistics.mean(one.delay_s for one in whole)) if whole else -1,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every seventh clip, under 60 s")
    quick = parser.parse_args().quick
    detector = VoiceDetector()
    heard = Heard(WhisperRecognizer(Fetcher().fetch(by_name("whisper-base"))))
    clips = sorted(all_clips(), key=lambda one: one.kind)[:: 7 if quick else 1]
    ways: dict[str, Callable[[Clip], Outcome]] = {
        "baseline": lambda one: take_turn(one, detector, None, 0.0),
        "ours": lambda one: take_turn(one, detector, heard.of(one.request), LATENCY_S),
        "streaming": lambda one: take_turn(one, detector, heard.of(one.request), 0.0),
    }
    results: dict[str, Any] = {}
    for name, way in ways.items():
        outcomes: dict[str, list[Outcome]] = {}
        for one in clips:
            outcomes.setdefault(one.kind, []).append(way(one))
        results[name] = {kind: summed(found) for kind, found in outcomes.items()}
        results[name]["all"] = summed([one for found in outcomes.values() for one in found])
        for kind, row in results[name].items():
            print(
                f"{name:9} {kind:10} cut {row['cut']:3} of {row['of']:3}, waits {row['delay_ms']:5} ms",
                file=sys.stderr,
            )
    ours, baseline = results["ours"]["all"], results["baseline"]["all"]
    print(
        json.dumps(
            {
                "name": "asr_turns",
                **results,
                "ratio_cut": round(ours["cut"] / max(1, baseline["cut"]), 3),
                "ratio_delay": round(ours["delay_ms"] / baseline["delay_ms"], 3),
            }
        )
    )


if __name__ == "__main__":
    main()
