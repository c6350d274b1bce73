"""What a worker and its owner say to each other over the websocket: one JSON object a message. Pure.

owner -> worker   {"do": "open", "id": "h1", "request": {...}, "media_from": ["10.0.0.5"]}
                  {"do": "close", "id": "h1"}
worker -> owner   {"on": "hello", "version": 2, "languages": [...], "engines": [...], "threads": 2}    first, once
                  {"on": "state", "memory_mb": 400, "grown_mb": 3, "stuck_s": 0, "load": {...}}    every second
                  {"on": "opened", "id": "h1", "host": "127.0.0.1", "port": 40123, "key": "5f..."}
                  {"on": "refused", "id": "h1", "cause": "overloaded", "message": "..."}
                  {"on": "heard", "id": "h1", "kind": "partial", ...}
media_from: addresses and networks that the hearing's audio may come from; none: the owner's own address.
key: under which the audio may come by websocket instead (`media_door.py`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from asr.protocol import (
    Failed,
    Final,
    Heard,
    LineQuality,
    ListenRequest,
    NoSpeech,
    Partial,
    SpeechBegan,
    SpeechEnded,
    Word,
)

VERSION = 2
"""Of this protocol. Raised when one side would misunderstand the other; a new optional field does not raise it."""


class WireError(ValueError):
    """A message that does not belong here."""


def dump(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def load(text: str) -> dict[str, Any]:
    """Raises WireError."""
    try:
        message = json.loads(text)
    except ValueError as error:
        raise WireError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise WireError("not a JSON object")
    return message


def check_version(hello: dict[str, Any]) -> None:
    """Raises WireError: the worker is of another release."""
    version = hello.get("version")
    if version != VERSION:
        raise WireError(
            f"the worker speaks version {version} of the protocol, this controller version {VERSION}: "
            "install the same release on both machines"
        )


def load_senders(message: dict[str, Any]) -> tuple[str, ...]:
    """Raises WireError."""
    raw = message.get("media_from", [])
    if not isinstance(raw, list):
        raise WireError("media_from is not a list")
    return tuple(str(one) for one in raw)


def dump_request(request: ListenRequest) -> dict[str, Any]:
    return asdict(request)


def load_request(raw: Any) -> ListenRequest:
    """Raises WireError."""
    try:
        no_speech_s = raw.get("no_speech_s")
        return ListenRequest(
            language=str(raw["language"]),
            phrases=_texts(raw, "phrases"),
            end_silence_s=float(raw.get("end_silence_s", 0.8)),
            longest_s=float(raw.get("longest_s", 15.0)),
            label=str(raw.get("label", "")),
            expects=str(raw.get("expects", "")),
            hot_words=_texts(raw, "hot_words"),
            identify=_texts(raw, "identify"),
            continuous=bool(raw.get("continuous", False)),
            no_speech_s=None if no_speech_s is None else float(no_speech_s),
            priority="background" if raw.get("priority") == "background" else "live",
            prompt_plays=bool(raw.get("prompt_plays", False)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WireError(f"not a request to listen: {error!r}") from error


def _texts(raw: Any, name: str) -> tuple[str, ...]:
    return tuple(str(text) for text in raw.get(name, ()))


_KINDS: dict[type[Heard], str] = {
    SpeechBegan: "began",
    SpeechEnded: "ended",
    LineQuality: "quality",
    Partial: "partial",
    Final: "final",
    NoSpeech: "no_speech",
    Failed: "failed",
}


def dump_heard(heard: Heard) -> dict[str, Any]:
    return {"kind": _KINDS[type(heard)], **asdict(heard)}


def load_heard(raw: dict[str, Any]) -> Heard:
    """Raises WireError."""
    try:
        match raw["kind"]:
            case "began":
                return SpeechBegan(float(raw["at_s"]))
            case "ended":
                return SpeechEnded(float(raw["at_s"]), raw["cause"])
            case "quality":
                return LineQuality(**{name: raw[name] for name in _QUALITY})
            case "partial":
                return Partial(str(raw["text"]))
            case "final":
                return _load_final(raw)
            case "no_speech":
                return NoSpeech(float(raw["waited_s"]))
            case "failed":
                return Failed(raw["cause"], raw["message"])
            case other:
                raise WireError(f"unknown kind {other!r}")
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"not something heard: {error!r}") from error


_QUALITY = tuple(field.name for field in fields(LineQuality))


def _load_final(raw: dict[str, Any]) -> Final:
    return Final(
        text=raw["text"],
        language=raw["language"],
        engine=raw["engine"],
        confidence=raw["confidence"],
        phrase=raw["phrase"],
        words=tuple(Word(**word) for word in raw["words"]),
        alternatives=tuple((text, score) for text, score in raw["alternatives"]),
        latency_s=raw["latency_s"],
        began_s=raw["began_s"],
        ended_s=raw["ended_s"],
        languages=tuple((tag, share) for tag, share in raw["languages"]),
        version=raw["version"],
    )
