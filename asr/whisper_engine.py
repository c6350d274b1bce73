"""Whisper as a recogniser of answers: open speech, a menu's phrases, digits, and which language it was.

The model itself is `asr/whisper_model.py`. What an answer is made of:
- It writes something even for noise: likely silence without likely words is text "".
- A loop is cut, after one more try with another window.
- It knows no grammar: its readings are compared with the phrases by sound, and the nearest few are weighed by forcing
  the decoder through them on the audio already encoded (`asr/phrases.py`).
- Where digits are expected it is held to them (`asr/digits.py`).
- Where languages are to be told apart and another one than expected is spoken, that one is written.
- Names of the hotline replace words that sound like them (`asr/hot_words.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from asr import digits
from asr.calibration import confidence
from asr.catalogue import WHISPER_LANGUAGES
from asr.hot_words import proposals, taken
from asr.models import language_tag
from asr.phrases import Candidate, candidates, choose, gain, settled, shortlist, written
from asr.protocol import AsrUnavailable, Capabilities, Final, Heard, ListenRequest
from asr.text import cut_repeats
from asr.whisper_model import LEAD_S, SAMPLE_RATE, Audio, Encoded, WhisperModel, audio_of
from asr.whisper_reading import Utterance, open_confidence, plausible, with_words

LONGER_TAIL_S = 7.0
"""Of the window when the first try went wrong."""

GLIMPSE_S = 5.0
GLIMPSE_TAIL_S = 1.0

NOTHING_S = 1.0
"""Of silence, on which phrases are weighed for comparison."""

REMEMBERED = 20_000
"""Phrases whose likelihood on silence is kept."""

BEAM = 5
GLIMPSE_BEAM = 1

OTHER_LANGUAGE = 0.8
"""The share from which on another language than the expected one is believed."""


class WhisperRecognizer:
    """The loaded model as a `Recognizer`; also `Prepares` and `Glimpses`. For several threads."""

    def __init__(
        self, folder: Path, *, threads: int = 2, languages: frozenset[str] = WHISPER_LANGUAGES
    ) -> None:
        self._model = WhisperModel(folder, threads=threads)
        self._silence: Encoded | None = None
        self._on_silence: dict[tuple[str, str], list[float]] = {}
        self._hidden: dict[str, list[int]] = {}
        self.capabilities = Capabilities(
            engine="whisper",
            version=self._model.version,
            languages=languages,
            streaming=False,
            grammar=True,
            word_times=True,
            confidence=True,
            alternatives=True,
            hot_words=True,
            identifies=True,
        )

    def stream(self, request: ListenRequest) -> WhisperStream:
        language = language_tag(request.language)
        if language not in self.capabilities.languages:
            raise AsrUnavailable(f"Whisper does not know {request.language!r}", "language")
        return WhisperStream(self, request)

    def hear(self, pcm: bytes, language: str, phrases: Sequence[str] = ()) -> Final:
        """One utterance, 16 kHz 16-bit mono, for who has no request."""
        return self.answer(pcm, ListenRequest(language, tuple(phrases)))

    def answer(self, pcm: bytes, request: ListenRequest) -> Final:
        """One utterance, 16 kHz 16-bit mono. Blocks for 0.3 to 1 s."""
        language = language_tag(request.language)
        audio = audio_of(pcm)
        encoded = self._model.encode(audio)
        languages = self._identify(encoded, request)
        spoken_language = _spoken_in(language, languages)
        heard = self._read(encoded, spoken_language)
        if not plausible(heard.best.text, spoken_language, encoded.spoken_s):
            # Another window lets it out of its loop, or makes it speak at all, nearly always.
            heard = self._read_again(audio, heard)
        if request.phrases:
            final = self._of_menu(heard, request.phrases)
        elif digits.expected(request.expects, spoken_language):
            final = self._of_digits(heard)
        else:
            final = self._open(heard, request)
        return replace(final, languages=languages, version=self.capabilities.version)

    def glimpse(self, pcm: bytes, request: ListenRequest) -> str:
        """The likely text of the last `GLIMPSE_S` seconds of speech that goes on; 0.2 s of two cores."""
        encoded = self._model.encode(audio_of(pcm[-int(GLIMPSE_S * SAMPLE_RATE) * 2 :]), GLIMPSE_TAIL_S)
        return cut_repeats(self._read(encoded, language_tag(request.language), GLIMPSE_BEAM).best.text)

    def prepare(self, language: str, phrases: Sequence[str]) -> None:
        """Weigh new phrases on silence: about 20 ms each, once. Best done while the caller still speaks."""
        self._likely_on_silence(language, [written(phrase, language) for phrase in phrases])

    def detect_language(self, pcm: bytes) -> list[tuple[str, float]]:
        """The likely languages of an utterance, best first."""
        return list(self._model.languages(self._model.encode(audio_of(pcm)), WHISPER_LANGUAGES))

    def _identify(self, encoded: Encoded, request: ListenRequest) -> tuple[tuple[str, float], ...]:
        """Under the names that the request gave them (`zh-CN`)."""
        if not request.identify:
            return ()
        named = {language_tag(language): language for language in request.identify}
        shares = self._model.languages(encoded, named)
        return tuple((named[language], round(share, 3)) for language, share in shares)

    def _read(self, encoded: Encoded, language: str, beam: int = BEAM) -> Utterance:
        readings = self._model.read(encoded, language, beam=beam)
        return Utterance(encoded, language, with_words(readings, language), readings.no_speech)

    def _read_again(self, audio: Audio, first: Utterance) -> Utterance:
        again = self._read(self._model.encode(audio, LONGER_TAIL_S), first.language)
        heard = again if again.best.text else first
        readings = [replace(one, text=cut_repeats(one.text)) for one in heard.readings]
        return replace(heard, readings=tuple(readings))

    def _open(self, heard: Utterance, request: ListenRequest) -> Final:
        heard = self._with_names(heard, request.hot_words)
        words = self._model.words(heard.encoded, heard.best, heard.language) if request.continuous else ()
        return Final(
            heard.best.text,
            heard.language,
            "whisper",
            confidence=round(open_confidence(heard), 3),
            words=tuple(
                replace(word, start_s=_after_lead(word.start_s), end_s=_after_lead(word.end_s))
                for word in words
            ),
            alternatives=tuple((text, None) for text in heard.texts[1:]),
        )

    def _with_names(self, heard: Utterance, hot_words: Sequence[str]) -> Utterance:
        """Words that only sound like a name of the hotline become that name, if the audio agrees."""
        best, language = heard.best, heard.language
        proposed = proposals(best.text, hot_words, language) if best.text and hot_words else []
        if not proposed:
            return heard
        gains = self._gains(heard, [best.text, *(one.text for one in proposed)], remember=False)
        name = taken(gains[best.text], [(one, gains[one.text]) for one in proposed])
        if name is None:
            return heard
        named = replace(best, text=name.text, tokens=tuple(self._model.tokens(name.text, language)))
        return replace(heard, readings=(named, *heard.readings))

    def _gains(self, heard: Utterance, texts: Sequence[str], *, remember: bool = True) -> dict[str, float]:
        on_audio = self._model.force(heard.encoded, texts, heard.language)
        on_silence = self._likely_on_silence(heard.language, texts, remember=remember)
        return {text: gain(scores, on_silence[text]) for text, scores in zip(texts, on_audio, strict=True)}

    def _of_digits(self, heard: Utterance) -> Final:
        """Held to digits, if that sounds like what was read freely; else what was read freely."""
        language = heard.language
        free = heard.best.text
        found = self._held_to_digits(heard) if free else {}
        sane = list(found)
        said, others = free, [*heard.texts[1:], *sane[:1]]
        sure = open_confidence(heard)
        figures = digits.evidence(free, sane[0], language, found[sane[0]]) if sane else None
        if figures is not None and figures["alike"] >= digits.LIKE_ENOUGH:
            said, others = digits.whole(sane[0], free, language), [*sane, free]
            sure = confidence("digits", figures)
        different = [text for text in dict.fromkeys(others) if text and text != said]
        return Final(
            said, language, "whisper", round(sure, 3), alternatives=tuple((text, None) for text in different)
        )

    def _held_to_digits(self, heard: Utterance) -> dict[str, float]:
        """What it can be if it is digits, the likeliest first, with the mean log probability among digits."""
        language, spoken_s = heard.language, heard.encoded.spoken_s
        held = self._model.read(heard.encoded, language, beam=BEAM, hidden=self._all_but_digits(language))
        found: dict[str, float] = {}
        for one in held.found:
            said = digits.said_digits(one.text, language)
            if said and not digits.too_fast(said, language, spoken_s):
                found.setdefault(said, one.likelihood)
        return found

    def _all_but_digits(self, language: str) -> list[int]:
        """Tokens that an answer of digits does not hold; the time stamps stay."""
        if language not in self._hidden:
            wanted = {
                token for word in digits.pieces(language) for token in self._model.tokens(word, language)
            }
            self._hidden[language] = [t for t in range(self._model.first_special) if t not in wanted]
        return self._hidden[language]

    def _of_menu(self, heard: Utterance, phrases: Sequence[str]) -> Final:
        weighed, free_gain = self._weigh(heard, phrases)
        choice = choose(weighed, free_gain=free_gain)
        return Final(
            heard.best.text,
            heard.language,
            "whisper",
            confidence=choice.confidence,
            phrase=choice.phrase,
            alternatives=choice.others,
        )

    def _weigh(self, heard: Utterance, phrases: Sequence[str]) -> tuple[list[Candidate], float]:
        """The likely phrases with their `gain`, and that of the free reading."""
        language, free = heard.language, heard.best.text
        # Without words there is nothing to be near to, and silence must not be forced into a phrase.
        if not free:
            return [], 0.0
        likely = shortlist(candidates(heard.texts, phrases, language))
        if settled(likely[0], language):
            likely = likely[:1]
        forms = [written(candidate.phrase, language) for candidate in likely]
        gains = self._gains(heard, [free], remember=False) | self._gains(heard, list(dict.fromkeys(forms)))
        weighed = [replace(one, gain=gains[form]) for one, form in zip(likely, forms, strict=True)]
        return weighed, gains[free]

    def _likely_on_silence(
        self, language: str, texts: Sequence[str], *, remember: bool = True
    ) -> dict[str, list[float]]:
        """The log probabilities of each text's tokens there. remember: phrases come again, sentences do not."""
        known = {text: self._on_silence.get((language, text)) for text in texts}
        new = [text for text, scores in known.items() if scores is None]
        if new:
            if self._silence is None:
                self._silence = self._model.encode(np.zeros(int(NOTHING_S * SAMPLE_RATE), dtype=np.float32))
            forced = dict(zip(new, self._model.force(self._silence, new, language), strict=True))
            known |= forced
            if remember:
                self._on_silence |= {(language, text): scores for text, scores in forced.items()}
                for oldest in list(self._on_silence)[: max(0, len(self._on_silence) - REMEMBERED)]:
                    self._on_silence.pop(oldest, None)
        return {text: scores for text, scores in known.items() if scores is not None}


def _spoken_in(expected: str, languages: Sequence[tuple[str, float]]) -> str:
    """The language to write: the expected one unless another is clearly heard."""
    if not languages:
        return expected
    likely, share = languages[0]
    return language_tag(likely) if share >= OTHER_LANGUAGE else expected


def _after_lead(at_s: float) -> float:
    """In the caller's audio, without the silence put before it."""
    return round(max(0.0, at_s - LEAD_S), 3)


class WhisperStream:
    """Collects the utterance; all the work is in `finish`."""

    def __init__(self, recognizer: WhisperRecognizer, request: ListenRequest) -> None:
        self._recognizer = recognizer
        self._request = request
        self._pcm = bytearray()

    def accept(self, pcm: bytes) -> Sequence[Heard]:
        self._pcm += pcm
        return ()

    def finish(self) -> Sequence[Heard]:
        return (self._recognizer.answer(bytes(self._pcm), self._request),)

    def close(self) -> None:
        self._pcm.clear()
