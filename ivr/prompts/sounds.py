"""The sound that each clip has, and those who wait for one. Kept in memory; used on the event loop only.

The clips that the texts need are kept for ever. Free texts (a name, the status of a request) are spoken when a call
needs them; the MOST_FREE that were used last are kept, so that what callers and services send never fills the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ivr.prompts.clips import Clip
from ivr.prompts.prepared import Playable

Kind = Literal["natural", "stand-in"]

MOST_FREE = 500
_MOST_FAILED = 2000


@dataclass(slots=True)
class _Free:
    """made: all that was rendered for it, the best last."""

    made: list[Playable] = field(default_factory=list)
    natural: bool = False


class Sounds:
    """What there is to hear, by content: shared by the catalogues of all versions of a dialogue.

    needed: the clips of their texts. recorded: (language, prompt) -> an operator's recording of the whole.
    natural_languages: those whose natural voice this machine has. live: somebody answers `on_missing`, which is told of
    each clip that was needed and has no sound. on_forgotten: told of sounds that nobody will play any more; their files
    may go. expected_s: how long the natural voice will take for a clip that is asked for now.
    """

    def __init__(self) -> None:
        self.needed: set[Clip] = set()
        self.recorded: dict[tuple[str, str], Playable] = {}
        self.natural_languages: frozenset[str] = frozenset()
        self.live = False
        self.on_missing: Callable[[Clip], None] = lambda _clip: None
        self.on_forgotten: Callable[[Playable], None] = lambda _sound: None
        self.expected_s: Callable[[Clip], float] = lambda _clip: 0.0
        self._parts: dict[Clip, Playable] = {}
        self._natural: dict[Clip, Playable] = {}
        self._stand_ins: dict[Clip, Playable] = {}
        self._free: OrderedDict[Clip, _Free] = OrderedDict()
        self._failed: set[tuple[Kind, Clip]] = set()
        self._news = asyncio.Event()

    def add(self, clip: Clip, sound: Playable, *, natural: bool) -> None:
        """From now on this clip sounds so, and who waits for it looks again. On the event loop."""
        if clip in self.needed:
            self.put(clip, sound, natural=natural)
        else:
            self._add_free(clip, sound, natural)
        self._tell()

    def put(self, clip: Clip, sound: Playable, *, natural: bool) -> None:
        """The sound of a clip that is needed; nobody waits for it yet. A stand-in never displaces the natural voice."""
        if natural:
            self._natural[clip] = sound
            self._stand_ins.pop(clip, None)
        elif clip not in self._natural:
            self._stand_ins[clip] = sound

    def record(self, clip: Clip, sound: Playable) -> None:
        """An operator's recording of this part of a prompt: before all others."""
        self._parts[clip] = sound

    def get(self, clip: Clip) -> Playable | None:
        """The best there is."""
        found = self._parts.get(clip) or self._natural.get(clip) or self._stand_ins.get(clip)
        if found is None and clip in self._free:
            self._free.move_to_end(clip)
            return self._free[clip].made[-1]
        return found

    def natural(self, clip: Clip) -> Playable | None:
        return self._natural.get(clip)

    def has(self, clip: Clip) -> bool:
        return any(clip in sounds for sounds in (self._parts, self._natural, self._stand_ins, self._free))

    def is_recorded(self, clip: Clip) -> bool:
        return clip in self._parts

    def is_best(self, clip: Clip) -> bool:
        """Whether nothing better is to come: recorded, natural, or a stand-in where there is no natural voice."""
        if clip in self._parts or clip in self._natural:
            return True
        if clip in self._free and self._free[clip].natural:
            return True
        return self.has(clip) and clip.language not in self.natural_languages

    def failed(self, clip: Clip, kind: Kind) -> None:
        """It cannot be rendered so: nobody waits for that any longer."""
        if len(self._failed) >= _MOST_FAILED:
            self._failed.clear()
        self._failed.add((kind, clip))
        self._tell()

    def has_failed(self, clip: Clip, kind: Kind) -> bool:
        return (kind, clip) in self._failed

    def try_again(self, clip: Clip) -> None:
        self._failed -= {("natural", clip), ("stand-in", clip)}

    async def wait(self, clips: Sequence[Clip], *, best_s: float, any_s: float) -> None:
        """Until all have their best sound, for `best_s`; then until all have one at all, for `any_s` more.

        Where the best cannot be there in time, nobody waits for it.
        """
        hopeful = all(self._done(clip) or self.expected_s(clip) <= best_s for clip in clips)
        stages = ((self._done, best_s), (self._decided, any_s))
        for holds, patience_s in stages if hopeful else ((self._decided, best_s + any_s),):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    while not all(holds(clip) for clip in clips):
                        await self._news.wait()

    def _done(self, clip: Clip) -> bool:
        return self.is_best(clip) or (self._decided(clip) and self.has_failed(clip, "natural"))

    def _decided(self, clip: Clip) -> bool:
        no_natural = clip.language not in self.natural_languages or self.has_failed(clip, "natural")
        return self.has(clip) or (no_natural and self.has_failed(clip, "stand-in"))

    def _add_free(self, clip: Clip, sound: Playable, natural: bool) -> None:
        free = self._free.setdefault(clip, _Free())
        self._free.move_to_end(clip)
        if free.natural and not natural:
            return
        free.made.append(sound)
        free.natural = natural
        while len(self._free) > MOST_FREE:
            _, oldest = self._free.popitem(last=False)
            for forgotten in oldest.made:
                self.on_forgotten(forgotten)

    def _tell(self) -> None:
        """Wakes all who wait, to look again."""
        news, self._news = self._news, asyncio.Event()
        news.set()
