"""The turned clock: hours pass in no time, a hang is an error, a leaked task fails."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.virtual_time import VirtualClock, run_virtual


def test_hours_pass_at_once_and_in_order() -> None:
    async def main() -> list[str]:
        clock = VirtualClock()
        start = clock.now()
        seen: list[str] = []

        async def after(seconds: float, name: str) -> None:
            await asyncio.sleep(seconds)
            seen.append(f"{name} {(clock.now() - start).total_seconds():.0f}")

        async with asyncio.TaskGroup() as group:
            group.create_task(after(7200, "late"))
            group.create_task(after(60, "early"))
        return seen

    assert run_virtual(main) == ["early 60", "late 7200"]


def test_a_wait_for_nothing_is_an_error() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="hangs"):
        run_virtual(main)


def test_a_leaked_task_fails() -> None:
    async def main() -> None:
        asyncio.get_running_loop().create_task(asyncio.sleep(3600), name="forgotten")

    with pytest.raises(AssertionError, match="forgotten"):
        run_virtual(main)
