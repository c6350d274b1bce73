"""A small hotline and drafts of it, as files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from ivr.versions.content import to_store
from routing.entries import Entry, enter
from routing.ids import EntryId, QueueName
from storage.flow_records import FlowRelease
from storage.records import CallRecord, EntryRecord, JournalEvent
from storage.store import Store

T0 = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)

MAIN = """
flow: main
nodes:
  hello: {kind: say, prompt: hello, next: choose}
  choose:
    kind: menu
    prompt: choose
    options:
      person: {key: 1, say: {zh: 人工, en: person}, next: desk}
      rate: {key: 2, say: {zh: 评价, en: rate}, next: after}
    on:
      no_input: [{count: 3, next: desk}, {reprompt: true}]
      no_match: [{count: 3, next: desk}, {reprompt: true}]
  desk: {kind: queue, queue: general, next: after}
  after: {kind: say, prompt: thanks, next: bye}
  bye: {kind: hangup}
"""
BASE: Mapping[str, bytes] = {
    "hotline.yaml": b"hotline: demo\nlanguages: [zh, en]\nentry: main\n",
    "main.yaml": MAIN.encode(),
    "prompts/zh.yaml": "hello: 您好\nchoose: 请按1\nthanks: 谢谢\n".encode(),
    "prompts/en.yaml": b"hello: Hello\nchoose: Press 1\nthanks: Thank you\n",
    "queues.yaml": b"queues: {general: {}}\n",
    "main.scenario.yaml": b"scenarios: []\n",
}


def draft(*changes: tuple[str, str], file: str = "main.yaml") -> dict[str, bytes]:
    """The base with words replaced in one file."""
    text = BASE[file].decode()
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return {**BASE, file: text.encode()}


LOUDER = draft(("hello: Hello", "hello: HELLO"), file="prompts/en.yaml")
RENAMED = draft(("after", "thanks"))
"""The node that callers come back to after the queue has another name."""
FAULTY = draft(("next: choose", "next: chose"))
ELSEWHERE = {
    **draft(("flow: main", "flow: other")),
    "hotline.yaml": b"hotline: demo\nlanguages: [zh, en]\nentry: other\n",
}
"""Sound, but calls that begin with the flow `main` cannot run it."""


async def released_before(store: Store, sources: Mapping[str, bytes], seq: int = 1) -> str:
    """A release of when queues were no part of a version. Returns the version."""
    alone = {name: content for name, content in sources.items() if name != "queues.yaml"}
    version, files = to_store("demo", alone, author="", message="", at=T0, parent=None)
    async with store.unit_of_work() as uow:
        await uow.flow_files.put(*files)
        await uow.flow_versions.put(version)
        await uow.flow_releases.add(FlowRelease("demo", seq, version.hash, "publish", T0, "", "", {}))
    return version.hash


async def waiting(store: Store, version: str, call: str = "c-n1-1", node: str = "main.desk") -> Entry:
    """Somebody waits in a queue, at this node of this version."""
    entry = enter(EntryId(f"{call}.entry"), QueueName("general"), call, T0)
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(CallRecord(call, T0, flow="main", flow_version=version))
        await uow.entries.upsert(EntryRecord.of(entry))
        nodes = [("main.hello", "say"), ("main.choose", "menu"), (node, "queue")]
        for seq, (name, kind) in enumerate(nodes, start=1):
            await uow.journal.append(JournalEvent(call, seq, T0, "node", {"node": name, "kind": kind}))
    return entry
