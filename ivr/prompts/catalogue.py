"""Which sound says which prompt: the look-ups that a call makes.

Everything is found and prepared beforehand, so `media` reads dictionaries only. For each clip the best sound that there
is wins: an operator's recording of the whole prompt, then the natural voice (shipped or rendered here), then the quick
stand-in. What has none yet is reported to `on_missing` and raises PromptMissing; `background.py` renders it.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ivr.errors import PromptMissing
from ivr.flow.actions import Prompt
from ivr.flow.prompt_text import parse
from ivr.flow.prompt_text import render as plain_text
from ivr.prompts import numbers, texts
from ivr.prompts.clips import STAND_INS, VOICES, Clip, Voice
from ivr.prompts.prepared import Playable, Prepared, prepare_all
from ivr.prompts.recorded import find_recordings
from ivr.prompts.shelf import Shelf
from ivr.prompts.store import cache_folder

log = logging.getLogger(__name__)

PAUSE_S = 0.25
"""Between groups of digits."""


@dataclass(frozen=True, slots=True)
class Folders:
    """shelf: the audio that ships. recordings: an operator's, `<language>/<id>.wav`. cache: outside the checkout."""

    shelf: Path
    recordings: Path
    cache: Path = field(default_factory=cache_folder)

    @classmethod
    def of(cls, flows: Path) -> Folders:
        return cls(flows / "audio", flows / "recordings")


@dataclass(slots=True)
class Sounds:
    """What there is to hear, by content: shared by the catalogues of all versions of a dialogue."""

    recorded: dict[tuple[str, str], Playable] = field(default_factory=dict)
    natural: dict[Clip, Playable] = field(default_factory=dict)
    stand_ins: dict[Clip, Playable] = field(default_factory=dict)
    on_missing: Callable[[Clip], None] = lambda _clip: None


