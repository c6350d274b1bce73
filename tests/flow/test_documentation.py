"""What the language's page says is so: it is current, its examples load, every code is explained."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from ivr.flow.codes import CODES
from ivr.flow.expressions import CODES as EXPRESSION_CODES
from ivr.flow.load import load_sources
from ivr.flow.registry import KINDS
from ivr.flow.yaml_source import read
from tests.flow.support import ROOT

PAGE = ROOT / "docs" / "flow-language.md"


@pytest.mark.parametrize("script", ["generate_flow_docs.py", "generate_testing_docs.py"])
def test_the_page_is_current(script: str) -> None:
    command = [sys.executable, f"scripts/{script}", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _words(node: ast.expr) -> set[str]:
    """The texts that an argument can be: a literal, or either side of a condition."""
    if isinstance(node, ast.IfExp):
        return _words(node.body) | _words(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def _texts_of_the_code() -> set[str]:
    """Every text literal of what finds faults, the tables of codes themselves left out."""
    rooms = ("ivr/flow", "ivr/cli", "ivr/prompts", "routing")
    files = [file for room in rooms for file in (ROOT / room).rglob("*.py") if "code" not in file.as_posix()]
    return {
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_code_that_the_language_says_is_explained_and_no_other() -> None:
    said = {"routing", *EXPRESSION_CODES}
    for file in [*(ROOT / "ivr" / "flow").rglob("*.py"), ROOT / "ivr" / "cli" / "check.py"]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or file.name == "codes.py":
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = {"Finding": 3, "_refused": 2, "_no": 1, "_report": 2, "report": 1, "fault": None}.get(
                name, -1
            )
            if place == -1:
                continue
            # `fault` of a node begins with the path, that of the library with document and path.
            places = (1, 2) if place is None else (place,)
            found = [word for at in places if at < len(node.args) for word in _words(node.args[at])]
            said |= {word for word in found if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", word)}
    assert said <= set(CODES)
    assert set(CODES) - said <= _texts_of_the_code()


TARGETS = (
    *(
        "question",
        "holiday_greeting",
        "complaint",
        "person",
        "keys",
        "read_back",
        "thanks",
        "goodbye",
        "sorry",
        "survey",
        "queue",
    ),
    *(
        "night",
        "dial",
        "search",
        "ticket",
        "nothing_said",
        "promised",
        "wait",
        "tell",
        "not_found",
        "callback",
    ),
)
HOTLINE = """\
hotline: t
languages: [zh, en]
fallback: main.goodbye
calendars: {desk: {weekly: {daily: open}}}
numbers: {police: "110"}
requests: {hosts: [api.city.example]}
sources: {tickets: {table: tables/tickets.csv, key: [number]}}
variables:
  {topic: "", said: "", rating: 0, tries: 0, why: "", ticket: "", callback_number: "", slot: "", chosen_slot: "",
  free_slots: {type: list}}
"""
APPOINTMENT = """\
flow: appointment
parameters: {department: text}
results: {chosen_slot: text}
events: [appointment.full]
nodes: {done: {kind: return}}
"""


@pytest.mark.parametrize("name", KINDS)
def test_the_example_of_each_kind_is_read(name: str) -> None:
    """Every name that it mentions is there: the example itself has no fault."""
    example = KINDS[name].example
    own = re.match(r"(\w+):", example)
    assert own is not None
    others = "".join(f"  {target}: {{kind: hangup}}\n" for target in TARGETS if target != own.group(1))
    flow = "flow: main\nresults: {chosen_slot: text}\nnodes:\n"
    flow += "".join(f"  {line}\n" for line in example.splitlines()) + others
    ids = set(re.findall(r"\b[a-z]+\.[a-z_]+\b", example)) | {"goodbye"}
    texts = "".join(f"{each}: x\n" for each in sorted(ids))
    files = {
        "main.yaml": flow,
        "appointment.yaml": APPOINTMENT,
        "hotline.yaml": HOTLINE.replace("fallback: main.goodbye\n", "")
        if own.group(1) == "goodbye"
        else HOTLINE,
        "prompts/zh.yaml": texts,
        "prompts/en.yaml": texts,
        "tables/tickets.csv": "number,state\n1,open\n",
    }
    library = load_sources({file: text.encode() for file, text in files.items()})
    assert library.nodes[f"main.{own.group(1)}"].kind == name


def test_every_piece_of_yaml_on_the_page_can_be_read() -> None:
    """Pieces with `...` in them are sketches of their own files; the rest is YAML as it stands."""
    page = PAGE.read_text("utf-8")
    pieces = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(pieces) > len(KINDS)
    for piece in pieces:
        if "..." not in piece:
            assert read("page.yaml", piece.encode()).data, piece


def test_every_place_that_the_page_leads_to_is_there() -> None:
    page = PAGE.read_text("utf-8")
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
    for link in re.findall(r"\]\(([^)]+)\)", page):
        if link.startswith("#"):
            assert link[1:] in anchors, link
        elif not link.startswith("https:"):
            assert (PAGE.parent / link.partition("#")[0]).is_file(), link
