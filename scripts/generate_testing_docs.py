"""Writes docs/operators/testing.md: prose, the simulator's commands, scenarios' fields. `--check` only compares."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from generate_flow_docs import table
from pydantic import BaseModel

from ivr.cli.simulating.help import SECTIONS
from ivr.flow.scenarios import model

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "operators" / "testing.md"
PROSE = Path(__file__).with_name("testing.md")
_PLACE = re.compile(r"<<(?:(?P<kind>head|table):)?(?P<what>[\w:./-]+)>>")


def page() -> str:
    return _PLACE.sub(_shown, PROSE.read_text("utf-8"))


def _shown(found: re.Match[str]) -> str:
    kind, what = found["kind"], found["what"]
    if kind == "head":
        lines, _, file = what.partition(":")
        return "".join((ROOT / file).read_text("utf-8").splitlines(keepends=True)[: int(lines)])
    if kind == "table":
        chosen = getattr(model, what)
        assert issubclass(chosen, BaseModel)
        return table(chosen)
    if what == "turns":
        return table(model.Turn, but=model.Expectations)
    return _commands()


def _commands() -> str:
    parts = []
    for title, rows in SECTIONS:
        parts.append(f"| {title} | | |\n|---|---|---|\n")
        parts += [f"| `{row.line.replace('|', chr(92) + '|')}` | {row.en} | {row.zh} |\n" for row in rows]
        parts.append("\n")
    return "".join(parts).rstrip("\n")


def main() -> int:
    if "--check" in sys.argv:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == page():
            return 0
        print(f"{TARGET.name} is not current: run scripts/generate_testing_docs.py")
        return 1
    TARGET.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
