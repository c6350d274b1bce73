"""The counts are those of the status page, at each moment of some calls."""

from __future__ import annotations

from collections import Counter

from ivr.status import LiveStatus, TodayCount
from tests.call.scenes import play
from tests.support.call_house import House
from tests.support.virtual_time import VirtualClock
from web.api.status import AsteriskStatus, DatabaseStatus


def test_counts_and_page_agree() -> None:
    seen: list[tuple[int, int]] = []

    async def scene(here: House) -> None:
        clock = VirtualClock()
        status = LiveStatus(
            clock=clock,
            node="n1",
            registry=here.front_door.registry,
            dispatcher=here.dispatcher,
            today=TodayCount(clock),
            asterisk=lambda: AsteriskStatus(True),
            database=lambda: DatabaseStatus("sqlite", True),
            speech=tuple,
            phones=frozenset,
        )

        def agree() -> None:
            counts, page = status.counts(), status.snapshot()
            assert counts.calls == Counter(call.state for call in page.calls)
            assert counts.agents == Counter(agent.state for agent in page.agents)
            assert counts.queues == {
                queue.name: (queue.waiting, queue.longest_wait_s or 0.0, queue.agents_available)
                for queue in page.queues
            }
            talking = [agent.call_id for agent in page.agents if agent.state == "talking"]
            assert all(call in {one.call_id for one in page.calls} for call in talking)
            seen.append((counts.queues["general"][0], counts.agents.get("talking", 0)))

        callers = [here.ari.world.call("call", "12345", "trunk") for _ in range(3)]
        agree()
        await here.until(2.5)
        for caller in callers:
            here.ari.world.press(caller, "2")
        await here.until(3)
        agree()
        here.log_in("a1")
        for _ in range(8):
            await here.until(1)
            agree()
        for caller in callers:
            here.ari.world.hang_up(caller)
        await here.until(2)
        agree()

    play(scene)
    assert (3, 0) in seen, "three wait"
    assert (2, 1) in seen, "one talks, two wait"
    assert seen[-1] == (0, 0)
