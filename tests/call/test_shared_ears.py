"""Who is given up for whom when the recogniser can take no more."""

from __future__ import annotations

import asyncio

import pytest

from asr.protocol import AsrUnavailable, Failed, Hearing, ListenRequest
from ivr.call.shared_ears import SharedEars
from tests.support.scripted_ears import ScriptedEars
from tests.support.virtual_time import run_virtual

DIALOGUE = ListenRequest("zh", label="new")


def talk(call: str) -> ListenRequest:
    return ListenRequest("zh", label=call, continuous=True)


def message(recording: str) -> ListenRequest:
    return ListenRequest("zh", label=recording, continuous=True, priority="background")


async def until_over(hearing: Hearing) -> list[object]:
    """As whoever holds it does: hear it out, then let go."""
    heard: list[object] = [one async for one in hearing]
    await hearing.aclose()
    return heard


async def given_up(held: list[ListenRequest], wanted: ListenRequest) -> list[str]:
    """Labels of what made room for `wanted` where `held` fills the recogniser."""
    ears = ScriptedEars()
    ears.most = len(held)
    shared = SharedEars(ears)
    tasks = [
        (request.label, asyncio.create_task(until_over(await shared.open(request)), name="held"))
        for request in held
    ]
    await asyncio.sleep(1)
    try:
        hearing = await shared.open(wanted)
        await hearing.aclose()
        over = [(label, await task) for label, task in tasks if task.done()]
    finally:
        for _, task in tasks:
            task.cancel()
        await asyncio.gather(*(task for _, task in tasks), return_exceptions=True)
    for _, heard in over:
        (last,) = heard
        assert isinstance(last, Failed)
        assert last.cause == "overloaded"
    return [label for label, _ in over]


@pytest.mark.parametrize(
    ("held", "wanted", "over"),
    [
        ([talk("a"), talk("a"), talk("b"), talk("b"), DIALOGUE], DIALOGUE, ["b", "b"]),
        ([message("m"), talk("a"), talk("a")], DIALOGUE, ["m"]),
        ([message("m"), message("n"), talk("a")], talk("b"), ["n"]),
    ],
)
def test_the_youngest_of_least_worth_makes_room(
    held: list[ListenRequest], wanted: ListenRequest, over: list[str]
) -> None:
    async def main() -> None:
        assert await given_up(held, wanted) == over

    run_virtual(main)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [([DIALOGUE, DIALOGUE], DIALOGUE), ([talk("a"), DIALOGUE], talk("b")), ([talk("a")], message("m"))],
)
def test_nobody_makes_room_for_his_like(held: list[ListenRequest], wanted: ListenRequest) -> None:
    async def main() -> None:
        with pytest.raises(AsrUnavailable) as refused:
            await given_up(held, wanted)
        assert refused.value.cause == "overloaded"

    run_virtual(main)
