"""Urgent words that may have been said, asked back by a node that asks: "Did you say there is a fire?" Pure.

On a no the dialogue goes on with what was said, as if it had not been asked. Whoever says nothing, or the like again,
is taken at the word: somebody who is in danger may not be able to answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.flow.actions import JsonValue
from ivr.flow.codec import CodecError, input_from_json, input_to_json
from ivr.flow.inputs import SpeechHeard
from ivr.flow.nodes import other_language
from ivr.flow.nodes.asking_back import ASKED_BACK
from ivr.flow.understanding.urgent import Urgent, Written
from ivr.flow.values.said import yes_no

if TYPE_CHECKING:
    from ivr.flow.nodes.asking import AskingNode
    from ivr.flow.turn import Turn

ASKED_URGENT = "asked_urgent"
"""The name in a node's memory of what is being asked back, as long as `ASKED_BACK` stands there too."""
REFUSED = "not_urgent"
"""The commands that the caller said no to in this visit."""
MOST_ASKED = 2


def heard(node: AskingNode, turn: Turn, event: SpeechHeard) -> bool:
    """Whether the utterance was urgent, is asked back now, or answered that; else it is the node's own."""
    found = node.urgent_in(event)
    asked = _asked(turn)
    if asked is not None and not (found is not None and found.sure):
        answer = next(
            (yes for text in event.best() if (yes := yes_no(text, turn.language)) is not None), None
        )
        if answer is None and found is not None and found.written == "words":
            # "There is no fire": the words themselves, and a no.
            answer = False
        if answer is not None:
            return answered(node, turn, answer)
    if found is None:
        return False
    if found.sure or (asked is not None and asked.get("command") == found.name):
        node.do_urgent(turn, found)
        return True
    return _doubted(node, turn, event, found)


def _doubted(node: AskingNode, turn: Turn, event: SpeechHeard, found: Urgent) -> bool:
    refused = turn.data.get(REFUSED)
    if isinstance(refused, list) and found.name in refused:
        return False
    command = node.commands.by_name[found.name]
    label = command.labels.get(found.phrase)
    if command.doubt != "ask" or node.asking_back is None or label is None:
        return node.doubted(turn, found)
    turn.data[ASKED_URGENT] = {
        "command": found.name,
        "phrase": found.phrase,
        "written": found.written,
        "times": 0,
        "event": None if node.masked else input_to_json(event),
    }
    _ask(node, turn)
    return True


def _ask(node: AskingNode, turn: Turn) -> None:
    asked = turn.data[ASKED_URGENT]
    assert (
        isinstance(asked, dict) and node.asking_back is not None
    )  # _doubted, the only one who begins, saw to it
    times = asked["times"]
    asked = {**asked, "times": times + 1 if isinstance(times, int) else 1}
    turn.note("urgent_asked_back", {"node": node.id, **{name: asked[name] for name in _NOTED}})
    turn.data[ASKED_URGENT], turn.data[ASKED_BACK] = asked, []
    turn.cancel_timer("first_input")
    label = node.commands.by_name[str(asked["command"])].labels[str(asked["phrase"])]
    turn.speak(node.asking_back.runs(turn, label.runs(turn)))
    node.listen_again(turn)


_NOTED = ("command", "phrase", "written", "times")


def answered(node: AskingNode, turn: Turn, yes: bool | None) -> bool:
    """The answer to it; None = neither yes nor no. False: nothing urgent was asked back."""
    asked = _asked(turn)
    if asked is None:
        return False
    if yes is None and asked["times"] != MOST_ASKED:
        _ask(node, turn)
        return True
    del turn.data[ASKED_BACK], turn.data[ASKED_URGENT]
    event = _event(asked)
    if event is not None:
        turn.said = event.text
    if yes is False:
        refused = turn.data.get(REFUSED)
        turn.data[REFUSED] = [*(refused if isinstance(refused, list) else []), asked["command"]]
        turn.note("urgent_refused", {"node": node.id, "command": asked["command"]})
        if event is None:
            node.reprompt(turn)
        else:
            other_language.answered(node, turn, event)
    else:
        node.do_urgent(turn, _found(asked))
    return True


def unanswered(node: AskingNode, turn: Turn) -> bool:
    """Nothing was said or pressed. False: nothing urgent was asked back."""
    return answered(node, turn, True)


def _asked(turn: Turn) -> dict[str, JsonValue] | None:
    asked = turn.data.get(ASKED_URGENT) if ASKED_BACK in turn.data else None
    return asked if isinstance(asked, dict) else None


def _event(asked: dict[str, JsonValue]) -> SpeechHeard | None:
    try:
        event = input_from_json(asked["event"]) if asked["event"] is not None else None
    except CodecError:
        return None
    return event if isinstance(event, SpeechHeard) else None


def _found(asked: dict[str, JsonValue]) -> Urgent:
    written: Written = "words" if asked["written"] == "words" else "near"
    return Urgent(str(asked["command"]), str(asked["phrase"]), written, sure=True)
