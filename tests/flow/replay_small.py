"""A small hotline, drafts of it, and calls of it: for what a replay says of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from ivr.flow.inputs import Input
from ivr.flow.load import load_sources
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.model import StoredCall
from ivr.flow.replaying.replay import Replayed, Replayer
from ivr.flow.simulate import Simulation
from ivr.flow.state import CallFacts, FlowState
from ivr.flow.world import LookupRule, QueueRule, World
from tests.flow.replay_support import stored

NOON: Final = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.UTC)

HOTLINE = """
hotline: small
languages: [en]
entry: main
fallback: main.desk
variables: {ticket: "", topic: "", pin: ""}
sources:
  tickets: {url: "https://api.city.example/{number}"}
requests: {hosts: [api.city.example]}
always:
  person: {key: 0, say: {en: [a person]}, next: main.desk}
on:
  no_input: [{count: 3, say: sorry, next: main.desk}, {reprompt: true}]
  no_match: [{count: 3, say: sorry, next: main.desk}, {say: sorry, reprompt: true}]
"""
MAIN = """
flow: main
nodes:
  hello: {kind: say, prompt: hello, next: choose}
  choose:
    kind: menu
    prompt: choose
    into: topic
    options:
      help: {key: 1, say: {en: [help with taxes]}, next: matter}
      ticket: {key: 2, say: {en: [my ticket]}, next: number}
      secret: {key: 3, next: pin}
  matter:
    kind: menu
    prompt: matter
    options:
      house: {key: 1, next: desk}
      car: {key: 2, next: garage}
  number: {kind: collect, prompt: number, length: 6, into: ticket, next: search}
  search: {kind: lookup, source: tickets, by: {number: = ticket}, into: found, next: tell, none: desk}
  tell: {kind: say, prompt: told, next: bye}
  pin: {kind: collect, prompt: pin, length: 4, into: pin, masked: true, next: thanks}
  thanks: {kind: say, prompt: thanks, next: desk}
  desk: {kind: queue, queue: general, prompt: transfer, next: rate}
  garage: {kind: queue, queue: cars, prompt: transfer, next: rate}
  rate: {kind: survey, prompt: rate, next: bye}
  bye: {kind: hangup, prompt: bye}
"""
PROMPTS = """
hello: Welcome to the city.
choose: For taxes, press one. For your ticket, press two. For your account, press three.
matter: For your house, press one. For your car, press two.
number: Please enter the six digits of your ticket.
told: Your request is being worked on, and you will hear from us.
pin: Please enter your code.
thanks: Thank you.
transfer: We connect you with a person.
rate: How satisfied are you, one to five?
sorry: I did not understand.
bye: Goodbye.
"""
QUEUES = "queues: {general: {}, cars: {}}\n"
BASE: Mapping[str, str] = {
    "hotline.yaml": HOTLINE,
    "main.yaml": MAIN,
    "prompts/en.yaml": PROMPTS,
    "queues.yaml": QUEUES,
}
SERVED: Final = World(
    queues={"general": QueueRule(after_s=20.0), "cars": QueueRule(after_s=20.0)},
    lookups={"tickets": LookupRule("found", {"state": "open"})},
)


@cache
def base() -> FlowLibrary:
    return load_sources({name: text.encode() for name, text in BASE.items()})


def draft(*changes: tuple[str, str], **files: str) -> FlowLibrary:
    """The base with words replaced, in whichever file has them. files: whole files instead."""
    texts = {**BASE, **files}
    for before, after in changes:
        having = [name for name, text in texts.items() if before in text]
        assert having, before
        for name in having:
            texts[name] = texts[name].replace(before, after)
    return load_sources({name: text.encode() for name, text in texts.items()})


class Caller(Simulation):
    """Acts like a person: not in the moment in which the machine does something."""

    def __init__(
        self, world: World = SERVED, library: FlowLibrary | None = None, speech: bool = True
    ) -> None:
        self.states: list[FlowState] = []
        facts = CallFacts("c-n1-1", "13812345678", "12345", "en", speech=("en",) if speech else ())
        super().__init__(library or base(), facts, NOON, "", world)

    def give(self, event: Input) -> None:
        self.states.append(self.state)
        super().give(event)

    def keys(self, keys: str, after_s: float = 2.0) -> Caller:
        """Pressed when the prompt is over."""
        self.settle()
        return self.keys_at_once(keys, after_s)

    def keys_at_once(self, keys: str, after_s: float = 0.5) -> Caller:
        for key in keys:
            self.wait(after_s)
            self.press(key)
            after_s = 0.4
        return self

    def says(self, text: str, after_s: float = 1.0) -> Caller:
        self.settle()
        self.wait(after_s)
        assert self.say(text)
        return self

    def silent(self) -> Caller:
        assert self.silence()
        return self

    def waits(self, seconds: float) -> Caller:
        self.wait(seconds)
        return self

    def hangs_up(self) -> Caller:
        self.wait(0.3)
        self.hang_up()
        return self

    def over_(self) -> StoredCall:
        """Let the rest happen; who is asked something then hangs up."""
        while not self.over and self.queueing and self.step_on():
            pass
        self.settle()
        if not self.over:
            self.hangs_up()
        return stored(self, self.states)


def replay(call: StoredCall, onto: FlowLibrary, of: FlowLibrary | None = None) -> Replayed:
    """The call through the draft; that it came out as stored on its own version is asserted."""
    replayer = Replayer(onto)
    replayer.know(of or base())
    replayed = replayer.replay(call)
    assert replayed.faithful is not False, replayed.comparison.why
    return replayed


Making = Callable[[], StoredCall]


def to_house() -> StoredCall:
    return Caller().keys("1").keys("1").waits(90).keys("1").over_()


def to_ticket() -> StoredCall:
    return Caller().keys("2").keys("123456").over_()
