"""What the figures are called, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["zh", "en"]

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "offered": ("来电", "offered"),
    "answered": ("接通", "answered"),
    "in_goal": ("目标时间内接通", "answered in time"),
    "abandoned": ("放弃", "abandoned"),
    "short": ("5 秒内放弃", "abandoned in 5 s"),
    "blocked": ("占线", "blocked"),
    "turned_away": ("按规则结束", "turned away"),
    "unreached": ("回拨未接", "not reached"),
    "unfinished": ("未完", "unfinished"),
    "retrials": ("重拨", "called again"),
    "called_back": ("回拨", "called back"),
    "service_level": ("服务水平", "service level"),
    "service_level_of_answered": ("服务水平(按接通)", "of the answered"),
    "service_level_without_quick_abandons": ("服务水平(不计快速放弃)", "without quick abandons"),
    "answered_share": ("接通率", "connection rate"),
    "abandoned_share": ("放弃率", "abandonment"),
    "blocked_share": ("占线率", "blocking"),
    "waited_share": ("需等待", "had to wait"),
    "mean_wait_answered": ("平均应答速度(秒)", "ASA (s)"),
    "mean_wait": ("平均等待(秒)", "mean wait (s)"),
    "mean_wait_abandoned": ("放弃前等待(秒)", "wait of the abandoned (s)"),
    "mean_queue": ("平均排队人数", "mean queue"),
    "wait_p50": ("等待中位数(秒)", "wait p50 (s)"),
    "wait_p90": ("等待 p90(秒)", "wait p90 (s)"),
    "wait_p95": ("等待 p95(秒)", "wait p95 (s)"),
    "agents": ("在岗人数", "agents"),
    "handled": ("处理通话", "handled"),
    "missed": ("未接振铃", "missed"),
    "occupancy": ("占用率", "occupancy"),
    "utilisation": ("利用率", "utilisation"),
    "mean_handling": ("平均处理(秒)", "AHT (s)"),
    "mean_talk": ("平均通话(秒)", "talk (s)"),
    "mean_wrap_up": ("平均话后处理(秒)", "wrap-up (s)"),
    "all": ("全部", "all"),
    "type": ("来电类型", "call type"),
    "group": ("坐席组", "group"),
    "period": ("时段", "period"),
    "callers": ("来电者", "Callers"),
    "desk": ("坐席", "Agents"),
    "periods": ("各时段", "Periods"),
    "who": ("谁接了谁的来电", "Who served whom"),
    "title": ("假设推演", "What if"),
    "runs": (
        "{replications} 次重复,每次 {horizon};共模拟 {calls} 个来电;± 为 95% 置信区间",
        "{replications} replications of {horizon}; {calls} calls simulated; ± is the 95 % confidence interval",
    ),
    "one_run": (
        "只有一次重复,没有置信区间",
        "one replication only: no confidence intervals",
    ),
}


def word(name: str, language: Language) -> str:
    """The label; the name itself where there is none."""
    found = WORDS.get(name)
    return name if found is None else found[0 if language == "zh" else 1]


def titled(title: str | Mapping[str, str], language: Language) -> str:
    """A title as the author gave it: one text, or one for each language."""
    if isinstance(title, str):
        return title
    return title.get(language) or next(iter(title.values()), "")
