"""Hotlines as careless and hostile people would write them: sound ones with something done to a file of theirs.

Everything comes from a seed, so a seed names what was found. `checked` reads such a hotline the way `ivr check` does
and says what must never be: anything raised but located findings, a finding without its place, words of Python.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from bench.big_hotline import sources as all_kinds
from ivr.cli.checking import routing_findings
from ivr.flow import machine
from ivr.flow.actions import Note
from ivr.flow.codes import CODES
from ivr.flow.expressions import CODES as EXPRESSION_CODES
from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.load import load_sources, read_folder
from ivr.flow.scenarios.naming import check_names
from ivr.flow.scenarios.reading import read_all
from ivr.flow.state import CallFacts
from ivr.flow.yaml_source import read
from tests.support.hostile import BOMBS, EXPRESSIONS, PIECES, SHARED, VALUES

ROOT: Final = Path(__file__).parents[2]
NOON: Final = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.UTC)
SLOW_S: Final = 5.0
"""Of the processor, for one hotline of ordinary size, however it was changed: more is a way to hold up a server."""
LONGEST_CAUSE: Final = 400

Files = Mapping[str, bytes]
Text = Callable[[random.Random, str], str]


@dataclass(frozen=True, slots=True)
class Mutant:
    """file: the one that was changed. ways: how."""

    seed: int
    base: str
    file: str
    ways: tuple[str, ...]
    files: Files

    @property
    def of_routing(self) -> bool:
        return self.file in ("queues.yaml", "agents.yaml")


@dataclass(slots=True)
class Verdict:
    """wrong: what must never be. codes: of the findings. seconds: of the processor."""

    wrong: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    loaded: bool = False
    seconds: float = 0.0


@cache
def bases() -> dict[str, Files]:
    """Sound hotlines: those that ship, and two that have everything."""
    flows = ROOT / "flows"
    found: dict[str, Files] = {"shipped": _with_scenarios(flows)}
    for example in sorted((flows / "examples").iterdir()):
        found[example.name] = _with_scenarios(example)
    found["kitchen_sink"] = read_folder(ROOT / "tests" / "flow" / "data" / "kitchen_sink")
    found["all_kinds"] = all_kinds(flows=1, nodes=24)
    found["shared"] = {name: text.encode() for name, text in SHARED.items()}
    return {name: files for name, files in found.items() if any(file.endswith(".yaml") for file in files)}


def _with_scenarios(folder: Path) -> Files:
    return {
        **read_folder(folder),
        **{file.name: file.read_bytes() for file in folder.glob("*.scenario.yaml")},
    }


def mutant(seed: int, base: str = "") -> Mutant:
    chance = random.Random(seed)
    known = bases()
    # The shipped one takes ten times as long as the others to read.
    name = base or chance.choices([*known], [1 if each == "shipped" else 4 for each in known])[0]
    files = known[name]
    file = chance.choice([*files])
    if chance.random() < 0.02:
        bomb = chance.choice([*BOMBS])
        return Mutant(seed, name, file, (bomb,), {**files, file: BOMBS[bomb]().encode()})
    data = files[file]
    ways: list[str] = []
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        way = chance.choice(_WAYS)
        ways.append(way.__name__.strip("_"))
        data = way(chance, data)
    return Mutant(seed, name, file, tuple(ways), {**files, file: data})


# Ways to change a file. As data:


def _structure(chance: random.Random, data: bytes) -> bytes:
    try:
        tree: Any = read("x.yaml", data).data
    except FlowLoadError:
        return _in_bytes(chance, data)
    places = list(_places(tree))
    if not places:
        return _in_bytes(chance, data)
    for _ in range(chance.choice((1, 1, 2))):
        holder, key = chance.choice(places)
        _change(chance, holder, key, places)
    try:
        text = yaml.dump(
            tree,
            Dumper=yaml.CSafeDumper,
            allow_unicode=True,
            sort_keys=False,
            default_flow_style=chance.choice((None, False, True)),
            width=chance.choice((40, 100_000)),
        )
    except (yaml.YAMLError, RecursionError):
        return _in_bytes(chance, data)
    return str(text).encode("utf-8", "surrogatepass")


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (mapping or list, key or index)."""
    found: list[tuple[Any, Any]] = []
    todo, seen = [tree], set()
    while todo:
        each = todo.pop()
        if id(each) in seen or not isinstance(each, dict | list):
            continue
        seen.add(id(each))
        for key in each if isinstance(each, dict) else range(len(each)):
            found.append((each, key))
            todo.append(each[key])
    return found


