"""Publishing and rolling back, the same on SQLite and Postgres."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest

from ivr.errors import VersionError
from ivr.flow.findings import FlowLoadError
from ivr.flow.load import load_sources, version_of
from ivr.versions.content import covered
from ivr.versions.returning import NodesDropped
from ivr.versions.service import Versions
from storage.errors import StorageRefused
from storage.promises import CallbackRecord
from storage.records import EntryRecord
from storage.store import Store
from tests.storage.samples import at
from tests.versions.drafts import BASE, FAULTY, LOUDER, RENAMED, T0, draft, released_before, waiting

OTHER = draft(("entry: main", "entry: other"), file="hotline.yaml")
OTHER["main.yaml"] = draft(("flow: main", "flow: other"))["main.yaml"]


@pytest.fixture
def versions(store: Store) -> Versions:
    clock = itertools.count()
    return Versions(store, "demo", lambda: at(next(clock)), "main", {"queues.yaml": BASE["queues.yaml"]})


def test_a_version_is_what_its_hash_covers() -> None:
    prompts = {"prompts/zh.yaml", "prompts/en.yaml"}
    assert covered(BASE).keys() == {"hotline.yaml", "main.yaml", "queues.yaml", *prompts}
    assert version_of(covered(BASE)) == version_of(BASE)
    assert version_of({**BASE, "agents.yaml": b"agents: []\n"}) == version_of(BASE)
    for name in covered(BASE):
        assert version_of({**BASE, name: BASE[name] + b"\n# more\n"}) != version_of(BASE)


async def test_what_is_published_is_live_and_comes_back_to_the_byte(versions: Versions) -> None:
    assert await versions.live() is None
    published = await versions.publish(BASE, author="li", message="first")
    assert (published.released, published.before) == (True, None)
    live = await versions.live()
    assert live == published.release
    assert live is not None and (live.seq, live.kind, live.author, live.message) == (
        1,
        "publish",
        "li",
        "first",
    )
    assert live.version == load_sources(BASE).version
    assert await versions.sources(live.version) == covered(BASE)
    assert (await versions.load(live.version)).version == live.version


async def test_the_same_content_is_already_live(versions: Versions) -> None:
    await versions.publish(BASE, author="li", message="first")
    again = await versions.publish({**BASE, "main.scenario.yaml": b"x: 1\n"}, author="wang", message="again")
    assert again.released is False
    assert [each.author for each in await versions.releases()] == ["li"]


async def test_a_faulty_draft_never_replaces_a_good_one(versions: Versions) -> None:
    await versions.publish(BASE, author="li", message="first")
    before = await versions.live()
    with pytest.raises(FlowLoadError, match=r"main\.yaml:4:43"):
        await versions.publish(FAULTY, author="li", message="oops")
    with pytest.raises(VersionError, match="there is no flow `main`") as caught:
        await versions.publish(OTHER, author="li", message="oops")
    assert "other" in caught.value.mend
    assert await versions.live() == before
    async with versions.store.reading() as uow:
        assert len(await uow.flow_versions.history("demo")) == 1


async def test_files_that_versions_share_are_stored_once(versions: Versions) -> None:
    await versions.publish(BASE, author="li", message="first")
    await versions.publish(LOUDER, author="li", message="louder")
    async with versions.store.reading() as uow:
        one, other = await uow.flow_versions.history("demo")
        assert other.files != one.files and other.parent is None and one.parent == other.hash
        hashes = set(one.files.values()) | set(other.files.values())
        assert len(hashes) == len(await uow.flow_files.contents(hashes)) == 6


async def test_going_back_and_further_back(versions: Versions) -> None:
    hashes = []
    for number, sources in enumerate((BASE, LOUDER, draft(("count: 3", "count: 2")))):
        hashes.append((await versions.publish(sources, author="li", message=f"{number}")).release.version)
    back = await versions.rollback(author="li", message="worse")
    assert (back.release.version, back.release.kind, back.release.seq) == (hashes[1], "rollback", 4)
    assert (await versions.rollback(author="li")).release.version == hashes[0]
    with pytest.raises(VersionError, match="cannot go back 1 steps"):
        await versions.rollback(author="li")
    assert (await versions.rollback(hashes[2][:8], author="li")).release.version == hashes[2]
    assert (await versions.rollback("2", author="li")).release.version == hashes[1]
    assert (await versions.rollback(hashes[1], author="li")).released is False
    async with versions.store.reading() as uow:
        assert len(await uow.flow_versions.history("demo")) == 3


async def test_two_steps_at_once(versions: Versions) -> None:
    first = (await versions.publish(BASE, author="", message="")).release.version
    await versions.publish(LOUDER, author="", message="")
    await versions.publish(draft(("count: 3", "count: 2")), author="", message="")
    assert (await versions.rollback(steps=2, author="")).release.version == first


async def test_a_version_that_cannot_run_any_more_is_not_gone_back_to(versions: Versions) -> None:
    await released_before(versions.store, BASE)
    versions.beside = {"queues.yaml": b"queues: {other: {}}\n"}
    await versions.publish(
        draft(("queue: general", "queue: other")) | versions.beside, author="", message="another queue"
    )
    with pytest.raises(VersionError, match="cannot run any more.*general") as caught:
        await versions.rollback(author="")
    assert "export" in caught.value.mend


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("9", "no release 9"),
        ("abc", "names no version"),
        ("no hash", "names no version"),
        ("0000", "no version 0000"),
    ],
)
async def test_what_is_not_there_is_said(versions: Versions, name: str, says: str) -> None:
    await versions.publish(BASE, author="", message="")
    with pytest.raises(VersionError, match=says) as caught:
        await versions.find(name)
    assert caught.value.mend


async def test_a_version_is_found_by_little_of_its_hash(versions: Versions) -> None:
    live = (await versions.publish(BASE, author="", message="")).release.version
    for name in (live, live[:6], "live", "1"):
        assert (await versions.find(name)).hash == live
    with pytest.raises(VersionError, match="is not stored here"):
        await versions.sources("ab" * 32)


async def test_a_version_is_kept_without_a_release(versions: Versions) -> None:
    hash = await versions.keep(LOUDER, author="", message="saved")
    assert await versions.live() is None
    assert await versions.sources(hash) == covered(LOUDER)
    with pytest.raises(VersionError, match="nothing is published"):
        await versions.rollback(author="")


async def test_one_hotline_does_not_see_the_versions_of_another(versions: Versions) -> None:
    await versions.publish(BASE, author="", message="")
    assert await Versions(versions.store, "211").live() is None


async def test_of_two_who_publish_at_once_one_is_told(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    await versions.publish(BASE, author="", message="")
    both = asyncio.Barrier(2)
    dropped = Versions._dropped

    async def meet(self: Versions, library: object) -> object:
        """Both have looked at what is live."""
        await both.wait()
        return await dropped(self, library)  # type: ignore[arg-type]

    monkeypatch.setattr(Versions, "_dropped", meet)
    results = await asyncio.gather(
        versions.publish(LOUDER, author="li", message=""),
        versions.publish(draft(("count: 3", "count: 2")), author="wang", message=""),
        return_exceptions=True,
    )
    refused = [one for one in results if isinstance(one, StorageRefused)]
    assert len(refused) == 1 and "somebody else published" in str(refused[0])
    assert len(await versions.releases()) == 2


# --- callers who wait while a node they come back to is dropped ---


async def test_publish_says_who_would_come_back_to_a_dropped_node(versions: Versions) -> None:
    live = (await versions.publish(BASE, author="", message="")).release.version
    for call in ("c-n1-1", "c-n1-2"):
        await waiting(versions.store, live, call)
    with pytest.raises(NodesDropped) as caught:
        await versions.publish(RENAMED, author="", message="")
    assert caught.value.calls == {"main.after": 2}
    assert caught.value.guesses == {"main.after": "main.thanks"}
    assert "--map main.after=main.thanks" in caught.value.mend
    assert [each.seq for each in await versions.releases()] == [1]
    mapped = await versions.publish(RENAMED, author="", message="", mapping={"main.after": "main.thanks"})
    assert mapped.release.mapping == {"main.after": "main.thanks"} and mapped.staying == 2
    assert (await versions.live()) == mapped.release


async def test_they_may_stay_on_their_version(versions: Versions) -> None:
    live = (await versions.publish(BASE, author="", message="")).release.version
    await waiting(versions.store, live)
    kept = await versions.publish(RENAMED, author="", message="", keep=True)
    assert kept.release.mapping == {"main.after": None}


async def test_a_rollback_asks_in_the_same_way(versions: Versions) -> None:
    await versions.publish(BASE, author="", message="")
    renamed = (await versions.publish(RENAMED, author="", message="")).release.version
    await waiting(versions.store, renamed)
    with pytest.raises(NodesDropped, match=r"main\.thanks \(1 waiting\)"):
        await versions.rollback(author="")
    assert (await versions.rollback(author="", keep=True)).released


async def test_who_does_not_come_back_there_is_not_asked_about(versions: Versions) -> None:
    live = (await versions.publish(BASE, author="", message="")).release.version
    await waiting(versions.store, live, "c-n1-1")
    await waiting(versions.store, "99" * 32, "c-n1-2")
    assert (await versions.publish(LOUDER, author="", message="")).staying == 0


async def test_who_was_promised_a_callback_waits_no_longer_on_the_line(versions: Versions) -> None:
    live = (await versions.publish(BASE, author="", message="")).release.version
    await waiting(versions.store, live)
    async with versions.store.unit_of_work() as uow:
        (entry,) = await uow.entries.live()
        await uow.entries.upsert(replace(entry, callback="b1", revision=entry.revision + 1))
    assert (await versions.publish(RENAMED, author="", message="")).staying == 0


async def test_a_callback_says_itself_where_it_comes_back_to(versions: Versions) -> None:
    live = (await versions.publish(BASE, author="", message="")).release.version
    await waiting(versions.store, live, "c-n1-1")
    async with versions.store.unit_of_work() as uow:
        ended = [each for each in await uow.entries.live()]
        await uow.entries.upsert(*(_ended(each) for each in ended))
        promise = CallbackRecord("b1", "c-n1-1", "e1", "general", "13812345678", T0, T0)
        await uow.callbacks.upsert(promise)
    assert (await versions.publish(RENAMED, author="", message="")).staying == 0
    async with versions.store.unit_of_work() as uow:
        await uow.callbacks.upsert(replace(promise, data={"node": "main.after"}, revision=1))
    with pytest.raises(NodesDropped, match=r"main\.after"):
        await versions.publish(draft(("after", "later")), author="", message="")


def _ended(entry: EntryRecord) -> EntryRecord:
    return replace(entry, state="ended", outcome="left", ended_at=T0, revision=entry.revision + 1)


async def test_a_draft_whose_callers_nobody_could_take_does_not_go_live(versions: Versions) -> None:
    without = {name: content for name, content in BASE.items() if name != "queues.yaml"}
    with pytest.raises(
        VersionError, match=r"wait in the queue `general`, but there is no queues\.yaml"
    ) as caught:
        await versions.publish(without, author="", message="")
    assert "queues: {general: {}}" in caught.value.mend
    with pytest.raises(FlowLoadError, match=r"queues\.yaml:1:20: error routing"):
        await versions.publish(
            {**BASE, "queues.yaml": b"queues: {general: {ring_s: x}}\n"}, author="", message=""
        )
    assert await versions.live() is None


async def test_it_is_told_who_waits_in_a_queue_that_is_gone(versions: Versions) -> None:
    live = (await versions.publish(BASE, author="", message="")).release.version
    await waiting(versions.store, live)
    await waiting(versions.store, live, call="c-n1-2")
    other = draft(("queue: general", "queue: other")) | {"queues.yaml": b"queues: {other: {}}\n"}
    published = await versions.publish(other, author="", message="renamed")
    assert published.kept_queues == {"general": 2}
    assert (await versions.rollback(author="")).kept_queues == {}


async def test_a_release_of_before_is_gone_back_to_as_it_is(versions: Versions) -> None:
    before = await released_before(versions.store, BASE)
    await versions.publish(LOUDER, author="", message="")
    back = await versions.rollback(author="")
    assert back.release.version == before
    assert (await versions.load(before)).version == before
