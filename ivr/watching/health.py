"""How well the hotline is, part by part: `judge(readings, limits) -> HealthReport`. Pure.

`down` parts mean that no call can be taken, and only these make the hotline not ready: a balancer or a supervisor acts
on it. `degraded` parts serve worse than they should, and somebody has to be told (alerts), but calls go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ivr.watching.readings import Readings
from web.api.health import HealthPart, HealthReport, Level

LEVELS: Final[Mapping[Level, int]] = {"ok": 0, "degraded": 1, "down": 2}


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is called unwell. s, shares, bytes."""

    event_lag_s: float = 2.0
    event_lag_down_s: float = 15.0
    loop_lag_s: float = 0.5
    journal_lag_s: float = 30.0
    spool_near_full: float = 0.8
    spool_full: float = 0.98
    disk_low_bytes: int = 500 * 1024 * 1024
    disk_full_bytes: int = 32 * 1024 * 1024
    calls_near_most: float = 0.9
    buffer_near_full: float = 0.8


def judge(now: Readings, limits: Limits) -> HealthReport:
    return HealthReport(tuple(_judged(name, find(now, limits)) for name, find in _PARTS.items()))


Finding = tuple[Level, str, str] | None


def _judged(name: str, found: Finding) -> HealthPart:
    return HealthPart(name) if found is None else HealthPart(name, *found)


def _asterisk(now: Readings, limits: Limits) -> Finding:
    if now.replaced:
        return (
            "down",
            "另一个控制程序接管了本应用，这里不再接听来电",
            "another controller has taken the application: no call comes here any more",
        )
    if now.trouble in ("silent", "crash_loop"):
        return (
            "down",
            "Asterisk 没有响应" if now.trouble == "silent" else "Asterisk 反复退出，需要检修",
            "Asterisk does not answer" if now.trouble == "silent" else "Asterisk ends again and again",
        )
    if not now.connected:
        return (
            "down",
            "与 Asterisk 的连接断开，由拨号计划的后备方案接听",
            "Asterisk is not connected: the dialplan's fallback answers callers",
        )
    return None


def _events(now: Readings, limits: Limits) -> Finding:
    if now.connected and now.event_lag_s > limits.event_lag_s:
        return (
            "down" if now.event_lag_s > limits.event_lag_down_s else "degraded",
            f"Asterisk 的事件晚到 {now.event_lag_s:.1f} 秒",
            f"Asterisk's events reach us {now.event_lag_s:.1f} s late",
        )
    return None


def _loop(now: Readings, limits: Limits) -> Finding:
    if now.loop_lag_s > limits.loop_lag_s:
        return (
            "degraded",
            f"控制程序繁忙，响应晚 {now.loop_lag_s:.1f} 秒",
            f"the controller is too busy: it answers {now.loop_lag_s:.1f} s late",
        )
    return None


def _database(now: Readings, limits: Limits) -> Finding:
    """Away is no reason not to take calls: facts are spooled."""
    if not now.database_ok or now.lag_s > limits.journal_lag_s:
        return (
            "degraded",
            f"数据库没有跟上：{now.facts_waiting} 条记录暂存在本机，最早的已等 {now.lag_s:.0f} 秒",
            f"the database does not keep up: {now.facts_waiting} facts wait on this machine, the oldest for "
            f"{now.lag_s:.0f} s",
        )
    return None


def _spool(now: Readings, limits: Limits) -> Finding:
    share = now.spool_bytes / now.spool_most_bytes if now.spool_most_bytes else 0.0
    if share >= limits.spool_full and not now.database_ok:
        return (
            "down",
            "数据库不可用，暂存区已满，新的记录会丢失",
            "the database is away and the spool is full: what happens now would be lost",
        )
    if not now.spool_takes and not now.database_ok:
        return (
            "down",
            "数据库不可用，磁盘也不能写入：新的记录只在内存里",
            "the database is away and the disk takes nothing: what happens now is in memory only",
        )
    if not now.spool_takes:
        return (
            "degraded",
            "暂存区不能写入：控制程序若中断，最后的记录会丢失",
            "the spool cannot be written: what happened last would be lost with this process",
        )
    if share >= limits.spool_near_full:
        return ("degraded", f"暂存区已用 {share:.0%}", f"the spool is {share:.0%} full")
    lost = now.writer.get("lost", 0)
    if lost:
        return ("degraded", f"已丢失 {lost} 条记录", f"{lost} facts had no room anywhere and are lost")
    return None


def _disk(now: Readings, limits: Limits) -> Finding:
    if not now.disk_total_bytes:
        return None
    free_mb = now.disk_free_bytes / 1024 / 1024
    if now.disk_free_bytes < limits.disk_full_bytes and not now.database_ok:
        return (
            "down",
            "磁盘已满，数据库也不可用",
            "the disk is full and the database is away: nothing could be recorded",
        )
    if now.disk_free_bytes < limits.disk_low_bytes:
        return (
            "degraded",
            f"磁盘只剩 {free_mb:.0f} MB：录音和转写将陆续停止，记录不停",
            f"{free_mb:.0f} MB are left on the disk: recordings and transcripts end one after the other, the journal "
            "does not",
        )
    return None


def _calls(now: Readings, limits: Limits) -> Finding:
    if now.ending:
        return (
            "down",
            "本控制程序正在停止，不再接听来电",
            "this controller is being stopped: it takes no more calls",
        )
    if now.refused_share:
        return (
            "degraded",
            f"来电超出本机能力，响应晚 {now.late_s:.1f} 秒，{now.refused_share:.0%} 的新来电被婉拒",
            f"more callers than this controller can serve: it is {now.late_s:.1f} s late, and "
            f"{now.refused_share:.0%} of new callers are refused",
        )
    live = sum(now.calls.values())
    if now.most_calls and live >= now.most_calls * limits.calls_near_most:
        return (
            "degraded",
            f"同时通话 {live} 路，上限 {now.most_calls} 路",
            f"{live} calls are live of {now.most_calls} at most",
        )
    return None


def _speech(now: Readings, limits: Limits) -> Finding:
    if now.speech and not any(worker.ready for worker in now.speech):
        return ("degraded", "语音识别进程正在重启", "no speech worker is ready: keys only for the moment")
    if now.keys_only:
        languages = ", ".join(now.keys_only)
        return (
            "degraded",
            f"语音识别不可用，只能按键：{languages}",
            f"callers are understood by keys only: {languages}",
        )
    return None


def _buffers(now: Readings, limits: Limits) -> Finding:
    full = [one for one in now.buffers if one.most and one.held >= one.most * limits.buffer_near_full]
    if full:
        names = ", ".join(one.name for one in full)
        return ("degraded", f"缓冲区将满：{names}", f"nearly full: {names}")
    return None


_PARTS: Final[Mapping[str, Callable[[Readings, Limits], Finding]]] = {
    "asterisk": _asterisk,
    "events": _events,
    "loop": _loop,
    "database": _database,
    "spool": _spool,
    "disk": _disk,
    "calls": _calls,
    "speech": _speech,
    "buffers": _buffers,
}
"""In the order in which they are told."""
