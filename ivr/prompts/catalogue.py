"""Which sound says which prompt: the look-ups that a call makes.

What the texts need is found and prepared beforehand, so `media` reads dictionaries only. For each clip the best sound
that there is wins: an operator's recording, then the natural voice (shipped or rendered here), then the quick stand-in.
A free text has no sound until a call needs it: `prepare` waits a moment for one. What has none is reported to
`on_missing`, which `background.py` answers, and raises PromptMissing.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ivr.errors import PromptMissing
from ivr.flow.actions import PAUSE_PROMPT, RECORDING_PROMPT, Prompt
from ivr.flow.prompt_text import parse
from ivr.flow.prompt_text import render as plain_text
from ivr.prompts import edges as edge
from ivr.prompts import pieces, texts
from ivr.prompts.clips import VOICES, Clip, Voice, stand_in_voice
from ivr.prompts.prepared import Playable, Prepared, prepare_all
from ivr.prompts.recorded import find_recordings
from ivr.prompts.shelf import Shelf
from ivr.prompts.sounds import Kind, Sounds
from ivr.prompts.store import cache_folder, speech_folder
from ivr.prompts.takes import PART, has_values, takes

log = logging.getLogger(__name__)

PAUSE_S = 0.25
"""Between groups of digits, and the smallest that a flow can have."""
BEST_PATIENCE_S = 1.5
"""How long a caller waits for the natural voice of a free text."""
ANY_PATIENCE_S = 1.5
"""And how much longer for any voice at all."""


@dataclass(frozen=True, slots=True)
class Folders:
    """shelf: the audio that ships. recordings: an operator's, `<language>/<id>.wav`. cache: outside the checkout."""

    shelf: Path
    recordings: Path
    cache: Path = field(default_factory=cache_folder)

    @classmethod
    def of(cls, flows: Path) -> Folders:
        return cls(flows / "audio", flows / "recordings")


