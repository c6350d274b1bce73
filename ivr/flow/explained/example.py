"""An explanation with its examples, and the hotline around them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

_AROUND = {
    "hotline.yaml": """\
hotline: example
languages: [zh, en]
fallback: person
always:
  person: {key: 0, say: {zh: 人工, en: person}, next: person}
""",
    "person.yaml": "flow: person\nnodes:\n  wait: {kind: queue, queue: general, next: hangup}\n",
    "queues.yaml": "queues: {general: {}}\n",
    "prompts/zh.yaml": "ask: 请按键\nbye: 再见\n",
    "prompts/en.yaml": "ask: Press a key\nbye: Goodbye\n",
}
_FILE = re.compile(r"^# ([\w./-]+\.(?:yaml|csv|wav))\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Explained:
    """bad, good: nodes of the flow `main`, or files, each after a line `# <its name>`. made: the bad one for real where
    it is too large to be written out, or no text: file -> content."""

    code: str
    why: str
    bad: str
    good: str
    made: Callable[[], dict[str, bytes]] | None = None


def files_of(example: str) -> dict[str, bytes]:
    """The hotline that the example stands in."""
    parts = _FILE.split(example)
    files = {**_AROUND, **dict(zip(parts[1::2], parts[2::2], strict=True))}
    if any(line.strip() and not line.startswith("#") for line in parts[0].splitlines()):
        files["main.yaml"] = "flow: main\nnodes:\n" + textwrap.indent(parts[0], "  ")
    files.setdefault("main.yaml", "flow: main\nnodes:\n  hello: {kind: say, prompt: bye, next: hangup}\n")
    # No text: the hotline without that file.
    return {name: text.encode() for name, text in files.items() if text.strip()}
