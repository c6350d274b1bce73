"""Begins the call of a citizen whom the hotline has called, with the talk that the citizen is in.

Theory of operation. Such a call is one that goes on where another left it (`SavedCall`), as after a controller's end:
its dialogue stands at the queue of the flow `handed_on`, with an agent joined; its talk is the given one. From there
on it is a call as any: the citizen can be handed on, wait in line, be sent to a flow, and has journal and record.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Final, Protocol

from ivr.call.dialogue import Dialogue, Dialogues
from ivr.call.history import CallHistory
from ivr.call.onward_port import Citizen, Lines
from ivr.call.place import Place, place_to_json
from ivr.call.ports import CallerFacts
from ivr.call.saved import SavedCall
from ivr.call.services import CallServices
from ivr.call.transcribing import Transcripts
from ivr.call.written_talk import Note, written_talk
from ivr.flow import machine
from ivr.flow.actions import Action, Enqueue
from ivr.flow.actions import Note as FlowNote
from ivr.flow.inputs import AgentJoined
from ivr.flow.model import FlowLibrary
from ivr.flow.state import CallFacts
from ivr.ids import CallId, ChannelId, new_call_id
from ivr.talk.saved import SavedTalk, to_json
from routing.ids import EntryId

log = logging.getLogger(__name__)

HANDED_ON: Final = "handed_on"
"""The flow that such a call is in; its parameter `queue` is the line."""


class Session(Protocol):
    def look(self) -> None: ...


class Door(Protocol):
    """The front door."""

    dialogues: Dialogues

    def go_on(self, saved: SavedCall, dialogue: Dialogue, promised: Collection[str]) -> Session: ...


class CallsOnward:
    """Implements `onward_port.Begins`."""

    def __init__(self, door: Door, services: CallServices, node: str) -> None:
        self._door = door
        self._services = services
        self._node = node

    def there_is(self, flow: str) -> bool:
        flows = self._door.dialogues.current.library.flows
        if HANDED_ON not in flows:
            return False
        wanted = flows.get(flow)
        return not flow or (
            wanted is not None and not any(one.required for one in wanted.parameters.values())
        )

    def begin(self, citizen: Citizen, talk: SavedTalk) -> CallId | None:
        dialogue = self._door.dialogues.enter()
        saved = self._saved(citizen, talk, dialogue.library)
        if saved is None:
            self._door.dialogues.leave(dialogue)
            return None
        session = self._door.go_on(saved, dialogue, ())
        # The citizen may have hung up in this very moment, when somebody else watched the telephone.
        session.look()
        return saved.call

    def written(
        self, call: CallId, citizen: ChannelId, note: Note, lines: Lines
    ) -> AbstractAsyncContextManager[Transcripts]:
        hot_words = self._door.dialogues.current.library.names.hot_words
        return written_talk(self._services, hot_words, call, citizen, note, lines)

    def _saved(self, citizen: Citizen, talk: SavedTalk, library: FlowLibrary) -> SavedCall | None:
        services, now = self._services, self._services.clock.now()
        facts = CallerFacts(
            caller=citizen.number,
            called="",
            entry_flow=HANDED_ON,
            flow_version=library.version,
            language=citizen.language,
            answered=True,
            handed_from=citizen.was,
        )
        call = new_call_id(self._node)
        known = CallFacts(
            call,
            citizen.number,
            language=citizen.language,
            speech=tuple(sorted(services.ears.languages() & set(library.languages))),
            hours=services.hours(),
            facts={"outbound": bool(services.outbound.numbers), "queue": citizen.queue},
        )
        first = machine.start(library, HANDED_ON, known, now)
        wanted = next((one for one in first.actions if isinstance(one, Enqueue)), None)
        if wanted is None:
            log.error("nobody is handed on: the flow `%s` does not begin with its queue", HANDED_ON)
            return None
        joined = AgentJoined(wanted.op, citizen.agent)
        second = machine.step(library, first.state, joined, now)
        history = CallHistory(services.records, call, facts, now)
        history.arrived()
        _noted(history, first.actions, now)
        history.input(joined, now)
        _noted(history, second.actions, now)
        history.has(citizen.agent)
        place = Place(
            wanted.op,
            citizen.entry or EntryId(f"{call}.entry-{wanted.op}"),
            citizen.queue,
            services.clock.monotonic(),
            wanted.music,
            wanted.whisper,
            wanted.language,
            wanted=replace(wanted, queue=citizen.queue),
            enqueued_at=citizen.since or now,
            began_at=now,
            joined_at=services.clock.monotonic(),
            agent=citizen.agent,
            waited_s=0.0,
        )
        fresh = replace(talk, at=now, talked_s=0.0, held_s=0.0)
        return SavedCall(
            call,
            citizen.channel,
            now,
            0,
            facts,
            now,
            second.state,
            history.saved(),
            {"waiting": {"place": place_to_json(place), "talk": to_json(fresh)}},
        )


def _noted(history: CallHistory, actions: Iterable[Action], now: dt.datetime) -> None:
    """What the dialogue would be heard saying is not said: the two talk."""
    for one in actions:
        if isinstance(one, FlowNote):
            history.note(one.kind, one.data, now)
