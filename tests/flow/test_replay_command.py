"""`ivr replay` as it is typed: calls out of a database and an export, the three formats, its exit codes."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ivr.__main__ import app
from ivr.flow.load import version_of
from ivr.versions.service import Versions
from storage.migrate import upgrade
from storage.records import CallRecord, JournalEvent
from storage.store import Store
from tests.flow.replay_small import BASE, Caller, base
from tests.flow.replay_support import journal_of

SWAPPED = ("help: {key: 1", "help: {key: 7")
"""Whoever presses 1 for taxes is not understood any more."""
HOPELESS = ("next: main.desk}, {say: sorry, reprompt: true}]", "hangup: true}, {say: sorry, reprompt: true}]")
"""And is hung up on."""


def callers() -> list[Caller]:
    """The first is the youngest."""
    return [
        Caller().keys("1").keys("2"),
        Caller().says("my ticket, please").keys("123456"),
        Caller().keys("1").keys("1"),
        Caller().waits(1.0).hangs_up(),
    ]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of flows, and a database with its version and four calls, the youngest an hour old."""
    path = tmp_path_factory.mktemp("replay")
    write(path / "flows", {})
    asyncio.run(_fill(f"sqlite+aiosqlite:///{path / 'calls.db'}"))
    return path


async def _fill(url: str) -> None:
    await upgrade(url)
    sources = {name: text.encode() for name, text in BASE.items()}
    now = dt.datetime.now(dt.UTC)
    async with await Store.open(url) as store:
        await Versions(store, "small").keep(sources, author="li", message="base")
        async with store.unit_of_work() as uow:
            for number, caller in enumerate(callers(), start=1):
                caller.over_()
                events = journal_of(caller, caller.states)
                later = now - dt.timedelta(hours=number) - events[0][0]
                id = f"c-n1-{number}"
                record = CallRecord(
                    id,
                    events[0][0] + later,
                    state="ended",
                    caller="13812345678",
                    dialled="12345",
                    flow="main",
                    flow_version=base().version,
                )
                await uow.calls.upsert(record)
                journal = [
                    JournalEvent(id, seq, at + later, kind, data)
                    for seq, (at, kind, data) in enumerate(events, start=1)
                ]
                await uow.journal.append(*journal)
            await uow.calls.upsert(CallRecord("c-n1-8", now, state="live", flow="main"))
            await uow.calls.upsert(
                CallRecord("c-n1-9", now - dt.timedelta(days=30), state="ended", flow="main")
            )


@pytest.fixture(autouse=True)
def settings(house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IVR_STATE_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IVR_FLOWS_DIR", str(house / "flows"))
    monkeypatch.setenv("IVR_DATABASE_URL", f"sqlite+aiosqlite:///{house / 'calls.db'}")
    yield


def write(folder: Path, changes: dict[str, str]) -> Path:
    for name, text in BASE.items():
        for before, after in changes.items():
            text = text.replace(before, after)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["replay", *arguments])


