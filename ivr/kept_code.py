"""What is compiled while modules are loaded is kept, as their own byte code is.

    with kept_code(place_of(__file__)):
        import ...

Python keeps the byte code of what is written in a file. A dataclass writes its `__init__`, `__eq__` and the like as
text when its module is loaded, and compiles that at each start: 3,700 functions, for which the callers of a controller
that was killed wait (docs/decisions/0230).
"""

from __future__ import annotations

import builtins
import contextlib
import dataclasses
import importlib.util
import marshal
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any


def place_of(module_file: str) -> Path:
    """Beside the byte code of this module: under the same Python's name, and with the same owner."""
    return Path(importlib.util.cache_from_source(module_file)).with_suffix(".generated")


@contextlib.contextmanager
def kept_code(place: Path) -> Iterator[None]:
    """What dataclasses compile meanwhile comes from the file, and is in it afterwards; without a file that can be read
    or written it is compiled as usual. A text is found by itself, so that nothing in it can be out of date."""
    known = _read(place)
    used: dict[str, CodeType] = {}

    def run(text: str, names: dict[str, Any], *more: Any) -> None:
        code = used.get(text) or known.get(text)
        if code is None:
            code = compile(text, "<string>", "exec")
        used[text] = code
        builtins.exec(code, names, *more)

    # `exec` is a built-in function; a global of this name in the module that calls it goes before that.
    vars(dataclasses)["exec"] = run
    try:
        yield
    finally:
        del vars(dataclasses)["exec"]
    if not used.keys() <= known.keys() and not sys.dont_write_bytecode:
        _write(place, used)


def _read(place: Path) -> dict[str, CodeType]:
    try:
        found = marshal.loads(place.read_bytes())
    except (OSError, EOFError, ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(place: Path, codes: dict[str, CodeType]) -> None:
    draft = place.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(marshal.dumps(codes))
        draft.replace(place)
