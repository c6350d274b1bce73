"""Writes deploy/grafana/hotline.json from the panels below. `--check` only compares (used by the tests)."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "deploy" / "grafana" / "hotline.json"
SOURCE = {"type": "prometheus", "uid": "${source}"}
WHERE = '{instance=~"$instance"}'
RATE = "[$__rate_interval]"


@dataclass(frozen=True, slots=True)
class Panel:
    """queries: expression -> legend; `@` stands for the choice of instances. width: of 24."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    thresholds: tuple[tuple[str, float | None], ...] = ()
    stacked: bool = False


def quantiles(name: str, *by: str) -> dict[str, str]:
    """Median and the slowest hundredth of a histogram."""
    groups, legend = ", ".join((*by, "le")), " ".join(f"{{{{{one}}}}}" for one in by)
    return {
        f"histogram_quantile({q}, sum by ({groups}) (rate({name}_bucket@{RATE})))": f"p{int(q * 100)} {legend}".strip()
        for q in (0.5, 0.99)
    }


ROWS: dict[str, tuple[Panel, ...]] = {
    "现在 · Now": (
        Panel(
            "可接听 · Ready",
            {"min(hotline_ready@)": ""},
            kind="stat",
            width=3,
            thresholds=(("red", None), ("green", 1)),
        ),
        Panel(
            "不正常 · Unwell parts",
            {"sum by (part) (hotline_health@ > 0)": "{{part}}"},
            kind="stat",
            width=5,
            thresholds=(("green", None), ("orange", 1), ("red", 2)),
        ),
        Panel("通话 · Calls", {"sum(hotline_calls@)": ""}, kind="stat", width=4),
        Panel("等待 · Waiting", {"sum(hotline_queue_waiting@)": ""}, kind="stat", width=4),
        Panel(
            "最长等待 · Longest wait",
            {"max(hotline_queue_longest_wait_seconds@)": ""},
            unit="s",
            kind="stat",
            width=4,
            thresholds=(("green", None), ("orange", 60), ("red", 300)),
        ),
        Panel(
            "空闲坐席 · Free agents",
            {'sum(hotline_agents{instance=~"$instance", state="available"})': ""},
            kind="stat",
            width=4,
        ),
    ),
    "来电 · Callers": (
        Panel("通话按状态 · Calls by state", {"sum by (state) (hotline_calls@)": "{{state}}"}, stacked=True),
        Panel(
            "每分钟 · Per minute",
            {
                f"sum(rate(hotline_calls_arrived_total@{RATE})) * 60": "arrived",
                f"sum by (outcome) (rate(hotline_calls_ended_total@{RATE})) * 60": "{{outcome}}",
            },
        ),
        Panel(
            "未接入 · Refused per minute",
            {
                f"sum by (reason) (rate(hotline_calls_refused_total@{RATE})) * 60": "{{reason}}",
                f"sum(rate(hotline_calls_refused_unheard_total@{RATE})) * 60": "unheard",
            },
        ),
        Panel(
            "等待人数 · Waiting by queue",
            {"sum by (queue) (hotline_queue_waiting@)": "{{queue}}"},
            stacked=True,
        ),
        Panel("等待时间 · Wait until answered", quantiles("hotline_queue_wait_seconds", "queue"), unit="s"),
        Panel(
            "排队结果 · How waits ended, per minute",
            {
                f"sum by (queue, outcome) (rate(hotline_queue_ended_total@{RATE})) * 60": "{{queue}} {{outcome}}"
            },
        ),
    ),
    "坐席 · Agents": (
        Panel(
            "坐席按状态 · Agents by state", {"sum by (state) (hotline_agents@)": "{{state}}"}, stacked=True
        ),
        Panel(
            "派发 · Dispatch",
            {
                **{
                    query: f"match {legend}"
                    for query, legend in quantiles("hotline_dispatch_match_seconds").items()
                },
                **{
                    query: f"ring {legend}"
                    for query, legend in quantiles("hotline_dispatch_ring_seconds").items()
                },
            },
            unit="s",
        ),
        Panel(
            "无人应答 · Not answered, per minute",
            {f"sum(rate(hotline_offers_not_answered_total@{RATE})) * 60": "offers"},
        ),
        Panel("通话时长 · Talks", quantiles("hotline_talk_seconds", "queue"), unit="s"),
        Panel("待回呼 · Callbacks waiting", {"sum(hotline_callbacks_waiting@)": "callbacks"}),
        Panel("可用坐席 · Free by queue", {"sum by (queue) (hotline_queue_agents_free@)": "{{queue}}"}),
    ),
    "Asterisk": (
        Panel(
            "命令耗时 · Commands, slowest hundredth",
            {
                "histogram_quantile(0.99, sum by (command, le) "
                f"(rate(hotline_ari_command_seconds_bucket@{RATE})))": "{{command}}"
            },
            unit="s",
        ),
        Panel(
            "命令失败 · Failed commands per minute",
            {
                "sum by (command, status) "
                f"(rate(hotline_ari_command_errors_total@{RATE})) * 60": "{{command}} {{status}}"
            },
        ),
        Panel("事件晚到 · Age of events", quantiles("hotline_event_lag_seconds"), unit="s"),
        Panel(
            "事件 · Events per second",
            {
                f"sum(rate(hotline_events_total@{RATE}))": "received",
                f"sum(rate(hotline_events_unwatched_total@{RATE}))": "unwatched",
                f"sum(rate(hotline_events_unreadable_total@{RATE}))": "unreadable",
            },
        ),
        Panel(
            "修复 · Repairs per hour",
            {"sum by (reason) (increase(hotline_repairs_total@[1h]))": "{{reason}}"},
        ),
        Panel(
            "连接 · Connected",
            {
                "min(hotline_asterisk_connected@)": "connected",
                "max(hotline_application_replaced@)": "replaced",
                "max(hotline_asterisk_silent_seconds@)": "silent, s",
                "sum(increase(hotline_asterisk_restarts_total@[1h]))": "restarts per hour",
            },
        ),
    ),
    "语音识别 · Speech": (
        Panel("正在听 · Hearings", {"sum by (worker) (hotline_asr_hearings@)": "{{worker}}"}),
        Panel(
            "请求 · Requests per minute",
            {f"sum by (use, result) (rate(hotline_asr_requests_total@{RATE})) * 60": "{{use}} {{result}}"},
        ),
        Panel(
            "落后 · Late",
            {
                "max by (worker) (hotline_asr_late_seconds@)": "{{worker}} late",
                "max by (worker) (hotline_asr_wait_seconds@)": "{{worker}} would wait",
            },
            unit="s",
        ),
        Panel("占用 · Use", {"max by (worker) (hotline_asr_use_ratio@)": "{{worker}}"}, unit="percentunit"),
        Panel(
            "拒绝与重启 · Refused, restarted",
            {
                "sum by (worker) (increase(hotline_asr_refused_total@[5m]))": "{{worker}} refused",
                "sum by (worker) (increase(hotline_asr_restarts_total@[5m]))": "{{worker}} restarted",
            },
        ),
        Panel("内存 · Memory", {"sum by (worker) (hotline_asr_memory_bytes@)": "{{worker}}"}, unit="bytes"),
    ),
    "记录 · Records": (
        Panel("未入库 · Facts waiting", {"sum(hotline_facts_waiting@)": "facts"}),
        Panel("最早的 · Age of the oldest", {"max(hotline_journal_lag_seconds@)": "lag"}, unit="s"),
        Panel(
            "暂存与磁盘 · Spool and disk",
            {
                "sum(hotline_spool_bytes@)": "spool",
                "min(hotline_disk_free_bytes@)": "disk free",
            },
            unit="bytes",
        ),
        Panel(
            "写入 · Facts per second",
            {f"sum by (kind) (rate(hotline_facts_total@{RATE}))": "{{kind}}"},
            stacked=True,
        ),
        Panel(
            "数据库 · Writer per minute",
            {
                f"sum by (figure) (rate(hotline_writer_total@{RATE})) * 60": "{{figure}}",
                f"sum(rate(hotline_spool_failures_total@{RATE})) * 60": "spool not written",
            },
        ),
        Panel("写入耗时 · Time of a batch", quantiles("hotline_write_seconds"), unit="s"),
    ),
    "进程 · Process": (
        Panel(
            "内存 · Memory",
            {"sum by (instance) (process_resident_memory_bytes@)": "{{instance}}"},
            unit="bytes",
        ),
        Panel(
            "处理器 · Processor",
            {f"sum by (instance) (rate(process_cpu_seconds_total@{RATE}))": "{{instance}}"},
            unit="percentunit",
        ),
        Panel(
            "句柄与任务 · Files and tasks",
            {
                "sum by (instance) (process_open_fds@)": "{{instance}} files",
                "sum by (instance) (hotline_tasks@)": "{{instance}} tasks",
            },
        ),
        Panel("事件循环 · Event loop late", quantiles("hotline_loop_lag_seconds"), unit="s"),
        Panel(
            "响应晚 · Late, and the share refused for it",
            {
                "max by (instance) (hotline_late_seconds@)": "{{instance}} late, s",
                "max by (instance) (hotline_refused_share@)": "{{instance}} refused, 0 to 1",
            },
        ),
        Panel(
            "缓冲区 · Buffers, share of their bound",
            {"max by (buffer) (hotline_buffer_held@ / hotline_buffer_most@)": "{{buffer}}"},
            unit="percentunit",
        ),
        Panel(
            "错误 · Errors per hour",
            {
                "sum by (kind) (increase(hotline_errors_total@[1h]))": "{{kind}}",
                "sum by (level) (increase(hotline_log_records_total@[1h]))": "log: {{level}}",
            },
        ),
    ),
}