class PromptCatalogue:
    """Load it with `load`; give it new sounds with `add`. Used on the event loop.

    It has the texts of one version of a dialogue. Those of several versions share their `sounds`, so that what is
    rendered for one is there for all. now: says which day is today, in the hotline's time zone.
    """

    def __init__(self, library: texts.Texts, prepared: Prepared, sounds: Sounds | None = None) -> None:
        self._texts = library
        self._prompts = {
            language: {name: texts.compile_text(text, language) for name, text in ours.items()}
            for language, ours in library.items()
        }
        self._common = {
            language: {
                name: texts.common_values(name, text, language)
                for name, text in texts.own_texts(library, language).items()
            }
            for language in library
        }
        self._luxuries = {clip for language in library for clip in texts.luxuries(library, language)}
        self._pause = prepared.silence(PAUSE_S)
        self._needed = {language: tuple(texts.all_clips(library, language)) for language in library}
        self.sounds = sounds or Sounds()
        self.sounds.needed.update(clip for needed in self._needed.values() for clip in needed)
        self._recorded = self.sounds.recorded
        self.prepared = prepared
        self.now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC).astimezone()

    @property
    def on_missing(self) -> Callable[[Clip], None]:
        """Told of each clip that was needed and has no sound."""
        return self.sounds.on_missing

    @on_missing.setter
    def on_missing(self, told: Callable[[Clip], None]) -> None:
        self.sounds.on_missing = told

    @classmethod
    def load(
        cls,
        library: texts.Texts,
        folders: Folders,
        *,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        beside: PromptCatalogue | None = None,
    ) -> PromptCatalogue:
        """Find the sound of every clip and prepare what is not yet (seconds the first time; not on an event loop).

        library: language -> id -> text, as `texts.read` gives it. progress: called with (files done, files in all).
        beside: a catalogue in use, of another version of the dialogue: the new one shares its sounds, and only what
        has none there is looked for.
        Raises PromptTextError for a text that cannot be read, ConfigError for a broken manifest.
        """
        prepared = Prepared(folders.cache / "prompts")
        catalogue = cls(library, prepared, None if beside is None else beside.sounds)
        recordings = find_recordings(folders.recordings)
        files = catalogue._files(Shelf.open(folders.shelf), speech_folder(folders.cache))
        sources = list(dict.fromkeys([*(path for path, _, _ in files)]))
        total = len(sources) + len(recordings)
        count = 0

        def done(_path: Path) -> None:
            nonlocal count
            count += 1
            progress(count, total)

        playable = prepare_all(prepared, sources, done=done)
        for path, clip, natural in files:
            if path in playable:
                catalogue.sounds.put(clip, playable[path], natural=natural)
        spoken: dict[Path, Playable] = {}
        for edges, is_part in ((edge.WHOLE, False), (edge.PART, True)):
            these = [path for (_, name), path in recordings.items() if (PART in name) == is_part]
            spoken |= prepare_all(prepared, these, edges=edges, done=done)
        catalogue._record({name: spoken[path] for name, path in recordings.items() if path in spoken})
        return catalogue

    def _files(self, shelf: Shelf, rendered: Path) -> list[tuple[Path, Clip, bool]]:
        """(file, its clip, is it the natural voice) for every clip that has one; the natural one where both are."""
        found: list[tuple[Path, Clip, bool]] = []
        here = {path.stem: path for path in rendered.glob("*.opus")}
        for clip in (clip for needed in self._needed.values() for clip in needed):
            if self.sounds.natural(clip) is not None:
                continue
            key = voice_key(VOICES, clip)
            if key in shelf.entries and shelf.read(key) is not None:
                found.append((shelf.path(key), clip, True))
            elif key in here:
                found.append((here[key], clip, True))
            elif (stand_in := stand_in_voice(clip.language).key(clip)) in here:
                found.append((here[stand_in], clip, False))
        return found

    def _record(self, recordings: Mapping[tuple[str, str], Playable]) -> None:
        """(language, take) -> sound. A whole prompt that says a value cannot be one recording."""
        parts = {
            (language, take.id): take.clip
            for language in self._texts
            for take in takes(self._texts, language, values=True)
            if take.clip is not None
        }
        for (language, name), sound in recordings.items():
            clip, text = parts.get((language, name)), self._texts.get(language, {}).get(name)
            if clip is not None:
                self.sounds.record(clip, sound)
            elif text is not None and has_values(text):
                log.warning(
                    "recordings/%s/%s is not played: it cannot say the values of “%s”. "
                    "`ivr prompts script` names the parts to record",
                    *(language, name, text),
                )
            else:
                self._recorded[language, name] = sound
        for language, ours in self._texts.items():
            left = {name: text for name, text in ours.items() if (language, name) not in self._recorded}
            self._needed[language] = tuple(texts.all_clips({language: left}, language))

    def add(self, clip: Clip, playable: Playable, *, natural: bool) -> None:
        """From now on this clip sounds so. A stand-in never displaces the natural voice."""
        self.sounds.add(clip, playable, natural=natural)

    def media(self, prompts: Sequence[Prompt], language: str) -> list[str]:
        """ARI media URIs, in the order to be played. Raises PromptMissing, which names prompt, language and words."""
        return [playable.uri for playable in self._playables(prompts, language)]

    def seconds(self, prompts: Sequence[Prompt], language: str) -> float:
        """How long they sound in all. Raises PromptMissing."""
        return sum(playable.seconds for playable in self._playables(prompts, language))

    def ready(self, prompts: Sequence[Prompt], language: str) -> bool:
        """Whether nothing would be gained by `prepare`. Look-ups only."""
        return not self.sounds.live or not self._unready(prompts, language)

    async def prepare(
        self,
        prompts: Sequence[Prompt],
        language: str,
        *,
        best_s: float = BEST_PATIENCE_S,
        any_s: float = ANY_PATIENCE_S,
    ) -> None:
        """Have free texts spoken before `media` is asked for them: naturally within `best_s`, else by the stand-in.

        Waits for `best_s` + `any_s` at most, and not at all for what has a sound. Raises nothing: what has no sound
        then is for `media` to tell.
        """
        unready = self._unready(prompts, language) if self.sounds.live else []
        for clip in unready:
            self.on_missing(clip)
        if unready:
            await self.sounds.wait(unready, best_s=best_s, any_s=any_s)

    def _unready(self, prompts: Sequence[Prompt], language: str) -> list[Clip]:
        """The clips without any sound, each once. A prompt that cannot be said at all has none."""
        found: dict[Clip, None] = {}
        for prompt in prompts:
            try:
                needed = list(self._pieces(prompt, language))
            except PromptMissing:
                continue
            for piece in needed:
                if isinstance(piece, Clip) and not self.sounds.has(piece):
                    found[piece] = None
        return list(found)

    def text(self, prompt: Prompt, language: str) -> str:
        """What is said, for screens and transcripts; the prompt's id in brackets where it has no text."""
        text = self._texts.get(language, {}).get(prompt.id)
        if text is None:
            return f"[{prompt.id}]"
        return plain_text(parse(text.strip()), prompt.values, language, self.now())

    def missing(self, language: str) -> tuple[Clip, ...]:
        """Clips without the natural voice, first-needed first; those of recorded prompts are not needed. In a language
        that has no natural voice: those without any sound."""
        has = self.has_natural if language in VOICES else self.has_sound
        return tuple(clip for clip in self._needed.get(language, ()) if not has(clip))

    def silent(self, language: str) -> tuple[Clip, ...]:
        """Clips without any sound: a prompt that needs one raises PromptMissing."""
        missing = self.missing(language)
        return tuple(clip for clip in missing if not self.has_sound(clip) and clip not in self._luxuries)

    def parts(self) -> list[object]:
        """All that is this version's own, one by one: for whoever frees a large catalogue in steps."""
        own = (self._texts, self._prompts, self._common)
        found = [one for by_language in own for by_id in by_language.values() for one in by_id.values()]
        return [*found, *(clip for needed in self._needed.values() for clip in needed)]

    def has_sound(self, clip: Clip) -> bool:
        return self.sounds.has(clip)

    def has_natural(self, clip: Clip) -> bool:
        return self.sounds.natural(clip) is not None or self.sounds.is_recorded(clip)

    def failed(self, clip: Clip, kind: Kind) -> None:
        """That voice cannot say it."""
        self.sounds.failed(clip, kind)

    def is_recorded(self, name: str, language: str) -> bool:
        """Whether an operator's recording is played for the whole of it. name: of a prompt or one of its forms."""
        return (language, name) in self._recorded

    def _playables(self, prompts: Sequence[Prompt], language: str) -> Iterator[Playable]:
        for prompt in prompts:
            for piece in self._pieces(prompt, language):
                yield self._sound(piece, prompt) if isinstance(piece, Clip) else piece

    def _pieces(self, prompt: Prompt, language: str) -> Iterator[Playable | Clip]:
        """What the prompt is made of, in order. Raises PromptMissing where it cannot be said, sounds or no sounds."""
        if prompt.id == RECORDING_PROMPT:
            yield pieces.recording(prompt)
            return
        if prompt.id == PAUSE_PROMPT:
            yield from pieces.pause(prompt, self._pause)
            return
        recorded = self._recorded.get((language, prompt.id))
        if recorded is not None:
            yield recorded
            return
        compiled = self._prompts.get(language, {}).get(prompt.id)
        if compiled is None:
            raise PromptMissing(
                f"the prompt `{prompt.id}` has no text in `{language}`",
                mend=f"add it to prompts/{language}.yaml, or record recordings/{language}/{prompt.id}.wav",
            )
        whole = self._whole(prompt, language)
        if whole is not None:
            yield whole
            return
        for piece in compiled:
            if isinstance(piece, Clip):
                yield piece
            elif isinstance(piece, texts.Place):
                yield from pieces.value(piece, prompt, language, self.now(), self._pause)
            else:
                yield pieces.sentence(piece, prompt, language, self.now())

    def _whole(self, prompt: Prompt, language: str) -> Playable | None:
        """The whole sentence with its value in it, where that has been rendered and no part of it is recorded."""
        common = self._common[language].get(prompt.id)
        if not common:
            return None
        compiled = self._prompts[language][prompt.id]
        if any(isinstance(piece, Clip) and self.sounds.is_recorded(piece) for piece in compiled):
            return None
        (name,) = (piece.name for piece in compiled if isinstance(piece, texts.Place))
        value = prompt.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value not in common:
            return None
        return self.sounds.natural(common[value])

    def _sound(self, clip: Clip, prompt: Prompt) -> Playable:
        playable = self.sounds.get(clip)
        if playable is None:
            self.on_missing(clip)
            said = f"“{clip.text}”" if clip in self.sounds.needed else "a value"
            raise PromptMissing(
                f"the prompt `{prompt.id}` has no sound for {said} in `{clip.language}`",
                mend="`ivr prompts render` renders what is missing",
            )
        return playable


def voice_key(voices: Mapping[str, Voice], clip: Clip) -> str:
    """ "" for a language that has no such voice."""
    voice = voices.get(clip.language)
    return voice.key(clip) if voice else ""
