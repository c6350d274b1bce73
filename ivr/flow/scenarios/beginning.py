"""What a scenario says of the world before its first turn -> the call that begins in it. Pure."""

from __future__ import annotations

import datetime as dt

from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.model import Given
from ivr.flow.simulate import Simulation
from ivr.flow.state import CallFacts
from ivr.flow.world import DeskRule, LookupRule, QueueRule, RequestRule, TransferRule, World

NOON = dt.time(12, 0)
A_MONDAY = dt.date(2026, 11, 23)
"""When a scenario that says nothing of it takes place: on a Monday at noon, the hotline's time."""
CALLER = "13800000000"
NUMBER = "12345"


def begin(
    library: FlowLibrary, given: Given, now: dt.datetime | None = None, *, promises_kept: bool = True
) -> Simulation:
    """The call, before its first turn. now: when nothing is said of the time; promises_kept: as of `world`."""
    start = beginning_of(library, given, now)
    world = world_of(given, promises_kept=promises_kept)
    return Simulation(library, facts_of(library, given), start, given.flow or "", world)


def beginning_of(library: FlowLibrary, given: Given, now: dt.datetime | None = None) -> dt.datetime:
    """When the call begins, in the hotline's zone."""
    usual = (now or dt.datetime.combine(A_MONDAY, NOON, library.timezone)).astimezone(library.timezone)
    return usual if given.time is None else moment(given.time, usual)


def facts_of(library: FlowLibrary, given: Given) -> CallFacts:
    speech: tuple[str, ...] = library.languages
    if given.speech is False:
        speech = ()
    elif isinstance(given.speech, list):
        speech = tuple(given.speech)
    return CallFacts(
        "c-scenario",
        caller=CALLER if given.caller is None else given.caller,
        number=NUMBER if given.number is None else given.number,
        language=given.language or library.languages[0],
        speech=speech,
        hours={name: said == "open" for name, said in given.hours.items()},
        history=given.history,
        facts=given.facts,
        drawn=given.split,
    )


def moment(text: str, now: dt.datetime) -> dt.datetime:
    """`23:30` on the day of `now`, or a whole date and time, in its zone. Raises ValueError for what is none."""
    if len(text) > len("23:30:00"):
        return dt.datetime.fromisoformat(text.replace(" ", "T")).replace(tzinfo=now.tzinfo)
    return dt.datetime.combine(now.date(), dt.time.fromisoformat(text), now.tzinfo)


def world_of(given: Given, *, promises_kept: bool = True) -> World:
    """promises_kept: what becomes of a promise to call back of which nothing is said; false: somebody will say it."""
    return World(
        queues={
            name: QueueRule(
                rule.outcome,
                rule.after_s,
                rule.talks_s,
                rule.agent,
                tuple(rule.places),
                *(rule.wait_s or (None, None)),
            )
            for name, rule in given.queues.items()
        },
        requests=tuple(
            RequestRule(rule.url, rule.node, rule.outcome, rule.status, rule.body, rule.after_s, rule.times)
            for rule in given.requests
        ),
        lookups={
            name: LookupRule(rule.effective, rule.found, rule.after_s) for name, rule in given.lookups.items()
        },
        transfers={
            name: TransferRule(rule.outcome, rule.after_s, rule.talks_s)
            for name, rule in given.transfers.items()
        },
        desk={name: DeskRule(rule.outcome, rule.agent, rule.talks_s) for name, rule in given.desk.items()},
        callbacks=given.callbacks or ("placed" if promises_kept else None),
        said_s=given.recorded_s,
    )
