"""How well and how quickly callers are understood by Whisper: `python -m bench.asr [--quick]`.

Recordings: ../shared/data/audio by its manifest, whatever speakers it has (the demo's own where it is absent), as
they sound after an 8 kHz line and cut by our own end points.
- closed sets: the short Mandarin answers each among all of them; all the Mandarin utterances among all of them;
  English digits and commands. right: the phrase is what was said.
- outside: the same against a hotline's menu (bench/asr_sets.py) that lacks them, and sentences against the short
  answers; right: refused.
- digits: Mandarin (CER) and English (WER), as a dialogue asks for them; open speech: CER, by sound too, WER.
- languages: Mandarin from English on the same encoder output.
- lines: the same for faint callers, babble and line noise 15 and 10 dB below, lost packets, G.711 twice, GSM.
- latency: as RTP in real time through a worker, end of speech certain -> final text.
Baseline: faster-whisper as it comes (30 s window, beam 5), its text matched to the nearest phrase by characters.
Other parts of recognition: bench.asr_throughput, asr_soak, asr_turns, asr_noises, asr_vosk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from asr.model_fetch import Fetcher
from asr.models import by_name
from asr.protocol import ListenRequest
from asr.vad import VoiceDetector
from asr.whisper_engine import WhisperRecognizer
from bench.asr_accuracy import Figures, accuracy, languages, progress
from bench.asr_latency import as_it_comes, latencies
from bench.asr_sets import Clip, Sets, gather

BAD_LINES = ("quiet", "faint", "noise15", "noise10", "babble15", "babble10", "loss5", "g711x2", "gsm")
COLUMNS = {
    "short_right": "short",
    "outside_short_wrong": "taken",
    "zh_digits_cer": "zh digits CER",
    "en_digits_wer": "en digits WER",
    "en_digit_right": "en digit",
}


def asked(sets: Sets, every: int) -> list[tuple[Clip, ListenRequest]]:
    """Answers to a menu and of digits, as dialogues ask for them."""
    menu = tuple(sets.menu("zh", "short"))
    answers = [(clip, ListenRequest("zh", menu)) for clip in sets.of("zh", "short")[::every]]
    numbers = [(clip, ListenRequest("zh", expects="phone")) for clip in sets.of("zh", "digits")[:: 2 * every]]
    return answers + numbers


def table(lines: dict[str, Figures]) -> str:
    heads = ["line", *COLUMNS.values()]
    rows = [[name, *(str(figures.get(column, "-")) for column in COLUMNS)] for name, figures in lines.items()]
    return "\n".join("  ".join(f"{cell:>14}" for cell in row) for row in [heads, *rows])


def share(figures: Figures, name: str) -> float:
    return figures.get(f"{name}_right", 0.0) / max(1.0, figures.get(f"{name}_of", 0.0))


def refusals(figures: Figures) -> tuple[float, float]:
    """(refused of what was outside the menu, refused of what was in it), of all closed sets."""
    outside = [
        name[: -len("_wrong")] for name in figures if name.startswith("outside") and name.endswith("_wrong")
    ]
    inside = [
        name[: -len("_wrong")]
        for name in figures
        if name.endswith("_wrong") and not name.startswith(("outside", "language"))
    ]
    of_outside = sum(figures[f"{name}_of"] for name in outside)
    of_inside = sum(figures[f"{name}_of"] for name in inside)
    taken = sum(figures[f"{name}_wrong"] for name in outside)
    refused = sum(figures[f"{n}_of"] - figures[f"{n}_right"] - figures[f"{n}_wrong"] for n in inside)
    return round(1.0 - taken / max(1.0, of_outside), 4), round(refused / max(1.0, of_inside), 4)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="a part of each set and no bad lines, under 60 s"
    )
    parser.add_argument("--lines", nargs="*", default=BAD_LINES, help="the bad lines to try")
    given = parser.parse_args()
    quick: bool = given.quick
    folder = Fetcher().fetch(by_name("whisper-base"))
    detector, engine = VoiceDetector(), WhisperRecognizer(folder)
    sets = gather(detector, step=6 if quick else 1)
    ours: dict[str, Any] = accuracy(engine, sets)
    ours |= languages(engine, sets, every=2 if quick else 1)
    ours["refused_outside"], ours["refused_inside"] = refusals(ours)
    progress("latency")
    ours |= asyncio.run(latencies(folder, asked(sets, every=2)))
    progress("baseline")
    short = sets.of("zh", "short")
    baseline: dict[str, Any] = as_it_comes(folder, short)
    lines: dict[str, Figures] = {"narrow": {name: ours[name] for name in COLUMNS if name in ours}}
    for line in () if quick else given.lines:
        found = accuracy(engine, gather(detector, line), open_speech=False, every=2)
        lines[line] = {
            name: found[name] for name in (*COLUMNS, "en_digit_of", "outside_short_of") if name in found
        }
        progress(table(lines))
    goals = {
        "short_28_of_30": share(ours, "short") >= 28 / 30,
        "all_zh_84_of_90": share(ours, "all_zh") >= 84 / 90,
        "refused_outside_90": ours["refused_outside"] >= 0.9,
        "refused_inside_5": ours["refused_inside"] <= 0.05,
        "zh_digits_cer_8": ours.get("zh_digits_cer", 0.0) <= 0.08,
        "en_digits_wer_5": ours.get("en_digits_wer", 0.0) <= 0.05,
        "final_p50_350_ms": ours["final_p50_ms"] <= 350,
        "final_p95_600_ms": ours["final_p95_ms"] <= 600,
    }
    ratio = round(baseline["short_engine_p50_ms"] / max(1, ours["short_engine_p50_ms"]), 2)
    print(table(lines))
    print(
        json.dumps(
            {
                "name": "asr",
                "ours": ours,
                "baseline": baseline,
                "ratio": ratio,
                "lines": lines,
                "goals": goals,
            }
        )
    )


if __name__ == "__main__":
    main()
