"""Recognisers for tests of the worker: loaded there as `tests.support.fake_engine:NAME`, no model needed.

They say how much they heard, or misbehave when a phrase of the request tells them to.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from asr.protocol import Capabilities, Final, Heard, ListenRequest, Partial, Recognizer, Stream
from asr.settings import EngineSpec

LEAK_BYTES = 40_000_000
LEAKED: list[bytes] = []
SLOW_S = 0.2

LANGUAGES = frozenset({"zh", "en"})


class FakeStream:
    def __init__(self, name: str, request: ListenRequest, *, streaming: bool) -> None:
        self.name = name
        self.request = request
        self.streaming = streaming
        self.heard = 0

    def accept(self, pcm: bytes) -> Sequence[Heard]:
        self.heard += len(pcm)
        if "fail" in self.request.phrases and self.name == "first":
            raise RuntimeError("told to fail")
        return (Partial(str(self.heard)),) if self.streaming else ()

    def finish(self) -> Sequence[Heard]:
        if "die" in self.request.phrases:
            os._exit(3)
        if "hang" in self.request.phrases:
            threading.Event().wait(60)
        if "leak" in self.request.phrases:
            LEAKED.append(b"x" * LEAK_BYTES)
        if "slow" in self.request.phrases:
            time.sleep(SLOW_S)
        seconds = self.heard / 32_000
        return (Final(f"{seconds:.2f}", self.request.language, self.name, 0.9),)

    def close(self) -> None:
        return None


class FakeRecognizer:
    def __init__(self, name: str, *, streaming: bool, languages: frozenset[str] = LANGUAGES) -> None:
        self.name = name
        self.capabilities = Capabilities(name, "0", languages, streaming, True, False, True)

    def stream(self, request: ListenRequest) -> Stream:
        return FakeStream(self.name, request, streaming=self.capabilities.streaming)


def whole(spec: EngineSpec, threads: int) -> Recognizer:
    return FakeRecognizer("first", streaming=False)


def streaming(spec: EngineSpec, threads: int) -> Recognizer:
    return FakeRecognizer("first", streaming=True)


def second(spec: EngineSpec, threads: int) -> Recognizer:
    return FakeRecognizer("second", streaming=False)


def broken(spec: EngineSpec, threads: int) -> Recognizer:
    raise RuntimeError("this model is damaged")
