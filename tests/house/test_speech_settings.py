"""The settings of recognition: what is not safe or not right is refused, and says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ivr.errors import ConfigError
from ivr.speech import SpeechSettings, check_url, pool_settings, port_range, read_token

TOKEN = "a-secret-of-some-length"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"workers": ["ws://10.0.0.7:8790"], "workers_token": TOKEN}, "unencrypted"),
        ({"workers": ["https://10.0.0.7:8790"], "workers_token": TOKEN}, "wss://host:port"),
        ({"workers": ["wss://10.0.0.7"], "workers_token": TOKEN}, "wss://host:port"),
        ({"workers": ["wss://10.0.0.7:1#sha256=abc"], "workers_token": TOKEN}, "64 hex digits"),
        ({"workers": ["wss://10.0.0.7:1#md5=" + "a" * 64], "workers_token": TOKEN}, "64 hex digits"),
        ({"workers": ["ws://127.0.0.1:1#sha256=" + "a" * 64], "workers_token": TOKEN}, "only wss://"),
        ({"workers": ["wss://10.0.0.7:8790"]}, "need a token"),
        ({"media_host": "10.0.0.5"}, "needs media_from"),
        ({"media_ports": "20000"}, "FIRST-LAST"),
        ({"media_ports": "30000-20000"}, "FIRST-LAST"),
        ({"media_from": ["asterisk"]}, "IPv4 or IPv6"),
    ],
)
def test_what_is_not_safe_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        SpeechSettings(**wrong)


def test_workers_elsewhere_are_told_to_the_pool(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    pinned = "AB:" * 31 + "AB"
    speech = SpeechSettings(
        local_workers=0,
        workers=(f"wss://10.0.0.7:8790#sha256={pinned}", "ws://127.0.0.1:9000", "wss://ears.city:1/"),
        workers_token_file=token,
        workers_ca_file=Path("/etc/ca.pem"),
        media_from=("10.0.0.5",),
    )
    found = pool_settings(speech, ("zh", "en"))
    assert found is not None and (found.workers, found.media_from) == (0, ("10.0.0.5",))
    assert [one.url for one in found.remote] == [
        "wss://10.0.0.7:8790",
        "ws://127.0.0.1:9000",
        "wss://ears.city:1",
    ]
    assert [one.fingerprint for one in found.remote] == ["ab" * 32, "", ""]
    assert {(one.token, one.ca_file) for one in found.remote} == {(TOKEN, "/etc/ca.pem")}
    assert TOKEN not in repr(found)
    assert pool_settings(SpeechSettings(local_workers=0), ("zh",)) is None


def test_a_plain_websocket_is_a_choice_and_never_by_chance() -> None:
    speech = SpeechSettings(workers=("ws://10.0.0.7:8790",), workers_token=TOKEN, workers_plain=True)
    assert check_url(speech.workers[0], plain=True) == ""
    assert check_url("ws://localhost:1", plain=False) == check_url("ws://[::1]:1", plain=False) == ""


def test_a_token_is_a_secret(tmp_path: Path) -> None:
    token = tmp_path / "token"
    with pytest.raises(ConfigError, match="No such file"):
        read_token(token)
    token.write_text("short")
    token.chmod(0o600)
    with pytest.raises(ConfigError, match="16 characters"):
        read_token(token)
    token.write_text(TOKEN)
    token.chmod(0o644)
    with pytest.raises(ConfigError, match="by everybody"):
        read_token(token)


def test_port_ranges() -> None:
    assert (port_range(""), port_range("20000-20100")) == (None, (20000, 20100))
