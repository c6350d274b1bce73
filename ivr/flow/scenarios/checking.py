"""What a scenario expected against what was seen. Pure: differences in, sentences out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ivr.flow.actions import PAUSE_PROMPT, Enqueue, JsonValue, Note, Notify, Play
from ivr.flow.findings import did_you_mean
from ivr.flow.followed import FollowedCall, Moment
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.model import Expectations
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True)
class Seen:
    """Since the turn before: heard is (id, text); did: words of what else was done. The rest is as it stands now."""

    library: FlowLibrary
    state: FlowState
    heard: tuple[tuple[str, str], ...]
    notes: tuple[Note, ...]
    queued: tuple[Enqueue, ...]
    notified: tuple[Notify, ...]
    did: tuple[str, ...]
    listening: bool
    over: bool
    ended_by: str

    @classmethod
    def since(cls, call: FollowedCall, moment: Moment) -> Seen:
        actions = call.actions_since(moment)
        heard: list[tuple[str, str]] = []
        for action in actions:
            if isinstance(action, Play):
                heard += [(line.id, line.text) for line in call.lines_of(action) if line.id != PAUSE_PROMPT]
        return cls(
            call.library,
            call.state,
            tuple(heard),
            tuple(action for action in actions if isinstance(action, Note)),
            tuple(action for action in actions if isinstance(action, Enqueue)),
            tuple(action for action in actions if isinstance(action, Notify)),
            tuple(call.done_since(moment)),
            call.listening,
            call.over,
            call.ended_by,
        )


def mismatches(expected: Expectations, seen: Seen) -> list[str]:
    return [
        *_heard(expected, seen),
        *_place(expected, seen),
        *_values(expected, seen),
        *_done(expected, seen),
    ]


def _heard(expected: Expectations, seen: Seen) -> Iterator[str]:
    # A plural form is heard under its own id (`queue.place~one`).
    ids = [prompt_id.partition("~")[0] or prompt_id for prompt_id, _ in seen.heard]
    if expected.heard is not None:
        missing = _out_of_order(expected.heard, ids)
        if missing:
            hint = did_you_mean(missing, seen.library.prompts) if missing not in seen.library.prompts else ""
            yield f"`{missing}` was not heard{_hint(hint)}; heard: {_listed(ids)}"
    if expected.heard_only is not None and ids != expected.heard_only:
        yield f"heard {_listed(ids)} instead of {_listed(expected.heard_only)}"
    for prompt_id in expected.not_heard or ():
        if prompt_id in ids:
            yield f"`{prompt_id}` was heard"
    words = " ".join(text for _, text in seen.heard)
    for text in expected.text or ():
        if text not in words:
            yield f"“{text}” was not heard; heard: {words or 'nothing'}"


def _place(expected: Expectations, seen: Seen) -> Iterator[str]:
    node = seen.state.node
    if expected.node is not None and expected.node not in (node, node.partition(".")[2]):
        known = seen.library.nodes
        there = any(expected.node in (each, each.partition(".")[2]) for each in known)
        hint = "" if there else f"there is no such node; {did_you_mean(expected.node, known)}"
        yield f"at `{node}` instead of `{expected.node}`{_hint(hint)}"
    if expected.passed is not None:
        passed = [str(note.data.get("node")) for note in seen.notes if note.kind == "node"]
        missing = _out_of_order(expected.passed, passed, suffix=True)
        if missing:
            yield f"did not go through `{missing}`; went through {_listed(passed)}"
    if expected.language is not None and seen.state.language != expected.language:
        yield f"in `{seen.state.language}` instead of `{expected.language}`"
    if expected.listening is not None and seen.listening != expected.listening:
        yield "speech is listened for" if seen.listening else "speech is not listened for"
    yield from _ending(expected, seen)


def _ending(expected: Expectations, seen: Seen) -> Iterator[str]:
    if expected.ended is False and seen.over:
        yield "the call is over"
    elif expected.ended and not seen.over:
        yield f"the call is not over (at `{seen.state.node}`)"
    elif expected.ended and seen.ended_by != expected.ended:
        yield f"the call was ended by the {seen.ended_by} instead of the {expected.ended}"


def _values(expected: Expectations, seen: Seen) -> Iterator[str]:
    for name, wanted in (expected.variables or {}).items():
        value: JsonValue = dict(seen.state.variables)
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value != wanted:
            yield f"`{name}` is {value!r} instead of {wanted!r}"


def _done(expected: Expectations, seen: Seen) -> Iterator[str]:
    if expected.queued is not None:
        places = [
            {
                "queue": each.queue,
                "priority": each.priority,
                "language": each.language,
                "reason": each.reason,
                "skills": dict(each.skills),
            }
            for each in seen.queued
        ]
        if not any(_fits(expected.queued, place, words=("reason",)) for place in places):
            yield f"no place was taken with {expected.queued}; taken: {places or 'none'}"
    for wanted in expected.journal or ():
        notes = [{**note.data, "kind": note.kind} for note in seen.notes]
        if not any(_fits(wanted, note) for note in notes):
            kind = str(wanted.get("kind"))
            same = [note for note in notes if note["kind"] == kind]
            hint = "" if same else did_you_mean(kind, (str(note["kind"]) for note in notes))
            yield f"the journal has no {wanted}; of that kind: {same or 'none'}{_hint(hint)}"
    for wanted in expected.notified or ():
        told = [
            {"channel": each.channel, "to": each.to, "text": each.text, "data": dict(each.data)}
            for each in seen.notified
        ]
        if not any(_fits(wanted, each, words=("text",)) for each in told):
            yield f"nobody was told {wanted}; told: {told or 'nobody'}"
    for words in expected.did or ():
        if not any(words in done for done in seen.did):
            yield f"“{words}” was not done; done: {_listed(seen.did)}"


def _fits(wanted: Mapping[str, object], found: Mapping[str, object], words: Sequence[str] = ()) -> bool:
    """Whether all that is wanted is found; of `words` a part is enough."""
    return all(
        name in found and (str(value) in str(found[name]) if name in words else found[name] == value)
        for name, value in wanted.items()
    )


def _out_of_order(wanted: Sequence[str], found: Sequence[str], *, suffix: bool = False) -> str:
    """The first wanted one that does not come after those before it; "" when all do."""
    at = 0
    for each in wanted:
        while at < len(found) and not (found[at] == each or (suffix and found[at].partition(".")[2] == each)):
            at += 1
        if at == len(found):
            return each
        at += 1
    return ""


def _listed(things: Sequence[str]) -> str:
    return ", ".join(things) or "nothing"


def _hint(text: str) -> str:
    return f" ({text})" if text else ""