class PromptCatalogue:
    """Load it with `load`; give it new sounds with `add`. Used on the event loop.

    It has the texts of one version of a dialogue. Those of several versions share their `sounds`, so that what is
    rendered for one is there for all.
    """

    def __init__(self, library: texts.Texts, prepared: Prepared, sounds: Sounds | None = None) -> None:
        self._texts = library
        self._prompts = {
            language: {name: texts.compile_text(text, language) for name, text in ours.items()}
            for language, ours in library.items()
        }
        self._common = {
            language: {name: texts.common_values(text, language) for name, text in ours.items()}
            for language, ours in library.items()
        }
        self._luxuries = {clip for language in library for clip in texts.luxuries(library, language)}
        self.sounds = sounds or Sounds()
        self._recorded = self.sounds.recorded
        self._natural = self.sounds.natural
        self._stand_ins = self.sounds.stand_ins
        self._pause = prepared.silence(PAUSE_S)
        self.prepared = prepared
        self.today: Callable[[], dt.date] = dt.date.today

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
                catalogue.add(clip, playable[path], natural=natural)
        spoken = prepare_all(prepared, recordings.values(), normalise=True, done=done)
        for name, path in recordings.items():
            if path in spoken:
                catalogue._recorded[name] = spoken[path]
        return catalogue

    def _files(self, shelf: Shelf, rendered: Path) -> list[tuple[Path, Clip, bool]]:
        """(file, its clip, is it the natural voice) for every clip that has one; the natural one where both are."""
        found: list[tuple[Path, Clip, bool]] = []
        here = {path.stem: path for path in rendered.glob("*.opus")}
        for language in self._texts:
            for clip in texts.all_clips(self._texts, language):
                if clip in self._natural:
                    continue
                key = voice_key(VOICES, clip)
                if key in shelf.entries and shelf.read(key) is not None:
                    found.append((shelf.path(key), clip, True))
                elif key in here:
                    found.append((here[key], clip, True))
                elif (stand_in := voice_key(STAND_INS, clip)) in here:
                    found.append((here[stand_in], clip, False))
        return found

    def add(self, clip: Clip, playable: Playable, *, natural: bool) -> None:
        """From now on this clip sounds so. A stand-in never displaces the natural voice."""
        if natural:
            self._natural[clip] = playable
            self._stand_ins.pop(clip, None)
        else:
            self._stand_ins[clip] = playable

    def media(self, prompts: Sequence[Prompt], language: str) -> list[str]:
        """ARI media URIs, in the order to be played. Raises PromptMissing, which names prompt, language and words."""
        return [playable.uri for playable in self._playables(prompts, language)]

    def seconds(self, prompts: Sequence[Prompt], language: str) -> float:
        """How long they sound in all. Raises PromptMissing."""
        return sum(playable.seconds for playable in self._playables(prompts, language))

    def text(self, prompt: Prompt, language: str) -> str:
        """What is said, for screens and transcripts; the prompt's id in brackets where it has no text."""
        text = self._texts.get(language, {}).get(prompt.id)
        return f"[{prompt.id}]" if text is None else plain_text(parse(text.strip()), prompt.values, language)

    def missing(self, language: str) -> tuple[Clip, ...]:
        """Clips without the natural voice, first-needed first; those of recorded prompts are not needed."""
        return tuple(clip for clip in self._needed(language) if clip not in self._natural)

    def silent(self, language: str) -> tuple[Clip, ...]:
        """Clips without any sound: a prompt that needs one raises PromptMissing."""
        missing = self.missing(language)
        return tuple(clip for clip in missing if clip not in self._stand_ins and clip not in self._luxuries)

    def has_sound(self, clip: Clip) -> bool:
        return clip in self._natural or clip in self._stand_ins

    def has_natural(self, clip: Clip) -> bool:
        return clip in self._natural

    def _needed(self, language: str) -> Iterator[Clip]:
        recorded = {name for of, name in self._recorded if of == language}
        ours = self._texts.get(language, {})
        yield from texts.all_clips({language: {k: v for k, v in ours.items() if k not in recorded}}, language)

    def _playables(self, prompts: Sequence[Prompt], language: str) -> Iterator[Playable]:
        for prompt in prompts:
            recorded = self._recorded.get((language, prompt.id))
            if recorded is not None:
                yield recorded
                continue
            pieces = self._prompts.get(language, {}).get(prompt.id)
            if pieces is None:
                raise PromptMissing(
                    f"the prompt `{prompt.id}` has no text in `{language}`",
                    mend=f"add it to prompts/{language}.yaml, or record recordings/{language}/{prompt.id}.wav",
                )
            whole = self._whole(prompt, language)
            if whole is not None:
                yield whole
                continue
            for piece in pieces:
                if isinstance(piece, Clip):
                    yield self._sound(piece, prompt)
                else:
                    yield from self._value(piece, prompt, language)

    def _whole(self, prompt: Prompt, language: str) -> Playable | None:
        """The whole sentence with its value in it, where that has been rendered."""
        common = self._common[language].get(prompt.id)
        if not common:
            return None
        pieces = self._prompts[language][prompt.id]
        (name,) = (piece.name for piece in pieces if isinstance(piece, texts.Place))
        value = prompt.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value not in common:
            return None
        return self._natural.get(common[value])

    def _value(self, place: texts.Place, prompt: Prompt, language: str) -> Iterator[Playable]:
        where = f"the prompt `{prompt.id}` in `{language}`"
        if place.name not in prompt.values:
            raise PromptMissing(
                f"{where} says `{{{place.name}}}`, which has no value", mend="set it in the flow"
            )
        value = prompt.values[place.name]
        try:
            fragments = numbers.say(value, place.say_as, language, counted=place.counted, today=self.today())
        except numbers.Unsayable as error:
            raise PromptMissing(f"{where}, `{{{place.name}}}`: {error}", mend=error.mend) from error
        as_text = place.say_as == "text" or (place.say_as == "auto" and isinstance(value, str))
        for fragment in fragments:
            if fragment == numbers.PAUSE:
                yield self._pause
            elif as_text:
                yield self._sound(texts.text_clip(fragment, language), prompt, private=True)
            else:
                yield self._sound(texts.fragment_clip(fragment, language), prompt)

    def _sound(self, clip: Clip, prompt: Prompt, *, private: bool = False) -> Playable:
        playable = self._natural.get(clip) or self._stand_ins.get(clip)
        if playable is None:
            self.on_missing(clip)
            words = "a value" if private else f"“{clip.text}”"
            raise PromptMissing(
                f"the prompt `{prompt.id}` has no sound for {words} in `{clip.language}`",
                mend="`ivr prompts render` renders what is missing",
            )
        return playable


def voice_key(voices: Mapping[str, Voice], clip: Clip) -> str:
    """ "" for a language that has no such voice."""
    voice = voices.get(clip.language)
    return voice.key(clip) if voice else ""


def speech_folder(cache: Path) -> Path:
    """Where what is rendered on this machine is kept, as `<key>.opus`."""
    return cache / "speech"
