"""The dashboard and the alerts name only what the server tells: metrics, their labels, and known values of these."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from ivr.admission.rules import REASONS
from ivr.gate import Gate
from ivr.watching.health import Limits
from ivr.watching.levels import Levels
from ivr.watching.meters import Meters
from ivr.watching.readings import AGENT_STATES, CALL_STATES, Buffer, QueueLevel, Readings, SpeechWorker
from storage.records import CallRecord

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
ALERT_TESTS = ROOT / "deploy" / "prometheus" / "alerts_test.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "hotline.json"
FROM_PROMETHEUS = {"up": {"job", "instance"}}
SET_BY_PROMETHEUS = {"instance", "job"}
WORDS = {
    "by",
    "sum",
    "min",
    "max",
    "rate",
    "increase",
    "histogram_quantile",
    "or",
    "and",
    "unless",
    "offset",
    "label_values",
}
VALUES = {
    ("hotline_agents", "state"): set(AGENT_STATES),
    ("hotline_calls", "state"): set(CALL_STATES),
    ("hotline_calls_refused_total", "reason"): set(REASONS),
    ("hotline_asr_requests_total", "use"): {"dialogue", "talk", "recording"},
    ("hotline_asr_requests_total", "result"): {"opened", "overloaded", "lost", "language", "unavailable"},
}


@pytest.fixture(scope="module")
def told() -> dict[str, set[str]]:
    """Every sample that the server tells -> its labels."""
    meters = Meters(CollectorRegistry())
    now = Readings(
        queues=(QueueLevel("general", 1, 2.0, 0),),
        refused=dict.fromkeys(REASONS, 1),
        repairs={"x": 1},
        writer={"lost": 1},
        buffers=(Buffer("inbox", 1, 10),),
        speech=(SpeechWorker("worker-0", True, 1, 0, 0, 1.0, 0.0, 0.0, 0.1),),
    )
    meters.registry.register(Levels(lambda: now, Limits()))
    ProcessCollector(registry=meters.registry)
    gate = Gate(lambda _: None)
    meters.watch(gate)
    gate(CallRecord("c-1", dt.datetime.now(dt.UTC)))
    found: dict[str, set[str]] = dict(FROM_PROMETHEUS)
    for instrument in vars(meters).values():
        names = getattr(instrument, "_labelnames", None)
        if names:
            instrument.labels(*("x" for _ in names))
    for family in meters.registry.collect():
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def expressions() -> list[str]:
    alerts = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))
    found = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    page = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    found += [target["expr"] for panel in page["panels"] for target in panel.get("targets", ())]
    assert len(found) > 60
    return found


SELECTOR = re.compile(r"\b([a-z_]+)(?:\{([^}]*)\})?(?:\[[^\]]*\])?")
MATCHER = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
GROUPED = re.compile(r"\bby\s*\(([^)]*)\)")


@pytest.mark.parametrize("expression", expressions())
def test_what_is_asked_is_told(expression: str, told: dict[str, set[str]]) -> None:
    labels: set[str] = set()
    groups = [name.strip() for found in GROUPED.findall(expression) for name in found.split(",")]
    for name, matchers in SELECTOR.findall(GROUPED.sub("", expression)):
        if name in WORDS or not re.search(r"[a-z]{2}", name) or name in {"interval", "instance"}:
            continue
        assert name in told, f"the server tells no {name}"
        labels |= told[name]
        for label, how, value in MATCHER.findall(matchers):
            assert label in told[name] | SET_BY_PROMETHEUS, f"{name} has no label {label}"
            known = VALUES.get((name, label))
            if known is not None:
                wanted = value.split("|") if how.endswith("~") else [value]
                assert set(wanted) <= known, f"{name} has no such {label}"
    assert set(groups) <= labels | SET_BY_PROMETHEUS, f"{groups} are not among {labels}"


def test_every_alert_says_in_both_languages_what_it_is_and_what_to_do() -> None:
    rules = [
        rule
        for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert re.search(r"[一-鿿]", rule["annotations"]["summary"]), rule["alert"]
        assert re.search(r"[a-z]{3}", rule["annotations"]["action"]), rule["alert"]


def test_promtool_tries_every_alert_that_wakes_somebody_quiet_and_loud(told: dict[str, set[str]]) -> None:
    """promtool itself (docs/administrators/watching.md) needs no part of ours; this sees that it is given enough."""
    page = yaml.safe_load(ALERT_TESTS.read_text(encoding="utf-8"))
    assert [(ALERT_TESTS.parent / name).resolve() for name in page["rule_files"]] == [ALERTS]
    rules = {
        rule["alert"]: rule
        for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    }
    tried = {test["name"]: test for test in page["tests"]}
    assert tried.keys() >= {name for name, rule in rules.items() if rule["labels"]["severity"] == "page"}
    for name, test in tried.items():
        quiet, loud = test["alert_rule_test"]
        assert {quiet["alertname"], loud["alertname"]} == {name}
        assert not quiet["exp_alerts"] and len(loud["exp_alerts"]) == 1, name
        assert loud["exp_alerts"][0]["exp_annotations"].keys() == rules[name]["annotations"].keys()
        for one in test["input_series"]:
            metric, labels = SELECTOR.fullmatch(one["series"]).groups()  # type: ignore[union-attr]
            known = told[metric] | SET_BY_PROMETHEUS
            assert {label for label, _, _ in MATCHER.findall(labels)} <= known, one["series"]


def test_the_dashboard_is_that_of_its_generator() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "generate_dashboard.py", "--check"], check=False
    )
    assert done.returncode == 0, "run scripts/generate_dashboard.py"
    page: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    places = [panel["gridPos"] for panel in page["panels"]]
    cells = [
        (x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])
    ]
    assert len(cells) == len(set(cells)), "panels lie over each other"
    assert max(x for x, _ in cells) < 24
