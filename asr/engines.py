"""Loading the engines of a worker, and one recogniser per language out of them."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from asr import sound
from asr.fallback import FallbackRecognizer
from asr.protocol import AsrError, ListenRequest, Recognizer
from asr.settings import EngineSpec


def load(spec: EngineSpec, *, threads: int) -> Recognizer:
    """Takes seconds and hundreds of megabytes: once per worker. Raises AsrError and whatever an engine raises."""
    match spec.engine:
        case "vosk":
            from asr.vosk_engine import VoskRecognizer

            return VoskRecognizer(Path(spec.folder), spec.languages[0])
        case "whisper":
            from asr.whisper_engine import WhisperRecognizer

            return WhisperRecognizer(Path(spec.folder), threads=threads, languages=frozenset(spec.languages))
        case "sherpa":
            from asr.sherpa_engine import SherpaRecognizer

            return SherpaRecognizer(Path(spec.folder), frozenset(spec.languages))
        case _:
            return _load_foreign(spec, threads)


def _load_foreign(spec: EngineSpec, threads: int) -> Recognizer:
    module, colon, name = spec.engine.partition(":")
    if not colon:
        raise AsrError(
            f"no engine is called {spec.engine!r}: vosk, whisper, sherpa or package.module:factory"
        )
    factory = getattr(importlib.import_module(module), name)
    recognizer: Recognizer = factory(spec, threads)
    return recognizer


def by_language(engines: Sequence[tuple[EngineSpec, Recognizer]]) -> dict[str, Recognizer]:
    """In the order given; a language that several engines know gets the later ones as fallback."""
    serving: dict[str, list[Recognizer]] = {}
    for spec, recognizer in engines:
        for language in spec.languages:
            serving.setdefault(language, []).append(recognizer)
    return {
        language: recognizers[0] if len(recognizers) == 1 else FallbackRecognizer(recognizers)
        for language, recognizers in serving.items()
    }


def warm_up(recognizer: Recognizer, language: str) -> None:
    """One second of silence through it, so that no caller pays for what is loaded at first use."""
    # Silence has no text to compare with phrases, so what compares them is loaded apart.
    sound.warm(language)
    phrase = {"zh": "人工", "en": "operator"}.get(language)
    stream = recognizer.stream(ListenRequest(language, (phrase,) if phrase else ()))
    try:
        stream.accept(bytes(32_000))
        stream.finish()
    finally:
        stream.close()
