"""All tests, in four parts: `make test`.

pure   no peers: as many at once as there are processors
real   a real Asterisk, Postgres, telephones: they mostly wait, so one more than processors
voice  callers who speak to a recogniser, one after the other: whoever listens beside others is refused, as designed
chaos  faults into real calls, one after the other, alone: what is measured is how soon all is well again

A call is real time. A few tests of `real` and `voice` that fail beside others are placed once more, alone; both
outcomes are printed, and one that fails again fails the run. No other test is run again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AGAIN_AT_MOST = 3
"""More than these fail for a reason."""
REPORTS = ROOT / "var" / "tests"


@dataclass(frozen=True)
class Part:
    name: str
    chosen: str
    workers: int
    again: bool

    def arguments(self) -> list[str]:
        spread = ["-n", str(self.workers), "--dist", "loadfile", "--no-loadscope-reorder"]
        return [*(spread if self.workers > 1 else []), "-m", self.chosen]


def parts(processors: int) -> list[Part]:
    return [
        Part("pure", "not real and not voice", max(2, processors), again=False),
        Part("real", "real and not voice and not chaos", max(2, processors) + 1, again=True),
        Part("voice", "voice", 1, again=True),
        Part("chaos", "chaos", 1, again=False),
    ]


def run(name: str, arguments: list[str]) -> tuple[int, list[str]]:
    """(pytest's exit code, the tests that failed, as pytest takes them)."""
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", f"--junitxml={report}", "-o", "junit_family=xunit1", *arguments],
        cwd=ROOT,
        env=surroundings(),
        check=False,
    )
    return done.returncode, failed_in(report) if report.exists() else []


def surroundings() -> dict[str, str]:
    """Hotlines and commands that tests start load byte code instead of compiling ours and others' modules each time."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(ROOT / "var" / "pycache"), **kept}


def failed_in(report: Path) -> list[str]:
    """From pytest's own report. A test that failed in its set-up or its end counts too."""
    found: dict[str, None] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            inside = case.get("classname", "").removeprefix(
                case.get("file", "").removesuffix(".py").replace("/", ".")
            )
            names = [case.get("file", ""), *filter(None, inside.split(".")), case.get("name", "")]
            found["::".join(names)] = None
    return list(found)


def main() -> int:
    REPORTS.mkdir(parents=True, exist_ok=True)
    told: list[str] = []
    code = 0
    for part in parts(os.cpu_count() or 2):
        began = time.monotonic()
        status, failed = run(part.name, part.arguments())
        if status == 1 and part.again and 0 < len(failed) <= AGAIN_AT_MOST:
            print(f"\n== {part.name}: failed beside others, once more alone: {' '.join(failed)}", flush=True)
            status, still = run(f"{part.name}-again", failed)
            told += [
                f"FAILED TWICE {one}" if one in still else f"failed beside others, passed alone: {one}"
                for one in failed
            ]
        code = code or status
        told.append(
            f"{part.name}: {'passed' if status == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s"
        )
    print("\n== tests\n" + "\n".join(told), flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
