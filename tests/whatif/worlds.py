"""Small scenarios for the tests of `ivr whatif`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ivr.whatif.files import load
from ivr.whatif.plan import Plan
from ivr.whatif.result import Result, result_of
from ivr.whatif.run import replicate_all

MINUTE, HOUR = 60.0, 3600.0


def scenario(**changes: Any) -> dict[str, Any]:
    """One type, twelve agents: 4.2 calls a minute of 2 min each; 2 hours."""
    written: dict[str, Any] = {
        "horizon": "2 h",
        "goal": 20,
        "types": {"calls": {"arrivals": "4.2/min", "talk": {"exponential": "2 min"}}},
        "groups": {"desk": {"agents": 12, "serves": ["calls"]}},
    }
    return {**written, **changes}


def planned(folder: Path, written: dict[str, Any] | str, **more: Any) -> Plan:
    file = folder / "scenario.yaml"
    file.write_text(
        written if isinstance(written, str) else yaml.safe_dump(written, allow_unicode=True), "utf-8"
    )
    return load(file, **more)


def simulated(folder: Path, written: dict[str, Any], replications: int = 3, seed: int = 1) -> Result:
    plan = planned(folder, written)
    return result_of(plan, replicate_all(plan, seed, replications, processes=1), seed)


def value(result: Result, name: str, type_: str = "") -> float:
    found = (result.types[type_] if type_ else result.all)[name].value
    assert found is not None
    return found
