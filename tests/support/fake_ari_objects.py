"""What the fake Asterisk (`fake_ari_commands.py`) consists of, and how it looks in JSON."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import wave
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import orjson

from ivr.ari.repository import Reply

CAUSES = {16: "Normal Clearing", 17: "User busy", 19: "User alerting, no answer", 21: "Call Rejected"}
NOT_IN_STASIS = (409, "Channel not in Stasis application")
WAITING = frozenset(
    {
        "bridges.add_channel",
        "bridges.remove_channel",
        "channels.answer",
        "channels.set_channel_var",
        "channels.set_channel_vars",
    }
)
"""Answered only when the channel has played out what it was playing (seen)."""


@dataclass(slots=True)
class Phone:
    """How an endpoint answers a dial. rings_s: before it does what `then` says. talks_s: hangs up so long after.

    cause: Q.850, of a call that it does not take (`reject`: 21 when 0).
    """

    rings_s: float = 1.0
    then: Literal["answer", "busy", "reject", "never"] = "answer"
    talks_s: float | None = None
    registered: bool = True
    cause: int = 0


@dataclass(slots=True)
class FakeChannel:
    id: str
    name: str
    state: str
    caller: str = ""
    dialled: str = ""
    language: str = "en"
    endpoint: str = ""
    ours: bool = False
    """Made by a command of ours: then its ChannelDestroyed reaches us too."""
    in_stasis: bool = False
    """From when its StasisStart is out."""
    entered: bool = False
    """Its StasisStart is out or on its way."""
    app_args: list[str] = field(default_factory=list)
    bridge: str = ""
    spied: str = ""
    music: bool = False
    ringing: bool = False
    """It was told to hear ringing."""
    held: bool = False
    silent: bool = False
    talks_from: float = 0.0
    talks_until: float = 0.0
    """When its far end last said something (loop's clock)."""
    variables: dict[str, str] = field(default_factory=dict)
    digits_sent: str = ""
    dialled_out: bool = False


@dataclass(slots=True)
class FakeBridge:
    id: str
    kind: str
    name: str = ""
    channels: list[str] = field(default_factory=list)
    music: bool = False
    known: bool = False
    """A channel of ours was in it: then we hear of its end."""


@dataclass(slots=True)
class FakePlayback:
    id: str
    target: str
    topic: str
    media: deque[str]
    language: str
    state: str = "queued"
    media_uri: str = ""
    stopped: bool = False
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class FakeRecording:
    name: str
    target: str
    topic: str
    format: str
    state: str = "recording"
    timer: asyncio.TimerHandle | None = None
    quiet: asyncio.TimerHandle | None = None
    began: float = 0.0
    longest_silence_s: float = 0.0
    seconds: float = 0.0
    quiet_s: float = 0.0
    """Before the talk."""
    talked_s: float = 0.0


ITS_CHANNEL = "its channel"


@dataclass(slots=True)
class Fault:
    """For the next `times` commands of this name (`channels.play_with_id`, or `*`).

    status: answered so, and not carried out. delay_s: answered so much later. unanswered: carried out, but no answer
    comes back. ends: this channel hangs up just before the command is carried out; ITS_CHANNEL: the command's own.
    """

    operation: str
    status: int = 0
    message: str = "injected"
    delay_s: float = 0.0
    unanswered: bool = False
    ends: str = ""
    times: int = 1


class Refused(Exception):
    def __init__(self, status: int, message: str, key: str = "message") -> None:
        super().__init__(message)
        self.reply = Reply(status, orjson.dumps({key: message}))


def channel_json(channel: FakeChannel, app: str) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.name,
        "state": channel.state,
        "protocol_id": "",
        "caller": {"name": "", "number": channel.caller},
        "connected": {"name": "", "number": ""},
        "accountcode": "",
        "dialplan": {
            "context": "hotline",
            "exten": channel.dialled or "s",
            "priority": 1,
            "app_name": "Stasis" if channel.in_stasis else "",
            "app_data": ",".join([app, *channel.app_args]) if channel.in_stasis else "",
        },
        "creationtime": timestamp(),
        "language": channel.language,
    }


def bridge_json(bridge: FakeBridge) -> dict[str, Any]:
    return {
        "id": bridge.id,
        "technology": "simple_bridge",
        "bridge_type": "holding" if "holding" in bridge.kind else "mixing",
        "bridge_class": "stasis",
        "creator": "Stasis",
        "name": bridge.name,
        "channels": list(bridge.channels),
        "creationtime": timestamp(),
        "video_mode": "talker",
    }


def playback_json(playback: FakePlayback) -> dict[str, Any]:
    json = {
        "id": playback.id,
        "media_uri": playback.media_uri,
        "target_uri": playback.target,
        "language": playback.language,
        "state": playback.state,
    }
    upcoming = list(playback.media)[1 if playback.state == "queued" else 0 :]
    return json | {"next_media_uri": upcoming[0]} if upcoming else json


def recording_json(recording: FakeRecording) -> dict[str, Any]:
    return {
        "name": recording.name,
        "format": recording.format,
        "target_uri": recording.target,
        "state": recording.state,
    } | ({"duration": round(recording.seconds)} if recording.state == "done" else {})


def recording_file(recording: FakeRecording) -> bytes:
    """The WAV that Asterisk would have written: so much silence, so much talk, then silence to its end."""
    before = np.zeros(round(recording.quiet_s * 8000), np.int16)
    talk = np.full(round(recording.talked_s * 8000), 4000, np.int16)
    rest = np.zeros(max(0, round(recording.seconds * 8000) - len(before) - len(talk)), np.int16)
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(np.concatenate([before, talk, rest]).astype("<i2").tobytes())
    return file.getvalue()


def timestamp() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
