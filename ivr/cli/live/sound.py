"""Whether what the dialogue says it played was really heard: compared with the prompts' own sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ivr.demo.hearing import FAINT, contains, loudness
from ivr.demo.phone import PHONE_RATE, PhoneError, Samples
from ivr.demo.recordings import load_recording
from ivr.errors import PromptMissing
from ivr.flow.actions import RECORDING_PROMPT, Play, Prompt
from ivr.flow.followed import FollowedCall, Moment
from ivr.flow.inputs import PromptEnded
from ivr.flow.scenarios.model import Turn
from ivr.prompts.catalogue import PromptCatalogue

EARLIER_S = 1.0
"""The audio arrives a little after what is said of it, never before."""
SHORTEST_S = 0.2


def expected(turn: Turn, call: FollowedCall, since: Moment) -> list[tuple[Prompt, str]]:
    """The prompts that the turn wants heard and that were played to their end, each with its language."""
    if turn.heard is None and turn.heard_only is None and turn.text is None:
        return []
    named = {*(turn.heard or ()), *(turn.heard_only or ())}
    ended = {event.op: event.outcome for event in call.inputs_since(since) if isinstance(event, PromptEnded)}
    wanted: list[tuple[Prompt, str]] = []
    for action in call.actions_since(since):
        if not isinstance(action, Play) or ended.get(action.op) != "finished":
            continue
        for prompt in action.prompts:
            text = call.text_of(prompt, action.language)
            by_text = any(words in text for words in turn.text or ())
            named_so = prompt.id.partition("~")[0] in named
            if (named_so or by_text) and prompt.id != RECORDING_PROMPT and not _free(prompt):
                wanted.append((prompt, action.language))
    return wanted


def _free(prompt: Prompt) -> bool:
    """Whether it says a text that is spoken only when it is needed: first by one voice, later by another."""
    return any(isinstance(value, str) and not value.isdecimal() for value in prompt.values.values())


def unheard(wanted: list[tuple[Prompt, str]], heard: Samples, audio: PromptCatalogue) -> Iterator[str]:
    """heard: what the telephone received since the turn began. Slow: not for an event loop."""
    for prompt, language in wanted:
        clips = _clips(prompt, language, audio)
        if not clips:
            yield f"`{prompt.id}` has no sound in `{language}`"
            continue
        # Each by itself: between the pieces of one sentence Asterisk makes pauses of its own.
        worst = min((contains(heard, clip) for clip in clips), key=lambda match: match.score)
        if not worst:
            yield f"`{prompt.id}` was played, and not heard: at best {max(0.0, worst.score):.0%} alike"


def _clips(prompt: Prompt, language: str, audio: PromptCatalogue) -> list[Samples]:
    """The pieces of the prompt that are long and loud enough to be known again."""
    try:
        files = [Path(uri.removeprefix("sound:") + ".ulaw") for uri in audio.media((prompt,), language)]
        clips = [load_recording(file) for file in files]
    except (PromptMissing, PhoneError):
        return []
    return [clip for clip in clips if len(clip) >= SHORTEST_S * PHONE_RATE and loudness(clip) >= FAINT]
