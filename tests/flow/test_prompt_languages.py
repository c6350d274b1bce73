"""A prompt that is said in one language whatever the call's is needs a text in that one only."""

from __future__ import annotations

import pytest

from tests.flow.support import Dialogue, faults, library

FLOW = """
  begin: {kind: say, prompt: PROMPT, next: bye}
  bye: {kind: hangup, prompt: bye}
"""
ENGLISH = {
    "prompts/en.yaml": "ask: Choose\nbye: Goodbye\nonly: Only here\n",
    "prompts/zh.yaml": "ask: 请选择\nbye: 再见\n",
}


@pytest.mark.parametrize(
    ("prompt", "severity"),
    [
        ("{id: only, language: en}", []),
        ("{id: only, language: zh}", ["error"]),
        ("[{id: only, language: en}, {id: only, language: zh}]", ["error"]),
        ("only", ["error"]),
        ("[only, {id: only, language: en}]", ["error"]),
        ("ask", ["warning"]),
    ],
)
def test_a_text_is_needed_where_it_is_said(prompt: str, severity: list[str]) -> None:
    found = faults(FLOW.replace("PROMPT", prompt), more=ENGLISH)
    assert [each.severity for each in found if each.code == "missing-translation"] == severity


def test_it_is_said_in_a_call_of_another_language() -> None:
    call = Dialogue(library(FLOW.replace("PROMPT", "{id: only, language: en}"), more=ENGLISH))
    assert call.state.language == "zh"
    assert call.heard() == ["only"]


@pytest.mark.parametrize(("name", "heard"), [("Li", 2), ("", 1)])
def test_a_text_written_in_a_flow_may_have_a_condition(name: str, heard: int) -> None:
    prompt = "[{zh: 您好, en: Hello, if: name != ''}, ask]"
    call = Dialogue(library(FLOW.replace("PROMPT", prompt), f"variables: {{name: '{name}'}}\n"))
    assert len(call.heard()) == heard


def test_a_condition_alone_is_no_prompt() -> None:
    assert [each.code for each in faults(FLOW.replace("PROMPT", "[{if: 'true'}]"))] == ["bad-prompt"]
