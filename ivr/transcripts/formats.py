"""A transcript as text, WebVTT and JSON. Pure; what they hold is what the reader may see (`shown.py`).

The JSON's shape is described in docs/administrators/transcripts.md; VERSION changes when a reader of it would have to.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, Literal

from ivr.transcripts.shown import ShownLine, Transcript

VERSION: Final = 1
KIND: Final = "open-hotline.transcript"
TranscriptFormat = Literal["text", "vtt", "json"]

_NAMES: Final = {"caller": "Caller", "agent": "Agent", "party": "Party", "recording": "Recording"}


def as_text(transcript: Transcript) -> str:
    """A line each: time from the beginning, who, the line's id, what; `*` marks a corrected one."""
    began = transcript.began_at.astimezone(dt.UTC)
    lines = [f"{transcript.call_id}  {began:%Y-%m-%d %H:%M:%S} UTC"]
    for line in transcript.lines:
        mark = "*" if line.revision else " "
        flat = " ".join(line.text.split())
        lines.append(f"{_clock(line.begins_s)}  {speaker(line):<12} {line.id:>6}{mark} {flat}")
    return "\n".join(lines) + "\n"


def as_vtt(transcript: Transcript) -> str:
    """WebVTT with a voice a speaker; times from the beginning of the call, in the order of their beginning."""
    cues = ["WEBVTT\n"]
    for line in sorted(transcript.lines, key=lambda one: (one.begins_s, one.ends_s)):
        if not line.text.strip():
            continue
        ends_s = max(line.ends_s, line.begins_s + 0.001)
        cues.append(
            f"{_flat(line.id)}\n{_clock(line.begins_s)} --> {_clock(ends_s)}\n"
            f"<v {_flat(speaker(line))}>{_flat(line.text)}</v>\n"
        )
    return "\n".join(cues)


def as_json(transcript: Transcript) -> str:
    return json.dumps(plain(transcript), ensure_ascii=False, indent=1) + "\n"


def plain(transcript: Transcript) -> dict[str, Any]:
    """As plain JSON."""
    return {
        "kind": KIND,
        "version": VERSION,
        "call": transcript.call_id,
        "began_at": transcript.began_at.astimezone(dt.UTC).isoformat(),
        "hide": list(transcript.hide),
        "lines": [asdict(line) for line in transcript.lines],
    }


WRITERS: Final[Mapping[TranscriptFormat, Callable[[Transcript], str]]] = {
    "text": as_text,
    "vtt": as_vtt,
    "json": as_json,
}
SUFFIXES: Final[Mapping[TranscriptFormat, str]] = {"text": ".txt", "vtt": ".vtt", "json": ".json"}


def speaker(line: ShownLine) -> str:
    """`Caller`, `Agent a1`. A recording's id says nothing of who spoke."""
    name = _NAMES[line.speaker]
    return f"{name} {line.party}" if line.speaker in ("agent", "party") and line.party else name


def _clock(seconds: float) -> str:
    """`01:02:03.456`; hours have two digits or more."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"


def _flat(text: str) -> str:
    """In one line, with nothing that WebVTT would take for a tag, an arrow or the end of a cue."""
    flat = " ".join(text.replace("\0", "").split())
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
