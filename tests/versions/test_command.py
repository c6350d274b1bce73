"""`ivr publish`, `rollback`, `versions` and `diff` as they are typed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.__main__ import app
from ivr.flow.load import version_of
from storage.store import Store
from tests.versions.drafts import BASE, FAULTY, LOUDER, RENAMED, draft, waiting
from tests.versions.test_live import write

OLD, NEW = version_of(BASE)[:12], version_of(LOUDER)[:12]


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the settings name, and a database that is not there yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IVR_STATE_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "flows", dict(BASE))
    return tmp_path / "flows"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def told(result: Result) -> str:
    """In one line, however wide the terminal is."""
    return " ".join(result.output.split())


def test_publish_says_what_is_live_and_what_was(flows: Path) -> None:
    first = run("publish", "-m", "first", "--author", "li")
    assert first.exit_code == 0, first.output
    assert f"version {OLD} is live (release 1)" in told(first)
    again = run("publish", "-m", "again")
    assert (again.exit_code, f"already live: version {OLD} (release 1)" in told(again)) == (0, True)
    write(flows, dict(LOUDER))
    second = run("publish", str(flows), "-m", "louder", "--format", "json")
    release = json.loads(second.stdout)
    assert (release["version"][:12], release["before"][:12], release["seq"]) == (NEW, OLD, 2)
    assert release["released"] is True and release["message"] == "louder"


def test_a_publish_of_no_folder_says_so(flows: Path) -> None:
    for place, cause in ((flows / "nowhere", "is not there"), (flows / "hotline.yaml", "is no folder")):
        done = run("publish", str(place), "-m", "x")
        assert done.exit_code == 1
        assert f"{place.name} {cause}" in told(done) and "ivr check" in told(done)


def test_a_publish_wants_to_know_why(flows: Path) -> None:
    silent = run("publish")
    assert silent.exit_code == 2 and "say why" in silent.output


def test_a_faulty_draft_is_told_by_line_and_changes_nothing(flows: Path) -> None:
    run("publish", "-m", "first")
    write(flows, dict(FAULTY))
    refused = run("publish", "-m", "oops")
    assert refused.exit_code == 1
    assert "main.yaml:4:43: error unknown-target" in refused.stderr
    assert "did you mean `choose`?" in refused.stderr and "nothing has changed" in refused.stderr
    as_json = run("publish", "-m", "oops", "--format", "json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["findings"][0]["line"] == 4
    (live,) = run("versions").output.splitlines()[1:]
    assert live.startswith("live") and OLD in live


def test_prompts_without_a_sound_are_told_and_refused_where_none_is_rendered(
    flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_PROMPTS__RENDER", "false")
    refused = run("publish", "-m", "first")
    assert refused.exit_code == 1
    assert "have no sound" in refused.stderr and "ivr prompts render" in refused.stderr
    monkeypatch.setenv("IVR_PROMPTS__RENDER", "true")
    taken = run("publish", "-m", "first")
    assert taken.exit_code == 0 and "no sound yet" in taken.output


def test_rollback_and_the_list(flows: Path) -> None:
    run("publish", "-m", "first", "--author", "li")
    write(flows, dict(LOUDER))
    run("publish", "-m", "louder", "--author", "li")
    back = run("rollback", "-m", "too loud", "--author", "wang")
    assert back.exit_code == 0, back.output
    assert f"version {OLD} is live (release 3, it was {NEW})" in told(back)
    listed = run("versions").output.splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [
        ["live", "3"],
        ["2", listed[2].split()[1]],
        ["1", listed[3].split()[1]],
    ]
    assert "back: too loud" in listed[1] and "wang" in listed[1]
    rows = json.loads(run("versions", "--format", "json").stdout)
    assert [(row["seq"], row["kind"], row["calls"]) for row in rows] == [
        (3, "rollback", 0),
        (2, "publish", 0),
        (1, "publish", 0),
    ]
    nowhere = run("rollback", "--steps", "9")
    assert nowhere.exit_code == 1 and "cannot go back 9 steps" in nowhere.stderr


def test_show_and_export(flows: Path, tmp_path: Path) -> None:
    run("publish", "-m", "first", "--author", "li")
    shown = run("versions", "show", "live")
    assert version_of(BASE) in shown.output and "by li" in shown.output and "prompts/zh.yaml" in shown.output
    assert json.loads(run("versions", "show", "1", "--format", "json").stdout)["hash"] == version_of(BASE)
    out = tmp_path / "out"
    assert run("versions", "export", OLD, str(out)).exit_code == 0
    assert (out / "prompts" / "zh.yaml").read_bytes() == BASE["prompts/zh.yaml"]
    again = run("versions", "export", OLD, str(out))
    assert again.exit_code == 1 and "is not empty" in again.stderr


def test_diff_compares_the_draft_with_what_is_live(flows: Path) -> None:
    run("publish", "-m", "first")
    same = run("diff")
    assert (same.exit_code, "are the same dialogue" in same.output) == (0, True)
    write(flows, dict(LOUDER))
    changed = run("diff")
    assert "~ prompt hello changed" in changed.output and "en: Hello -> HELLO" in changed.output
    assert run("diff", str(flows)).output == changed.output
    assert run("diff", "--exit-code").exit_code == 1
    run("publish", "-m", "louder")
    plain = json.loads(run("diff", "1", "2", "--format", "json").stdout)
    assert plain["differences"] == [
        {
            "scope": "prompt",
            "name": "hello",
            "how": "changed",
            "changes": [{"path": "en", "before": "Hello", "after": "HELLO"}],
        }
    ]


def test_diff_of_two_folders_needs_no_database(flows: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", dict(RENAMED))
    found = run("diff", str(flows), str(tmp_path / "other"))
    assert found.exit_code == 0
    assert "> node main.after -> main.thanks (say) renamed, 100% alike" in found.output
    write(tmp_path / "other", {"tables/t.csv": b"a\n1\n"})
    write(flows, {"tables/t.csv": b"a\n2\n"})
    assert "    -2\n    +1\n" in run("diff", str(flows), str(tmp_path / "other")).output


def test_what_is_not_there_is_told_with_its_cure(flows: Path, tmp_path: Path) -> None:
    for arguments in (["versions"], ["diff"], ["rollback"], ["versions", "show", "live"]):
        nothing = run(*arguments)
        assert nothing.exit_code == 1, arguments
        assert "nothing is published" in nothing.stderr and "ivr publish" in nothing.stderr
    missing = run("diff", str(tmp_path / "nowhere"))
    assert missing.exit_code == 1 and "nowhere" in missing.stderr
    run("publish", "-m", "first")
    unknown = run("versions", "show", "ffff")
    assert unknown.exit_code == 1 and "there is no version ffff" in unknown.stderr


def somebody_waits(tmp_path: Path) -> None:
    """In a queue, at a node of the first version."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'var' / 'hotline.db'}"

    async def wait() -> None:
        async with await Store.open(url) as store:
            await waiting(store, version_of(BASE))

    asyncio.run(wait())


