"""Acts of power, wrap-ups and changes of agents around a call, on both databases; and a call explained from them."""

from __future__ import annotations

from dataclasses import replace

from ivr.explain.reading import facts_of
from ivr.explain.story import story
from routing.agents import Answer, EndTalk, Reserve, WrapUpDone
from routing.agents import apply as after
from routing.board_events import AgentChanged
from routing.ids import EntryId
from storage.act_records import ActRecord
from storage.records import AgentRecord, AgentStateChange
from storage.store import Store
from storage.wrap_up_records import WrapUpRecord
from tests.explain.test_story import a_call
from tests.storage import samples as s


def an_act(number: int, **changes: str) -> ActRecord:
    values = {"author": "sue", "kind": "agent", "act": "force", "subject": "a1", "why": "ill"} | changes
    return ActRecord(f"act-{number}", s.at(number), data={"role": "supervisor", "to": "offline"}, **values)  # type: ignore[arg-type]


async def test_acts_are_found_by_whom_to_whom_and_of_which_call(store: Store) -> None:
    acts = [
        an_act(1),
        an_act(2, subject="a2"),
        an_act(3, author="tom"),
        an_act(4, call_id="c-n1-1", kind="entry"),
    ]
    async with store.unit_of_work() as uow:
        await uow.acts.append(*acts, *acts)
    async with store.reading() as uow:
        assert await uow.acts.listed() == acts[::-1]
        assert await uow.acts.listed(limit=1, subject="a1") == [acts[3]]
        assert await uow.acts.listed(author="tom", since=s.at(3)) == [acts[2]]
        assert await uow.acts.listed(kind="entry") == await uow.acts.of_call("c-n1-1") == [acts[3]]
    assert "ill" not in repr(acts)


async def test_a_wrap_up_is_kept_with_its_call_and_code(store: Store) -> None:
    free = replace(s.agent(), state="available", entry=None, leaving=None, until=None)
    changes, agent = [], free
    for number, event in enumerate((Reserve(EntryId("e1")), Answer(), EndTalk(30), WrapUpDone("solved"))):
        now = after(agent, event, s.at(number))
        changes.append(AgentChanged(agent, now, event))
        agent = now
    kept = [WrapUpRecord.of(change, s.at(number), "c-n1-1") for number, change in enumerate(changes)]
    (wrap_up,) = [one for one in kept if one is not None]
    states = [AgentStateChange.of(change, s.at(number)) for number, change in enumerate(changes)]
    async with store.unit_of_work() as uow:
        await uow.agents.upsert(AgentRecord.of(agent))
        await uow.wrap_ups.append(wrap_up, wrap_up)
        await uow.agent_states.append(*states)
    async with store.reading() as uow:
        assert await uow.wrap_ups.of_call("c-n1-1") == await uow.wrap_ups.of_agent("a1") == [wrap_up]
        assert (wrap_up.code, wrap_up.entry_id, wrap_up.began_at) == ("solved", "e1", s.at(2))
        assert await uow.agent_states.of_entries(["e1", "e2"]) == states, (
            "also the last, which has left the entry"
        )
        assert await uow.agent_states.as_of(s.at(2)) == [states[1]]
        assert await uow.agent_states.between(s.at(1), s.at(2)) == states[1:3]
        found = await uow.agents.get("a1")
        assert found is not None and found.agent() == agent


async def test_a_call_is_explained_alike_on_both(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.write(a_call().facts)
    lines = story(await facts_of(store, "c-n1-e1"), "en")
    assert [line.kind for line in lines if line.kind != "wait"][-3:] == ["talk_over", "ended", "wrapped_up"]
    assert [line.floor for line in lines if line.kind == "offer"][0] == "Ann free, Bob talking"
