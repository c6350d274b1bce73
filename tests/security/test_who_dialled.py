"""An agent's telephone says what is dialled, never who dialled."""

from __future__ import annotations

import pytest

from ivr.call.front_door import dialled_by
from tests.support.call_house import house
from tests.support.virtual_time import run_virtual


@pytest.mark.parametrize(
    ("args", "who"),
    [
        (["feature", "*45", "a1"], ("*45", "a1")),
        (["colleague", "1002", "a2", "a1"], ("1002", "a1")),
        (["colleague", "1002", "a2", "", "a1"], ("1002", "a1")),
        (["feature", "*45"], ("", "")),
        (["feature"], ("", "")),
    ],
)
def test_the_account_is_what_the_dialplan_adds_at_the_end(args: list[str], who: tuple[str, str]) -> None:
    assert dialled_by(args) == who


def test_a_comma_in_what_is_dialled_makes_nobody_another_agent() -> None:
    """The dialplan of an Asterisk of somebody else's may pass it as it comes: an argument more in the middle."""

    async def scene() -> None:
        async with house(1, codes=True) as here:
            here.ari.world.call("feature", "*45", "a3", "a1")
            await here.until(5)
            assert {agent for agent, state in here.states().items() if state != "offline"} == {"a1"}
            here.assert_nothing_left()

    run_virtual(scene)
