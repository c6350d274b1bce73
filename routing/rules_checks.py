"""What each key of the rules allows alone and the file as a whole does not: names that are none, circles, conditions
that never hold. Pure; findings say where and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from routing.agent_rules import wrong
from routing.rules_model import OverflowModel, QueueModel, RulesModel
from routing.rules_places import Finding, Path, Places

CONDITIONS = ("after_s", "longer_than", "unstaffed", "closed")


def faults(model: RulesModel, place: Places) -> Iterator[Finding]:
    yield from _unknown_skills(model, place)
    yield from _codes(model, place)
    for where, cause, suggestion in wrong(model.agents):
        yield place.finding(("agents", *where), cause, suggestion)
    for name, queue in model.queues.items():
        at: Path = ("queues", name)
        yield from _endless_steps(queue, at, place)
        yield from _ageing(queue, at, place)
        yield from _patience(queue, at, place)
        yield from _shares(queue, at, place)
        for index, overflow in enumerate(queue.overflow):
            yield from _overflow(overflow, queue, model, (*at, "overflow", index), place)
    yield from _circles(model, place)


def _unknown_skills(model: RulesModel, place: Places) -> Iterator[Finding]:
    for tag, wanted in model.languages.items():
        for skill in wanted:
            if skill not in model.skills:
                yield place.unknown(("languages", tag, skill), "skill", skill, model.skills)
    for name, queue in model.queues.items():
        for index, step in enumerate(queue.steps):
            for part, wanted in (("require", step.require), ("prefer", step.prefer)):
                for skill in wanted:
                    if skill not in model.skills:
                        at = ("queues", name, "steps", index, part, skill)
                        yield place.unknown(at, "skill", skill, model.skills)


def _codes(model: RulesModel, place: Places) -> Iterator[Finding]:
    keys: dict[str, str] = {}
    for name, code in model.wrap_up_codes.items():
        if code.key is not None and keys.setdefault(code.key, name) != name:
            cause = f"the code {keys[code.key]} has the key {code.key} already"
            yield place.finding(("wrap_up_codes", name, "key"), cause, "give each code a key of its own")
    for name, queue in model.queues.items():
        for index, code_name in enumerate(queue.wrap_up_codes or ()):
            if code_name not in model.wrap_up_codes:
                at = ("queues", name, "wrap_up_codes", index)
                yield place.unknown(at, "wrap-up code", code_name, model.wrap_up_codes)
        has_codes = model.wrap_up_codes if queue.wrap_up_codes is None else queue.wrap_up_codes
        if queue.wrap_up_code_required and not has_codes:
            yield place.finding(
                ("queues", name, "wrap_up_code_required"),
                "a code is required, but the queue has none",
                "write some under `wrap_up_codes`",
            )


def _endless_steps(queue: QueueModel, at: Path, place: Places) -> Iterator[Finding]:
    for index, step in enumerate(queue.steps[:-1]):
        if step.for_s is None:
            yield place.finding(
                (*at, "steps", index),
                "this step never ends, so the steps after it are never reached",
                "give it `for_s`, or make it the last one",
            )


def _ageing(queue: QueueModel, at: Path, place: Places) -> Iterator[Finding]:
    ageing = queue.ageing
    if ageing is not None and ageing.most < ageing.points:
        cause = f"priority grows by {ageing.points} at a time, but by {ageing.most} at most"
        yield place.finding((*at, "ageing", "most"), cause, f"{ageing.points} or more")


def _patience(queue: QueueModel, at: Path, place: Places) -> Iterator[Finding]:
    patience_s, most_s = queue.preferred_agent.patience_s, queue.max_wait_s
    if most_s is not None and patience_s >= most_s:
        yield place.finding(
            (*at, "preferred_agent", "patience_s"),
            f"the wait is over after {most_s:g} s (`max_wait_s`), before others are asked",
            f"less than {most_s:g}, or a longer `max_wait_s`",
        )


def _shares(queue: QueueModel, at: Path, place: Places) -> Iterator[Finding]:
    for label, parts in queue.shares.items():
        if not any(parts.values()):
            cause = f"nobody has a part of the calls by {label}"
            yield place.finding((*at, "shares", label), cause, "such as {north: 60, south: 40}")


def _overflow(
    overflow: OverflowModel, queue: QueueModel, model: RulesModel, at: Path, place: Places
) -> Iterator[Finding]:
    if overflow.to not in model.queues:
        yield place.unknown((*at, "to"), "queue", overflow.to, model.queues)
    named = [name for name in CONDITIONS if getattr(overflow, name) is not None]
    if len(named) != 1:
        cause = f"`{'` and `'.join(named)}` at once" if named else "nothing says when"
        yield place.finding(
            at, f"overflow: {cause}", f"one of `{'`, `'.join(CONDITIONS)}` in each item of the list"
        )
        return
    if overflow.after_s is not None and queue.max_wait_s is not None and overflow.after_s >= queue.max_wait_s:
        yield place.finding(
            (*at, "after_s"),
            f"the wait is over after {queue.max_wait_s:g} s (`max_wait_s`), before this overflow",
            f"less than {queue.max_wait_s:g}, or a longer `max_wait_s`",
        )
    other = model.queues.get(overflow.to)
    longest_s = None if other is None else other.max_wait_s
    if overflow.after_s is not None and longest_s is not None and overflow.after_s >= longest_s:
        yield place.finding(
            (*at, "after_s"),
            f"in `{overflow.to}` the wait is over after {longest_s:g} s in all, so who comes there is sent away",
            f"less than {longest_s:g}, or a longer `max_wait_s` there",
        )
    if overflow.longer_than is not None and queue.max_length is not None:
        most = queue.max_length
        if overflow.longer_than >= most:
            yield place.finding(
                (*at, "longer_than"),
                f"no more than {most} stand in this line (`max_length`)",
                f"less than {most}, or a greater `max_length`",
            )
    if overflow.closed and queue.hours is None:
        yield place.finding(
            (*at, "closed"), "the queue has no `hours`, so it is never closed", "give it `hours`"
        )


def _circles(model: RulesModel, place: Places) -> Iterator[Finding]:
    """Each circle of overflows once, at the arrow that closes it."""
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> Iterator[Finding]:
        for index, overflow in enumerate(model.queues[name].overflow):
            to = overflow.to
            if to in trail:
                circle = " -> ".join((*trail[trail.index(to) :], to))
                at = ("queues", name, "overflow", index, "to")
                yield place.finding(
                    at, f"callers would go round in a circle: {circle}", "take one of them out"
                )
            elif to in model.queues and to not in done:
                yield from walk(to, (*trail, to))
        done.add(name)

    for name in model.queues:
        if name not in done:
            yield from walk(name, (name,))
