"""What each code of `ivr check` means, at length, with an example that is wrong and the same put right. Data; pure.

Each example is run by the tests: the wrong one gives exactly its code, the right one no finding at all.
"""

from __future__ import annotations

import textwrap

from ivr.flow.codes import CODES
from ivr.flow.explained import (
    expressions,
    files,
    names,
    nodes,
    prompts,
    sources,
    understanding,
    variables,
    ways,
)
from ivr.flow.explained.example import Explained

EXPLAINED: dict[str, Explained] = {
    each.code: each
    for part in (files, names, sources, nodes, variables, prompts, expressions, ways, understanding)
    for each in part.EXPLAINED
}


def explanation(code: str) -> str | None:
    """For a terminal; None for a code that is none."""
    found = EXPLAINED.get(code)
    if found is None:
        return None
    why = textwrap.fill(" ".join(found.why.split()), 100)
    wrong, right = (textwrap.indent(text.rstrip(), "    ") for text in (found.bad, found.good))
    return f"{code}: {CODES[code]}\n\n{why}\n\nWrong:\n{wrong}\n\nRight:\n{right}"
