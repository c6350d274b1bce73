"""lookup: one of the hotline's sources; meanwhile as with request (test_request)."""

from __future__ import annotations

import pytest

from ivr.flow.actions import CancelLookup, Lookup, Play, StartTimer
from ivr.flow.inputs import LookupEnded
from tests.flow.support import PERSON, Dialogue, faults, library

LOOKUP = """
  search:
    kind: lookup
    source: tickets
    by: {number: = ticket}
    timeout_s: 2
    set: {state: "= found == null ? 'none' : found.state"}
    next: tell
    REST
  tell: {kind: say, prompt: sorry, next: bye}
  nothing: {kind: hangup, prompt: again}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
HOTLINE = (
    PERSON
    + """
sources:
  tickets: {table: tables/tickets.csv, key: [number]}
  services:
    url: "https://api.city.example/{number}"
    headers: {Authorization: {secret: TOKEN, prefix: "Bearer "}, Accept: text/plain}
requests: {hosts: [api.city.example]}
variables: {ticket: "12", state: ""}
fallback: main.person
"""
)
TABLE = {"tables/tickets.csv": "number,state\n12,open\n"}


def lookup(rest: str = "", before: str = "") -> Dialogue:
    return Dialogue(library(before + LOOKUP.replace("REST", rest), HOTLINE, TABLE))


def test_what_is_asked_for() -> None:
    (wanted,) = lookup().of(Lookup)
    assert wanted == Lookup(wanted.op, "tickets", {"number": "12"}, 2.0)


def test_what_is_found_is_kept() -> None:
    call = lookup()
    call.give(LookupEnded(call.op("lookup"), "found", {"number": "12", "state": "open"}))
    assert (call.at, call.value("found"), call.value("state")) == (
        "main.tell",
        {"number": "12", "state": "open"},
        "open",
    )
    assert call.notes("lookup") == [{"node": "main.search", "source": "tickets", "outcome": "found"}]


def test_nothing_found_leads_its_own_way_and_is_null() -> None:
    call = lookup("none: nothing")
    call.give(LookupEnded(call.op("lookup"), "none"))
    assert (call.at, call.value("found"), call.value("state")) == ("main.nothing", None, "none")
    call = lookup()
    call.give(LookupEnded(call.op("lookup"), "none"))
    assert call.at == "main.tell"


@pytest.mark.parametrize("outcome", ["timeout", "failed"])
def test_a_source_that_fails(outcome: str) -> None:
    call = lookup("none: nothing")
    call.give(LookupEnded(call.op("lookup"), outcome, {"state": "stale"}))  # type: ignore[arg-type]
    assert (call.at, call.value("found"), call.value("state")) == ("main.person", None, "")
    assert call.notes("event")[0]["event"] == f"error.lookup.{outcome}"
    call = lookup("none: nothing\n    on: {error.lookup: {say: again}}")
    call.give(LookupEnded(call.op("lookup"), outcome))  # type: ignore[arg-type]
    assert (call.at, call.heard()) == ("main.tell", ["again", "sorry"])


def test_meanwhile_and_the_way_on_after_it() -> None:
    call = lookup("none: nothing\n    meanwhile: {prompt: ask, after_s: 1}")
    assert [timer.after_s for timer in call.of(StartTimer)] == [1.0]
    call.fire("meanwhile")
    call.give(LookupEnded(call.op("lookup"), "none"))
    assert (call.at, call.of(Play)) == ("main.search", [])
    call.played()
    assert call.at == "main.nothing"


def test_leaving_it_cancels_it() -> None:
    call = lookup()
    asked = call.op("lookup")
    call.press("0")
    assert (call.at, call.of(CancelLookup)) == ("main.person", [CancelLookup(asked)])
    assert call.give(LookupEnded(asked, "found", {})) == ()


def test_headers_of_a_source_are_those_of_a_request() -> None:
    source = lookup().library.sources["services"]
    assert source.headers == {
        "Authorization": {"secret": "TOKEN", "prefix": "Bearer "},
        "Accept": "text/plain",
    }


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("source: tickets", "source: ticket", "unknown-source"),
        ("{number: = ticket}", "{nummer: = ticket}", "unknown-column"),
        ("{number: = ticket}", "{number: = tikket}", "undefined-variable"),
    ],
)
def test_faults(before: str, after: str, code: str) -> None:
    found = faults(LOOKUP.replace("REST", "").replace(before, after), HOTLINE, TABLE)
    assert code in {finding.code for finding in found}


def test_a_secret_with_a_field_that_it_has_not() -> None:
    hotline = HOTLINE.replace('prefix: "Bearer "', "value: abc")
    found = faults(LOOKUP.replace("REST", ""), hotline, TABLE)[0]
    assert (found.code, found.cause) == ("unknown-field", "`value` means nothing here")
    line = ("hotline: test\nlanguages: [zh, en]\n" + hotline).splitlines()[found.line - 1]
    assert line[found.column - 1 :].startswith("value: abc")