def test_who_waits_at_a_dropped_node_is_told_and_mapped(flows: Path, tmp_path: Path) -> None:
    run("publish", "-m", "first")
    somebody_waits(tmp_path)
    write(flows, dict(RENAMED))
    asked = run("publish", "-m", "renamed")
    assert asked.exit_code == 1
    assert "main.after (1 waiting)" in asked.stderr
    assert "--map main.after=main.thanks" in asked.stderr and "--keep" in asked.stderr
    wrong = run("publish", "-m", "renamed", "--map", "main.after")
    assert wrong.exit_code == 1 and "FLOW.OLD=FLOW.NEW" in wrong.stderr
    mapped = run("publish", "-m", "renamed", "--map", "main.after=main.thanks")
    assert mapped.exit_code == 0 and "main.after: comes back to main.thanks" in mapped.output
    assert json.loads(run("versions", "--format", "json").stdout)[1]["calls"] == 1
    back = run("rollback", "--keep")
    assert back.exit_code == 0, back.output


def test_who_waits_in_a_queue_that_is_gone_is_told(flows: Path, tmp_path: Path) -> None:
    run("publish", "-m", "first")
    somebody_waits(tmp_path)
    write(flows, draft(("queue: general", "queue: other")) | {"queues.yaml": b"queues: {other: {}}\n"})
    told = run("diff")
    assert "+ queue other added" in told.output and "- queue general removed" in told.output
    published = run("publish", "-m", "renamed")
    assert published.exit_code == 0, published.output
    assert "queue general is gone, but 1 wait there: it is kept until they are served" in published.output
