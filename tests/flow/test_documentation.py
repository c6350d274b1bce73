"""What the language's page says is so: it is current, its examples load, every code is explained."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from ivr.flow.codes import CODES
from ivr.flow.load import load_sources
from ivr.flow.registry import KINDS
from tests.flow.support import ROOT

PAGE = ROOT / "docs" / "flow-language.md"


def test_the_page_is_current() -> None:
    command = [sys.executable, "scripts/generate_flow_docs.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _words(node: ast.expr) -> set[str]:
    """The texts that an argument can be: a literal, or either side of a condition."""
    if isinstance(node, ast.IfExp):
        return _words(node.body) | _words(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def test_every_code_that_the_language_says_is_explained_and_no_other() -> None:
    said = {"routing"}
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
    assert said == set(CODES)


@pytest.mark.parametrize("name", KINDS)
def test_the_example_of_each_kind_is_read(name: str) -> None:
    """Every name that it mentions is there: the example itself has no fault."""
    example = KINDS[name].example
    own = re.match(r"(\w+):", example)
    assert own is not None
    targets = {
        "question",
        "complaint",
        "person",
        "keys",
        "read_back",
        "thanks",
        "goodbye",
        "sorry",
        "survey",
        "next",
    }
    others = "".join(f"  {target}: {{kind: hangup}}\n" for target in sorted(targets - {own.group(1), "next"}))
    more = "".join(f"  {target}: {{kind: hangup}}\n" for target in ("queue", "night") if name == "hours")
    flow = "flow: main\nvariables: {topic: '', said: '', rating: 0, tries: 0}\nnodes:\n"
    flow += "".join(f"  {line}\n" for line in example.splitlines()) + others + more
    ids = set(re.findall(r"\b[a-z]+\.[a-z_]+\b", example)) | {"goodbye"}
    texts = "".join(f"{each}: x\n" for each in sorted(ids))
    files = {
        "main.yaml": flow,
        "hotline.yaml": "hotline: t\nlanguages: [zh, en]\nfallback: main.goodbye\n"
        "calendars: {desk: {weekly: {daily: open}}}\n"
        if own.group(1) != "goodbye"
        else "hotline: t\nlanguages: [zh, en]\n",
        "prompts/zh.yaml": texts,
        "prompts/en.yaml": texts,
    }
    library = load_sources({file: text.encode() for file, text in files.items()})
    assert library.nodes[f"main.{own.group(1)}"].kind == name


def test_the_smallest_flow_of_the_page_loads() -> None:
    (flow,) = re.findall(r"A smallest flow:\n```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    files = {
        "main.yaml": flow,
        "hotline.yaml": "hotline: t\nlanguages: [zh, en]\nfallback: main.wait\n",
        "prompts/zh.yaml": "menu.choices: 投诉请按1\n",
        "prompts/en.yaml": "menu.choices: To complain press 1\n",
    }
    assert not load_sources({name: text.encode() for name, text in files.items()}).findings
