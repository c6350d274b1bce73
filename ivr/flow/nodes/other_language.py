"""A question answered in another language of the hotline than the one it was asked in. Pure.

What makes sense in the other language is understood at once, and that language is offered at the next question. What
makes none in either, and was clearly said in the other one, raises `language`; unless somebody handles it otherwise,
the language is then offered, in itself, and the question asked again: in the new language, or after a no (or silence)
in the old one. Who goes on speaking the language that is offered has taken it.

The words are tried in a language by the node's own rules (`tried`): it hears them while the turn speaks that
language, and says by `NoSense` and `Meant` what it would have done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ivr.flow import languages, raising
from ivr.flow.commands import Command
from ivr.flow.inputs import SpeechHeard
from ivr.flow.languages import Answer, Meant, NoSense
from ivr.flow.nodes.asking_back import yes_no_phrases
from ivr.flow.values.said import yes_no

if TYPE_CHECKING:
    from ivr.flow.nodes.asking import AskingNode
    from ivr.flow.turn import Turn

OFFERED = "language_offered"
"""The name in a node's memory of the language that is being offered."""
EVENT = "language"


def answered(node: AskingNode, turn: Turn, event: SpeechHeard) -> None:
    """An utterance with words, to the node's own question."""
    other = languages.note_heard(turn, event)
    if other and tried(node, turn, event, other):
        languages.offer_later(turn, other)
        return
    turn.answer = Answer(event, other, frozenset({other}))
    if node.takes_anything and not node.hints(turn, event):
        # Any words are an answer here: what they hint at in another language comes first, then the offer of it.
        if _in_others(node, turn, turn.answer):
            return
        if other and raised(node, turn, other):
            return
    node.heard(turn, event)


def instead_of_no_match(node: AskingNode, turn: Turn) -> bool:
    """Whether the words that make no sense here made some in another language, or led to its being offered."""
    answer, turn.answer = turn.answer, None
    if answer is None:
        return False
    return _in_others(node, turn, answer) or (answer.other != "" and raised(node, turn, answer.other))


def _in_others(node: AskingNode, turn: Turn, answer: Answer) -> bool:
    return any(
        tried(node, turn, answer.event, language)
        for language in languages.others(turn, answer.event)
        if language not in answer.tried
    )


def tried(node: AskingNode, turn: Turn, event: SpeechHeard, language: str) -> bool:
    """Whether these words make sense as an answer, or a command, in that language; they were taken then."""
    share = languages.share_of(event, language)
    if share >= languages.CLEAR and event.confidence is not None:
        # The engine's own confidence is that of having heard the other language.
        event = replace(event, phrase="", confidence=max(event.confidence, share))
    own, kept = turn.language, len(turn.actions)
    answer, turn.answer = turn.answer, None
    turn.trying, turn.language = True, language
    command: Command | None = None
    try:
        if node.takes_anything and not node.hints(turn, event):
            raise NoSense
        node.heard(turn, event)
    except Meant as meant:
        command = meant.command
    except NoSense:
        del turn.actions[kept:]
        turn.answer = answer
        return False
    finally:
        turn.trying, turn.language = False, own
    if command is not None:
        _do(node, turn, command, language)
    else:
        turn.note("understood_in", {"node": node.id, "language": language})
    return True


def _do(node: AskingNode, turn: Turn, command: Command, language: str) -> None:
    """Whoever asks to hear it again, in another language, is offered that one: to hear the same again helps nobody."""
    if not (command.do in ("repeat", "help") and raised(node, turn, language)):
        turn.command(command, "speech")
        if command.do == "go":
            languages.offer_later(turn, language)


def raised(node: AskingNode, turn: Turn, language: str) -> bool:
    """Whether `language` was raised: not for a language that is not to be offered, nor where nobody does anything."""
    if not languages.may_offer(turn, language):
        return False
    if turn.library.language_offer is None and not raising.is_handled(turn, node, EVENT):
        return False
    event = turn.answer.event if turn.answer is not None else None
    turn.answer = None
    said = event.text if event is not None else ""
    turn.raise_event(EVENT, {"language": language, "said": said})
    return True


# The offer


def offer_first(node: AskingNode, turn: Turn) -> bool:
    """Whether a language is offered before the node's question."""
    due = languages.take_due(turn)
    return due != "" and raised(node, turn, due)


def offer(node: AskingNode, turn: Turn) -> bool:
    """Say the offer of the language that the event names. False: the hotline has none."""
    detail = turn.detail if isinstance(turn.detail, dict) else {}
    language = str(detail.get("language", ""))
    offered = turn.library.language_offer
    if offered is None or language not in offered.keys or not languages.may_offer(turn, language):
        return False
    languages.note_offered(turn, language)
    turn.data[OFFERED] = language
    turn.cancel_timer("first_input")
    turn.speak(offered.runs(turn, language))
    return True


def phrases(node: AskingNode, turn: Turn) -> tuple[tuple[str, ...], str]:
    """What is listened for while a language is offered, and in which."""
    language = str(turn.data[OFFERED])
    heard_in = language if turn.hears(language) else turn.language
    return yes_no_phrases(heard_in) + node.commands.phrases(heard_in), heard_in


def pressed(turn: Turn, digit: str) -> bool:
    """Whether the key takes the language that is offered. Any other is an answer to the question itself."""
    language = str(turn.data.pop(OFFERED))
    offered = turn.library.language_offer
    if offered is None or offered.keys.get(language) != digit:
        return False
    languages.switch(turn, language, "key")
    return True


def replied(node: AskingNode, turn: Turn, event: SpeechHeard) -> None:
    language = str(turn.data.pop(OFFERED))
    said = [yes_no(text, each) for text in event.best() for each in (language, turn.language)]
    yes = next((answer for answer in said if answer is not None), None)
    command = node.commands.said(event.best(), turn.language)
    if command is not None and command.do == "language":
        turn.command(command, "speech")
    elif yes is False:
        languages.decline(turn, language)
        node.reprompt(turn)
    elif yes:
        languages.switch(turn, language, "offer")
    elif languages.share_of(event, language) >= languages.CLEAR:
        # Whoever goes on in it has taken it, and may have answered the question.
        if tried(node, turn, event, language):
            turn.note("language", {"language": language, "by": "offer"})
            languages.change(turn, language)
        else:
            languages.switch(turn, language, "offer")
    else:
        answered(node, turn, event)
