"""The agents to begin with, and in development those that are saved."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from ivr.clock import SystemClock
from ivr.dispatch import Dispatcher
from ivr.errors import ConfigError
from ivr.staff import SavedSeed, first_floor
from routing.agent_events import LogIn
from routing.board import Board
from routing.board_events import AgentActed, AgentChanged, Fact
from routing.ids import AgentId
from routing.rules import Rules
from routing.rules_load import load_agents, load_rules
from storage.errors import StorageAway
from storage.records import AgentRecord
from storage.store import Store

RULES = load_rules("skills: {english: {}}\nqueues: {general: {}}\n")
LI, WU = AgentId("li"), AgentId("wu")


def seed(*agents: str) -> str:
    return "agents:\n" + "".join(f"  - {{{agent}}}\n" for agent in agents)


LI_WRITTEN = "id: li, name: Li, extension: '1001', queues: [general]"
WU_WRITTEN = "id: wu, name: Wu, extension: '1002', queues: [general]"


class Accounts:
    def __init__(self) -> None:
        self.made: list[AgentId] = []

    async def welcome(self, agent: AgentId) -> None:
        if self.made:
            raise StorageAway("no database")
        self.made.append(agent)


class Kept:
    def __init__(self) -> None:
        self.agents: list[AgentId] = []

    def routing(self, fact: Fact, at: object) -> None:
        if isinstance(fact, AgentChanged):
            self.agents.append(fact.after.id)


def floor(written: str, rules: Rules = RULES) -> tuple[Dispatcher, Kept]:
    clock, kept = SystemClock(), Kept()
    return Dispatcher(Board(rules, load_agents(written, rules, clock.now())), clock, kept), kept


async def test_the_database_goes_before_the_seed_which_adds_who_is_new(tmp_path: Path, store: Store) -> None:
    clock = SystemClock()
    (tmp_path / "agents.yaml").write_text(seed(LI_WRITTEN), "utf-8")
    assert [agent.id for agent in (await first_floor(tmp_path, RULES, store, clock, "n1")).agents] == ["li"]
    (tmp_path / "agents.yaml").write_text(seed(LI_WRITTEN.replace("Li", "Lily"), WU_WRITTEN), "utf-8")
    staff = (await first_floor(tmp_path, RULES, store, clock, "n1")).agents
    assert [agent.name for agent in staff] == ["Li", "Wu"]


async def test_a_faulty_seed_harms_no_start_once_the_database_knows_somebody(
    tmp_path: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SystemClock()
    (tmp_path / "agents.yaml").write_text(seed(LI_WRITTEN.replace("general", "genral")), "utf-8")
    with pytest.raises(ConfigError, match="there is no queue genral") as caught:
        await first_floor(tmp_path, RULES, store, clock, "n1")
    assert "ivr check" in caught.value.mend
    (li,) = load_agents(seed(LI_WRITTEN), RULES, clock.now())
    async with store.unit_of_work() as uow:
        await uow.agents.upsert(AgentRecord.of(li))
    assert [agent.id for agent in (await first_floor(tmp_path, RULES, store, clock, "n1")).agents] == ["li"]
    assert "there is no queue genral" in caplog.text and "adds nobody" in caplog.text


async def test_an_agent_may_be_in_a_queue_that_is_not_published_yet(tmp_path: Path, store: Store) -> None:
    (tmp_path / "queues.yaml").write_text("queues: {general: {}, night: {}}\n", "utf-8")
    (tmp_path / "agents.yaml").write_text(seed(LI_WRITTEN.replace("[general]", "[night]")), "utf-8")
    (li,) = (await first_floor(tmp_path, RULES, store, SystemClock(), "n1")).agents
    assert li.queues == {"night"}


async def test_what_is_saved_reaches_the_floor_and_logs_nobody_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = seed(LI_WRITTEN)
    (tmp_path / "agents.yaml").write_text(before, "utf-8")
    dispatcher, kept = floor(before)
    dispatcher.apply(AgentActed(LI, LogIn()))
    accounts = Accounts()
    saved = SavedSeed(tmp_path, dispatcher, SystemClock(), accounts.welcome)
    after = seed(LI_WRITTEN + ", skills: {english: 4}, rank: 2", WU_WRITTEN)
    kept.agents.clear()
    await saved({"agents.yaml": after.encode()})
    agents = dispatcher.board.agents
    assert agents[LI].skills == {"english": 4} and agents[LI].rank == 2 and agents[LI].logged_in
    assert agents[WU].state == "offline"
    assert kept.agents == ["li", "wu"]
    assert accounts.made == ["wu"] and "ivr accounts rotate wu" in caplog.text
    # Nothing new in the file: nothing happens.
    await saved({"agents.yaml": after.encode() + b"# more\n"})
    assert kept.agents == ["li", "wu"]
    # An account that cannot be made is said, and the agent is there all the same.
    third = after + seed(WU_WRITTEN.replace("wu", "xu").replace("1002", "1003")).removeprefix("agents:\n")
    await saved({"agents.yaml": third.encode()})
    assert AgentId("xu") in agents and "agent xu has no telephone account: no database" in caplog.text
    dispatcher.close()


async def test_a_faulty_seed_changes_nobody_and_is_named_by_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = seed(LI_WRITTEN)
    (tmp_path / "agents.yaml").write_text(before, "utf-8")
    dispatcher, kept = floor(before)
    saved = SavedSeed(tmp_path, dispatcher, SystemClock(), Accounts().welcome)
    await saved({"agents.yaml": seed(WU_WRITTEN, WU_WRITTEN).encode()})
    assert kept.agents == [] and WU not in dispatcher.board.agents
    assert "agents.yaml:3:6: there are two agents with the id wu" in caplog.text
    assert "nobody has changed" in caplog.text
    await saved({"agents.yaml": seed(LI_WRITTEN, WU_WRITTEN).encode()})
    assert kept.agents == ["wu"]
    dispatcher.close()
