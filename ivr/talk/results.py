"""What an act in a talk comes back with: done, or refused with a reason as data and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Stage = Literal[
    "talking",
    "held",
    "calling",
    "consulting",
    "swapped",
    "adding",
    "three_way",
    "transferring",
    "parked",
    "outside",
    "away",
    "ended",
]

RefusalCode = Literal[
    "no_talk",
    "not_now",
    "not_yours",
    "unknown_target",
    "unavailable",
    "forbidden",
    "yourself",
    "no_slot",
    "empty_slot",
    "bad_keys",
    "unknown_flow",
    "not_here",
    "gone",
]

WORDS: Final[Mapping[RefusalCode, tuple[str, str]]] = {
    "no_talk": ("您现在没有通话", "You are in no call now"),
    "not_now": ("通话的当前状态下不能这样做", "This cannot be done in the present state of the call"),
    "not_yours": ("只有主接话务员可以这样做", "Only the agent who has the call can do this"),
    "unknown_target": ("没有这个话务员、队列或号码", "There is no such agent, queue or number"),
    "unavailable": ("对方现在不空闲", "The other side is not free now"),
    "forbidden": ("系统设置不允许呼叫这个号码", "The settings do not allow this number to be called"),
    "yourself": ("不能转给自己", "You cannot transfer a call to yourself"),
    "no_slot": ("没有空的驻留位", "No parking place is free"),
    "empty_slot": ("这个驻留位没有通话", "No call is parked there"),
    "bad_keys": ("按键只能是 0-9、*、#、A-D", "Keys are 0-9, *, # and A-D"),
    "unknown_flow": ("没有这个流程", "There is no such flow"),
    "not_here": ("这种通话不支持此操作", "This kind of call cannot do that"),
    "gone": ("通话已经结束", "The call is over"),
}
"""Code -> (Chinese, English)."""


@dataclass(frozen=True, slots=True)
class Done:
    """stage: of the talk from now on. slot: of `park`, else "". person: who is rung now, by the talk's own id."""

    stage: Stage
    slot: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing happened."""

    code: RefusalCode
    detail: str = ""

    def words(self, language: str) -> str:
        """In Chinese for `zh`, else in English."""
        chinese, english = WORDS[self.code]
        return chinese if language == "zh" else english


Result = Done | Refused
