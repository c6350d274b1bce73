"""A talk in the terminal, or of a script: lines in, lines out. A line that cannot be understood or done is told, and
the talk goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pydantic
import yaml
from rich.console import Console
from rich.text import Text

from ivr.cli.simulating import showing
from ivr.cli.simulating.help import QUESTIONS, SECTIONS
from ivr.cli.simulating.lines import LineError, Question, assignments, read, value
from ivr.cli.simulating.saving import appended, scenario
from ivr.cli.simulating.talk import Talk
from ivr.cli.test_folders import examine
from ivr.flow.codec import state_to_json
from ivr.flow.findings import FlowLoadError, did_you_mean
from ivr.flow.followed import Line
from ivr.flow.load import load
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.acting import describe
from ivr.flow.scenarios.model import Given, ScenarioFile
from ivr.flow.scenarios.naming import check_names
from ivr.flow.scenarios.reading import Written
from ivr.flow.scenarios.running import run as run_scenario
from ivr.flow.yaml_source import Document

_LOOKS = {"heard": ("< ", "bold"), "did": ("* ", "yellow"), "noted": ("  . ", "dim")}


class Terminal:
    """folder: of the flows, to read them again. saved: where `/save` writes. journal: notes are shown as well."""

    def __init__(self, talk: Talk, folder: Path, saved: Path, *, journal: bool, typing: bool) -> None:
        """typing: a person types; else a script is read, and its lines are shown with what comes of them."""
        self._talk = talk
        self._folder = folder
        self._saved = saved
        self._journal = journal
        self._typing = typing
        self._console = Console(highlight=False, soft_wrap=True, markup=False)
        self._turn = threading.Lock()
        """Between lines that are typed and files that are saved."""
        self._answers: Mapping[str, Callable[[str], None]] = {
            "fact": lambda rest: self._begin_with("facts", assignments(rest)),
            "history": lambda rest: self._begin_with("history", assignments(rest)),
            "hours": lambda rest: self._begin_with("hours", assignments(rest)),
            "given": self._given,
            "caller": lambda rest: self._begin_with("caller", rest),
            "flow": lambda rest: self._begin_with("flow", rest),
            "language": lambda rest: self._begin_with("language", rest),
            "vars": lambda rest: self._say_all(showing.variables(self._talk.call, rest)),
            "node": lambda _: self._say_all(showing.node(self._talk.call)),
            "where": lambda rest: self._where(rest),
            "pending": lambda _: self._say_all(
                list(showing.pending(self._talk.call)) or ["nothing is waited for"]
            ),
            "state": lambda _: self._say(_json(state_to_json(self._talk.call.state))),
            "journal": lambda _: self._say_all(showing.journal(self._talk.call)),
            "undo": self._undo,
            "restart": lambda _: self._restart(),
            "again": lambda _: self._again(),
            "save": self._save,
            "help": lambda _: self.help(),
        }

    def run(self, lines: Iterator[str]) -> None:
        """Until the lines end, or one says `/quit`."""
        self._show()
        for line in lines:
            with self._turn:
                if not self._typing:
                    self._say(f"> {line}", "dim")
                if not self._one(line.strip()):
                    return

    def prompt(self) -> str:
        return f"{showing.standing(self._talk.call)}> "

    def reload(self) -> None:
        """A file was saved: the same turns in the new flows, unless those are faulty."""
        with self._turn:
            try:
                library = load(self._folder)
            except FlowLoadError as error:
                self._say_all((str(finding) for finding in error.findings), "red")
                return
            if library.version == self._talk.library.version:
                return
            self._say(f"-- read again: version {library.version[:12]}, the same turns again", "cyan")
            self._replayed(self._talk.again(library=library))

    def help(self) -> None:
        wide = max(len(row.line) for _, rows in SECTIONS for row in rows) + 2
        for title, rows in SECTIONS:
            self._say(title, "bold")
            for row in rows:
                self._say(f"  {row.line:{wide}}{row.en} · {row.zh}")

    def _one(self, line: str) -> bool:
        """False: enough."""
        try:
            wanted = read(line, QUESTIONS)
            if not isinstance(wanted, Question):
                self._act(self._talk.act(wanted))
            elif wanted.name == "quit":
                return False
            else:
                self._answers[wanted.name](wanted.rest)
        except LineError as error:
            self._say(str(error), "red")
        return True

    def _act(self, problem: str) -> None:
        if problem:
            self._say(f"not now: {problem}", "red")
            self._say_all(showing.pending(self._talk.call), "cyan")
        else:
            self._show()

    # How the call begins

    def _begin_with(self, name: str, said: Any) -> None:
        """A field of `given`; maps are added to. It counts from the next beginning on: now, if nothing is done yet."""
        old = self._talk.given
        before = getattr(old, name)
        merged = {**before, **said} if isinstance(before, dict) and isinstance(said, dict) else said
        self._begin({**old.model_dump(mode="json", exclude_unset=True), name: merged})

    def _given(self, rest: str) -> None:
        if not rest:
            shown = self._talk.given.model_dump(mode="json", exclude_unset=True, exclude_defaults=True)
            self._say(
                yaml.safe_dump(shown, allow_unicode=True, sort_keys=False).rstrip() if shown else "nothing"
            )
            return
        said = value(rest)
        if not isinstance(said, dict):
            raise LineError("/given {queues: {general: full}}, as `given` of a scenario")
        self._begin({**self._talk.given.model_dump(mode="json", exclude_unset=True), **said})

    def _begin(self, data: Mapping[str, Any]) -> None:
        given = checked(data, self._talk.library)
        if self._talk.turns:
            self._talk.given = given
            self._say("from the next beginning on: /restart, or /again for the same turns", "cyan")
        else:
            self._talk.restart(given)
            self._show()

    # Back, and again

    def _undo(self, rest: str) -> None:
        times = int(rest) if rest.isdecimal() else 1
        undone = [turn for turn in (self._talk.undo() for _ in range(max(1, times))) if turn is not None]
        if not undone:
            raise LineError("there is nothing to undo")
        self._say(
            f"-- undone: {', '.join(describe(turn) for turn in undone)}; at {self.prompt()[:-2]}", "cyan"
        )

    def _restart(self) -> None:
        self._talk.restart()
        self._say("-- from the beginning", "cyan")
        self._show()

    def _again(self) -> None:
        self._say("-- the same turns again", "cyan")
        self._replayed(self._talk.again())

    def _replayed(self, problem: str) -> None:
        for turn, lines in self._talk.transcript():
            if turn is not None:
                self._say(f"> {describe(turn)}", "dim")
            self._show_lines(lines)
        if problem:
            self._say(f"not any more: {problem}", "red")
        self._say(f"at {self.prompt()[:-2]}", "cyan")

    # Looking and keeping

    def _where(self, rest: str) -> None:
        place = showing.where(self._talk.library, rest or self._talk.call.state.node)
        if not place:
            raise LineError(f"`{rest or self._talk.call.state.node}` stands in no file")
        self._say((self._folder / place).as_posix())

    def _save(self, name: str) -> None:
        if not name:
            raise LineError("/save and the scenario's name")
        try:
            before = self._saved.read_text("utf-8") if self._saved.exists() else ""
            text = appended(before, scenario(self._talk, name))
            problem = self._faults_of(text, name)
            if problem:
                raise LineError(f"not saved: {problem}")
            self._saved.write_text(text, "utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise LineError(f"{self._saved}: {error}") from error
        self._say(f"saved in {self._saved.as_posix()}; `ivr test -k '{name}'` runs it", "cyan")

    def _faults_of(self, text: str, name: str) -> str:
        """What is wrong with the file that would be written, or with the scenario; "" when it holds."""
        sources = {**self._talk.library.texts, self._saved.name: text.encode()}
        opened = examine(self._folder, sources)
        own = [finding for finding in opened.errors if finding.file == self._saved.name]
        if own:
            return str(own[0])
        case = next(
            (case for case in opened.reading.cases if (case.file, case.name) == (self._saved.name, name)),
            None,
        )
        if case is None:
            return "it could not be read again"
        failures = run_scenario(self._talk.library, case).failures
        return f"turn {failures[0].turn}: {failures[0].cause}" if failures else ""

    # Out

    def _show(self) -> None:
        """What came of the last turn."""
        self._show_lines(self._talk.lines)
        if self._typing:
            self._say_all(showing.pending(self._talk.call), "cyan")

    def _show_lines(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if line.kind != "noted" or self._journal:
                mark, look = _LOOKS[line.kind]
                self._say(mark + line.text, look)

    def _say_all(self, lines: Iterable[str], style: str = "") -> None:
        for line in lines:
            self._say(line, style)

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style))


def checked(data: Mapping[str, Any], library: FlowLibrary) -> Given:
    """What is given, if it is right and the flows have what it names. Raises LineError."""
    try:
        given = Given.model_validate(data)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            hint = did_you_mean(place, Given.model_fields)
            raise LineError(f"`{place}` means nothing here; {hint or 'see `given` of a scenario'}") from error
        raise LineError(f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}") from error
    file = ScenarioFile.model_construct(given=given, scenarios=[])
    for finding in check_names([Written(Document("given", None), file)], library, library.texts):
        if finding.severity == "error":
            raise LineError(f"{finding.cause}{f'; {finding.suggestion}' if finding.suggestion else ''}")
    return given


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)
