"""Writes the picture and the table of docs/developers/agent-states.md. `--check`: only say whether they are current."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from routing.agent_diagram import markdown, mermaid

PAGE = Path(__file__).parents[1] / "docs" / "developers" / "agent-states.md"


def page(text: str) -> str:
    for name, made in (("picture", f"```mermaid\n{mermaid()}```\n"), ("table", markdown())):
        head, _, rest = text.partition(f"<!-- made: {name} -->\n")
        _, _, tail = rest.partition("<!-- end -->")
        text = f"{head}<!-- made: {name} -->\n{made}<!-- end -->{tail}"
    return text


def main() -> int:
    text = PAGE.read_text(encoding="utf-8")
    made = page(text)
    if "--check" in sys.argv:
        if made != text:
            print("docs/developers/agent-states.md is not current: run scripts/generate_agent_states.py")
        return int(made != text)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
