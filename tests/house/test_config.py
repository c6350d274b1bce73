"""Settings: file, environment, command line; every mistake says where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.config import load_settings
from ivr.errors import ConfigError


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("IVR_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.asterisk.mode == "private"
    assert settings.effective_database_url == f"sqlite+aiosqlite:///{tmp_path / 'var' / 'hotline.db'}"


def test_command_line_wins_over_environment_over_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "web: {port: 9000, host: 127.0.0.2}\nnode: a\n")
    monkeypatch.setenv("IVR_WEB__PORT", "9100")
    monkeypatch.setenv("IVR_NODE", "b")
    settings = load_settings(path, node="c")
    assert (settings.web.port, settings.web.host, settings.node) == (9100, "127.0.0.2", "c")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("web: {port: seventy}", "web.port"),
        ("webb: {port: 70}", "webb"),
        ("web: {prot: 70}", "web.prot"),
        ("- a list", "keys and values"),
        ("web: {port: 1", "not readable as YAML"),
    ],
)
def test_a_wrong_file_names_the_key(tmp_path: Path, text: str, named: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert named in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.mend


def test_a_missing_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_settings(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("variable", ["IVR_NODEE", "IVR_WEB__PRT", "IVR_NOPE__X"])
def test_a_misspelt_variable_is_an_error(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(ConfigError, match=variable):
        load_settings()


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_WEB__PORT", "none")
    with pytest.raises(ConfigError, match="IVR_WEB__PORT"):
        load_settings()


def test_secrets_do_not_show() -> None:
    settings = load_settings(asterisk={"password": "hush-hush"})
    assert "hush-hush" not in repr(settings)