def dashboard() -> dict[str, Any]:
    panels: list[dict[str, Any]] = []
    y = 0
    for row, contents in ROWS.items():
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": row,
                "collapsed": False,
                "panels": [],
                "gridPos": {"x": 0, "y": y, "w": 24, "h": 1},
            }
        )
        y += 1
        x = 0
        for panel in contents:
            height = 4 if panel.kind == "stat" else 8
            if x + panel.width > 24:
                x, y = 0, y + height
            panels.append(_panel(panel, len(panels) + 1, {"x": x, "y": y, "w": panel.width, "h": height}))
            x += panel.width
        y += height
    return {
        "uid": "open-hotline",
        "title": "热线 · Open Hotline",
        "tags": ["open-hotline"],
        "timezone": "browser",
        "schemaVersion": 39,
        "version": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
                {
                    "name": "instance",
                    "label": "instance",
                    "type": "query",
                    "datasource": SOURCE,
                    "query": {"query": "label_values(hotline_info, instance)", "refId": "instance"},
                    "refresh": 2,
                    "includeAll": True,
                    "multi": True,
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": panels,
    }


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    steps = [{"color": color, "value": value} for color, value in panel.thresholds]
    custom = {"stacking": {"mode": "normal"}, "fillOpacity": 30} if panel.stacked else {}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                **({"custom": custom} if custom else {}),
                **({"thresholds": {"mode": "absolute", "steps": steps}} if steps else {}),
            },
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + n),
                "datasource": SOURCE,
                "expr": expression.replace("@", WHERE),
                "legendFormat": legend,
            }
            for n, (expression, legend) in enumerate(panel.queries.items())
        ],
    }


def main() -> int:
    text = json.dumps(dashboard(), ensure_ascii=False, indent=1) + "\n"
    if "--check" in sys.argv:
        return int(TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
