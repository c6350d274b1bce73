"""Recordings through an engine, the way calls go: cut by our own end points, as open speech and against a menu."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import soundfile
import soxr

from asr.endpointing import Began, Ended, Endpointer, Rules, State
from asr.evaluation.lines import RATE, Line, Samples, Surroundings, to_pcm
from asr.evaluation.manifest import ManifestError, Recording
from asr.evaluation.metrics import Confusions, Errors, compare, sounds, units
from asr.evaluation.rejection import Judged
from asr.foreground import Foreground
from asr.protocol import Final as FinalText
from asr.protocol import ListenRequest, Prepares, Recognizer
from asr.quality import decibels, pieces
from asr.text import spoken
from asr.vad import CHUNK, CHUNK_S, VoiceDetector

LEAD_S: Final = 0.3
TRAIL_S: Final = 0.3
AROUND_S: Final = 1.0
"""Put around a recording: on a line there is some silence, and without it a first word is missed."""

PIECE: Final = 3200
"""Bytes an engine is fed at once: 0.1 s."""

MENU_AT_MOST: Final = 200
"""So many different answers still make a menu."""

ASKED_AS: Final[Mapping[str, str]] = {"digits": "digits", "digit": "digits", "phone": "phone", "date": "date"}
"""Kinds of recordings that a dialogue would ask for as such (`ListenRequest.expects`)."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Heard:
    """One recording on one line. phrase: of the menu, "" refused; inside is None where its kind makes no menu.

    found: our end points found speech in it; pieces: in how many utterances they cut it. wait_s: end of the audio ->
    text. without: against its own menu without its words. elsewhere: against the menu of another kind, which.
    """

    recording: Recording
    line: str
    text: str
    confidence: float | None
    errors: Errors
    by_sound: Errors
    confusions: Confusions
    audio_s: float
    wait_s: float
    found: bool
    pieces: int
    phrase: str = ""
    inside: Judged | None = None
    without: Judged | None = None
    elsewhere: tuple[str, Judged] | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """pcm: from shortly before the first speech to shortly after the last. pieces: utterances it would make."""

    pcm: bytes
    pieces: int


