"""Secrets: given as files, and shown nowhere."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from asr.process import _environment as worker_environment
from ivr.config import Settings, load_settings
from ivr.doctor import checks
from ivr.doctor.examining import examine
from ivr.errors import ConfigError
from ivr.secret_files import secret_settings
from storage.errors import StorageError
from storage.store import Store

SECRETS = {
    "asterisk__password": "word-of-asterisk",
    "database_password": "word-of-database",
    "web__token": "word-of-page",
    "web__metrics_token": "word-of-metrics",
    "speech__workers_token": "word-of-workers",
    "desk__pins": json.dumps({"agent1": "4711-pin"}),
}
DATABASE = "postgresql+asyncpg://hotline@127.0.0.1:1/hotline"
WORDS = [*list(SECRETS.values())[:-1], "4711-pin"]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [*os.environ]:
        if name.startswith("IVR_") or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "secrets"
    made.mkdir()
    for name, text in SECRETS.items():
        (made / name).write_text(text + "\n", encoding="utf-8")
    monkeypatch.setenv("IVR_SECRETS_DIR", str(made))
    return made


def test_every_secret_setting_can_be_a_file(folder: Path) -> None:
    settings = load_settings(database_url=DATABASE)
    assert settings.web.token.get_secret_value() == "word-of-page"
    assert settings.desk.pins["agent1"].get_secret_value() == "4711-pin"
    assert settings.effective_database_url == DATABASE.replace("@", ":word-of-database@")
    names = {"__".join(path) for path, _ in secret_settings(Settings)}
    assert names == {*SECRETS, "database_url"}, "a new secret is in this test too"


def test_systemds_credentials_count_and_the_environment_wins(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IVR_SECRETS_DIR")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    monkeypatch.setenv("IVR_WEB__TOKEN", "from-environment")
    settings = load_settings()
    assert settings.web.token.get_secret_value() == "from-environment"
    assert settings.web.metrics_token.get_secret_value() == "word-of-metrics"


def test_a_password_in_the_address_stays() -> None:
    address = DATABASE.replace("@", ":own@")
    assert load_settings(database_url=address, database_password="other").effective_database_url == address


@pytest.mark.parametrize("raw", [b"\xff\xfe4711-pin", b"{4711-pin", b"x" * 20_000])
def test_an_unreadable_secret_is_named_but_not_quoted(folder: Path, raw: bytes) -> None:
    (folder / "desk__pins").write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert "desk__pins" in str(caught.value)
    assert caught.value.mend
    assert "4711" not in str(caught.value)


def test_a_folder_that_is_not_there_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_SECRETS_DIR", "nowhere")
    with pytest.raises(ConfigError, match="nowhere"):
        load_settings()


async def test_no_secret_is_shown(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By what settings, errors, the log and the doctor say of them, with an address that has its password in it."""
    address = DATABASE.replace("@", ":word-of-database@")
    settings = load_settings(
        database_url=address, asterisk={"mode": "external", "ari_url": "http://127.0.0.1:1/ari"}
    )
    shown = [repr(settings), str(settings), f"{settings.web!r} {settings.desk}"]
    with caplog.at_level(logging.DEBUG):
        asked = (
            checks.check_asterisk,
            checks.check_database,
            checks.check_ports,
            checks.check_speech_workers,
        )
        findings = await examine(settings, asked)
        shown += [repr(finding) for finding in findings]
        with pytest.raises(StorageError) as caught:
            async with await Store.open(settings.effective_database_url) as store:
                await store.journal("nobody")
        shown.append(f"{caught.value} {caught.value.mend}")
    shown += [record.getMessage() for record in caplog.records]
    assert any("127.0.0.1:1" in text for text in shown), "nothing was said of the database at all"
    for word in WORDS:
        assert not any(word in text for text in shown), word


@pytest.mark.parametrize(
    "wrong",
    [
        {"web": {"token": ["word-of-page"]}},
        {"asterisk": {"password": {"a": "word-of-page"}}},
        {"desk": {"pins": "word-of-page"}},
    ],
)
def test_a_wrong_value_is_not_quoted(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(**wrong)
    assert "word-of-page" not in str(caught.value)


def test_speech_workers_are_not_given_any(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "IVR_WEB__TOKEN",
        "IVR_SECRET_CRM",
        "IVR_SECRETS_DIR",
        "CREDENTIALS_DIRECTORY",
        "IVR_DATABASE_URL",
    ):
        monkeypatch.setenv(name, "word-of-page")
    monkeypatch.setenv("IVR_MODELS", "/models")
    given = worker_environment()
    assert "word-of-page" not in given.values()
    assert given["IVR_MODELS"] == "/models"
