"""After Asterisk was started anew telephones are there before it has asked them, and no longer than that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ivr.accounts.book import AccountBook
from ivr.ari.generated.events import EVENTS
from ivr.ari.interface import Ari
from ivr.ari.parse import AnyEvent
from ivr.ari.results import Sent
from ivr.phones import Phones

AT = "2026-11-26T08:00:00.000+0000"


class Asterisk:
    """Three accounts, all called offline; `contacts` have a registration."""

    def __init__(self, *contacts: str) -> None:
        self.contacts = set(contacts)
        self.endpoints = self
        self.applications = self
        self.app = "ivr"

    async def subscribe(self, **_: Any) -> Sent[None]:
        return Sent(None)

    async def list_by_tech(self, tech: str) -> Sent[Any]:
        states = [SimpleNamespace(resource=name, state="offline", channel_ids=[]) for name in ("a", "b", "c")]
        return Sent(states)

    async def has_contact(self, username: str) -> bool:
        return username in self.contacts


def book(*online: str) -> AccountBook:
    made = AccountBook()
    account = {"active": True, "answering": "by_hand"}
    names = [SimpleNamespace(username=name, agent=name, **account) for name in ("a", "b", "c")]
    made.take(cast(Any, names))
    for name in online:
        made.set_online(name, True)
    return made


def phones(asterisk: Asterisk, known: AccountBook) -> Phones:
    return Phones(
        cast(Ari, asterisk), known, lambda agent, there: None, lambda name, busy: None, asterisk.has_contact
    )


def event(kind: str, state: str = "offline", **more: Any) -> AnyEvent:
    endpoint = {"technology": "PJSIP", "resource": "a", "state": state, "channel_ids": []}
    told = {"type": kind, "application": "ivr", "timestamp": AT, "endpoint": endpoint, **more}
    return EVENTS[kind].model_validate(told)


def peer(state: str = "offline") -> AnyEvent:
    return event("PeerStatusChange", state, peer={"peer_status": "Reachable"})


def contact(status: str, state: str = "offline") -> AnyEvent:
    info = {"uri": "sip:a@127.0.0.1", "contact_status": status, "aor": "a"}
    return event("ContactStatusChange", state, contact_info=info)


async def test_who_was_there_and_has_a_registration_is_there() -> None:
    known = book("a", "b")
    watched = phones(Asterisk("a", "c"), known)
    await watched.refresh()
    assert known.online == frozenset(), "after a gap alone Asterisk's word counts"
    known = book("a", "b")
    await phones(Asterisk("a", "c"), known).refresh(restarted=True)
    assert known.online == {"a"}, "b is not registered, c was not there before"
    assert known.unasked == {"a"}


@pytest.mark.parametrize(
    ("told", "there", "unasked"),
    [
        (peer(), True, True),
        (contact("NonQualified"), True, True),
        (contact("Unknown"), True, True),
        (contact("Reachable", "online"), True, False),
        (peer("online"), True, False),
        (contact("Unreachable"), False, False),
        (contact("Removed"), False, False),
    ],
)
async def test_until_asterisk_has_asked(told: AnyEvent, there: bool, unasked: bool) -> None:
    known = book("a")
    watched = phones(Asterisk("a"), known)
    await watched.refresh(restarted=True)
    watched.on_event(told)
    assert (known.is_online("a"), "a" in known.unasked) == (there, unasked)
    await watched.refresh()
    assert known.is_online("a") == unasked, "another look changes nothing while it is not asked"


async def test_each_change_is_told_once_and_what_is_asked_for_always() -> None:
    """Every call of a telephone says several times that it is there, and the board need not hear of it."""
    told: list[tuple[str, bool]] = []
    known, asterisk = book(), Asterisk("a")
    watched = Phones(
        cast(Ari, asterisk),
        known,
        lambda agent, there: told.append((agent, there)),
        lambda name, busy: None,
        asterisk.has_contact,
    )
    for state in ("online", "online", "offline", "online", "online"):
        watched.on_event(peer(state))
    assert told == [("a", True), ("a", False), ("a", True)]
    await watched.refresh(restarted=True)
    assert told[3:] == [("a", True), ("b", False), ("c", False)]
