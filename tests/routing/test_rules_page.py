"""docs/operators/queues.md: what it shows loads, and it shows every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from ivr.cli.checking import check_sources
from routing.agent_rules import AgentRulesModel
from routing.rules_load import load_agents, load_rules
from routing.rules_model import (
    AgeingModel,
    AgentModel,
    AnnounceModel,
    OverflowModel,
    PreferredModel,
    QueueModel,
    RulesModel,
    StepModel,
    WrapUpCodeModel,
)
from tests.routing.world import at

PAGE = (Path(__file__).parents[2] / "docs" / "operators" / "queues.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
QUEUES = [block for block in BLOCKS if not block.startswith("# agents.yaml")]
HOTLINE = b"""hotline: city
languages: [zh]
calendars: {offices: {timezone: Asia/Shanghai, weekly: {mon-fri: "09:00-17:00"}}}
"""
MODELS = [
    RulesModel,
    QueueModel,
    StepModel,
    AnnounceModel,
    AgeingModel,
    OverflowModel,
    PreferredModel,
    WrapUpCodeModel,
    AgentRulesModel,
    AgentModel,
]


@pytest.mark.parametrize("block", QUEUES, ids=range(len(QUEUES)))
def test_what_the_page_shows_is_sound(block: str) -> None:
    # Queues that an example only names stand elsewhere on the page.
    whole = block if "general" in block else block + "  general: {}\n"
    sources = {
        "hotline.yaml": HOTLINE,
        "main.yaml": b"flow: main\nnodes: {bye: {kind: hangup}}\n",
        "prompts/zh.yaml": b"bye: bye\n",
        "queues.yaml": whole.encode(),
    }
    found = [str(one) for one in check_sources(sources, at(0)).findings if one.file == "queues.yaml"]
    assert found == []


def test_its_agents_load_with_its_queues() -> None:
    (written,) = [block for block in BLOCKS if block not in QUEUES]
    (rules,) = [load_rules(block) for block in QUEUES if block.startswith("# Every skill there is")]
    (agent,) = load_agents(written, rules, at(0))
    assert (agent.rank, agent.labels) == (1, {"vendor": "north", "site": "east"})


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_shown(model: type[BaseModel]) -> None:
    shown = "\n".join(BLOCKS)
    missing = [name for name in model.model_fields if not re.search(rf"\b{name}:", shown)]
    assert missing == []


def test_its_tables_say_the_defaults() -> None:
    """Each row of a key that has a plain default."""
    said = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", PAGE, re.MULTILINE))
    wrong = []
    for name, field in QueueModel.model_fields.items():
        default = field.default
        if isinstance(default, bool) and said[name] != str(default).lower():
            wrong.append((name, default, said[name]))
        elif isinstance(default, int | float) and not isinstance(default, bool):
            if not re.match(rf"{default:g}\b", said[name]):
                wrong.append((name, default, said[name]))
        elif isinstance(default, str) and default != said[name].strip("`"):
            wrong.append((name, default, said[name]))
    assert wrong == []
    assert QueueModel.model_fields.keys() <= said.keys()
