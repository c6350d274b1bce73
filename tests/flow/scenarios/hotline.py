"""A small hotline that has every kind of outcome, for the tests of scenarios."""

from __future__ import annotations

from ivr.flow.load import load_sources
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.reading import Case, read_all
from ivr.flow.scenarios.running import Result, run
from tests.flow.support import sources

FLOW = """\
flow: main
parameters: {}
nodes:
  choose:
    kind: ask
    prompt: ask
    into: said
    intent: topic
    options:
      queue: {key: 1, say: {zh: [人工], en: [person]}, next: wait}
      ask: {key: 2, say: {zh: [天气], en: [weather]}, next: weather}
      find: {key: 3, next: find}
      record: {key: 4, next: record}
      transfer: {key: 5, next: dial}
      callback: {key: 6, next: promise}
    next: bye
    on:
      no_input: {say: again, reprompt: true}
      no_match: {say: sorry, reprompt: true}
      error.asr: {say: sorry, reprompt: true}
  wait:
    kind: queue
    queue: general
    reason: "{topic}"
    announce: {place: place}
    next: bye
    on: {error.queue: {say: sorry, next: bye}}
  weather:
    kind: request
    url: "https://api.city.example/weather"
    into: answer
    status: code
    set: {sky: = answer.sky}
    next: told
    on: {error.request: {set: {why: = event.name}, next: told}}
  told: {kind: notify, channel: sms, to: = call.caller, text: {zh: "{sky}", en: "{sky}"}, next: bye}
  find:
    kind: lookup
    source: people
    by: {number: = call.caller}
    into: found
    next: named
    none: bye
    on: {error.lookup: {say: sorry, next: bye}}
  named: {kind: say, prompt: {id: name, values: {who: = found.name}}, next: bye}
  record: {kind: record, into: message, next: bye, empty: choose, on: {error.record: {say: sorry, next: bye}}}
  dial: {kind: transfer, to: {number: police}, next: bye, on: {error.transfer: {say: sorry, next: bye}}}
  promise: {kind: callback, queue: general, next: bye, on: {error.callback: {say: sorry, next: bye}}}
  bye: {kind: hangup, prompt: bye}
"""
HOTLINE = """\
requests: {hosts: [api.city.example]}
numbers: {police: "110"}
sources: {people: {url: "https://api.city.example/people/{number}"}}
calendars: {desk: {timezone: Asia/Shanghai, weekly: {mon-fri: "09:00-17:00"}}}
variables: {said: "", topic: "", why: "", sky: "", answer: {type: any}, found: {type: any}, code: 0}
"""
QUEUES = "queues:\n  general: {}\n  night: {}\n"


def files(scenarios: str = "", flow: str = FLOW, hotline: str = HOTLINE) -> dict[str, bytes]:
    """The folder. scenarios: a whole scenario file, or only its `scenarios`."""
    text = scenarios if scenarios.startswith(("given", "note", "scenarios")) else "scenarios:\n" + scenarios
    more = {"queues.yaml": QUEUES}
    if scenarios:
        more["main.scenario.yaml"] = text
    return sources(flow, hotline, more)


def library(flow: str = FLOW, hotline: str = HOTLINE) -> FlowLibrary:
    return load_sources(files("", flow, hotline))


def cases(scenarios: str) -> list[Case]:
    found = read_all(files(scenarios))
    assert not found.findings, found.findings
    return list(found.cases)


def play(turns: str, given: str = "{}", *, flow: str = FLOW, hotline: str = HOTLINE) -> Result:
    """One scenario: its turns as YAML (`[{press: 1}]`)."""
    (case,) = cases(f"  - {{name: one, given: {given}, turns: {turns}}}\n")
    return run(library(flow, hotline), case)


def causes(turns: str, given: str = "{}") -> list[str]:
    return [failure.cause for failure in play(turns, given).failures]
