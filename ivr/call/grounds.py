"""What a talk needs of a citizen's call: journal and record, transcript, the conversation that others watch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ivr.call.leg import Leg
from ivr.call.services import OpenCall
from ivr.call.transcribing import Transcripts
from ivr.flow.model import FlowLibrary
from ivr.ids import child_id
from ivr.talk.conversations import Conversation, ConversationKind
from ivr.talk.ground import Ground, Line
from ivr.talk.people import Person
from routing.ids import AgentId, EntryId


async def _nothing(early: bool) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Occasion:
    """What brought the two together. entry: of the first agent. owner_is: told who has the citizen, "" = nobody."""

    kind: ConversationKind
    entry: EntryId | None
    queue: str
    language: str
    owner_is: Callable[[str], None] = lambda agent: None
    line: Line | None = None
    run_flow: Callable[[str], None] = lambda flow: None
    rejoining: Callable[[bool], Awaitable[None]] = _nothing


@dataclass(frozen=True, slots=True)
class Grounds:
    """What all talks of one call have in common. hush: ends whatever the caller hears or is heard by. library: of the
    call's dialogue."""

    here: OpenCall
    hush: Callable[[], Awaitable[None]]
    transcripts: Transcripts
    library: FlowLibrary

    def of(self, occasion: Occasion) -> Ground:
        here, transcripts, library = self.here, self.transcripts, self.library
        services, language = here.services, occasion.language

        def owner_is(agent: str) -> None:
            if agent:
                here.history.has(agent)
            occasion.owner_is(agent)

        def note(kind: str, data: Mapping[str, str | bool]) -> None:
            now = services.clock.now()
            with services.together:
                if here.history.note(kind, dict(data), now) and kind == "talk":
                    here.history.acted(data, now)
                here.keep()

        def changed() -> None:
            services.changed()
            here.keep()

        def has_flow(name: str) -> bool:
            """Whoever sends a caller there gives it no parameters."""
            flow = library.flows.get(name)
            return flow is not None and not any(one.required for one in flow.parameters.values())

        @contextmanager
        def together(person: Person, leg: Leg, bridge: str) -> Iterator[None]:
            if person.kind == "number":
                with (
                    services.talks.beside(here.call, leg.channel),
                    transcripts.during(leg.channel, "party", "", language),
                ):
                    yield
                return
            first = person.id == "p1"
            conversation = Conversation(
                child_id(here.call, "conversation"),
                here.call,
                occasion.kind if first else "transfer",
                AgentId(person.name),
                here.channel,
                leg.channel,
                bridge,
                services.clock.now(),
                occasion.entry if first else None,
                occasion.queue,
                language,
                here.note,
            )
            with (
                services.talks.during(conversation),
                transcripts.during(leg.channel, "agent", person.name, language),
            ):
                yield

        return Ground(
            ari=here.ari,
            call=here.call,
            citizen=here.channel,
            queues=services.queues,
            outbound=services.outbound,
            talks=services.in_talk,
            caller=here.facts.caller,
            language=language,
            queue=occasion.queue,
            line=occasion.line,
            note=note,
            number_of=library.numbers.get,
            together=together,
            flowing=lambda on: transcripts.flow(on=on),
            owner_is=owner_is,
            has_flow=has_flow,
            run_flow=occasion.run_flow,
            rejoining=occasion.rejoining,
            changed=changed,
            lines=services.lines,
            monotonic=here.monotonic,
        )
