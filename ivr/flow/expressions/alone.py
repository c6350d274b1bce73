"""The expression engine without the console that comes with it.

`import cel` imports a console of its own too, with two libraries for terminals: 240 modules that nothing here uses, and
callers of a controller that ended hear nothing while the next one loads them.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Final

CONSOLE: Final = "cel.cli"

_stand_in = ModuleType(CONSOLE)
sys.modules.setdefault(CONSOLE, _stand_in)

import cel  # noqa: E402
from cel import stdlib  # noqa: E402

if sys.modules[CONSOLE] is _stand_in:
    del sys.modules[CONSOLE]  # whoever wants it gets the real one

__all__ = ["cel", "stdlib"]
