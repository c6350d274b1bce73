"""What listens to talks, joined into the running hotline: recordings, their recovery and retention, supervisors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ivr.call.registry import CallRegistry
from ivr.call.services import CallServices
from ivr.config import Settings
from ivr.dispatch import Dispatcher
from ivr.ids import CallId
from ivr.recordings.recovery import Recovery
from ivr.recordings.service import RecordingService
from ivr.talk.conversations import Conversations
from ivr.talk.recording import TalkRecordings
from ivr.talk.recording_notes import TalkPolicy
from ivr.talk.supervising import Supervising
from routing.ids import AgentId
from storage.records import Fact
from storage.store import Store

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Overseeing:
    """talks: those that go on. recordings: of them, with pause and resume. stored: what may be done with kept ones.

    supervisors: listen, whisper, join, take over.
    """

    talks: Conversations
    recordings: TalkRecordings
    stored: RecordingService
    supervisors: Supervising
    _recovery: Recovery | None = field(repr=False)

    async def run(self) -> None:
        """Until cancelled; then what is being recorded is finished first."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.recordings.run(), name="recordings of talks")
            group.create_task(self.supervisors.run(), name="supervisors")
            if self._recovery is not None:
                group.create_task(self._recovery.run(), name="recordings recovered")


def oversee(
    settings: Settings,
    services: CallServices,
    store: Store,
    put: Callable[[Fact], None],
    registry: CallRegistry,
    dispatcher: Dispatcher,
) -> Overseeing:
    """Watches the talks of `services`. put: the writer's."""
    wanted, clock, ari = settings.recordings, services.clock, services.ari
    folder = _folder(settings)
    recordings = TalkRecordings(
        ari,
        clock,
        TalkPolicy(wanted.talks, wanted.classes, wanted.class_of_queue),
        folder,
        put,
        lambda call: _variables(registry, call),
        least_free_mb=wanted.least_free_mb,
        written_live=lambda: settings.transcripts.talks != "off" and bool(services.ears.languages()),
    )
    services.talks.watch(recordings)
    services.talks.listen(recordings)
    supervisors = Supervising(
        ari,
        clock,
        services.talks,
        services.in_talk,
        services.queues,
        put,
        lambda supervisor: _endpoint(settings, dispatcher, supervisor),
        tell_agent=settings.supervisors.tell_agent,
        changed=services.changed,
    )
    stored = RecordingService(store, folder, wanted.classes, clock.now)
    recovery = (
        None
        if folder is None
        else Recovery(ari, store, put, folder, settings.node, recordings.being_made, services.changed)
    )
    return Overseeing(services.talks, recordings, stored, supervisors, recovery)


def _folder(settings: Settings) -> Path | None:
    folder = settings.recordings.where(settings.state_dir, settings.asterisk.mode)
    if folder is None and settings.recordings.talks:
        log.warning(
            "talks are not recorded: set `recordings.folder` to Asterisk's folder of recordings, as seen from here"
        )
    return folder


def _variables(registry: CallRegistry, call: CallId) -> Mapping[str, object]:
    session = registry.get(call)
    return {} if session is None else session.variables


def _endpoint(settings: Settings, dispatcher: Dispatcher, supervisor: str) -> str | None:
    """A supervisor is an agent, or one whose telephone the settings name."""
    if AgentId(supervisor) in dispatcher.board.agents:
        return f"PJSIP/{supervisor}"
    return settings.supervisors.phones.get(supervisor)
