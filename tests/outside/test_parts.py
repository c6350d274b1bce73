"""The smaller pure parts: addresses, retries, secrets."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.outside.addresses import PrivateHostError, PrivateHosts, kind_of, literal
from ivr.outside.retry import (
    FailedTry,
    FailureKind,
    is_repeatable,
    pause_before_next,
    retry_after_s,
    time_for_try,
)
from ivr.outside.secrets import SecretMissing, Secrets

# --- addresses ---


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("93.184.216.34", "public"),
        ("2606:4700::1111", "public"),
        ("127.0.0.1", "private"),
        ("127.255.0.9", "private"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("172.32.0.1", "public"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("::1", "private"),
        ("fd00::1", "private"),
        ("0.0.0.0", "never"),
        ("0.1.2.3", "never"),
        ("169.254.169.254", "never"),
        ("224.0.0.1", "never"),
        ("255.255.255.255", "never"),
        ("240.0.0.1", "never"),
        ("192.0.0.99", "never"),
        ("192.0.2.1", "never"),
        ("198.18.0.1", "never"),
        ("fe80::1", "never"),
        ("fec0::1", "never"),
        ("ff02::1", "never"),
        ("::", "never"),
        ("2001:db8::1", "never"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:169.254.169.254", "never"),
        ("::ffff:93.184.216.34", "public"),
        ("64:ff9b::a00:1", "private"),
        ("64:ff9b::5db8:d822", "public"),
        ("64:ff9b:1::a00:1", "never"),
        ("2002:a00:1::", "never"),
        ("2002:5db8:d822::", "never"),
        ("2001:0:5db8:d822::1", "never"),
        ("::10.0.0.1", "never"),
    ],
)
def test_kinds_of_addresses(address: str, kind: str) -> None:
    assert kind_of(ipaddress.ip_address(address)) == kind


PRIVATE = PrivateHosts.read(
    ["10.1.0.0/16", "127.0.0.1", "crm.internal", "*.desk.internal", "fd00::/8", "169.254.169.254"]
)


@pytest.mark.parametrize(
    ("host", "address", "permitted"),
    [
        ("api.city.example", "93.184.216.34", True),
        ("api.city.example", "10.1.2.3", True),
        ("api.city.example", "10.2.2.3", False),
        ("api.city.example", "127.0.0.1", True),
        ("api.city.example", "127.0.0.2", False),
        ("api.city.example", "::ffff:10.1.2.3", True),
        ("api.city.example", "fd12::1", True),
        ("crm.internal", "10.9.9.9", True),
        ("crm.internal", "127.0.0.7", True),
        ("evilcrm.internal", "10.9.9.9", False),
        ("a.b.desk.internal", "10.9.9.9", True),
        ("desk.internal", "10.9.9.9", False),
        ("crm.internal", "169.254.0.1", False),
        ("crm.internal", "0.0.0.0", False),
        ("crm.internal", "ff02::1", False),
        ("169.254.169.254", "169.254.169.254", True),
        ("crm.internal", "nonsense", False),
        ("crm.internal", "fe80::1%eth0", False),
    ],
)
def test_what_the_administrator_permits(host: str, address: str, permitted: bool) -> None:
    assert PRIVATE.permit(host, address) is permitted


@pytest.mark.parametrize(
    "entry", ["", "10.0.0.0/99", "http://crm.internal", "crm.internal:80", "*.", "10.0.0.1/8"]
)
def test_an_unreadable_entry_is_told(entry: str) -> None:
    with pytest.raises(PrivateHostError):
        PrivateHosts.read([entry])


@given(st.ip_addresses())
def test_nothing_that_is_not_public_gets_through_unlisted(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    permitted = PrivateHosts().permit("api.city.example", str(address))
    assert permitted == (kind_of(address) == "public")
    if permitted and address.version == 4:
        assert address.is_global


def test_a_host_that_is_an_address() -> None:
    assert literal("127.0.0.1") == "127.0.0.1"
    assert literal("::1") == "::1"
    assert literal("api.city.example") is None


# --- retries ---


@pytest.mark.parametrize(
    ("kind", "sent", "repeatable", "tries", "retries", "pause"),
    [
        ("connect", False, False, 1, 1, 0.15),
        ("timeout", True, True, 1, 1, 0.15),
        ("broken", True, True, 2, 2, 0.3),
        ("status", True, True, 1, 1, 0.15),
        ("timeout", False, False, 1, 1, 0.15),
        ("timeout", True, False, 1, 1, None),
        ("status", True, False, 1, 1, None),
        ("connect", False, True, 1, 0, None),
        ("connect", False, True, 3, 2, None),
        ("final", False, True, 1, 5, None),
    ],
)
def test_whether_it_is_tried_again(
    kind: FailureKind, sent: bool, repeatable: bool, tries: int, retries: int, pause: float | None
) -> None:
    found = pause_before_next(
        FailedTry(kind, sent), tries=tries, retries=retries, repeatable=repeatable, left_s=10.0, spread=0.5
    )
    assert found == (None if pause is None else pytest.approx(pause))


@pytest.mark.parametrize(
    ("after_s", "left_s", "pause"),
    [(None, 10.0, 0.2), (3.0, 10.0, 3.0), (0.0, 10.0, 0.2), (10.0, 10.0, None), (None, 0.1, None)],
)
def test_the_other_sides_wish_counts_within_the_time(
    after_s: float | None, left_s: float, pause: float | None
) -> None:
    failed = FailedTry("status", True, after_s)
    found = pause_before_next(failed, tries=1, retries=3, repeatable=True, left_s=left_s, spread=0.99999)
    assert found == (None if pause is None else pytest.approx(pause, abs=0.01))


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_pauses_never_grow_beyond_bounds(tries: int, spread: float) -> None:
    pause = pause_before_next(
        FailedTry("connect", False), tries=tries, retries=10**7, repeatable=True, left_s=1e9, spread=spread
    )
    assert pause is not None
    assert 0.1 <= pause <= 2.0


def test_the_time_is_shared() -> None:
    assert time_for_try(6.0, tries=0, retries=2) == 2.0
    assert time_for_try(4.0, tries=1, retries=2) == 2.0
    assert time_for_try(3.0, tries=2, retries=2) == 3.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3", 3.0), (" 12 ", 12.0), ("-1", None), ("soon", None), (None, None), ("9" * 400, None)],
)
def test_retry_after(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text) == seconds


def test_what_may_be_repeated() -> None:
    assert is_repeatable("GET", frozenset())
    assert not is_repeatable("POST", frozenset({"accept"}))
    assert is_repeatable("POST", frozenset({"idempotency-key"}))


# --- secrets ---


def test_a_secret_comes_from_the_environment_or_a_file_when_it_is_used(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "OTHER").write_text("of systemd\n", encoding="utf-8")
    environment = {"IVR_SECRET_TICKETS": "first", "CREDENTIALS_DIRECTORY": str(credentials)}
    secrets = Secrets((tmp_path,), environment)
    assert secrets.get("tickets") == "first"
    assert secrets.get("OTHER") == "of systemd"
    (tmp_path / "OTHER").write_text("of the folder", encoding="utf-8")
    assert secrets.get("OTHER") == "of the folder"
    environment["IVR_SECRET_TICKETS"] = "second"
    assert secrets.header({"secret": "TICKETS", "prefix": "Bearer "}) == "Bearer second"


@pytest.mark.parametrize("name", ["../OTHER", "", "a/b", "a" * 100, "NONE"])
def test_a_secret_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(SecretMissing):
        Secrets((tmp_path / "folder",), {}).get(name)


def test_a_secret_with_line_breaks_is_refused_without_being_told() -> None:
    with pytest.raises(SecretMissing) as caught:
        Secrets((), {"IVR_SECRET_A": "hush\nhush"}).get("A")
    assert "hush" not in str(caught.value)