class Evaluator:
    """phrases: a menu to hold the recordings against; empty: all the different answers of a kind are one."""

    def __init__(
        self, recognizer: Recognizer, language: str, *, phrases: Sequence[str] = (), detector: VoiceDetector
    ) -> None:
        self._recognizer = recognizer
        self._language = language
        self._phrases = tuple(phrases)
        self._detector = detector

    def run(
        self, recordings: Sequence[Recording], lines: Sequence[Line], progress: Progress
    ) -> Iterator[Heard]:
        """Raises ManifestError for a file that is no audio."""
        audio = {one.path: load(one) for one in recordings}
        menus = {kind: self._menu(recordings, kind) for kind in {one.kind for one in recordings}}
        total, done = len(recordings) * len(lines), 0
        for line in lines:
            for one in recordings:
                progress(done, total, f"{line.name} {one.path.name}")
                others = [audio[other.path] for other in recordings if other.path != one.path][:50]
                spoiled = line.spoil(around(audio[one.path]), Surroundings(others, seed=done + 1))
                heard, pcm = self._hear(one, line.name, spoiled)
                yield self._choose(heard, pcm, menus, turn=done)
                done += 1
        progress(done, total, "")

    def _menu(self, recordings: Sequence[Recording], kind: str) -> tuple[str, ...]:
        if self._phrases:
            return self._phrases
        different = tuple(dict.fromkeys(one.transcript for one in recordings if one.kind == kind))
        return different if 2 <= len(different) <= MENU_AT_MOST else ()

    def _hear(self, one: Recording, line: str, samples: Samples) -> tuple[Heard, bytes]:
        """As open speech; with the audio that the engine heard."""
        cut = cut_speech(samples, self._detector)
        expects = ASKED_AS.get(one.kind, "")
        final, wait_s = self._ask(cut.pcm, ListenRequest(self._language, expects=expects))
        errors, confusions = compare(units(one.transcript, self._language), units(final.text, self._language))
        heard = Heard(
            recording=one,
            line=line,
            text=final.text,
            confidence=final.confidence,
            errors=errors,
            by_sound=compare(sounds(one.transcript, self._language), sounds(final.text, self._language))[0],
            confusions=confusions,
            audio_s=len(cut.pcm) / 2 / RATE,
            wait_s=wait_s,
            found=cut.pieces > 0,
            pieces=cut.pieces,
        )
        return heard, cut.pcm

    def _choose(self, heard: Heard, pcm: bytes, menus: Mapping[str, tuple[str, ...]], turn: int) -> Heard:
        """Against the menu that has its words, if one has, the same without them, and one of another kind."""
        kind = heard.recording.kind
        said = spoken(heard.recording.transcript, self._language)
        menu, without = menus[kind], self._lacking(menus[kind], said)
        if len(without) < len(menu):
            final, wait_s = self._ask(pcm, ListenRequest(self._language, menu))
            right = bool(final.phrase) and spoken(final.phrase, self._language) == said
            heard = replace(heard, phrase=final.phrase, wait_s=wait_s, inside=_judged(final, right, True))
        if without:
            heard = replace(heard, without=self._outside(pcm, without))
        others = (
            [] if self._phrases else [other for other, phrases in menus.items() if phrases and other != kind]
        )
        if others:
            other = sorted(others)[turn % len(others)]
            heard = replace(heard, elsewhere=(other, self._outside(pcm, self._lacking(menus[other], said))))
        return heard

    def _lacking(self, menu: tuple[str, ...], said: str) -> tuple[str, ...]:
        return tuple(phrase for phrase in menu if spoken(phrase, self._language) != said)

    def _outside(self, pcm: bytes, menu: tuple[str, ...]) -> Judged:
        return _judged(self._ask(pcm, ListenRequest(self._language, menu))[0], False, False)

    def _ask(self, pcm: bytes, request: ListenRequest) -> tuple[FinalText, float]:
        """What the engine makes of it, and how long one waits for it once all has been said."""
        if request.phrases and isinstance(self._recognizer, Prepares):
            self._recognizer.prepare(request.language, request.phrases)
        stream = self._recognizer.stream(request)
        try:
            for begin in range(0, len(pcm), PIECE):
                stream.accept(pcm[begin : begin + PIECE])
            began = time.perf_counter()
            results = stream.finish()
            waited_s = time.perf_counter() - began
        finally:
            stream.close()
        found = next((one for one in results if isinstance(one, FinalText)), None)
        engine = self._recognizer.capabilities.engine
        return found or FinalText("", request.language, engine), waited_s


def _judged(final: FinalText, right: bool, inside: bool) -> Judged:
    sure = 1.0 if final.confidence is None else final.confidence
    return Judged(sure if final.phrase else 0.0, right, inside)


def load(recording: Recording) -> Samples:
    """At 16 kHz, the first channel. Raises ManifestError."""
    try:
        samples, rate = soundfile.read(recording.path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ManifestError(f"{recording.path} cannot be read as audio: {error.error_string}") from None
    return np.asarray(soxr.resample(samples[:, 0], rate, RATE), dtype=np.float32)


def around(samples: Samples) -> Samples:
    """With silence before and after it, in which a bad line is heard too."""
    silence = np.zeros(int(AROUND_S * RATE), dtype=np.float32)
    return np.concatenate([silence, samples, silence])


def cut_speech(samples: Samples, detector: VoiceDetector) -> Cut:
    """As a worker would hand it to the engine, but in one piece whatever pauses are in it. Without speech: all of
    it."""
    pcm = to_pcm(samples)
    endpointer, foreground = Endpointer(Rules(longest_s=60.0, continuous=True)), Foreground()
    begins: list[float] = []
    end_s = len(pcm) / 2 / RATE
    whole = pcm[: len(pcm) // (2 * CHUNK) * (2 * CHUNK)]
    for probability, piece in zip(detector.voice().feed(whole), pieces(whole), strict=True):
        speaking = endpointer.state is State.SPEECH
        caller = foreground.feed(probability, decibels(piece.power), CHUNK_S, speaking=speaking)
        match endpointer.feed(caller, CHUNK_S):
            case Began(at_s):
                begins.append(at_s)
            case Ended(at_s):
                foreground.ended()
                end_s = at_s + TRAIL_S
    if not begins:
        return Cut(pcm, 0)
    begin = max(0, int((begins[0] - LEAD_S) * RATE)) * 2
    return Cut(pcm[begin : int(end_s * RATE) * 2], len(begins))
