"""`ivr simulate`: talk to a flow in the terminal, without a telephone."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, get_args

import typer

from ivr.flow.codec import input_to_json, state_to_json
from ivr.flow.findings import FlowLoadError
from ivr.flow.load import load
from ivr.flow.simulate import Simulation
from ivr.flow.state import CallFacts
from ivr.flow.world import QueueOutcome

KEYS = frozenset("0123456789*#")
HELP = """\
  1  12#            keys                      any text   said aloud (text @0.4 for a confidence)
  (empty line)      silence                   !1 !text   without waiting for the prompt to end
  /wait 30          seconds pass              /time 23:30  the clock is turned
  /place 3 60 120   place 3, wait 1-2 min     /agent     an agent joins; /done: the talk is over
  /queue full       timeout closed unstaffed  /asr       recognition fails
  /state /journal   what the machine holds    /hangup /quit"""


def simulate(
    folder: Annotated[Path, typer.Argument(help="The folder of the flows.")] = Path("flows"),
    flow: Annotated[str, typer.Option("--flow", help="The flow to begin with.")] = "",
    caller: Annotated[str, typer.Option("--caller", help="The caller's number.")] = "13800000000",
    language: Annotated[str, typer.Option("--language", help="The language to begin with.")] = "",
    clock: Annotated[
        str, typer.Option("--clock", help="Begin then: 2026-11-22T23:30, the hotline's time.")
    ] = "",
    hours: Annotated[
        list[str] | None, typer.Option("--hours", help="day_desk=closed, before its calendar.")
    ] = None,
    keys_only: Annotated[bool, typer.Option("--keys-only", help="Without speech recognition.")] = False,
    journal: Annotated[bool, typer.Option("--journal", help="Show the notes for the journal too.")] = False,
) -> None:
    """Talk to a flow: type what the caller says or presses. Reads standard input, so it can be scripted."""
    try:
        library = load(folder)
    except FlowLoadError as error:
        for finding in error.findings:
            typer.echo(str(finding), err=True)
        raise typer.Exit(1) from None
    if flow and flow not in library.flows:
        typer.echo(f"there is no flow `{flow}`: {', '.join(library.flows)}", err=True)
        raise typer.Exit(1)
    call = CallFacts(
        "c-simulated",
        caller=caller,
        number="12345",
        language=language or library.languages[0],
        speech=() if keys_only else library.languages,
        hours=_hours(hours or []),
    )
    now = _moment(clock, library.timezone, dt.datetime.now(dt.UTC))
    talk = _Talk(Simulation(library, call, now, flow), journal=journal)
    if sys.stdin.isatty():
        typer.echo(HELP)
    talk.run(_typed())


def _typed() -> Iterator[str]:
    while True:
        if sys.stdin.isatty():
            typer.echo("> ", nl=False)
        line = sys.stdin.readline()
        if not line:
            return
        yield line.rstrip("\n")


def _hours(written: list[str]) -> dict[str, bool]:
    said = {}
    for text in written:
        name, _, value = text.partition("=")
        if value not in ("open", "closed"):
            raise typer.BadParameter(f"`{text}`: write name=open or name=closed", param_hint="--hours")
        said[name] = value == "open"
    return said


def _moment(text: str, zone: dt.tzinfo, now: dt.datetime) -> dt.datetime:
    """`23:30` on the day of `now`, or a whole date and time, in the hotline's time zone; "" = now."""
    if not text:
        return now
    try:
        if "-" not in text:
            time = dt.time.fromisoformat(text)
            return dt.datetime.combine(now.astimezone(zone).date(), time, zone)
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"`{text}` is no time: 23:30 or 2026-11-22T23:30") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


class _Talk:
    """Lines in, lines out."""

    def __init__(self, simulation: Simulation, *, journal: bool) -> None:
        self._call = simulation
        self._journal = journal

    def run(self, lines: Iterator[str]) -> None:
        self._show()
        for line in lines:
            if not sys.stdin.isatty():
                typer.echo(f"> {line}")
            at_once = line.startswith("!")
            if not at_once:
                self._call.settle()
                self._show()
            if not self._one(line.removeprefix("!").strip()):
                return
            self._show()
            if self._call.over:
                return
        self._call.settle()
        self._show()

    def _one(self, line: str) -> bool:
        """False: enough."""
        call = self._call
        if line.startswith("/"):
            return self._command(line[1:].split())
        if not line:
            if not call.silence():
                self._say("nothing happens")
        elif set(line) <= KEYS:
            call.press(line)
        else:
            text, at, confidence = line.rpartition("@")
            known = bool(at) and confidence.replace(".", "", 1).isdecimal()
            if not call.say(text.strip() if known else line, min(1.0, float(confidence)) if known else 0.9):
                self._say("nobody listens")
        return True

    def _command(self, words: list[str]) -> bool:
        call = self._call
        done = True
        match words:
            case ["quit" | "q"]:
                return False
            case ["hangup"]:
                call.hang_up()
            case ["wait", seconds] if _number(seconds):
                call.wait(float(seconds))
            case ["time", text]:
                call.now = _moment(text, call.library.timezone, call.now)
            case ["place", *figures] if figures and all(_number(figure) for figure in figures):
                done = call.move_up(int(float(figures[0])), *[float(figure) for figure in figures[1:3]])
            case ["agent", *name]:
                done = call.join(name[0] if name else "a1001")
            case ["done"]:
                done = call.end_queue("served")
            case ["queue", outcome] if outcome in get_args(QueueOutcome):
                done = any(call.end_queue(known) for known in get_args(QueueOutcome) if known == outcome)
            case ["asr"]:
                done = call.fail_recognition("unavailable")
            case ["state"]:
                self._say(json.dumps(state_to_json(call.state), ensure_ascii=False, indent=2))
            case ["journal"]:
                for at, event in call.inputs:
                    self._say(f"{at.isoformat()} {json.dumps(input_to_json(event), ensure_ascii=False)}")
            case _:
                self._say(HELP)
        if not done:
            self._say("not now")
        return True

    def _show(self) -> None:
        for line in self._call.take_lines():
            if line.kind == "heard":
                self._say(f"< {line.text}")
            elif line.kind == "did":
                self._say(f"* {line.text}")
            elif self._journal:
                self._say(f"  . {line.text}")

    def _say(self, text: str) -> None:
        typer.echo(text)


def _number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()
