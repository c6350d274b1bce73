"""What attempts to call back use of the house."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ivr.ari.interface import Ari
from ivr.call.onward_port import Onward
from ivr.call.outbound import Outbound
from ivr.call.ports import PromptAudio, Queues
from ivr.call.telephones import Lines
from ivr.clock import Clock
from ivr.talk.conversations import Conversations
from ivr.talk.registry import Talks


def _no_numbers(name: str) -> str | None:
    return None


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class CallbackServices:
    """audio: None = no prompts, and nobody is asked anything. in_talk: the hotline's talks, for whoever does something
    in one. number_of: the number behind a name of the hotline's `numbers`. changed: something looks different from
    outside. onward: gives a citizen a call of their own, and has talks written down."""

    ari: Ari
    queues: Queues
    outbound: Outbound
    clock: Clock
    talks: Conversations = field(default_factory=Conversations)
    audio: Callable[[], PromptAudio] | None = None
    in_talk: Talks = field(default_factory=Talks)
    lines: Lines = field(default_factory=Lines)
    number_of: Callable[[str], str | None] = _no_numbers
    changed: Callable[[], None] = _nothing
    onward: Onward = field(default_factory=Onward)
