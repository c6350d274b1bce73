"""Who may be written to, what a gateway is sent, when a delivery is tried again."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow.digits import PatternError
from ivr.outside.messages import (
    Delivered,
    DeliveryPolicy,
    Undelivered,
    after_attempt,
    check_rule,
    payload,
    recipient,
)
from storage.promises import NotificationRecord

NOW = dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)
CALLER = "13812345678"
POLICY = DeliveryPolicy(first_s=4, longest_s=100, give_up=dt.timedelta(hours=1))


def record(**more: object) -> NotificationRecord:
    given = {
        "id": "n1",
        "call_id": "c-n1-5f-01",
        "channel": "sms",
        "recipient": CALLER,
        "text": "工单已受理",
        "next_at": NOW,
        "created_at": NOW,
        "language": "zh",
        "data": {"ticket": "2026-7", "urgent": True},
    }
    return NotificationRecord(**{**given, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("to", "caller", "own", "rules", "reached"),
    [
        (CALLER, CALLER, "", ("caller",), CALLER),
        ("138 1234-5678", CALLER, "", ("caller",), CALLER),
        ("13900000000", CALLER, "", ("caller",), None),
        ("13900000000", CALLER, "", ("caller", "1[3-9]X{9}"), "13900000000"),
        ("1390000000", CALLER, "", ("1[3-9]X{9}",), None),
        ("139000000000", CALLER, "", ("1[3-9]X{9}",), None),
        ("１３９００００００００", CALLER, "", ("1[3-9]X{9}",), None),
        ("", "", "13700000000", ("caller",), "13700000000"),
        ("", CALLER, "", ("caller",), None),
        ("13700000000", CALLER, "13700000000", (), "13700000000"),
        (" ", "", "", ("caller",), None),
        ("desk@city.example", "", "", ("desk@city.example",), "desk@city.example"),
        ("Desk@City.example", "", "", ("*@city.example",), "Desk@City.example"),
        ("desk@evilcity.example", "", "", ("*@city.example",), None),
        ("a@city.example,b@evil.example", "", "", ("*@city.example",), None),
        ("a@evil.example\r\nBcc: b@city.example", "", "", ("*@city.example",), None),
        (CALLER, CALLER, "", (), None),
    ],
)
def test_only_whom_a_rule_names_is_written_to(
    to: str, caller: str, own: str, rules: tuple[str, ...], reached: str | None
) -> None:
    assert recipient(to, caller, own, rules) == reached


def test_rules_are_checked_before_they_are_used() -> None:
    for rule in ("caller", "1[3-9]X{9}", "desk@city.example", "*@city.example"):
        check_rule(rule)
    for rule in ("", "callers", "*", "*@", "+86", "a@b"):
        with pytest.raises(PatternError):
            check_rule(rule)


def test_a_gateway_gets_what_its_template_says() -> None:
    template = {
        "phone": "{to}",
        "params": {"content": "{text}【12345】", "ref": ["{id}", "{data.ticket}"], "all": "{data}"},
        "urgent": "{data.urgent}",
        "fixed": 3,
        "odd": "{nothing} {data.nothing} {{to}}",
    }
    assert payload(record(), template) == {
        "phone": CALLER,
        "params": {
            "content": "工单已受理【12345】",
            "ref": ["n1", "2026-7"],
            "all": {"ticket": "2026-7", "urgent": True},
        },
        "urgent": True,
        "fixed": 3,
        "odd": "{nothing}  {13812345678}",
    }


def test_what_a_text_says_is_not_taken_for_a_template() -> None:
    assert payload(record(text="{to} {id}"), {"text": "{text}"}) == {"text": "{to} {id}"}


def test_without_a_template_everything_is_sent() -> None:
    assert set(payload(record(), {})) == {"id", "call", "channel", "to", "text", "language", "data", "at"}


def test_an_attempt_that_succeeds() -> None:
    after = after_attempt(record(error="before"), Delivered(), NOW, 0.5, POLICY)
    assert (after.state, after.sent_at, after.attempts, after.revision, after.error) == (
        "sent",
        NOW,
        1,
        1,
        "",
    )


def test_pauses_grow_until_it_is_given_up() -> None:
    now, pauses, kept = NOW, [], record()
    while kept.state == "pending":
        kept = after_attempt(kept, Undelivered("away"), now, 0.99999, POLICY)
        pauses.append(round((kept.next_at - now).total_seconds()))
        now = kept.next_at
    assert pauses[:4] == [4, 16, 64, 100]
    assert (kept.state, kept.error, kept.sent_at) == ("failed", "away", None)
    assert now <= NOW + POLICY.give_up


def test_what_will_never_be_taken_is_given_up_at_once() -> None:
    after = after_attempt(record(), Undelivered("no such number", permanent=True), NOW, 0.5, POLICY)
    assert (after.state, after.error) == ("failed", "no such number")


def test_a_wish_to_wait_is_kept() -> None:
    after = after_attempt(record(), Undelivered("busy", after_s=300), NOW, 0.5, POLICY)
    assert after.next_at == NOW + dt.timedelta(seconds=300)


@given(st.integers(0, 10**9), st.floats(0, 1, exclude_max=True))
def test_any_number_of_attempts_leaves_a_record(attempts: int, spread: float) -> None:
    after = after_attempt(record(attempts=attempts), Undelivered("x"), NOW, spread, POLICY)
    assert after.attempts == attempts + 1
    assert NOW < after.next_at <= NOW + dt.timedelta(seconds=POLICY.longest_s)
