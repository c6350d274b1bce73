"""No connection of ours leaves this machine in clear unless the settings say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.config import load_settings
from ivr.errors import ConfigError
from ivr.plain_links import ari_in_clear, database_in_clear


@pytest.fixture(autouse=True)
def no_file_of_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("sqlite+aiosqlite:////var/lib/hotline.db", ""),
        ("postgresql+asyncpg://h@127.0.0.1/h", ""),
        ("postgresql+asyncpg://h@[::1]:5432/h", ""),
        ("postgresql+asyncpg://h@localhost/h", ""),
        ("postgresql+asyncpg:///h?host=/run/postgresql", ""),
        ("postgresql+asyncpg://h@db.city/h?ssl=verify-full", ""),
        ("postgresql+asyncpg://h@db.city/h?ssl=require", ""),
        ("postgresql+asyncpg://h@db.city/h", "db.city"),
        ("postgresql+asyncpg://h@db.city/h?ssl=prefer", "db.city"),
        ("postgresql+asyncpg://h@/h?host=db.city:5432", "db.city:5432"),
        ("postgresql+asyncpg://h@127.0.0.1.evil.city/h", "127.0.0.1.evil.city"),
        ("postgresql+asyncpg://h@10.0.0.3/h", "10.0.0.3"),
    ],
)
def test_which_databases_are_reached_in_clear(url: str, host: str) -> None:
    assert database_in_clear(url) == host


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:8088/ari", ""),
        ("http://[::1]:8088/ari", ""),
        ("https://asterisk.city/ari", ""),
        ("http://asterisk.city/ari", "asterisk.city"),
        ("http://localhost@asterisk.city/ari", "asterisk.city"),
        ("http://0.0.0.0/ari", "0.0.0.0"),
    ],
)
def test_which_ari_is_asked_in_clear(url: str, host: str) -> None:
    assert ari_in_clear(url) == host


def test_a_start_in_clear_is_refused_with_its_cure() -> None:
    with pytest.raises(ConfigError, match=r"ssl=verify-full.*database_plain"):
        load_settings(database_url="postgresql+asyncpg://h:secret@db.city/h")
    with pytest.raises(ConfigError, match=r"https://.*ari_plain") as caught:
        load_settings(
            asterisk={"mode": "external", "ari_url": "http://asterisk.city/ari", "password": "secret"}
        )
    assert "secret" not in str(caught.value)


def test_who_says_so_may() -> None:
    load_settings(database_url="postgresql+asyncpg://h@10.0.0.3/h", database_plain=True)
    load_settings(asterisk={"mode": "external", "ari_url": "http://10.0.0.3/ari", "ari_plain": True})
    load_settings(asterisk={"mode": "private", "ari_url": "http://10.0.0.3/ari"})
