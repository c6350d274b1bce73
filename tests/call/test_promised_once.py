"""A promise to call back that was made just before the controller was killed is not made again by the next one."""

from __future__ import annotations

from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from ivr.call.calling_back import CallingBack
from ivr.flow import codec
from ivr.flow.actions import Callback
from ivr.flow.inputs import CallbackPlaced, OpId
from ivr.ids import child_id, promised_as

CALL = "c-n1-1-a"
WANTED = Callback(OpId("3"), "general", "13800000001", "zh")


@pytest.mark.parametrize(
    ("in_line", "is_made_again"),
    [
        (child_id(CALL, promised_as("3")), False),
        (child_id(CALL, promised_as("31")), True),
        (child_id("c-n1-1-b", promised_as("3")), True),
        (f"{CALL}.entry-3", True),
        ("", True),
    ],
    ids=["the same step", "another step", "another call", "a place in line", "nothing promised"],
)
def test_a_place_promised_anew_is_known_again_by_its_call_and_step(in_line: str, is_made_again: bool) -> None:
    told: list[Any] = []
    begun: list[str] = []

    def spawn(work: Coroutine[Any, Any, None], name: str) -> None:
        begun.append(name)
        work.close()

    here: Any = SimpleNamespace(call=CALL, tell=told.append, spawn=spawn)
    line: Any = SimpleNamespace(place=None)
    seat: Any = None
    CallingBack(here, line, seat).resume([codec.action_to_json(WANTED)], {in_line} - {""})
    assert told == ([] if is_made_again else [CallbackPlaced(WANTED.op, "placed")])
    assert begun == (["callback 3"] if is_made_again else [])
