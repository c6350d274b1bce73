"""Decisions in plain words, Chinese and English, for supervisors and `ivr explain`. One row per reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from routing.decisions import Decision, Reason, ReasonCode, Value
from routing.ids import SkillName

Language = Literal["zh", "en"]
Titles = Mapping[SkillName, Mapping[str, str]]
"""skill -> language -> title"""

TEMPLATES: Final[Mapping[ReasonCode, tuple[str, str]]] = {
    "longest_idle": ("{agent}空闲最久({idle_s}秒)", "{agent} was idle the longest ({idle_s} s)"),
    "least_occupied": ("{agent}忙碌最少(占用率{percent}%)", "{agent} was the least occupied ({percent} %)"),
    "best_skill": ("{agent}最符合所需技能:{skills}", "{agent} has the best skills for it: {skills}"),
    "round_robin": ("轮到{agent}", "it was the turn of {agent}"),
    "agent_priority": ("{agent}的次序最前({rank})", "{agent} comes first by rank ({rank})"),
    "by_lot": ("{agent}由抽签选出", "{agent} was drawn by lot"),
    "share": (
        "{values}的来电份额落后最多({behind}个)",
        "{values} was furthest behind its share of the calls (by {behind})",
    ),
    "preferred_agent": ("{agent}是此来电的首选话务员", "{agent} is the agent preferred for this caller"),
    "preferred": ("具备优先技能:{skills}", "has the preferred skills: {skills}"),
    "only_tried_left": (
        "其他人都不空闲,再次尝试(第{attempts}次之后)",
        "nobody else was free, so an agent who did not answer was asked again (after attempt {attempts})",
    ),
    "asked_for": ("指定转给{agent}", "the call is for {agent} alone"),
    "rung_too": (
        "{agent}同时振铃(另有{beside}人在响),先接者得",
        "{agent} is rung at the same time as {beside} more, and the first to answer has the call",
    ),
    "rung_for_the_rest": (
        "{agent}补位振铃,本轮还剩{left_s}秒(另有{beside}人在响)",
        "{agent} is rung in a free place for the {left_s} s that are left, beside {beside} more",
    ),
    "given_up_elsewhere": (
        "{agent}原为另一来电同时振铃者之一,那里仍有他人振铃",
        "{agent} was one of several rung for another caller, for whom others are still rung",
    ),
    "next_in_line": (
        "{agent}空闲,此来电排在最前(已等{waited_s}秒,优先级{priority})",
        "{agent} became free and this caller was first in line (waited {waited_s} s, priority {priority})",
    ),
    "urgent": ("队列{queue}是紧急队列,先于其他队列", "queue {queue} is urgent and goes before all others"),
    "aged": ("等待使优先级增加了{points}", "waiting had added {points} to the priority"),
    "relaxed": ("要求放宽到第{step}步({why})", "the demands were relaxed to step {step} ({why})"),
    "staffing": ("需要{needs};符合的话务员:{fitting}", "needs {needs}; agents who fit: {fitting}"),
    "all_busy": ("符合的话务员都不空闲", "no agent who fits is free"),
    "nobody_logged_in": ("没有符合的话务员登录", "no agent who fits is logged in"),
    "cooling_off": (
        "空闲的话务员刚才未接此来电,{again_s}秒后再试",
        "the free agents just did not answer this caller; asked again in {again_s} s",
    ),
    "kept_for": (
        "先等首选话务员{agent}({state}),还等{again_s}秒",
        "is kept for the preferred agent {agent} ({state}) for {again_s} s more",
    ),
    "not_yet": ("约定的回拨时间未到,还有{again_s}秒", "the callback is not due for {again_s} s"),
    "not_available": ("{agent}现在不能接听", "{agent} cannot take the call now"),
    "moved_to": ("转到队列{queue},等待时间照算", "goes on waiting in queue {queue}, as old as before"),
    "waited_for": (
        "已等{waited_s}秒,到{after_s}秒应转队列",
        "waited {waited_s} s, and is moved after {after_s} s",
    ),
    "waited_too_long": ("已等{waited_s}秒,到达上限", "waited {waited_s} s, the most the queue allows"),
    "too_long_a_line": (
        "队列{queue}有{waiting}人等待,超过{most}人",
        "{waiting} wait in queue {queue}, more than {most}",
    ),
    "unstaffed": ("队列{queue}没有话务员登录", "nobody is logged in to queue {queue}"),
    "full": ("队列已满:{waiting}人等待,上限{most}", "the queue is full: {waiting} wait, {most} at most"),
    "closed": ("队列{queue}现在不开放", "queue {queue} is closed now"),
    "unknown_queue": ("没有名为{queue}的队列", "there is no queue {queue}"),
    "place_worse": (
        "告知过排第{told}位,现在是第{place}位",
        "was told place {told} and stands in place {place}",
    ),
    "overtaken_priority": (
        "前面来了{count}个优先级更高的来电",
        "callers of higher priority came in before: {count}",
    ),
    "overtaken_returned": (
        "前面有{count}个重拨者恢复了原位",
        "callers who called again got their old places back: {count}",
    ),
    "overtaken_sent_back": (
        "前面有{count}个来电由话务员转回或转来",
        "callers came back, or were transferred, from an agent: {count}",
    ),
    "overtaken_moved": (
        "前面有{count}个来电被移入(由{by})",
        "callers were moved to places before: {count} (by {by})",
    ),
    "overtaken_aged": ("前面有{count}个来电因等待而优先", "callers grew in priority by waiting: {count}"),
    "moved_self": ("此来电的位置被改动(由{by})", "this caller was moved (by {by})"),
    "new_rules": ("队列规则改变了", "the rules of the queue have changed"),
    "overtaken": ("前面多了{count}个来电", "callers came to stand before: {count}"),
}

STATES: Final[Mapping[str, tuple[str, str]]] = {
    "available": ("空闲", "free"),
    "reserved": ("已预留", "reserved"),
    "ringing": ("振铃中", "ringing"),
    "talking": ("通话中", "talking"),
    "hold": ("保持中", "holding"),
    "consulting": ("咨询中", "consulting"),
    "wrap_up": ("话后处理", "wrapping up"),
    "paused": ("小休", "paused"),
    "offline": ("未登录", "not logged in"),
}
CAUSES: Final[Mapping[str, tuple[str, str]]] = {
    "time": ("等待时间已到", "its time was over"),
    "nobody_logged_in": ("无符合者登录", "nobody who fits was logged in"),
}

MOVERS: Final[Mapping[str, tuple[str, str]]] = {
    "rules": ("规则", "the rules"),
    "flow": ("流程", "the dialogue"),
}


def sentence(decision: Decision, language: Language, titles: Titles | None = None) -> str:
    """All reasons of a decision as one sentence."""
    parts = [words(reason, language, titles or {}) for reason in decision.reasons]
    if language == "zh":
        return ";".join(parts) + "。"
    text = "; ".join(parts) + "."
    return text[0].upper() + text[1:]


def words(reason: Reason, language: Language, titles: Titles) -> str:
    column = 0 if language == "zh" else 1
    said = {key: _say(key, value, language, titles) for key, value in reason.data.items()}
    return TEMPLATES[reason.code][column].format(**said)


def _say(key: str, value: Value, language: Language, titles: Titles) -> str:
    column = 0 if language == "zh" else 1
    if isinstance(value, float):
        return f"{value:g}"
    if key == "state":
        return STATES[str(value)][column]
    if key == "by":
        return MOVERS.get(str(value), (str(value), str(value)))[column]
    if isinstance(value, Mapping):
        return _counts(value, language) if key == "fitting" else _skills(value, language, titles)
    if key == "why":
        return CAUSES.get(str(value), (str(value), str(value)))[column]
    return str(value)


def _skills(needs: Mapping[str, int], language: Language, titles: Titles) -> str:
    if not needs:
        return "任何话务员" if language == "zh" else "any agent"
    named = [
        f"{titles.get(SkillName(skill), {}).get(language, skill)} {level}" for skill, level in needs.items()
    ]
    return "、".join(named) if language == "zh" else ", ".join(named)


def _counts(fitting: Mapping[str, int], language: Language) -> str:
    """`3 (2 talking, 1 paused: training)`; those who are not logged in are not counted among those who fit."""
    column = 0 if language == "zh" else 1
    there = sum(number for state, number in fitting.items() if state != "offline")
    named = []
    for state, number in fitting.items():
        kind, _, reason = state.partition(":")
        title = STATES[kind][column] + (f": {reason}" if reason else "")
        named.append(f"{number}人{title}" if language == "zh" else f"{number} {title}")
    inner = "、".join(named) if language == "zh" else ", ".join(named)
    head = f"{there}人" if language == "zh" else str(there)
    return f"{head}({inner})" if named and language == "zh" else f"{head} ({inner})" if named else head
