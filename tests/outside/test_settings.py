"""The section `outside` of the settings: every mistake is named before a call meets it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ivr.config import load_settings
from ivr.errors import ConfigError
from ivr.outside.settings import MailChannel, WebhookChannel


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("IVR_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


EXAMPLE = (Path(__file__).parents[2] / "docs" / "operators" / "requests.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_is_read(tmp_path: Path) -> None:
    text = next(
        part for part in EXAMPLE.split("```yaml\n") if part.startswith("# hotline.yaml beside")
    ).split("```")[0]
    (tmp_path / "hotline.yaml").write_text(text, encoding="utf-8")
    channels = load_settings().outside.channels
    assert isinstance(channels["sms"], WebhookChannel)
    assert isinstance(channels["email"], MailChannel)


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("IVR_OUTSIDE__HOSTS", '["https://x y"]', "outside.hosts"),
        ("IVR_OUTSIDE__HOSTS", "api.city.example", "JSON"),
        ("IVR_OUTSIDE__PRIVATE_HOSTS", '["10.0.0.0/99"]', "outside.private_hosts"),
        ("IVR_OUTSIDE__CHANNELS", '{"sms": {"kind": "pigeon"}}', "outside.channels.sms"),
        (
            "IVR_OUTSIDE__CHANNELS",
            '{"sms": {"kind": "webhook", "url": "x"}}',
            "outside.channels.sms.webhook.url",
        ),
        ("IVR_OUTSIDE__CHANNELS", '{"s": {"kind": "log", "to": ["anybody"]}}', "outside.channels.s.log.to"),
        ("IVR_OUTSIDE__LONGEST_S", "0", "outside.longest_s"),
        ("IVR_OUTSIDE__LONGEST", "1", "IVR_OUTSIDE__LONGEST"),
    ],
)
def test_a_mistake_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, named: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert named in f"{caught.value} {caught.value.mend}"


def test_secrets_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_SECRET_TICKETS", "hush")
    assert "hush" not in repr(load_settings())
