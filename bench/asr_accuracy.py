"""How rightly: closed sets, refusals, digits, open speech, languages. One engine, clips in memory.

Every figure comes with what it is of; misses are told on standard error.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein

from asr.evaluation.metrics import sounds, units
from asr.protocol import Final, ListenRequest
from asr.whisper_engine import WhisperRecognizer
from bench.asr_sets import MENUS, Clip, Sets, same

Figures = dict[str, float]
ACCEPT = 0.5
"""Taken without asking back, as dialogues have it unless they say otherwise."""


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass(slots=True)
class Tally:
    """right, wrong: taken for it, or for another; the rest was refused. took: seconds of the engine."""

    right: int = 0
    wrong: int = 0
    of: int = 0
    took: list[float] = field(default_factory=list)

    def figures(self, name: str) -> Figures:
        found: Figures = {f"{name}_right": self.right, f"{name}_wrong": self.wrong, f"{name}_of": self.of}
        if self.took:
            found[f"{name}_engine_p50_ms"] = round(1000 * statistics.median(self.took))
        return found


def hear(engine: WhisperRecognizer, clip: Clip, request: ListenRequest, tally: Tally | None = None) -> Final:
    began = time.perf_counter()
    final = engine.answer(clip.pcm, request)
    if tally is not None:
        tally.took.append(time.perf_counter() - began)
    return final


def closed_set(engine: WhisperRecognizer, said: Sequence[Clip], menu: Sequence[str], language: str) -> Tally:
    """Each clip among all the phrases; the phrase must be what was said."""
    engine.prepare(language, menu)
    tally = Tally(of=len(said))
    for clip in said:
        final = hear(engine, clip, ListenRequest(language, tuple(menu)), tally)
        right = same(clip.text, final.phrase, language)
        tally.right += right
        tally.wrong += bool(final.phrase) and not right
        if not right:
            progress(
                f"  {clip.text} ({clip.speaker}): {final.text!r} -> {final.phrase!r} "
                f"{final.confidence} {final.alternatives}"
            )
    return tally


def refused(engine: WhisperRecognizer, said: Sequence[Clip], menu: Sequence[str], language: str) -> Tally:
    """Against a menu without what was said; right: no phrase, or none that is sure enough to be taken."""
    tally = Tally(of=len(said))
    engine.prepare(language, menu)
    for clip in said:
        without = tuple(phrase for phrase in menu if not same(clip.text, phrase, language))
        final = hear(engine, clip, ListenRequest(language, without))
        taken = bool(final.phrase)
        tally.wrong += taken
        tally.right += not taken
        if taken:
            progress(
                f"  outside: {clip.text} ({clip.speaker}): {final.text!r} -> {final.phrase!r} {final.confidence}"
            )
    return tally


def error_rate(
    engine: WhisperRecognizer,
    said: Sequence[Clip],
    language: str,
    *,
    expects: str = "",
    by_sound: bool = False,
) -> float:
    """CER or WER of open speech."""
    cut = sounds if by_sound else units
    wrong = total = 0
    for clip in said:
        final = hear(engine, clip, ListenRequest(language, expects=expects))
        meant, heard = cut(_zero(clip.text, language), language), cut(_zero(final.text, language), language)
        errors = Levenshtein.distance(meant, heard)
        if errors and expects:
            progress(f"  {clip.text} ({clip.speaker}): {final.text!r} {final.confidence}, {errors} wrong")
        wrong, total = wrong + errors, total + len(meant)
    return round(wrong / max(1, total), 4)


def _zero(text: str, language: str) -> str:
    """`oh` and `zero` are the same digit."""
    return (
        " ".join("zero" if word in ("oh", "o") else word for word in text.split())
        if language == "en"
        else text
    )


def languages(engine: WhisperRecognizer, sets: Sets, every: int = 1) -> Figures:
    """Mandarin told from English, on the encoder's output that is there anyway."""
    found: Figures = {}
    for language in ("zh", "en"):
        said = sets.of(language, "short", "command", "digits", "sentence")[::every]
        other = "en" if language == "zh" else "zh"
        right = sure_wrong = 0
        for clip in said:
            final = hear(engine, clip, ListenRequest(other, identify=("zh", "en")))
            right += final.languages[0][0] == language
            sure_wrong += final.languages[0][0] != language and final.languages[0][1] >= 0.8
        found |= {
            f"language_{language}_right": right,
            f"language_{language}_of": len(said),
            f"language_{language}_surely_wrong": sure_wrong,
        }
    return found


def accuracy(engine: WhisperRecognizer, sets: Sets, *, open_speech: bool = True, every: int = 1) -> Figures:
    """All the figures of one line. every: of the larger sets only every how-manieth clip."""
    found: Figures = {}
    progress(f"{sets.line.name}: closed sets")
    short, everything = sets.of("zh", "short"), sets.of("zh", "short", "command", "digits", "sentence")
    found |= closed_set(engine, short, sets.menu("zh", "short"), "zh").figures("short")
    if open_speech:
        menu = sets.menu("zh", "short", "command", "digits", "sentence")
        found |= closed_set(engine, everything[::every], menu, "zh").figures("all_zh")
    english = sets.of("en", "digit")
    if english:
        found |= closed_set(engine, english[::every], sets.menu("en", "digit"), "en").figures("en_digit")
    commands = sets.of("en", "command")
    if commands:
        found |= closed_set(engine, commands, sets.menu("en", "command"), "en").figures("en_command")
    progress(f"{sets.line.name}: outside the menu")
    found |= refused(engine, short[::every], MENUS["zh"], "zh").figures("outside_short")
    if open_speech:
        others = sets.of("zh", "sentence", "digits", "command")
        found |= refused(engine, others[::every], MENUS["zh"], "zh").figures("outside_zh")
        found |= refused(engine, sets.of("zh", "sentence")[::every], sets.menu("zh", "short"), "zh").figures(
            "outside_sentence"
        )
        said = sets.of("en", "sentence", "command", "digits")
        found |= refused(engine, said[::every], MENUS["en"], "en").figures("outside_en")
    progress(f"{sets.line.name}: digits")
    if sets.of("zh", "digits"):
        found["zh_digits_cer"] = error_rate(engine, sets.of("zh", "digits"), "zh", expects="digits")
    if sets.of("en", "digits"):
        found["en_digits_wer"] = error_rate(engine, sets.of("en", "digits"), "en", expects="digits")
    if open_speech:
        progress(f"{sets.line.name}: open speech")
        found["zh_sentence_cer"] = error_rate(engine, sets.of("zh", "sentence")[::every], "zh")
        found["zh_sentence_by_sound"] = error_rate(
            engine, sets.of("zh", "sentence")[::every], "zh", by_sound=True
        )
        if sets.of("en", "sentence"):
            found["en_sentence_wer"] = error_rate(engine, sets.of("en", "sentence")[::every], "en")
    return found
