"""Who talks with whom now, and who is told of it."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.ids import CallId, ChannelId
from ivr.talk.conversations import Conversation, Conversations
from routing.ids import AgentId

NOW = dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC)


def conversation(id: str, agent: str, call: str = "c-n1-1") -> Conversation:
    return Conversation(
        id,
        CallId(call),
        "queue",
        AgentId(agent),
        ChannelId("citizen"),
        ChannelId(f"phone {id}"),
        "bridge",
        NOW,
    )


class Heard:
    def __init__(self) -> None:
        self.what: list[tuple[str, str]] = []

    def joined(self, conversation: Conversation) -> None:
        self.what.append(("joined", conversation.id))

    def parted(self, conversation: Conversation) -> None:
        self.what.append(("parted", conversation.id))


def test_a_conversation_is_found_by_agent_and_call_while_it_lasts() -> None:
    talks = Conversations()
    first, second = conversation("t1", "a1"), conversation("t2", "a2")
    with talks.during(first), talks.during(second):
        assert talks.of_agent(AgentId("a1")) == first
        assert talks.of_call(CallId("c-n1-1")) == [first, second]
        assert list(talks) == [first, second]
    assert talks.of_agent(AgentId("a1")) is None and not list(talks)


def test_of_two_the_agents_latest_one_is_meant() -> None:
    talks = Conversations()
    with talks.during(conversation("t1", "a1")), talks.during(conversation("t2", "a1")):
        found = talks.of_agent(AgentId("a1"))
        assert found is not None and found.id == "t2"


def test_watchers_are_told_of_both_ends_also_of_a_broken_one() -> None:
    talks, heard = Conversations(), Heard()
    talks.watch(heard)
    with pytest.raises(RuntimeError), talks.during(conversation("t1", "a1")):
        raise RuntimeError("the leg broke")
    assert heard.what == [("joined", "t1"), ("parted", "t1")]
