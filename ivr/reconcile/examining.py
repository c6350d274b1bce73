"""`ivr doctor --live`: what a running server says of itself, as the doctor's findings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from ivr.config import Settings
from ivr.doctor.examining import Finding
from ivr.reconcile.door import ask

AGAIN = "it is repaired within seconds: run this again; if it stays, report it with the log"


async def check_live(settings: Settings) -> AsyncIterator[Finding]:
    folder = settings.state_dir
    try:
        told = await ask(folder)
    except (TimeoutError, ValueError) as error:
        mend = "look at its log; `ivr doctor` without --live looks at the machine"
        yield Finding("server", "fail", f"{folder}: no sound answer ({error or 'in time'})", mend)
        return
    if told is None:
        mend = "start it with `ivr run`, or name its settings: --config"
        yield Finding("server", "fail", f"no server answers in {folder}", mend)
        return
    for finding in findings_of(told):
        yield finding


def findings_of(told: dict[str, Any]) -> list[Finding]:
    counts = ", ".join(f"{count} {what}" for what, count in told["counts"].items())
    found = [Finding("server", "ok", f"node {told['node']}: {counts}")]
    if told.get("error"):
        mend = "is Asterisk up? see /healthz"
        found.append(Finding("asterisk", "fail", f"cannot be asked: {told['error']}", mend))
    found += [
        Finding(one["code"].replace("_", " "), "fail", f"{one['subject']}: {one['why']}", AGAIN)
        for one in told["findings"]
    ]
    if not told["findings"] and not told.get("error"):
        found.append(Finding("three views", "ok", "our records, Asterisk and the telephones say the same"))
    done = ", ".join(f"{code} {count}" for code, count in told["repairs"].items())
    if done:
        mend = "each one stands in the log with its reason (`repair:`)"
        found.append(Finding("repairs", "warn", f"since the start: {done}", mend))
    else:
        found.append(Finding("repairs", "ok", "none since the start"))
    if told["repairs_failed"]:
        found.append(Finding("repairs", "warn", f"{told['repairs_failed']} were refused and tried again"))
    return found
