"""One hearing inside a worker: audio in, speech found, an engine asked, what was heard out.

Only puts the parts together: `media` gives the audio, `vad` says what is speech, `endpointing` when it begins and
ends, `utterance` asks the engine, `quality` measures the line. All times are seconds of the one clock of the stream.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import assert_never

from asr.asking import Asking
from asr.completeness import patience
from asr.endpointing import Began, Ended, Endpointer, Nobody, Resumed, Rules, Settled, State, Turn
from asr.foreground import Foreground
from asr.load import Lane
from asr.media import RtpMedia
from asr.protocol import Failed, Heard, ListenRequest, NoSpeech, Recognizer, SpeechBegan, SpeechEnded
from asr.quality import LineMeter, Piece, decibels, pieces
from asr.tape import Tape
from asr.utterance import Span, StreamedUtterance, Utterance
from asr.vad import CHUNK, CHUNK_S, Voice
from asr.whole_utterance import WholeUtterance

log = logging.getLogger(__name__)

LEAD_S = 0.3
"""Audio before the detected beginning that the engine hears too: first consonants are quiet."""

TRAIL_S = 0.3
"""Audio after the detected end that a non-streaming engine hears."""

KEPT_S = 2.0
"""Audio kept while nobody speaks."""


class Listening:
    """Emits through `emit`: until one `Final`, `NoSpeech` or `Failed`; where the request is continuous, until closed,
    `NoSpeech` or `Failed`. The UDP port of `media` stays bound until `close`."""

    def __init__(
        self,
        request: ListenRequest,
        recognizer: Recognizer,
        voice: Voice,
        load: Lane,
        emit: Callable[[Heard], None],
    ) -> None:
        self.request = request
        self._voice = voice
        self.emit = emit
        self._asking = Asking(request, recognizer, load)
        self._endpointer = Endpointer(
            Rules(
                end_silence_s=request.end_silence_s,
                patience=patience(request, None),
                longest_s=request.longest_s,
                no_speech_s=request.no_speech_s,
                continuous=request.continuous,
            )
        )
        self._foreground = Foreground(prompt_plays=request.prompt_plays)
        self._meter = LineMeter()
        self._tape = Tape()
        self._pending = b""
        self._number = 0
        self._said_from_s = 0.0
        self._cut_at_s = 0.0
        self._utterance: Utterance | None = None
        self._last_done: asyncio.Event | None = None
        self.media = RtpMedia(
            self.hear, self._media_failed, label=request.label, at_once=request.no_speech_s is not None
        )

    @property
    def address(self) -> tuple[str, int]:
        """Where the media goes, once bound."""
        return self.media.address

    async def close(self) -> None:
        """Give the port back and end what still runs; the thread of a running engine call ends by itself."""
        self.media.close()
        await self._asking.close()

    def hear(self, audio: bytes) -> None:
        """More of the stream: 16 kHz 16-bit little-endian mono, of any length."""
        if self._endpointer.state is State.OVER:
            return
        self._tape.add(audio)
        if self._utterance is not None:
            self._utterance.add(audio)
        data = self._pending + audio
        whole = len(data) // (2 * CHUNK) * (2 * CHUNK)
        self._pending = data[whole:]
        if not whole:
            return
        for probability, piece in zip(self._voice.feed(data[:whole]), pieces(data[:whole]), strict=True):
            self._judge(probability, piece)
        if self._meter.due:
            self._report()
        if self._utterance is None:
            self._tape.forget_before(self._endpointer.now_s - KEPT_S)

    async def caught_up(self) -> None:
        """Until every utterance that has ended is understood: for audio that could come faster than that."""
        if self._last_done is not None:
            await self._last_done.wait()

    def _judge(self, probability: float, piece: Piece) -> None:
        self._meter.feed(piece, speech=probability >= self._endpointer.rules.begin)
        speaking = self._endpointer.state is State.SPEECH
        caller = self._foreground.feed(probability, decibels(piece.power), CHUNK_S, speaking=speaking)
        turn = self._endpointer.feed(caller, CHUNK_S)
        if turn is not None:
            self._take(turn)

    def _take(self, turn: Turn) -> None:
        match turn:
            case Began(at_s):
                self.emit(SpeechBegan(round(at_s, 3)))
                self._begin(at_s)
            case Settled(at_s):
                assert self._utterance is not None
                if self._utterance.pause(self._tape.between(self._said_from_s, at_s + TRAIL_S)):
                    self._endpointer.asked()
            case Resumed():
                assert self._utterance is not None
                self._utterance.go_on()
            case Ended():
                self._end(turn)
            case Nobody(_, waited_s):
                self._stop()
                self.emit(NoSpeech(round(waited_s, 3)))
            case _:
                assert_never(turn)

    def _begin(self, at_s: float) -> None:
        self._said_from_s = max(self._tape.begin_s, self._cut_at_s, at_s - LEAD_S)
        span = Span(self._said_from_s, at_s)
        streaming = self._asking.recognizer.capabilities.streaming
        make = StreamedUtterance if streaming else WholeUtterance
        # What comes late belongs to an utterance that is over.
        self._number += 1
        understood = partial(self._understood, self._number)
        self._utterance = make(self._asking, span, self.emit, understood, self._last_done)
        self._utterance.add(self._tape.between(self._said_from_s))

    def _understood(self, number: int, text: str | None, phrase: str) -> None:
        if number == self._number and self._utterance is not None:
            wanted = None if text is None else patience(self.request, text, phrase)
            self._endpointer.understood(wanted)

    def _end(self, ended: Ended) -> None:
        utterance = self._utterance
        assert utterance is not None
        self._foreground.ended()
        if not self.request.continuous:
            self._stop()
        self.emit(SpeechEnded(round(ended.at_s, 3), ended.cause))
        until_s = ended.at_s if ended.cause == "longest" else ended.at_s + TRAIL_S
        utterance.end(self._tape.between(self._said_from_s, until_s), ended.at_s)
        if ended.cause == "longest":
            # What comes next is heard from the cut on, not twice.
            self._cut_at_s = ended.at_s
        self._utterance, self._last_done = None, utterance.done

    def _stop(self) -> None:
        """Hear no more."""
        self.media.stop()
        if self._meter.worth_a_last_one:
            self._report()

    def _media_failed(self, why: str) -> None:
        log.error("%s (%s)", why, self.request.label)
        self.emit(Failed("lost", why))

    def _report(self) -> None:
        counts = self.media.receiver.counts
        self.emit(self._meter.report(counts.received, counts.lost))
