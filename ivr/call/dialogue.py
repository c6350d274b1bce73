"""Which dialogue a call runs: one version of it with its prompts and queues, for as long as the call lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from ivr.call.ports import PromptAudio
from ivr.errors import VersionError
from ivr.flow.model import FlowLibrary
from routing.rules import Rules

NO_QUEUES: Final = Rules({})


@dataclass(slots=True, eq=False)
class Dialogue:
    """calls: how many run it now; counted by its `Dialogues`. asks_history: it looks at callers' earlier calls.

    rules: of the queues that it names.
    """

    library: FlowLibrary
    audio: PromptAudio
    asks_history: bool = False
    calls: int = 0
    rules: Rules = NO_QUEUES


class Dialogues(Protocol):
    """Where calls get theirs. On the event loop; nothing waits."""

    @property
    def current(self) -> Dialogue:
        """The one for new calls."""
        ...

    def enter(self) -> Dialogue:
        """For one call. It keeps it until `leave`, whatever is published meanwhile."""
        ...

    def leave(self, dialogue: Dialogue) -> None: ...

    async def again(self, version: str) -> Dialogue:
        """As `enter`, for a call that began with that version under an earlier controller. Raises FlowError."""
        ...


class OneDialogue:
    """Always the same: for benches and tests."""

    def __init__(self, library: FlowLibrary, audio: PromptAudio, *, asks_history: bool = False) -> None:
        self.current = Dialogue(library, audio, asks_history)

    def enter(self) -> Dialogue:
        self.current.calls += 1
        return self.current

    def leave(self, dialogue: Dialogue) -> None:
        dialogue.calls -= 1

    async def again(self, version: str) -> Dialogue:
        if version != self.current.library.version:
            raise VersionError(f"there is no version {version[:12]}")
        return self.enter()
