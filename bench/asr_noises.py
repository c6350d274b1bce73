"""Barge-in: what else on a line is taken for the caller, and how soon is the caller heard? `python -m bench.asr_noises`

Sounds (tests/support/line_sounds.py, through a telephone line; Asterisk's own music on hold where it is installed):
- no speech: coughs, knocks, claps, doors, a dog, music, traffic, hum, wind, keys, ring-back, engaged, fax, white noise
- other speech: babble, a television at two levels, our own prompt as an echo of -20 to -35 dB
- the caller: short answers (../shared/data/audio, else the demo's), clean, quiet and with noise, two seconds into it
Ours: voice detection, then `asr.foreground`, told that a prompt plays. Baseline: voice detection alone, 0.2 s of it.
False: beginnings of speech a minute where no caller speaks. Late: the end of an answer found more than 0.6 s late.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from asr.endpointing import Began, Ended, Endpointer, Rules, State
from asr.evaluation.lines import Surroundings, babble, from_pcm, to_pcm
from asr.foreground import Foreground
from asr.quality import Piece, decibels, pieces
from asr.vad import CHUNK, CHUNK_S, VoiceDetector
from ivr.asterisk.locate import cache_folder
from ivr.demo.sayings import SAYINGS
from tests.support import line_sounds as lines
from tests.support.line_sounds import Sound
from tests.support.speech import read_pcm, recordings

SECONDS = 30.0
SPEECH_DBFS = -22.0
PROMPT_DBFS = -20.0
LEAD_S, TAIL_S = 2.0, 3.0
LATE_S = 0.6

NO_SPEECH: dict[str, tuple[Callable[[float], Sound], float]] = {
    "coughs": (lines.coughs, -32),
    "knocks": (lines.knocks, -30),
    "claps": (lines.claps, -28),
    "doors": (lines.doors, -28),
    "dog": (lines.dog, -28),
    "music": (lines.music, -24),
    "traffic": (lines.traffic, -28),
    "hum": (lines.hum, -34),
    "wind": (lines.wind, -28),
    "keys": (lines.dtmf, -18),
    "fax": (lines.fax, -18),
    "white": (lines.white, -32),
    "ring-back": (lambda seconds: lines.tones(seconds, (450,), 1, 4), -20),
    "engaged": (lambda seconds: lines.tones(seconds, (450,), 0.35, 0.35), -20),
}

Detected = list[tuple[float, Piece]]
"""Probability and measure of each piece of 32 ms."""


@dataclass(frozen=True, slots=True)
class Answer:
    """When the words begin and end, seconds."""

    begin_s: float
    end_s: float
    detected: Detected


def detect(detector: VoiceDetector, sound: Sound) -> Detected:
    pcm = to_pcm(lines.telephone(sound))
    pcm = pcm[: len(pcm) // (2 * CHUNK) * 2 * CHUNK]
    return list(zip(detector.voice().feed(pcm), pieces(pcm), strict=True))


def hold_music() -> dict[str, Sound]:
    found: dict[str, Sound] = {}
    for path in sorted(cache_folder().glob("asterisk/*/usr/share/asterisk/moh/*.wav")):
        samples, rate = soundfile.read(
            path, dtype="float32", always_2d=True, start=8000 * 20, frames=8000 * 30
        )
        found[path.stem] = np.asarray(soxr.resample(samples.mean(axis=1), rate, lines.RATE), dtype=np.float32)
    return found


def voices() -> list[Sound]:
    paths = [one.path for language in ("zh", "en") for one in recordings("sentence", f"{language}/8k")]
    paths = paths or [one.path for one in SAYINGS.values()]
    return [from_pcm(read_pcm(Path(path))) for path in paths[:12]]


def no_callers(behind: dict[str, Sound]) -> dict[str, Sound]:
    sounds = {name: lines.at_level(make(SECONDS), dbfs) for name, (make, dbfs) in NO_SPEECH.items()}
    for name, music in hold_music().items():
        sounds[f"hold {name}"] = lines.at_level(music, -24)
    for name, dbfs in (("babble", -40), ("babble", -30), ("television", -45), ("television", -35)):
        sounds[f"{name} {dbfs}"] = lines.at_level(behind[name], dbfs)
    agents = [from_pcm(read_pcm(one.path)) for one in SAYINGS.values() if one.who == "agent"]
    pause = np.zeros(lines.RATE // 2, dtype=np.float32)
    levelled = [
        np.concatenate([lines.at_level(one, PROMPT_DBFS, of=lines.speech_dbfs), pause]) for one in agents
    ]
    prompt = np.resize(np.concatenate(levelled), int(SECONDS * lines.RATE))
    for loss_db in (20, 25, 30, 35):
        for delay_s in (0.05, 0.3):
            echo = lines.echo(prompt, delay_s, loss_db)
            sounds[f"echo -{loss_db} dB {delay_s} s"] = echo + 0.003 * np.resize(lines.white(5.0), len(echo))
    return sounds


def span(sound: Sound) -> tuple[float, float]:
    rows = np.mean(np.square(sound[: len(sound) // 320 * 320].reshape(-1, 320)), axis=1)
    loud = np.flatnonzero(rows > rows.max() * 10 ** (-22 / 10))
    return float(loud[0]) * 0.02, float(loud[-1] + 1) * 0.02


def answers(detector: VoiceDetector, behind: dict[str, Sound], step: int) -> dict[str, list[Answer]]:
    paths = [one.path for one in recordings("short", "zh/")] or [
        one.path for one in SAYINGS.values() if one.who == "citizen"
    ]
    digits = [one.path for one in recordings("digit", "en/")][::5]
    conditions: list[tuple[str, float]] = [
        *(("babble", snr_db) for snr_db in (25.0, 15.0, 10.0)),
        *(("television", snr_db) for snr_db in (25.0, 15.0)),
        *((name, 15.0) for name in ("white", "traffic", "music")),
    ]
    found: dict[str, list[Answer]] = {}
    for kind, chosen in (("phrases", paths[::step]), ("digits", digits[::step])):
        for number, path in enumerate(chosen):
            said = lines.at_level(from_pcm(read_pcm(path, telephone=True)), SPEECH_DBFS, of=lines.speech_dbfs)
            begin_s, end_s = span(said)
            before, after = (np.zeros(int(part * lines.RATE), dtype=np.float32) for part in (LEAD_S, TAIL_S))
            whole = np.concatenate([before, said, after])
            heard = {"clean": whole, "quiet": whole * 10 ** (-15 / 20)}
            for name, snr_db in conditions:
                # Each answer meets another part of it.
                noise = np.roll(behind[name], 7000 * number)
                heard[f"{name} {snr_db:.0f} dB"] = lines.mixed(whole, noise, snr_db)
            for condition, sound in heard.items():
                answer = Answer(LEAD_S + begin_s, LEAD_S + end_s, detect(detector, sound))
                found.setdefault(f"{kind}, {condition}", []).append(answer)
    return found


Utterance = tuple[float, float, float | None]
"""Where it began, when that was certain, where it ended."""


def listen(detected: Detected, *, ours: bool) -> list[Utterance]:
    endpointer = Endpointer(Rules(continuous=True, min_speech_s=Rules().min_speech_s if ours else 0.2))
    foreground = Foreground(prompt_plays=True) if ours else None
    found: list[Utterance] = []
    for probability, piece in detected:
        if foreground is not None:
            speaking = endpointer.state is State.SPEECH
            probability = foreground.feed(probability, decibels(piece.power), CHUNK_S, speaking=speaking)
        turn = endpointer.feed(probability, CHUNK_S)
        if isinstance(turn, Began):
            found.append((turn.at_s, endpointer.now_s, None))
        elif isinstance(turn, Ended):
            found[-1] = (*found[-1][:2], turn.at_s)
            if foreground is not None:
                foreground.ended()
    return found


def judged(said: list[Answer], *, ours: bool) -> dict[str, Any]:
    missed = early = late = 0
    delays = []
    for answer in said:
        utterances = listen(answer.detected, ours=ours)
        early += any(begin_s < answer.begin_s - 0.3 for begin_s, _, _ in utterances)
        during = [one for one in utterances if one[2] is None or one[2] > answer.begin_s]
        if not during:
            missed += 1
            continue
        begin_s, certain_s, end_s = during[0]
        late += end_s is None or end_s > answer.end_s + LATE_S
        if begin_s >= answer.begin_s - 0.3:
            delays.append(certain_s - answer.begin_s)
    delay_ms = round(1000 * statistics.median(delays)) if delays else -1
    return {"of": len(said), "missed": missed, "early": early, "late_end": late, "delay_p50_ms": delay_ms}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every sixth answer, under 60 s")
    quick = parser.parse_args().quick
    detector = VoiceDetector()
    people = voices()
    behind = {
        "babble": babble(int(SECONDS * lines.RATE), Surroundings(people)),
        "television": lines.room(
            np.resize(np.concatenate([lines.at_level(one, -25) for one in people]), int(SECONDS * lines.RATE))
        ),
        "white": lines.white(10.0),
        "traffic": lines.traffic(10.0),
        "music": lines.music(10.0),
    }
    results: dict[str, Any] = {"baseline": {}, "ours": {}}
    sounds = {name: detect(detector, sound) for name, sound in no_callers(behind).items()}
    said = answers(detector, behind, 6 if quick else 2)
    for way, rows in results.items():
        ours = way == "ours"
        counts = {name: len(listen(detected, ours=ours)) for name, detected in sounds.items()}
        minutes = {name: len(detected) * CHUNK_S / 60 for name, detected in sounds.items()}
        rows["false_a_minute"] = {
            name: round(count / minutes[name], 1) for name, count in counts.items() if count
        }
        rows["false_a_minute_all"] = round(sum(counts.values()) / sum(minutes.values()), 2)
        rows["answers"] = {name: judged(found, ours=ours) for name, found in said.items()}
        for key in ("of", "missed", "early", "late_end"):
            rows[key] = sum(row[key] for row in rows["answers"].values())
        print(f"{way}: false {rows['false_a_minute_all']} a minute {rows['false_a_minute']}", file=sys.stderr)
        for name, row in rows["answers"].items():
            print(f"  {name:26} {row}", file=sys.stderr)
    before, after = results["baseline"], results["ours"]
    ratios = {
        "ratio_false": round(after["false_a_minute_all"] / max(0.01, before["false_a_minute_all"]), 3),
        "ratio_missed": round(after["missed"] / max(1, before["missed"]), 3),
    }
    print(json.dumps({"name": "asr_noises", "sounds": len(sounds), **results, **ratios}))


if __name__ == "__main__":
    main()
