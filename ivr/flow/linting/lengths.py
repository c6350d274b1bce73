"""Prompts that nobody listens to the end of. Pure."""

from __future__ import annotations

from ivr.flow.linting.report import Report
from ivr.flow.model import FlowLibrary, PromptList
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.hangup import HangupNode
from ivr.flow.nodes.say import Say
from ivr.flow.pace import seconds_of

LONGEST_PROMPT_S = 15.0
"""One text."""
LONGEST_NODE_S = 45.0
"""All that a node says in one go, in one language."""


def check_lengths(library: FlowLibrary, report: Report) -> None:
    told: set[tuple[str, str]] = set()
    for node in library.nodes.values():
        said: list[PromptList] = []
        if isinstance(node, AskingNode):
            said = [prompts for _, prompts in node.prompts.by_count]
            if node.prompts.slow is not None:
                said.append(node.prompts.slow)
        elif isinstance(node, Say | HangupNode):
            said = [node.prompts]
        for prompts in said:
            total: dict[str, float] = {}
            for item in prompts.items:
                for language, text in library.prompts.get(item.id, {}).items():
                    if item.language not in ("", language):
                        continue
                    seconds = seconds_of(text, language)
                    total[language] = total.get(language, 0.0) + seconds
                    if seconds > LONGEST_PROMPT_S and (item.id, language) not in told:
                        told.add((item.id, language))
                        report(
                            node.id,
                            "long-prompt",
                            f"`{item.id}` takes about {seconds:.0f} s in `{language}`",
                            f"at most {LONGEST_PROMPT_S:.0f} s: split it, or say less",
                        )
            for language, seconds in total.items():
                if seconds > LONGEST_NODE_S:
                    report(
                        node.id,
                        "long-node",
                        f"`{node.id}` speaks for about {seconds:.0f} s in `{language}`",
                        f"at most {LONGEST_NODE_S:.0f} s: fewer choices, or a second question",
                    )
