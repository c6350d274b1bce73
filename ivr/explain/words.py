"""The sentences of an explanation, in Chinese and English. One row a kind of line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["zh", "en"]

LINES: Final[Mapping[str, tuple[str, str]]] = {
    "arrived": ("{caller}来电,拨打{dialled}", "{caller} called {dialled}"),
    "called_out": ("{agent}主动呼出", "{agent} made this call"),
    "handed_on": (
        "系统呼出的市民{caller}由此转出,原呼叫或回拨{origin}",
        "{caller}, whom the hotline had called, was handed on from here; before that: {origin}",
    ),
    "entered": (
        "进入队列{queue}(优先级{priority},要求{skills})",
        "entered the queue {queue} (priority {priority}, asking for {skills})",
    ),
    "told": ("告知来电人:第{place}位{wait}", "the caller was told: place {place}{wait}"),
    "returned": ("回到先前失去的位置", "had the place back that was lost before"),
    "reserved": ("预留{agent}", "{agent} was reserved"),
    "ringing": ("{agent}的话机振铃", "the phone of {agent} rang"),
    "answered": ("{agent}接听", "{agent} answered"),
    "missed": ("{agent}未接({how})", "{agent} did not take the call ({how})"),
    "missed_paused": (
        "{agent}未接({how}),因连续未接被置为小休",
        "{agent} did not take the call ({how}) and was paused for misses in a row",
    ),
    "withdrawn": ("向{agent}的分配被收回({why})", "the offer to {agent} was taken back ({why})"),
    "limit": ("{agent}的分配超时,已收回", "the offer to {agent} lasted too long and was taken back"),
    "forced": ("{by}将{agent}强制为{to}({why})", "{by} forced {agent} to {to} ({why})"),
    "hold": ("{agent}让来电人等待", "{agent} put the caller on hold"),
    "resume": ("{agent}恢复通话", "{agent} and the caller talked again"),
    "consult": ("{agent}咨询他人", "{agent} consulted somebody"),
    "talk_over": ("与{agent}的通话结束", "the talk with {agent} was over"),
    "wrapped_up": (
        "{agent}话后处理{seconds}秒,代码{code}",
        "{agent} wrapped up for {seconds} s, code {code}",
    ),
    "moved": ("{by}移动了排队:{what}({why})", "{by} moved the entry: {what} ({why})"),
    "to_queue": ("转到队列{queue}", "to the queue {queue}"),
    "to_priority": ("优先级{before}改为{priority}", "priority {priority} instead of {before}"),
    "refused": ("{by}想{what}但被拒绝({why})", "{by} wanted to do this and was refused: {what} ({why})"),
    "act": ("{by}:{what}({why})", "{by}: {what} ({why})"),
    "ended": (
        "离开队列{queue}:{outcome}(等了{waited_s}秒)",
        "left the queue {queue}: {outcome} (waited {waited_s} s)",
    ),
    "failed": ("系统故障:{why}", "an error of ours: {why}"),
    "hung_up": ("通话结束", "the call ended"),
}

HOW: Final[Mapping[str, tuple[str, str]]] = {
    "timeout": ("未应答", "no answer"),
    "busy": ("忙", "busy"),
    "rejected": ("拒接", "rejected"),
    "do_not_disturb": ("免打扰", "do not disturb"),
    "unreachable": ("话机不可达", "phone not reachable"),
}
WHY: Final[Mapping[str, tuple[str, str]]] = {
    "caller_left": ("来电人已离开", "the caller left"),
    "abandoned": ("来电人挂断", "the caller hung up"),
    "left": ("来电人另有去向", "the caller went elsewhere"),
    "callback": ("改为回拨", "a callback was promised"),
    "moved": ("排队被移动", "the entry was moved"),
    "answered_elsewhere": ("另一话务员先接听", "another agent answered first"),
    "needed": ("改为响应另一等候者", "needed for another caller who waited"),
    "timeout": ("本轮振铃结束", "the ring time was over"),
}
OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "served": ("已接通话务员", "served by an agent"),
    "abandoned": ("来电人挂断", "the caller hung up"),
    "timeout": ("等待超时", "waited too long"),
    "full": ("队列已满", "the queue was full"),
    "closed": ("不在服务时间", "the queue was closed"),
    "unstaffed": ("无人值班", "nobody was logged in"),
    "left": ("按流程离开", "left by the dialogue"),
    "failed": ("失败", "failed"),
}
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "available": ("空闲", "free"),
    "reserved": ("已预留", "reserved"),
    "ringing": ("振铃", "ringing"),
    "talking": ("通话", "talking"),
    "hold": ("保持", "holding"),
    "consulting": ("咨询", "consulting"),
    "wrap_up": ("话后", "wrapping up"),
    "paused": ("小休", "paused"),
}


def said(table: Mapping[str, tuple[str, str]], key: str, language: Language) -> str:
    """The word for it, else the key itself."""
    found = table.get(key)
    return key if found is None else found[0 if language == "zh" else 1]


def line(kind: str, language: Language, **values: object) -> str:
    return LINES[kind][0 if language == "zh" else 1].format(**values)
