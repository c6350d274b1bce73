"""In which language a caller speaks: what is known of it in a call, and changing over. Pure; works on a turn.

The recogniser says how likely each of the hotline's languages was spoken (`SpeechHeard.languages`). Another language
than the one that is spoken now is offered, not forced: what the caller declined is not offered again, and no language
more than `MAX_OFFERS` times. What is known is kept in the state (`FlowState.languages`):

    other: the other language that was clearly heard last      due: the one to offer at the next question
    heard: language -> how plainly it was heard so far          offered: language -> how often
    declined: those that the caller does not want
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.flow.actions import JsonValue

if TYPE_CHECKING:
    from ivr.flow.commands import Command
    from ivr.flow.inputs import SpeechHeard
    from ivr.flow.model import PromptList
    from ivr.flow.state import Run
    from ivr.flow.turn import Turn

CLEAR = 0.8
"""From this share on a language was clearly spoken."""
LIKELY = 0.5
"""From this share on it was likely spoken: twice so is clear."""
MAX_OFFERS = 2


@dataclass(frozen=True, slots=True)
class LanguageOffer:
    """The hotline's `offer_language`, compiled. keys: language -> the key that chooses it while it is offered."""

    prompts: PromptList
    keys: Mapping[str, str]

    def runs(self, turn: Turn, language: str) -> tuple[Run, ...]:
        """The offer, in the language that is offered."""
        own, turn.language = turn.language, language
        try:
            return self.prompts.runs(turn)
        finally:
            turn.language = own


class NoSense(Exception):
    """These words are no answer in the language that is tried."""


class Meant(Exception):
    """These words are a command, in the language that is tried."""

    def __init__(self, command: Command) -> None:
        super().__init__(command.name)
        self.command = command


@dataclass(frozen=True, slots=True)
class Answer:
    """What the turn remembers of the utterance that a node looks at: what was heard, and the other language that it
    was clearly said in ("" = none)."""

    event: SpeechHeard
    other: str
    tried: frozenset[str] = frozenset()


def note_heard(turn: Turn, event: SpeechHeard) -> str:
    """Keeps what this utterance says of the caller's language. Gives the other language of the hotline that was spoken
    clearly, in it or in several together; "" = none was."""
    best = max(event.languages, key=lambda guess: guess.share, default=None)
    if best is None or best.share < LIKELY or best.language not in turn.library.languages:
        return ""
    if best.language == turn.language:
        if best.share >= CLEAR:
            _keep(turn, heard={})
        return ""
    heard = _counts(turn, "heard")
    heard[best.language] = heard.get(best.language, 0) + (2 if best.share >= CLEAR else 1)
    if heard[best.language] < 2:
        _keep(turn, heard=dict(heard))
        return ""
    _keep(turn, heard=dict(heard), other=best.language)
    return best.language


def share_of(event: SpeechHeard, language: str) -> float:
    return max((guess.share for guess in event.languages if guess.language == language), default=0.0)


def others(turn: Turn, event: SpeechHeard) -> tuple[str, ...]:
    """The other languages of the hotline in which it may have been said; all of them where the recogniser does not
    tell languages apart."""
    return tuple(
        language
        for language in turn.library.languages
        if language != turn.language and (not event.languages or share_of(event, language) >= 1 - CLEAR)
    )


def to_identify(turn: Turn) -> tuple[str, ...]:
    """The languages that a recogniser is to tell apart now; () = nothing depends on it."""
    declined = _declined(turn)
    wanted = tuple(each for each in turn.library.languages if each == turn.language or each not in declined)
    return wanted if len(wanted) > 1 else ()


def may_offer(turn: Turn, language: str) -> bool:
    return (
        language != turn.language
        and language not in _declined(turn)
        and _counts(turn, "offered").get(language, 0) < MAX_OFFERS
    )


def note_offered(turn: Turn, language: str) -> None:
    offered = _counts(turn, "offered")
    _keep(turn, offered={**offered, language: offered.get(language, 0) + 1}, due="")
    turn.note("language_offered", {"node": turn.node, "language": language})


def decline(turn: Turn, language: str) -> None:
    _keep(turn, declined=[*sorted(_declined(turn) - {language}), language], heard={}, due="")
    turn.note("language_declined", {"node": turn.node, "language": language})


def offer_later(turn: Turn, language: str) -> None:
    """At the next question: what was said in it has been understood already."""
    if may_offer(turn, language):
        _keep(turn, due=language)


def take_due(turn: Turn) -> str:
    """The language to offer before the question that is about to be asked, once; "" = none."""
    due = turn.languages.get("due")
    if not due:
        return ""
    _keep(turn, due="")
    return str(due) if may_offer(turn, str(due)) else ""


def other(turn: Turn) -> str:
    """The other language that was clearly heard last, as expressions see it."""
    language = str(turn.languages.get("other", ""))
    return "" if language == turn.language else language


def switch(turn: Turn, language: str, by: str) -> None:
    """Speak and listen in this language from here on; the present step is said again in it. by: "command", "offer" or
    "key"."""
    turn.note("language", {"language": language, "by": by})
    change(turn, language)
    turn.here.language_changed(turn)


def change(turn: Turn, language: str) -> None:
    """From here on this language. Whoever chose it is offered it again when another one is spoken later."""
    turn.language = language
    if turn.languages:
        _keep(turn, heard={}, due="", declined=[*sorted(_declined(turn) - {language})])


def _declined(turn: Turn) -> set[str]:
    declined = turn.languages.get("declined")
    return {str(each) for each in declined} if isinstance(declined, list) else set()


def _counts(turn: Turn, name: str) -> dict[str, int]:
    counts = turn.languages.get(name)
    if not isinstance(counts, Mapping):
        return {}
    return {language: number for language, number in counts.items() if isinstance(number, int)}


def _keep(turn: Turn, **known: JsonValue) -> None:
    """What says nothing is left out, so that most states hold none of it."""
    turn.languages = {name: value for name, value in {**turn.languages, **known}.items() if value}