def _change(chance: random.Random, holder: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    if isinstance(holder, dict) and key not in holder or isinstance(holder, list) and key >= len(holder):
        return  # an earlier change took it away
    other, at = chance.choice(places)
    what = chance.randrange(8)
    if what == 0:
        del holder[key]
    elif what == 1 and isinstance(holder, dict) and isinstance(key, str):
        renamed = chance.choice(
            (key[:-1], key + "s", key.upper(), key[::-1], "", " ", "<<", "kind", "=1", "é" + key)
        )
        holder[renamed] = holder.pop(key)
    elif what == 2 and (
        isinstance(other, dict) and at in other or isinstance(other, list) and at < len(other)
    ):
        holder[key] = other[at]  # as an alias: perhaps of something that holds it
    elif what == 3:
        holder[key] = {chance.choice(("x", "kind", "id", "type", "by", "1", "")): holder[key]}
    elif what == 4:
        holder[key] = [holder[key]] * chance.choice((1, 2, 30))
    elif what == 5 and isinstance(holder, dict):
        holder[chance.choice(("x", "next", "on", "if", "say", "set", "always", "note", "zz" * 40))] = (
            chance.choice(VALUES)
        )
    elif what == 6 and isinstance(holder[key], str):
        holder[key] = chance.choice(EXPRESSIONS)
    else:
        holder[key] = chance.choice(VALUES)


# As text:


def _in_text(change: Text) -> Callable[[random.Random, bytes], bytes]:
    def way(chance: random.Random, data: bytes) -> bytes:
        text = data.decode("utf-8", "surrogateescape")
        return change(chance, text).encode("utf-8", "surrogateescape")

    way.__name__ = change.__name__
    return way


def _cut(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at + chance.randrange(40) :]


def _insert(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(PIECES) + text[at:]


def _replace(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(PIECES) + text[at + chance.randrange(40) :]


def _scalar(chance: random.Random, text: str) -> str:
    """Another value after a colon."""
    ends = [match.end() for match in re.finditer(r": (?=\S)", text)]
    if not ends:
        return text
    at = chance.choice(ends)
    end = re.compile(r"[,}\]\n]|$").search(text, at)
    assert end is not None
    return text[:at] + chance.choice((*EXPRESSIONS, *PIECES)) + text[end.start() :]


def _lines(chance: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    what = chance.randrange(5)
    if what == 0:
        lines.insert(at, lines[at])
    elif what == 1:
        del lines[at]
    elif what == 2:
        lines[at] = " " * chance.randrange(9) + lines[at].lstrip()
    elif what == 3:
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines[at] = lines[at].rstrip("\n") + chance.choice(("x", " y", "\t", " #")) * 3000 + "\n"
    return "".join(lines)


def _anchors(chance: random.Random, text: str) -> str:
    """A name for a value, and somewhere an alias of it."""
    ends = [match.end() for match in re.finditer(r": (?=\S)|:(?=\n)", text)]
    if len(ends) < 2:
        return text
    first, second = sorted(chance.sample(ends, 2))
    alias = chance.choice((" *a", " {<<: *a}", " [*a, *a]", " {<<: [*a, *a], x: *a}"))
    end = text.find("\n", second)
    rest = text[end:] if end >= 0 and chance.random() < 0.7 else text[second:]
    return text[:first] + " &a " + text[first:second] + alias + rest


# As bytes:


def _in_bytes(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    what = chance.randrange(7)
    if what == 0:
        return data[:at] + bytes(chance.randrange(256) for _ in range(3)) + data[at:]
    if what == 1:
        return data[:at]
    if what == 2:
        return (
            data[:at]
            + chance.choice((b"\xed\xa0\x80", b"\x00", b"\xef\xbb\xbf", b"\xc0\xaf", b"\xff"))
            + data[at:]
        )
    if what == 3:
        return chance.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) + data
    if what == 4:
        return data.decode("utf-8", "replace").encode(chance.choice(("utf-16", "utf-32", "gb18030")))
    if what == 5:
        return data.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\xc2\x85", b"\xe2\x80\xa8")))
    return data[:at] + data[at : at + 200] * chance.randrange(2, 20) + data[at:]


_WAYS: Final = (
    *(_structure,) * 6,
    *(_in_text(each) for each in (_cut, _insert, _replace, _scalar, _scalar, _lines, _lines, _anchors)),
    _in_bytes,
)


# What must never be:

_LINE_END: Final = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")

_PYTHON: Final = re.compile(
    r"<class|<\w[\w.]* object|object at 0x|\bNoneType\b|Traceback|\b\w*(?:Error|Exception)\b|\b\w+Model\b|pydantic"
    r"|\bdict(?:ionary)?\b|\bTrue\b|\bFalse\b|\bNone\b|valid string|valid integer|frozenset|instance of"
)


def checked(files: Files, *, routing: bool = False) -> Verdict:
    """Read as `ivr check` reads it. routing: its two files too, which takes as long as all others together."""
    verdict = Verdict()
    begin = time.process_time()
    findings: list[Finding] = []
    try:
        try:
            library = load_sources(files)
            findings += library.findings
            verdict.loaded = True
        except FlowLoadError as error:
            findings += error.findings
            if not any(each.severity == "error" for each in error.findings):
                verdict.wrong.append("refused without an error")
        else:
            step = machine.start(
                library, "", CallFacts("c-1", caller="13812345678", speech=("zh", "en")), NOON
            )
            if any(isinstance(each, Note) and each.kind == "machine_error" for each in step.actions):
                verdict.wrong.append("loaded, and yet its first step fails")
        reading = read_all(files)
        findings += reading.findings
        if verdict.loaded:
            findings += check_names(reading.files, library, files, lambda name: name.endswith(".wav"))
        if routing:
            findings += routing_findings(files, NOON)[2]
    except Exception:  # whatever it is, it is what is looked for
        verdict.wrong.append(traceback.format_exc(limit=-6))
    verdict.seconds = time.process_time() - begin
    if verdict.seconds > SLOW_S:
        verdict.wrong.append(f"slow: {verdict.seconds:.1f} s")
    verdict.codes = [finding.code for finding in findings]
    texts = {name: source.decode("utf-8", "replace") for name, source in files.items()}
    written = "\n".join(texts.values())
    lines = {name: len(_LINE_END.findall(text)) + 2 for name, text in texts.items()}
    for finding in findings:
        verdict.wrong += [f"{each}: {finding!r}"[:1000] for each in _wrong_with(finding, lines, written)]
    return verdict


def _wrong_with(finding: Finding, lines: Mapping[str, int], written: str) -> list[str]:
    """lines: file -> the last line that a place may have."""
    wrong = []
    if finding.code not in CODES:
        wrong.append("a code that nobody explains")
    if not (finding.line >= 1 and finding.column >= 1 or finding.line == finding.column == 0):
        wrong.append("no place")
    if finding.file and finding.line > lines.get(finding.file, 0):
        wrong.append("a place after the end")
    if finding.code not in EXPRESSION_CODES:  # where texts are written so
        wrong += [
            f"written as in Python: {each}"
            for each in re.findall(r"[\[{(]'", finding.cause)
            if each not in written
        ]
    for text in (finding.cause, finding.suggestion):
        if not text.isprintable():
            wrong.append("characters that cannot be shown")
        if len(text) > LONGEST_CAUSE:
            wrong.append("too many words")
        wrong += [f"words of Python: {each}" for each in _PYTHON.findall(text) if each not in written]
    if not finding.cause.strip():
        wrong.append("no cause")
    return wrong
