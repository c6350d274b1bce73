"""A talk -> a scenario, as a person would write it: what was done, what was heard, where it led. No I/O."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from ivr.cli.simulating.talk import Talk
from ivr.flow.actions import RECORDING_PROMPT
from ivr.flow.scenarios.acting import acts_of, do
from ivr.flow.scenarios.beginning import begin, beginning_of
from ivr.flow.scenarios.checking import Seen
from ivr.flow.scenarios.model import Turn
from ivr.flow.scenarios.running import next_at_once

HEAD: Final = "# Talks that were saved in `ivr simulate`. Run them with `ivr test`.\nscenarios:\n"
WIDE: Final = 110
"""A turn that fits is written in one line."""


def scenario(talk: Talk, name: str) -> str:
    """The lines of one item of `scenarios`."""
    lines = [f"  - name: {_flow(name)}", f"    given: {_flow(_given(talk))}", "    turns:"]
    for turn in _turns(talk):
        line = f"      - {_flow(turn)}"
        lines += [line] if len(line) <= WIDE else _block(turn)
    return "\n".join(lines) + "\n"


def appended(before: str, item: str) -> str:
    """The file with one more scenario; it holds nothing but such."""
    if not before.strip():
        return HEAD + item
    return before + ("" if before.endswith("\n") else "\n") + item


def _given(talk: Talk) -> dict[str, Any]:
    """Everything that was said of the beginning; the time always, so that it holds tomorrow too."""
    start = beginning_of(talk.library, talk.given, talk.now)
    written = _plain(talk.given.model_dump(mode="json", exclude_unset=True, exclude_defaults=True))
    written.pop("time", None)
    return {"time": f"{start:%Y-%m-%d %H:%M}{_seconds(start)}", **written}


def _seconds(at: dt.datetime) -> str:
    return f":{at:%S}" if at.second else ""


def _turns(talk: Talk) -> Iterable[dict[str, Any]]:
    """Played once more, turn by turn, exactly as `ivr test` does."""
    turns = talk.turns
    call = begin(talk.library, talk.given, talk.now, promises_kept=not any(turn.callback for turn in turns))
    since = call.moment()._replace(actions=0, done=0)
    if not (turns and turns[0].at_once):
        call.settle()
        yield _expectations(Seen.since(call, since), last=not turns)
    for number, turn in enumerate(turns, 1):
        if not turn.at_once:
            call.settle()
        since = call.moment()
        if do(call, turn):
            return
        if not next_at_once(turns, number):
            call.settle()
        yield {**_act(turn), **_expectations(Seen.since(call, since), last=number == len(turns))}


def _act(turn: Turn) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for act in acts_of(turn):
        value = getattr(turn, act)
        if hasattr(value, "model_dump"):
            value = _short(_plain(value.model_dump(mode="json", exclude_defaults=True)))
        written[act] = value
    if turn.at_once:
        written["at_once"] = True
    return written


def _short(value: dict[str, Any]) -> Any:
    """`{text: hello}` as `hello`, as authors write it."""
    for name in ("text", "outcome", "place"):
        if list(value) == [name]:
            return value[name]
    return value or "ok"


def _expectations(seen: Seen, *, last: bool) -> dict[str, Any]:
    heard = [prompt_id.partition("~")[0] or RECORDING_PROMPT for prompt_id, _ in seen.heard]
    written: dict[str, Any] = {}
    if heard:
        written["heard"] = heard[0] if len(heard) == 1 else heard
    if seen.queued:
        written["queued"] = seen.queued[-1].queue
    if seen.over:
        written["ended"] = seen.ended_by
    else:
        written["node"] = seen.state.node
        if last and seen.state.language != seen.library.languages[0]:
            written["language"] = seen.state.language
    return written


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in value.items() if item is not None}


def _flow(value: object) -> str:
    dumped = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000)
    return dumped.removesuffix("...\n").strip()


def _block(turn: Mapping[str, Any]) -> list[str]:
    lines = [f"        {name}: {_flow(value)}" for name, value in turn.items()]
    return ["      - " + lines[0].strip(), *lines[1:]]
