"""The folder and the settings of a hotline for live scenarios."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ivr.cli.live.plan import Group
from ivr.cli.live.variant import Addresses, agent_of, make_folder, make_settings
from ivr.flow.load import load
from ivr.flow.model import FlowLibrary
from routing.rules_load import load_agents, load_rules
from tests.flow.scenarios.hotline import files, library
from tests.flow.support import NOON

SERVER = "http://127.0.0.1:8123"


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    folder = tmp_path / "flows"
    for name, content in files("  - {name: x, turns: [{press: 1}]}\n").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "audio").mkdir()
    (folder / "audio" / "manifest.json").write_text("{}", "utf-8")
    return folder


def made(flows: Path, group: Group) -> tuple[Path, FlowLibrary]:
    target = flows.parent / "live"
    addresses = Addresses(library(), SERVER)
    make_folder(flows, target, library(), group, addresses, "127.0.0.1:8123", "2026-11-23")
    return target, load(target)


def test_addresses_lead_to_our_server_and_back() -> None:
    addresses = Addresses(library(), SERVER)
    led = addresses.led('url: "https://api.city.example/people/{number}"')
    assert led == 'url: "http://127.0.0.1:8123/https/api.city.example/people/{number}"'
    assert addresses.back(led) == 'url: "https://api.city.example/people/{number}"'
    assert addresses.led("https://other.example/x") == "https://other.example/x"
    assert addresses.led("http://api.city.example/x") == "http://api.city.example/x"


def test_the_flows_are_the_same_but_for_their_addresses(flows: Path) -> None:
    target, live = made(flows, Group())
    assert set(live.nodes) == set(library().nodes)
    assert live.sources["people"].url == "http://127.0.0.1:8123/https/api.city.example/people/{number}"
    assert live.hosts == ("api.city.example", "http://127.0.0.1:8123")
    assert (target / "audio").is_symlink()
    assert not list(target.glob("*.scenario.yaml"))


def test_each_queue_has_somebody_who_answers_and_no_one_else(flows: Path) -> None:
    target, _ = made(flows, Group(ends=(("general", "timeout", 9.0), ("night", "unstaffed", 5.0))))
    rules = load_rules((target / "queues.yaml").read_text("utf-8"))
    assert rules.queues["general"].max_wait_s == 9.0
    assert rules.queues["night"].when_unstaffed == "end"
    assert rules.queues["general"].wrap_up_s == 0
    agents = load_agents((target / "agents.yaml").read_text("utf-8"), rules, NOON)
    assert {(agent.id, *agent.queues) for agent in agents} == {
        (agent_of("general"), "general"),
        (agent_of("night"), "night"),
    }


def test_a_folder_without_queues_gets_those_that_its_flows_use(flows: Path) -> None:
    (flows / "queues.yaml").unlink()
    target, _ = made(flows, Group())
    assert list(YAML(typ="safe").load((target / "queues.yaml").read_text("utf-8"))["queues"]) == ["general"]


def test_the_word_on_a_calendar_is_a_date_of_it(flows: Path) -> None:
    _, live = made(flows, Group(hours=(("desk", "closed"),)))
    assert not live.calendars["desk"].at(NOON).open
    assert library().calendars["desk"].at(NOON).open


def test_settings_of_the_installation_do_not_count(
    flows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_DATABASE_URL", "postgresql://real/database")
    monkeypatch.setenv("IVR_ASTERISK__MODE", "external")
    monkeypatch.setenv("IVR_WEB__PORT", "1")
    state = tmp_path / "state"
    state.mkdir()
    settings = make_settings(state, flows, library(), Group(language="es"), 5555)
    assert settings.effective_database_url.endswith("state/live.db")
    assert settings.asterisk.mode == "private"
    assert settings.asterisk.outbound_trunk == "127.0.0.3:5555"
    assert not settings.web.enabled
    assert settings.default_language == "es"
    assert make_settings_numbers(flows, tmp_path, promises=False) == ("110",)
    assert make_settings_numbers(flows, tmp_path, promises=True) == (".", "+.")


def make_settings_numbers(flows: Path, tmp_path: Path, *, promises: bool) -> tuple[str, ...]:
    state = tmp_path / f"state-{promises}"
    state.mkdir()
    return make_settings(state, flows, library(), Group(promises=promises), 5555).asterisk.outbound_numbers


def test_agents_names_are_names_of_telephones() -> None:
    assert agent_of("general") == "live-general"
    assert agent_of("a_very_long.name of a queue that goes on") == "live-a-very-long-name-of-a-queu"
