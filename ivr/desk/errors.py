"""What the desk can refuse: typed errors, each with a code for programs and words for people in Chinese and English.

DeskError
├── Unknown          no such agent, queue, entry, skill, pause reason, wrap-up code (`code` says which)
├── NotAllowed       the role does not reach so far
├── NotNow           the agent's or the entry's state does not allow it
├── CodeNeeded       the queue wants a wrap-up code
├── WrongPin
└── WhyNeeded        an act of power without a reason
"""

from __future__ import annotations

from typing import ClassVar, Final

from ivr.errors import HotlineError

WORDS: Final[dict[str, tuple[str, str]]] = {
    "unknown_agent": ("没有话务员 {what}", "there is no agent {what}"),
    "unknown_queue": ("没有队列 {what}", "there is no queue {what}"),
    "unknown_entry": ("没有这个排队,或已结束:{what}", "there is no such entry, or it is over: {what}"),
    "unknown_skill": ("没有技能 {what}", "there is no skill {what}"),
    "unknown_reason": ("没有小休原因 {what}", "there is no pause reason {what}"),
    "unknown_code": ("本队列没有话后代码 {what}", "this queue has no wrap-up code {what}"),
    "unknown_state": ("不能强制为状态 {what}", "nobody can be forced to {what}"),
    "bad_level": ("技能等级应为1到5:{what}", "skill levels are 1 to 5: {what}"),
    "not_allowed": ("您的角色({what})无权这样做", "your role ({what}) may not do this"),
    "not_now": ("现在不能这样做:{what}", "not possible now: {what}"),
    "code_needed": ("请先给出话后代码", "give a wrap-up code first"),
    "wrong_pin": ("密码不对", "the PIN is wrong"),
    "why_needed": ("请说明原因", "say why"),
}
"""Code -> (Chinese, English)."""


class DeskError(HotlineError):
    """code: a key of WORDS. what: the name that is wrong."""

    fixed: ClassVar[str] = ""

    def __init__(self, code: str = "", what: str = "") -> None:
        self.code = code or self.fixed
        self.what = what
        super().__init__(self.words("en"))

    def words(self, language: str) -> str:
        """In Chinese for `zh`, else in English."""
        return WORDS[self.code][0 if language.startswith("zh") else 1].format(what=self.what)


class Unknown(DeskError):
    pass


class NotAllowed(DeskError):
    fixed = "not_allowed"


class NotNow(DeskError):
    fixed = "not_now"


class CodeNeeded(DeskError):
    fixed = "code_needed"


class WrongPin(DeskError):
    fixed = "wrong_pin"


class WhyNeeded(DeskError):
    fixed = "why_needed"
