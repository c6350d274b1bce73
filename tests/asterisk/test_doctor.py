"""The doctor: says what is missing and how to mend it, whatever a check does."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr
from typer.testing import CliRunner

from ivr.adoption.lock import LOCK, ControllerLock
from ivr.cli.doctor import doctor as command
from ivr.config import AsteriskSettings, Settings, WebSettings, load_settings
from ivr.doctor import checks
from ivr.doctor.examining import Finding, examine, worst
from ivr.errors import AsteriskError, StorageError

app = typer.Typer()
app.command()(command)


@pytest.fixture(autouse=True)
def nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file is read but a test's own."""
    monkeypatch.chdir(tmp_path)


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def good(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("thing", "ok", "there")


async def worried(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("room", "warn", "little", "make room")


async def check_our_store(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("first", "ok", "fine")
    raise StorageError("the database is away", mend="start it")


async def check_buggy(settings: Settings) -> AsyncIterator[Finding]:
    raise ZeroDivisionError("oh")
    yield Finding("never", "ok", "")


async def test_findings_keep_the_order_of_the_checks() -> None:
    findings = await examine(load_settings(), [worried, good])
    assert [finding.name for finding in findings] == ["room", "thing"]
    assert worst(findings) == "warn"
    assert worst([]) == "ok"


async def test_a_check_that_fails_is_a_finding_and_hides_nothing() -> None:
    findings = await examine(load_settings(), [check_our_store, check_buggy, good])
    assert [(finding.name, finding.status) for finding in findings] == [
        ("first", "ok"),
        ("our store", "fail"),
        ("buggy", "fail"),
        ("thing", "ok"),
    ]
    assert findings[1].detail == "the database is away"
    assert findings[1].mend == "start it"
    assert worst(findings) == "fail"


async def test_a_missing_asterisk_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> None:
        raise AsteriskError("no Asterisk", mend="run `make setup`")

    monkeypatch.setattr("ivr.doctor.checks.locate.locate", nothing)
    (finding,) = await examine(load_settings(), [checks.check_asterisk])
    assert finding == Finding("asterisk", "fail", "no Asterisk", "run `make setup`")


async def test_an_external_asterisk_that_does_not_answer_is_named() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    wanted = AsteriskSettings(
        mode="external", ari_url=f"http://127.0.0.1:{port}/ari", password=SecretStr("x")
    )
    (finding,) = await examine(load_settings(asterisk=wanted), [checks.check_asterisk])
    assert finding.status == "fail"
    assert f":{port}/ari" in finding.detail
    assert finding.mend


async def test_missing_tools_name_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.doctor.checks.shutil.which", lambda program: None)
    findings = {finding.name: finding for finding in await examine(load_settings(), [checks.check_tools])}
    assert findings["openssl"].status == "fail"
    assert findings["sipp"].status == "warn"
    assert findings["sipp"].mend == "apt-get install sip-tester"


async def ports_found(state_dir: Path) -> list[Finding]:
    """With both ports taken."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        settings = load_settings(
            state_dir=state_dir, web=WebSettings(port=port), asterisk=AsteriskSettings(sip_port=port)
        )
        return await examine(settings, [checks.check_ports])


async def test_a_taken_port_is_noticed(tmp_path: Path) -> None:
    assert [(finding.name, finding.status) for finding in await ports_found(tmp_path)] == [
        ("port for SIP", "warn"),
        ("port for pages", "warn"),
    ]


async def test_the_ports_of_the_hotline_that_runs_here_are_its_own(tmp_path: Path) -> None:
    lock = ControllerLock(tmp_path, "n1")
    lock.take()
    found = await ports_found(tmp_path)
    assert [finding.status for finding in found] == ["ok", "ok"]
    assert all(f"process {os.getpid()} " in finding.detail for finding in found)
    lock.close()
    holder = tmp_path / LOCK
    holder.write_text(holder.read_text().replace('"started": ', '"started": 1'))
    assert {finding.status for finding in await ports_found(tmp_path)} == {"warn"}, "it has ended"


async def test_a_database_that_is_not_made_yet_is_fine_and_stays_unmade(tmp_path: Path) -> None:
    file = tmp_path / "hotline.db"
    settings = load_settings(database_url=f"sqlite+aiosqlite:///{file}")
    (finding,) = await examine(settings, [checks.check_database])
    assert finding.status == "ok"
    assert not files_in(tmp_path)


async def test_a_password_in_the_database_address_is_not_shown() -> None:
    settings = load_settings(database_url="postgresql+asyncpg://ivr:hunter2@127.0.0.1:1/x")
    findings = await examine(settings, [checks.check_database])
    assert worst(findings) == "fail"
    assert "hunter2" not in "".join(finding.detail + finding.mend for finding in findings)


async def test_a_folder_that_cannot_be_written_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.doctor.checks.os.access", lambda path, mode: False)
    findings = await examine(load_settings(state_dir=tmp_path), [checks.check_disk])
    assert {finding.status for finding in findings} == {"fail"}


def test_the_command_prints_json_and_fails_when_something_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.cli.doctor.CHECKS", (good, check_our_store))
    result = CliRunner().invoke(app, ["--format", "json"])
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert said["status"] == "fail"
    assert said["findings"][0] == {"name": "thing", "status": "ok", "detail": "there", "mend": ""}


def test_the_command_says_in_words_how_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.cli.doctor.CHECKS", (good, worried))
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    assert "warn  room" in result.stdout
    assert "mend: make room" in result.stdout


def test_wrong_settings_are_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "hotline.yaml"
    file.write_text("no_such_key: 1\n")
    result = CliRunner().invoke(app, ["--config", str(file)])
    assert result.exit_code == 1
    assert "no_such_key" in result.stdout
