"""Events that Asterisk is asked not to send are events that nobody waits for."""

from __future__ import annotations

import re
from pathlib import Path

from ivr.opening import UNWANTED

IVR = Path(__file__).parents[2] / "ivr"


def test_nobody_waits_for_an_event_that_is_not_sent() -> None:
    known = (IVR / "ari" / "generated" / "events.py").read_text(encoding="utf-8")
    assert all(f"class {name}(" in known for name in UNWANTED), "a name that Asterisk does not have"
    files = [
        path for path in IVR.rglob("*.py") if "generated" not in path.parts and path.name != "opening.py"
    ]
    used = {name for path in files for name in re.findall(r"\b\w+\b", path.read_text(encoding="utf-8"))}
    assert not UNWANTED & used
