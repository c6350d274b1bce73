"""request: what is asked of a web service, every answer, and what the caller hears meanwhile."""

from __future__ import annotations

import pytest

from ivr.flow.actions import CancelRequest, Play, Request, StartTimer
from ivr.flow.inputs import OpId, RequestEnded
from ivr.flow.machine import MAX_VISITS
from tests.flow.support import PERSON, Dialogue, faults, library

REQUEST = """
  search:
    kind: request
    url: URL
    into: answer
    status: status
    set: {state: = answer.state}
    next: tell
    REST
  tell: {kind: say, prompt: sorry, next: bye}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
TICKET = '"https://api.city.example/tickets/{ticket}"'
HOTLINE = (
    PERSON
    + "requests: {hosts: [api.city.example]}\nvariables: {ticket: 'A 1/2', state: ''}\nfallback: main.person\n"
)
MEANWHILE = "meanwhile: {prompt: again, after_s: 2, every_s: 10}"


def request(
    rest: str = "", url: str = TICKET, hotline: str = HOTLINE, before: str = "", **facts: object
) -> Dialogue:
    flow = before + REQUEST.replace("REST", rest).replace("URL", url)
    return Dialogue(library(flow, hotline), **facts)  # type: ignore[arg-type]


def answer(call: Dialogue, outcome: str = "ok", status: int = 200, body: object = None) -> None:
    ended = RequestEnded(call.op("request"), outcome, status, body, 0.4, "why")  # type: ignore[arg-type]
    call.give(ended)


def test_what_is_asked() -> None:
    rest = """method: POST
    query: {page: 1, all: = true, none: = null}
    headers:
      Accept: text/plain
      X-Ticket: = ticket
      Authorization: {secret: TOKEN, prefix: "Bearer "}
      X-Key: {secret: KEY}
    body: {ticket: = ticket, tries: [1, = 1 + 1], said: plain}
    timeout_s: 9
    retries: 0
    max_kb: 2
    expect: [200, 404]"""
    call = request(rest)
    (wanted,) = call.of(Request)
    assert wanted == Request(
        wanted.op,
        "POST",
        "https://api.city.example/tickets/A%201%2F2?page=1&all=true&none=",
        {
            "Accept": "text/plain",
            "X-Ticket": "A 1/2",
            "Authorization": {"secret": "TOKEN", "prefix": "Bearer "},
            "X-Key": {"secret": "KEY"},
        },
        {"ticket": "A 1/2", "tries": [1, 2], "said": "plain"},
        9.0,
        0,
        2048,
        (200, 404),
    )


@pytest.mark.parametrize("ticket", ["''", "null", "'..'", "[1]", f"'{'9' * 501}'"])
def test_a_value_that_fits_into_no_address_is_never_sent(ticket: str) -> None:
    hotline = HOTLINE.replace("'A 1/2'", ticket)
    call = request("on: {error.request.failed: {say: sorry, next: bye}}", hotline=hotline)
    assert (call.at, call.of(Request), call.heard()) == ("main.bye", [], ["sorry", "bye"])
    assert (call.value("status"), call.value("answer")) == (0, None)
    assert call.notes("request")[0]["outcome"] == "failed"


def test_such_a_value_does_not_go_round_for_ever() -> None:
    hotline = HOTLINE.replace("'A 1/2'", "''")
    call = request("on: {error.request: {reprompt: true}}", hotline=hotline)
    assert (call.at, call.notes("machine_error")) == ("main.person", [])


def test_the_answer_is_kept_and_what_is_wanted_of_it_set() -> None:
    call = request()
    answer(call, body={"state": "open", "due": "2026-12-01"})
    assert call.at == "main.tell"
    assert call.value("answer") == {"state": "open", "due": "2026-12-01"}
    assert (call.value("status"), call.value("state")) == (200, "open")
    assert call.notes("request") == [{"node": "main.search", "outcome": "ok", "status": 200, "took_s": 0.4}]


def test_an_answer_of_another_shape_sets_null_and_is_noted() -> None:
    call = request()
    answer(call, body=["no", "map"])
    assert (call.at, call.value("state")) == ("main.tell", None)
    assert [note["node"] for note in call.notes("expression_failed")] == ["main.search"]


@pytest.mark.parametrize(
    "outcome", ["status", "timeout", "forbidden", "too_large", "invalid", "down", "failed"]
)
def test_every_other_outcome_is_an_event(outcome: str) -> None:
    condition = "event.detail.status == 404 && event.detail.detail == 'why'"
    rest = f"on: {{error.request.{outcome}: {{if: {condition}, next: bye}}}}"
    call = request(rest)
    answer(call, outcome, 404, {"state": "gone"})
    assert (call.at, call.value("state")) == ("main.bye", "")
    call = request()
    answer(call, outcome)
    assert call.at == "main.person"


def test_a_handler_that_leads_nowhere_goes_on_and_reprompt_asks_again() -> None:
    call = request("on: {error.request: {say: again}}")
    answer(call, "failed", 0)
    assert (call.at, call.heard()) == ("main.tell", ["again", "sorry"])
    call = request("on: {error.request: {reprompt: true}}")
    for _ in range(10):
        answer(call, "down", 0)
        assert (call.at, len(call.of(Request))) == ("main.search", 1)
    answer(call, "down", 0)
    assert call.at == "main.person"


def test_a_way_back_to_itself_ends_too() -> None:
    call = request("on: {error.request: {next: search}}")
    asked = 0
    while call.at == "main.search":
        asked += 1
        answer(call, "down", 0)
    assert (call.at, asked) == ("main.person", MAX_VISITS)


def test_what_the_caller_hears_meanwhile() -> None:
    call = request(MEANWHILE)
    assert [timer.after_s for timer in call.of(StartTimer)] == [2.0]
    call.fire("meanwhile")
    assert (call.heard(), [timer.after_s for timer in call.of(StartTimer)]) == (["again"], [10.0])
    call.played()
    call.fire("meanwhile")
    assert call.heard() == ["again"]
    # What is being said is heard to its end.
    answer(call, body={"state": "open"})
    assert (call.at, call.value("state"), call.of(Play)) == ("main.search", "open", [])
    call.played()
    assert (call.at, call.heard()) == ("main.tell", ["sorry"])


def test_words_that_lead_here_are_heard_while_it_is_asked() -> None:
    before = "  hello: {kind: say, prompt: ask, wait: false, next: search}\n"
    call = request(MEANWHILE, before=before)
    assert (call.heard(), len(call.of(Request))) == (["ask"], 1)
    call.fire("meanwhile")
    assert call.heard() == []
    answer(call, "failed", 0)
    assert call.at == "main.search"
    call.played()
    assert call.at == "main.person"


def test_commands_that_lead_elsewhere_work_meanwhile_and_the_others_wait() -> None:
    call = request()
    asked = call.op("request")
    call.press("#")
    assert (call.at, call.of(Request), call.state.keys) == ("main.search", [], "#")
    # Keys typed before it: they are for what comes.
    call.press("0")
    assert (call.at, call.state.keys) == ("main.search", "#0")
    call = request()
    call.press("0")
    assert (call.at, call.of(CancelRequest)) == ("main.person", [CancelRequest(asked)])


def test_a_late_answer_changes_nothing() -> None:
    call = request()
    asked = call.op("request")
    call.press("0")
    before = call.state
    assert call.give(RequestEnded(asked, "ok", 200, {"state": "late"})) == ()
    assert call.state == before
    assert call.give(RequestEnded(OpId("999"), "ok")) == ()


def test_after_the_hang_up_it_is_asked_and_answered_without_sound() -> None:
    before = "  menu: {kind: menu, prompt: ask, options: {on: {key: 1, next: bye}}, on: {hangup: {next: search}}}\n"
    call = request(MEANWHILE, before=before)
    call.hang_up()
    assert (call.at, len(call.of(Request)), call.of(StartTimer)) == ("main.search", 1, [])
    answer(call, body={"state": "open"})
    assert (call.state.ended, call.value("state"), call.of(Play)) == (True, "open", [])


def test_hanging_up_meanwhile() -> None:
    call = request()
    asked = call.op("request")
    call.hang_up()
    assert (call.state.ended, call.of(CancelRequest)) == (True, [CancelRequest(asked)])
    call = request("on: {hangup: {next: tell}}")
    call.hang_up()
    assert (call.state.ended, call.passed()) == (True, ["main.tell", "main.bye"])


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ('"https://elsewhere.example/"', "unknown-host"),
        ('"https://{ticket}.city.example/"', "bad-url"),
        ('"ftp://api.city.example/"', "bad-url"),
        ('"https://api.city.example/{missing}"', "undefined-variable"),
        ('"https://api.city.example/{ticket"', "bad-prompt-text"),
    ],
)
def test_faults(url: str, code: str) -> None:
    found = faults(REQUEST.replace("URL", url).replace("REST", ""), HOTLINE)
    assert code in {finding.code for finding in found}
