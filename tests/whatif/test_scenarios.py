"""Scenarios as their authors write them: the shipped ones run, faults are told where they stand, reports say all."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.flow.findings import FlowLoadError
from ivr.whatif import report_html, report_text
from ivr.whatif.files import Told, load
from ivr.whatif.model import Scenario
from ivr.whatif.result import result_of
from ivr.whatif.run import replicate_all
from ivr.whatif.world import World
from routing.entries import enter
from routing.ids import EntryId, QueueName
from storage.migrate import upgrade
from storage.records import EntryRecord
from storage.store import Store
from tests.whatif.worlds import planned, scenario

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "operators" / "whatif").glob("*.yaml"))
GUIDE = Path(__file__).parents[2] / "docs" / "operators" / "whatif.md"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_that_ship_run(example: Path) -> None:
    shorter = Told(days=0.4) if example.stem in ("two-languages", "city") else None
    plan = load(example, told=shorter)
    result = result_of(plan, replicate_all(plan, 1, 1, processes=1), 1)
    answered = result.all["answered"].value
    assert answered is not None
    assert answered > 0
    told = report_text.text(result, "zh") + report_text.text(result, "en")
    assert "接通" in told
    assert "service level" in told
    page = report_html.page(result)
    assert "<svg" in page
    assert not re.search(r"(?:src|href)=", page)
    assert "nan" not in json.dumps(result.to_json()).lower()


def test_every_example_of_the_guide_is_a_scenario(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    whole = [block for block in blocks if "types:" in block and "groups:" in block]
    assert whole
    for block in whole:
        assert planned(tmp_path, block).types


TYPES = "types: {a: {arrivals: 4/h, talk: 3}}"
GROUPS = "groups: {g: {agents: 1, serves: [a]}}"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            ["types: {a: {arrivals: 4/mn, talk: 3}}", GROUPS],
            "2:23: error wrong-value: `arrivals`: `4/mn` is no rate",
        ),
        (
            ["types:", "  a: {arrivals: 4/h, talks: 3}", GROUPS],
            "3:22: error unknown-field: `talks` means nothing here (did you mean `talk`?)",
        ),
        (
            ["queues:", "  b: {max_lengt: 3}", "types: {a: {queue: b, arrivals: 4/h, talk: 3}}", GROUPS],
            "3:7: error rules: unknown key queues.b.max_lengt (did you mean max_length?)",
        ),
        (
            ["queues: {b: {}}", "types: {a: {queue: c, arrivals: 4/h, talk: 3}}", GROUPS],
            "3:20: error unknown: there is no queue `c`",
        ),
        ([TYPES, "groups: {g: {agents: 1, serves: [d]}}"], "there is no type `d` (known: a)"),
        (
            [TYPES, "groups: {g: {agents: [1, 2, 3], serves: [a]}}"],
            "3:22: error wrong-value: 3 numbers for 1",
        ),
        (["warm_up: 9 h", TYPES, GROUPS], "as long as the whole `horizon`"),
        (["queues: nowhere.yaml", TYPES, GROUPS], "2:9: error wrong-value: nowhere.yaml cannot be read"),
        (["types: {a: {arrivals: {calls: past}, talk: 3}}", GROUPS], "there is no history `past`"),
    ],
)
def test_faults_are_told_where_they_stand(tmp_path: Path, lines: list[str], told: str) -> None:
    written = "\n".join(["horizon: 8 h", *lines, ""])
    with pytest.raises(FlowLoadError) as caught:
        planned(tmp_path, written)
    found = [str(finding) for finding in caught.value.findings]
    assert any(told in line for line in found), found
    assert all(line.startswith("scenario.yaml:") for line in found)


def test_rules_as_live_hold_as_they_are_and_rules_of_ones_own_begin_with_none(tmp_path: Path) -> None:
    (tmp_path / "queues.yaml").write_text("queues: {calls: {wrap_up_s: 7, ring_s: 9}}\n")
    live = planned(tmp_path, scenario(queues="queues.yaml")).rules.queues
    own = planned(tmp_path, scenario(queues={"calls": {"ring_s": 9}})).rules.queues
    (of_file,), (of_scenario,) = live.values(), own.values()
    assert (of_file.wrap_up_s, of_file.max_wait_s, of_file.ring_s) == (7, 1800, 9)
    assert (of_scenario.wrap_up_s, of_scenario.max_wait_s, of_scenario.ring_s) == (0, None, 9)


CALLS = """date,came,waited,talked,end,kind
2026-11-02,32400,0,60,AGENT,tax
2026-11-02,32460,30,120,AGENT,tax
2026-11-02,36000,50,0,HANG,tax
2026-11-03,32400,40,0,HANG,tax
2026-11-03,39600,10,90,AGENT,water
"""


def from_calls(**arrivals: Any) -> dict[str, Any]:
    columns = {"date": "date", "arrived": "came", "wait": "waited", "talk": "talked", "outcome": "end"}
    past = {"history": "past", "where": {"kind": "tax"}}
    return scenario(
        start="2026-11-02 00:00",
        horizon="1 d",
        history={"past": {"csv": "calls.csv", "columns": {**columns, "kind": "kind", "answered": ["AGENT"]}}},
        types={
            "tax": {
                "arrivals": {"calls": {**past, **arrivals}},
                "talk": {"calls": past},
                "patience": {"calls": past},
            }
        },
        groups={"desk": {"agents": 2, "serves": ["tax"]}},
    )


def test_calls_of_a_csv_give_arrivals_talks_and_patience(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(CALLS)
    plan = planned(tmp_path, from_calls())
    (tax,) = plan.types
    assert tax.rates is not None
    # Two on Monday at nine, one at ten; the replication is a Monday, and Monday was there once.
    assert tax.rates.expected == pytest.approx(3)
    assert sorted(tax.talk.values or ()) == [60, 120]
    # Of 120 s waited two were hang-ups.
    assert tax.patience.exponential is not None
    assert tax.patience.exponential.mean_s == pytest.approx(60)
    replayed = planned(tmp_path, from_calls(**{"as": "replay"}))
    assert [call.arrived for call in World(replayed, 1, 0).arrivals] == [32400, 32460, 36000]
    assert [call.arrived for call in World(replayed, 1, 1).arrivals] == [32400]


def test_calls_of_the_database(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"
    began = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)

    def ended(number: int, waited: float, talked: float | None) -> EntryRecord:
        came = began + dt.timedelta(minutes=number)
        entry = enter(EntryId(f"e{number}"), QueueName("general"), f"c{number}", came)
        over = came + dt.timedelta(seconds=waited + (talked or 0))
        joined = None if talked is None else came + dt.timedelta(seconds=waited)
        outcome: Any = "abandoned" if talked is None else "served"
        return EntryRecord.of(replace(entry, state="ended", joined_at=joined, ended_at=over, outcome=outcome))

    async def fill() -> None:
        await upgrade(url)
        async with await Store.open(url) as store, store.unit_of_work() as uow:
            await uow.entries.upsert(ended(1, 20, 100), ended(2, 5, 50), ended(3, 35, None))

    asyncio.run(fill())
    past = {"history": "live", "where": {"queue": "general"}}
    written = scenario(history={"live": {"database": ""}})
    written["types"]["calls"] = {
        "arrivals": {"calls": {**past, "as": "replay"}},
        "talk": {"calls": "live"},
        "patience": {"calls": "live"},
    }
    (calls,) = planned(tmp_path, written, database_url=url).types
    assert calls.replayed is not None
    assert len(calls.replayed.arrived) == 3
    assert sorted(calls.talk.values or ()) == [50, 100]
    assert calls.patience.exponential is not None
    assert calls.patience.exponential.mean_s == pytest.approx(60)


def test_a_csv_that_does_not_fit_is_told(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(CALLS.replace("32460", "soon"))
    with pytest.raises(FlowLoadError, match="calls.csv, line 3: `soon` is no time"):
        planned(tmp_path, from_calls())
    (tmp_path / "calls.csv").write_text(CALLS.replace("waited", "waiting"))
    with pytest.raises(FlowLoadError, match=re.escape("no column `waited` (wait)")):
        planned(tmp_path, from_calls())
    (tmp_path / "calls.csv").write_text(CALLS.replace("tax", "toll"))
    with pytest.raises(FlowLoadError, match="no call of `past` fits"):
        planned(tmp_path, from_calls())


def test_a_law_from_a_column(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(CALLS)
    written = scenario()
    written["types"]["calls"]["talk"] = {
        "csv": {"file": "calls.csv", "column": "talked", "where": {"end": "AGENT"}}
    }
    plan = planned(tmp_path, written)
    (values,) = plan.columns.values()
    assert sorted(values) == [60, 90, 120]


def test_the_command_tells_text_json_and_a_page(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        yaml.safe_dump(scenario(horizon="20 min", title={"zh": "试", "en": "A try"}), allow_unicode=True)
    )
    run = CliRunner().invoke
    asked = ["whatif", str(file), "--processes", "1", "--replications"]
    shown = run(app, [*asked, "2", "--language", "zh"])
    assert shown.exit_code == 0, shown.output
    assert "服务水平" in shown.output
    result = json.loads(run(app, [*asked, "2", "--format", "json", "--seed", "9"]).stdout)
    assert (result["replications"], result["seed"], result["confidence"]) == (2, 9, 0.95)
    level = result["all"]["service_level"]
    assert level["low"] <= level["value"] <= level["high"]
    assert {"service_level", "mean_wait", "abandoned", "blocked"} <= set(result["types"]["calls"])
    assert {"occupancy", "agents", "served"} <= set(result["groups"]["desk"])
    page = tmp_path / "page.html"
    made = run(app, [*asked, "1", "--format", "html", "--out", str(page)])
    assert made.exit_code == 0, made.output
    assert "A try" in page.read_text("utf-8")
    file.write_text("horizon: 8 h\n")
    refused = run(app, ["whatif", str(file)])
    assert refused.exit_code == 1
    assert "`types` is missing" in refused.output


def test_the_schema_knows_every_key() -> None:
    made = json.loads(CliRunner().invoke(app, ["whatif", "--schema"]).stdout)
    assert set(made["properties"]) == set(Scenario.model_fields)
