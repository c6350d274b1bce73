"""An account as Asterisk's objects, and what is to be done to bring an Asterisk in step."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.accounts.book import AccountBook
from ivr.accounts.first import Warned
from ivr.accounts.plan import plan
from ivr.accounts.profile import Found, Profile, auth_told, changes, expected, objects_of
from ivr.accounts.secrets import digests, fits, new_secret
from routing.ids import QueueName
from routing.rules import QueueRules
from storage.accounts import SipAccountRecord
from tests.routing.world import agent, rules

AT = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)
PROFILE = Profile()


def account(
    username: str = "a1001", agent: str = "a1001", secret: str = "s1", **more: object
) -> SipAccountRecord:
    md5, sha256 = digests(username, "hotline", secret)
    made = SipAccountRecord(username, agent, "phone", "hotline", md5, sha256, AT, AT)
    return replace(made, **more)  # type: ignore[arg-type]


def test_a_secret_is_strong_and_only_what_checks_it_is_kept() -> None:
    secret = new_secret()
    assert len(secret) == 32 and secret != new_secret()
    md5, sha256 = digests("a1", "hotline", secret)
    assert sha256 == hashlib.sha256(f"a1:hotline:{secret}".encode()).hexdigest()
    assert fits(sha256, "a1", "hotline", secret) and not fits(sha256, "a1", "hotline", secret + "x")
    assert md5 not in repr(account()) and secret not in repr(account(secret=secret))


def test_the_endpoint_comes_last_and_no_object_holds_a_password() -> None:
    objects = objects_of(account(), PROFILE)
    assert [one.kind for one in objects] == ["auth", "aor", "endpoint"]
    assert "password" not in dict(objects[0].fields)
    assert dict(objects[2].fields)["timers_min_se"] == "90"
    assert dict(objects[2].fields)["timers"] == "always", "or a telephone without timers is never asked for"


def test_a_browser_has_encryption_and_opus_and_a_phone_may_do_without() -> None:
    profile = replace(PROFILE, browser_codecs=("opus", "ulaw"))
    browser = dict(objects_of(account(kind="browser"), profile)[2].fields)
    assert (browser["webrtc"], browser["allow"]) == ("yes", "opus,ulaw")
    phone = dict(objects_of(account(), profile)[2].fields)
    assert phone["media_encryption_optimistic"] == "yes" and "webrtc" not in phone


def kinds_of(before: SipAccountRecord, after: SipAccountRecord, profile: Profile = PROFILE) -> list[str]:
    return [one.kind for one in changes(after, profile, expected(before, PROFILE))]


def test_only_what_has_changed_is_told() -> None:
    """A new secret leaves the endpoint alone, which may be in a call, and the aor, which has registrations."""
    assert kinds_of(account(), account()) == []
    assert kinds_of(account(), account(secret="s2")) == ["auth"]
    assert kinds_of(account(), account(answering="by_itself")) == ["endpoint"]
    assert kinds_of(account(), account(), replace(PROFILE, qualify_s=5)) == ["aor", "endpoint"]
    assert [one.kind for one in changes(account(), PROFILE, None)] == ["auth", "aor", "endpoint"]
    (endpoint,) = changes(account(answering="by_itself"), PROFILE, expected(account(), PROFILE))
    assert endpoint.removed_first


def test_what_asterisk_tells_of_an_auth_is_known_again() -> None:
    md5, sha256 = account().md5, account().sha256
    told = [
        ("password", ""),
        ("password_digest", f"MD5:{md5},SHA-256:{sha256}"),
        ("realm", "hotline"),
        ("supported_algorithms_uas", "MD5"),
    ]
    assert auth_told(told) == expected(account(), PROFILE).auth


def test_missing_are_made_unknown_of_ours_removed_and_others_left_alone() -> None:
    there, revoked = account("a1"), account("a3", revoked_at=AT)
    accounts = {"a1": there, "a2": account("a2"), "a3": revoked, "trunk2": account("trunk2")}
    found = {
        "a1": expected(there, PROFILE),
        "a3": expected(revoked, PROFILE),
        "left": Found("ivr:0:0"),
        "theirs": Found("other:0:0"),
        "trunk": Found(),
        "trunk2": Found(),
    }
    todo = plan(accounts, found, PROFILE)
    assert [one.username for one in todo.make] == ["a2"]
    assert set(todo.remove) == {"a3", "left"}
    assert todo.taken == ("trunk2",)


NAMES = st.sampled_from(["a1", "a2", "a3", "a4"])


@given(
    st.dictionaries(NAMES, st.sampled_from(["s1", "s2"])),
    st.dictionaries(NAMES, st.sampled_from(["s1", "s2", "old", "foreign"])),
)
def test_whatever_is_found_one_round_brings_it_in_step(wanted: dict[str, str], has: dict[str, str]) -> None:
    """What is made and removed gives exactly the wanted accounts, and no endpoint of somebody else's is touched."""
    accounts = {name: account(name, secret=secret) for name, secret in wanted.items()}
    found = {
        name: Found() if what == "foreign" else expected(account(name, secret=what), PROFILE)
        for name, what in has.items()
    }
    todo = plan(accounts, found, PROFILE)
    after = {name: there for name, there in found.items() if name not in todo.remove}
    after |= {one.username: expected(one, PROFILE) for one in todo.make}
    foreign = {name for name, there in found.items() if there == Found()}
    assert {name: there for name, there in after.items() if there != Found()} == {
        name: expected(one, PROFILE) for name, one in accounts.items() if name not in foreign
    }
    assert {name for name, there in after.items() if there == Found()} == foreign
    assert plan(accounts, after, PROFILE).make == () and plan(accounts, after, PROFILE).remove == ()


def test_all_telephones_that_are_registered_are_rung_the_last_to_be_so_first() -> None:
    book = AccountBook()
    book.take([account("a1", "a1"), account("a1-web", "a1"), account("a2", "a2")])
    assert book.endpoint_of("a1") == "PJSIP/a1"
    assert book.set_online("a1", True)
    assert book.set_online("a1-web", True)
    assert book.endpoints_of("a1") == ["PJSIP/a1-web", "PJSIP/a1"]
    assert book.endpoint_of("a1") == "PJSIP/a1-web"
    assert book.set_online("a1-web", False), "the other is still there"
    assert book.endpoint_of("a1") == "PJSIP/a1"
    assert not book.set_online("a1", False)
    assert book.agent_of("a1-web") == "a1"
    book.set_online("a2", True)
    book.take([account("a1", "a1")])
    assert book.online == frozenset()


@pytest.mark.parametrize("agent", ["a9", "nobody"])
def test_an_agent_without_account_is_rung_by_name(agent: str) -> None:
    assert AccountBook().endpoint_of(agent) == f"PJSIP/{agent}"


def test_telephones_that_answer_by_themselves_where_several_are_rung_are_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    book, warned = AccountBook(), Warned()
    staff = [agent("a1"), agent("a2"), agent("a3", queues=("other",))]
    book.take([replace(account(name, name), answering="by_itself") for name in ("a1", "a3")])
    both = rules(QueueRules(QueueName("other")), ring=2)
    for _ in range(2):
        warned.look(both, staff, book.by_themselves)
    (record,) = caplog.records
    assert record.getMessage().startswith("queue `general` rings several agents at once")
    assert " a1 answer by themselves" in record.getMessage()
    warned.look(rules(), staff, book.by_themselves)
    warned.look(both, staff, book.by_themselves)
    assert len(caplog.records) == 2
