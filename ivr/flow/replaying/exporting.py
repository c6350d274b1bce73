"""Stored calls as lines of JSON, to be replayed elsewhere, and back. Pure.

    {"calls": 1, "withheld": [...]}                          first: the format, and what is not told
    {"version": "3fa2...", "files": {"main.yaml": "..."}}    each version, before the first call that ran it
    {"call": "c-...", "caller": ..., "events": [[0.0, "started", {...}], [4.2, "input", {...}], ...]}

Unless asked otherwise nothing in it is personal: numbers are masked, the digits of a `collect` and all words are `*`
(what they led to is noted, and words that lead there stand in for them), texts in answers of web services too.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ivr.errors import FlowError
from ivr.flow.model import FlowLibrary
from ivr.flow.nodes.collect import Collect
from ivr.flow.replaying.journal import KINDS, MASK, Event, stored_call
from ivr.flow.replaying.model import StoredCall

FORMAT: Final = 1
SHOWN_HEAD: Final = 3
SHOWN_TAIL: Final = 2


@dataclass(frozen=True, slots=True)
class Told:
    """What an export tells of people. answers: texts in what web services and tables gave, names of agents."""

    numbers: bool = False
    digits: bool = False
    words: bool = False
    answers: bool = False

    def withheld(self) -> list[str]:
        """In words, for whoever reads the export."""
        left_out = (
            (self.numbers, "numbers of callers (their middle)"),
            (self.digits, "digits given to `collect`"),
            (self.words, "what callers said (the option or command it led to is known)"),
            (self.answers, "texts in answers of web services and tables; agents; the caller's earlier agent"),
        )
        return [what for told, what in left_out if not told]


@dataclass(frozen=True, slots=True)
class Journalled:
    """A call as a database has it. events: of `journal.KINDS`, in order."""

    id: str
    caller: str
    number: str
    events: tuple[Event, ...]


class UnreadableExport(FlowError):
    """This file is no export of calls; the message says where."""


def header(told: Told) -> str:
    return _line({"calls": FORMAT, "withheld": told.withheld()})


def version_line(version: str, files: Mapping[str, bytes]) -> str:
    texts = {name: content.decode("utf-8", "surrogateescape") for name, content in files.items()}
    return json.dumps({"version": version, "files": texts}, separators=(",", ":"))


def call_line(call: Journalled, library: FlowLibrary | None, told: Told) -> str:
    """library: the call's version, which says where digits are personal; without it all keys are withheld."""
    begun = next((at for at, kind, _ in call.events if kind == "started"), None)
    if begun is None and call.events:
        begun = call.events[0][0]
    node = ""
    events = []
    for at, kind, data in call.events:
        if kind not in KINDS:
            continue
        if kind == "node":
            node = str(data.get("node"))
        told_data = _told(kind, data, library, node, told)
        events.append([round((at - begun).total_seconds(), 6) if begun is not None else 0.0, kind, told_data])
    return _line(
        {
            "call": call.id,
            "caller": call.caller if told.numbers else masked(call.caller),
            "number": call.number,
            "at": begun.isoformat() if begun is not None else None,
            "events": events,
        }
    )


def masked(number: str) -> str:
    """`13812345678` -> `138******78`; the length stays."""
    hidden = len(number) - SHOWN_HEAD - SHOWN_TAIL
    if hidden < SHOWN_HEAD:
        return MASK * len(number)
    return number[:SHOWN_HEAD] + MASK * hidden + number[-SHOWN_TAIL:]


def _told(kind: str, data: Mapping[str, Any], library: FlowLibrary | None, node: str, told: Told) -> Any:
    if kind == "started" and not told.answers:
        known = {name: _without_texts(value) for name, value in data.items() if name == "facts"}
        history = {**data["history"], "last_agent": ""} if isinstance(data.get("history"), dict) else None
        return {**data, **known, **({"history": history} if history is not None else {})}
    if kind != "input":
        return data
    match data.get("type"):
        case "digit" if not told.digits and _is_personal(library, node):
            return {**data, "digit": MASK, "withheld": True}
        case "speech_heard" | "speech_partial" if not told.words and data.get("text"):
            return {
                **{name: value for name, value in data.items() if name not in ("alternatives", "phrase")},
                "text": MASK,
                "withheld": True,
            }
        case "request_ended" | "lookup_ended" if not told.answers:
            return {
                name: _without_texts(value) if name in ("body", "value") else value
                for name, value in data.items()
                if name != "detail"
            }
        case "agent_joined" | "queue_ended" if not told.answers and data.get("agent"):
            return {**data, "agent": "agent"}
        case _:
            return data


def _is_personal(library: FlowLibrary | None, node: str) -> bool:
    return library is None or isinstance(library.nodes.get(node), Collect)


def _without_texts(value: Any) -> Any:
    if isinstance(value, str):
        return MASK if value else ""
    if isinstance(value, dict):
        return {name: _without_texts(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_texts(item) for item in value]
    return value


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# Back


@dataclass(frozen=True, slots=True)
class ExportedVersion:
    version: str
    files: Mapping[str, bytes]


def read_lines(lines: Iterable[str], name: str) -> Iterator[ExportedVersion | StoredCall]:
    """In the order of the file. name: of the file, for errors. Raises UnreadableExport, UnreadableCall."""
    anonymous = False
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            if number == 1:
                if data.get("calls") != FORMAT:
                    raise UnreadableExport(f"{name} is no export of calls", mend="`ivr replay --export FILE`")
                anonymous = bool(data.get("withheld"))
            elif "version" in data:
                yield _version(data)
            else:
                yield _call(data, anonymous=anonymous)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnreadableExport(
                f"{name}:{number}: this line is none of an export ({error})",
                mend="export the calls again: `ivr replay --export FILE`",
            ) from error


def _version(data: Mapping[str, Any]) -> ExportedVersion:
    files = {str(name): text.encode("utf-8", "surrogateescape") for name, text in data["files"].items()}
    return ExportedVersion(str(data["version"]), files)


def _call(data: Mapping[str, Any], *, anonymous: bool) -> StoredCall:
    begun = dt.datetime.fromisoformat(data["at"])
    events = [
        (begun + dt.timedelta(seconds=seconds), str(kind), dict(event))
        for seconds, kind, event in data["events"]
    ]
    caller, number = str(data["caller"]), str(data["number"])
    return stored_call(str(data["call"]), caller, number, events, anonymous=anonymous)
