"""What docs/expressions.md says is so: it is current, its examples pass the check and run."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from ivr.flow.expressions import BOOL, Expression, check, parse_declaration
from ivr.flow.expressions.added import FUNCTIONS
from ivr.flow.expressions.tables import GROUPS
from ivr.flow.yaml_source import read
from tests.flow.expressions.example_scope import SCOPE, TYPES
from tests.flow.support import ROOT

PAGE = (ROOT / "docs" / "expressions.md").read_text("utf-8")


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


EXAMPLES = [
    row.replace("\\|", "|")
    for row in re.findall(r"^\| `(.*?)` \| ", section("Examples from a hotline"), re.MULTILINE)
]


def test_the_page_is_current() -> None:
    command = [sys.executable, "scripts/generate_expression_docs.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_a_dozen_examples_at_least() -> None:
    assert len(EXAMPLES) >= 12


@pytest.mark.parametrize("source", EXAMPLES)
def test_the_examples_pass_the_check_and_run(source: str) -> None:
    result = check(source, TYPES)
    assert result.faults == ()
    value = Expression(source).evaluate(SCOPE)
    assert isinstance(value, bool) == (result.type == BOOL)


def test_the_variables_of_the_page_are_declared_as_it_says() -> None:
    (block,) = re.findall(r"```yaml\n(variables:.*?)```", PAGE, re.DOTALL)
    data = read("page.yaml", block.encode()).data
    assert isinstance(data, dict)
    variables = data["variables"]
    assert isinstance(variables, dict)
    kinds = [parse_declaration(raw)[0].kind for raw in variables.values()]
    assert kinds == ["int", "text", "text", "date", "double", "any"]


def test_every_function_has_its_place_on_the_page() -> None:
    shown = [name for names in GROUPS.values() for name in names]
    assert sorted(shown) == sorted(FUNCTIONS)


@pytest.mark.parametrize(
    ("source", "value"),
    [("7 / 2 == 3", True), ("'8:00' > '17:30'", True), ("'08:00' > '17:30'", False), ("now.getMonth()", 10)],
)
def test_the_pitfalls_are_so(source: str, value: object) -> None:
    assert Expression(source).evaluate(SCOPE) == value