def report(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    return {call["call"]: call["verdict"] for call in found["calls"]}


def test_calls_of_the_database_replay_to_themselves() -> None:
    result = run("--since", "7d")
    assert result.exit_code == 0, result.output
    version = version_of({name: text.encode() for name, text in BASE.items()})[:12]
    assert "against 4 calls from" in result.stdout and f"of version {version}" in result.stdout
    assert "fidelity 100 %: 4 of 4 calls" in result.stdout
    assert "same              4  100.0%" in result.stdout
    assert "none saved in the median" in result.stdout


def test_a_draft_is_told_call_by_call(tmp_path: Path) -> None:
    draft = write(tmp_path / "draft", dict([SWAPPED]))
    found = report(str(draft), "--since", "7d")
    assert verdicts(found) == {
        "c-n1-1": "different",
        "c-n1-2": "same",
        "c-n1-3": "different",
        "c-n1-4": "same",
    }
    (place,) = found["summary"]["partings"]
    assert (place["at"], place["then"], place["now"], place["calls"]) == (
        "main.choose",
        "main.matter",
        "main.choose",
        2,
    )
    assert place["examples"] == [{"call": "c-n1-1", "said": "1"}, {"call": "c-n1-3", "said": "1"}]
    assert found["summary"]["fidelity"] == 1.0
    text = run(str(draft), "--since", "7d").stdout
    assert "different         2   50.0%" in text
    assert "c-n1-1  different: act 1 `1` at main.choose -> main.matter, now main.choose" in text
    assert "c-n1-2" not in text, "those that are the same are only counted"
    assert "c-n1-2  same" in run(str(draft), "--since", "7d", "--verbose").stdout


def test_new_dead_ends_come_first_and_fail_a_check(tmp_path: Path) -> None:
    draft = write(tmp_path / "draft", dict([SWAPPED, HOPELESS]))
    result = run(str(draft), "--since", "7d", "--fail-on", "dead-end")
    assert result.exit_code == 1
    assert result.stdout.index("NEW DEAD ENDS") < result.stdout.index("same  ")
    assert "2  hung up on, without a person at main.choose  e.g. c-n1-1 `1`, c-n1-3 `1`" in result.stdout
    calm = write(tmp_path / "calm", dict([SWAPPED]))
    assert run(str(calm), "--since", "7d", "--fail-on", "dead-end").exit_code == 0
    assert run(str(calm), "--since", "7d", "--fail-on", "different").exit_code == 1
    assert run("--since", "7d", "--fail-on", "different").exit_code == 0


def test_one_call_is_shown_with_both_ways(tmp_path: Path) -> None:
    draft = write(tmp_path / "draft", dict([SWAPPED]))
    text = run(str(draft), "--call", "c-n1-3").stdout
    assert "then  main.hello > main.choose > main.matter > main.desk > main.rate" in text
    assert "now   main.hello > main.choose > main.desk" in text
    missing = run(str(draft), "--call", "c-n1-77")
    assert missing.exit_code == 1 and "there is no call c-n1-77" in missing.stderr


def test_fewer_calls_may_be_asked_for() -> None:
    assert list(verdicts(report("--limit", "2"))) == ["c-n1-1", "c-n1-2"]
    assert list(verdicts(report("--since", "150m"))) == ["c-n1-1", "c-n1-2"]
    assert verdicts(report("--flow", "main", "--since", "1d")).keys() == {
        "c-n1-1",
        "c-n1-2",
        "c-n1-3",
        "c-n1-4",
    }
    assert verdicts(report("--flow", "other")) == {}
    nothing = run("--flow", "other")
    assert nothing.exit_code == 0 and "no calls to replay" in nothing.stdout
    assert "7d" in run("--since", "soon").output


def test_a_call_without_a_journal_is_told() -> None:
    found = report()
    (reason,) = found["summary"]["cannot_tell"]
    assert reason["why"] == "the journal of the call has no `started`: the call never reached its dialogue"
    assert reason["examples"] == [{"call": "c-n1-9", "said": ""}]


def test_a_version_is_a_draft_too() -> None:
    version = version_of({name: text.encode() for name, text in BASE.items()})
    assert set(verdicts(report(version[:8], "--since", "7d")).values()) == {"same"}
    missing = run("abcdef12")
    assert missing.exit_code == 1 and "there is no version abcdef12" in missing.stderr


def test_a_version_that_is_not_stored_is_told(house: Path, tmp_path: Path) -> None:
    """Of calls whose version nobody has any more it cannot be told what would have gone otherwise."""

    async def forget(url: str) -> None:
        await upgrade(url)
        async with await Store.open(url) as store, store.unit_of_work() as uow:
            at = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
            await uow.calls.upsert(CallRecord("c-n1-1", at, state="ended"))
            await uow.journal.append(
                JournalEvent("c-n1-1", 1, at, "started", {"version": "f" * 64, "flow": "main"})
            )

    url = f"sqlite+aiosqlite:///{tmp_path / 'other.db'}"
    asyncio.run(forget(url))
    found = report("--from-database", url)
    (reason,) = found["summary"]["cannot_tell"]
    assert reason["why"] == "its version ffffffffffff is not stored here"
    assert found["summary"]["fidelity"] is None


def test_an_export_is_replayed_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "calls.jsonl"
    written = run("--export", str(file), "--since", "7d")
    assert written.exit_code == 0, written.output
    assert "4 calls and 1 versions of the dialogue are in" in written.stdout
    assert "not told: numbers of callers" in written.stdout
    assert "every call can be replayed from it" in written.stdout
    text = file.read_text(encoding="utf-8")
    assert "13812345678" not in text and "please" not in text
    monkeypatch.setenv("IVR_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'nowhere.db'}")
    draft = write(tmp_path / "draft", dict([SWAPPED]))
    found = report(str(draft), "--from", str(file))
    # What the second caller said is not in it, and the question is another one now.
    assert list(verdicts(found).values()) == ["different", "cannot_tell", "different", "same"]
    assert verdicts(report(str(draft), "--from", str(file), "--limit", "1")) == {"c-n1-1": "different"}
    with_all = tmp_path / "all.jsonl"
    assert run("--export", str(with_all), "--with-personal-data", "--with-words").exit_code == 1, (
        "no database"
    )


def test_what_is_asked_for_is_exported(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    every = ("--with-personal-data", "--with-digits", "--with-words")
    assert run("--export", str(file), "--since", "7d", *every).exit_code == 0
    text = file.read_text(encoding="utf-8")
    assert "13812345678" in text and "my ticket, please" in text
    assert json.dumps({"digit": "6", "type": "digit"}, separators=(",", ":")) in text


def test_a_page_speaks_both_languages_and_needs_nothing(tmp_path: Path) -> None:
    draft = write(tmp_path / "draft", dict([SWAPPED, HOPELESS]))
    page = tmp_path / "replay.html"
    assert run(str(draft), "--since", "7d", "--format", "html", "--out", str(page)).exit_code == 0
    text = page.read_text(encoding="utf-8")
    for words in ("Replay 重放", "New dead ends 新的死路", "dead end 死路", "main.choose", "c-n1-1"):
        assert words in text
    assert "http" not in text and "<script" not in text


def test_a_faulty_draft_and_a_faulty_export_are_told(tmp_path: Path) -> None:
    faulty = write(tmp_path / "faulty", {"next: matter}": "next: mater}"})
    result = run(str(faulty))
    assert result.exit_code == 1 and "did you mean `matter`?" in result.stderr
    file = tmp_path / "calls.jsonl"
    file.write_text("{}\n", encoding="utf-8")
    result = run("--from", str(file))
    assert result.exit_code == 1 and "is no export of calls" in result.stderr
    result = run("--from", str(tmp_path / "nothing.jsonl"))
    assert result.exit_code == 1 and "cannot be read" in result.stderr
