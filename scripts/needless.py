"""Packages of this environment that a hotline in service has no use for: `setup.py --service` removes them.

    .venv/bin/python scripts/needless.py test              what only the extra `test` brings
    .venv/bin/python scripts/needless.py test voices       and what only renders prompts

It prints one name a line. Wanted is what open-hotline needs itself, with every extra of its own that is not named,
and what these need in turn.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "open-hotline"
TOOLS = frozenset({"pip"})
"""Nobody's requirement, and needed: models are fetched by it."""


def wanted(
    project: str, extras: Iterable[str], requires: Callable[[str], Sequence[str] | None]
) -> frozenset[str]:
    """Names of all that `project` with these extras needs. requires: name -> lines as written, None: not here."""
    found: set[tuple[str, str]] = set()
    waiting = [(project, extra) for extra in ("", *extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for line in requires(name) or ():
            one = Requirement(line)
            if one.marker is None or one.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(one.name), each) for each in ("", *one.extras)]
    return frozenset(name for name, _ in found)


def _requires(name: str) -> list[str] | None:
    try:
        return metadata.requires(name)
    except metadata.PackageNotFoundError:
        return None


def main(without: Sequence[str]) -> int:
    extras = metadata.metadata(PROJECT).get_all("Provides-Extra", [])
    if unknown := set(without) - set(extras):
        print(f"no extra of {PROJECT}: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 1
    kept = wanted(PROJECT, [extra for extra in extras if extra not in without], _requires)
    here = {canonicalize_name(str(each.metadata["Name"])) for each in metadata.distributions()}
    print("\n".join(sorted(here - kept - TOOLS)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
