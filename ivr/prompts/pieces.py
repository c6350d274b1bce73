"""The parts of a prompt that depend on its values: which clips say them, and the recordings of a call. Pure.

Everything here raises PromptMissing where a prompt cannot be said with these values. No message repeats a value: it may
be a caller's words.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from ivr.errors import PromptMissing
from ivr.flow.actions import LONGEST_PAUSE_S, Prompt
from ivr.prompts import numbers, texts, words
from ivr.prompts.clips import Clip
from ivr.prompts.prepared import Playable
from ivr.prompts.values import Unsayable

_RECORDING_S = 180.0
"""How long a recording of the call lasts at most, where nobody says."""
_RECORDING_ID = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/-]{0,199}\Z")


def value(
    place: texts.Place, prompt: Prompt, language: str, now: dt.datetime, pause: Playable
) -> Iterator[Playable | Clip]:
    """A value in the words that are recorded for it, and in clips of its own where there are none."""
    where = f"the prompt `{prompt.id}` in `{language}`"
    if place.name not in prompt.values:
        raise PromptMissing(f"{where} says `{{{place.name}}}`, which has no value", mend="set it in the flow")
    known = prompt.values[place.name]
    try:
        said = numbers.say(known, place.say_as, language, option=place.option, counted=place.counted, now=now)
    except Unsayable as error:
        raise PromptMissing(f"{where}, `{{{place.name}}}`: {error}", mend=error.mend) from error
    for fragment in said:
        if fragment == numbers.PAUSE:
            yield pause
        elif isinstance(fragment, numbers.Free):
            yield texts.text_clip(fragment.text, language)
        else:
            yield texts.fragment_clip(fragment, language)


def sentence(whole: texts.Whole, prompt: Prompt, language: str, now: dt.datetime) -> Clip:
    """A whole sentence with its values in words."""
    where = f"the prompt `{prompt.id}` in `{language}`"
    try:
        said = words.sentence(whole.parts, prompt.values, language, now)
    except Unsayable as error:
        raise PromptMissing(f"{where}: {error}", mend=error.mend) from error
    except KeyError as error:
        name = error.args[0]
        raise PromptMissing(
            f"{where} says `{{{name}}}`, which has no value", mend="set it in the flow"
        ) from error
    return texts.text_clip(said, language)


def recording(prompt: Prompt) -> Playable:
    """A recording of this call, which Asterisk stored. Values: `id`, and its length in `seconds` where known."""
    name, seconds = prompt.values.get("id"), prompt.values.get("seconds")
    if not isinstance(name, str) or not _RECORDING_ID.match(name):
        raise PromptMissing("a recording of the call has no name that Asterisk knows", mend="record it first")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < _RECORDING_S:
        return Playable(f"recording:{name}", float(seconds))
    return Playable(f"recording:{name}", _RECORDING_S)


def pause(prompt: Prompt, shortest: Playable) -> list[Playable]:
    """A silence of about so many `seconds`, out of short ones."""
    seconds = prompt.values.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise PromptMissing("a pause has no length", mend="write it in the flow: {pause: 1}")
    wanted = min(float(seconds), LONGEST_PAUSE_S)
    return [shortest] * max(1, round(wanted / shortest.seconds))
