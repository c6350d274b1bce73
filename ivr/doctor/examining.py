"""What a check and its findings are, and how checks are carried out.

    findings = await examine(settings, CHECKS)              # of `checks.py`
    findings = await examine(settings, (*CHECKS, mine))     # and another room's

A check is an async function of the settings that yields findings. One that fails by itself is a finding too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from ivr.config import Settings
from ivr.errors import HotlineError

Status = Literal["ok", "warn", "fail"]

CHECK_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's. mend: what a person can do; empty when nothing needs doing."""

    name: str
    status: Status
    detail: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


Check = Callable[[Settings], AsyncIterator[Finding]]


async def examine(settings: Settings, checks: Iterable[Check]) -> list[Finding]:
    """All findings, in the order of the checks. Raises nothing of the checks' own."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_run(check, settings), name=f"doctor-{check.__name__}") for check in checks
        ]
    return [finding for task in tasks for finding in task.result()]


async def _run(check: Check, settings: Settings) -> list[Finding]:
    name = check.__name__.removeprefix("check_").replace("_", " ")
    found: list[Finding] = []
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            async for finding in check(settings):
                # One by one, so that what came before an error is kept.
                found.append(finding)
    except TimeoutError:
        found.append(Finding(name, "fail", f"no answer within {CHECK_TIMEOUT_S:.0f} s", "run it again"))
    except HotlineError as error:
        found.append(Finding(name, "fail", str(error), error.mend))
    except Exception as error:  # a broken check must not hide what the others found
        found.append(Finding(name, "fail", f"{type(error).__name__}: {error}", "please report this"))
    return found


def worst(findings: Sequence[Finding]) -> Status:
    statuses = {finding.status for finding in findings}
    return "fail" if "fail" in statuses else "warn" if "warn" in statuses else "ok"
