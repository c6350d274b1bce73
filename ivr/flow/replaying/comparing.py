"""Two runs of one call: the same, or where they part and what comes of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ivr.flow.replaying.model import Entered, Results, Run
from ivr.flow.replaying.pairs import Pairs

Verdict = Literal["same", "same_result", "different", "unfinished", "dead_end", "cannot_tell"]
VERDICTS: tuple[Verdict, ...] = ("dead_end", "different", "unfinished", "same_result", "same", "cannot_tell")

CHAIN = 3
"""So many acts that are not understood, and nothing that leads on from there, are a dead end."""


@dataclass(frozen=True, slots=True)
class Parting:
    """Where the ways part. act: after the how-manieth act of the caller (0: before any), and what was said or done.

    at: the last node on both ways, as the older version calls it; now_at: as the draft does. then, now: where each goes
    on, "" = nowhere; a draft that asks again has the node itself. index: of that place on the way.
    """

    index: int
    act: int
    said: str
    at: str
    then: str
    now_at: str
    now: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """why: one plain sentence, "" for `same`. dead_ends: (`rescue`, `hangup` ..., node of the draft) each."""

    verdict: Verdict
    why: str = ""
    parting: Parting | None = None
    dead_ends: tuple[tuple[str, str], ...] = ()


def compare(old: Run, new: Run, pairs: Pairs) -> Comparison:
    """The run on the call's own version, and that on the draft."""
    if new.stopped == "withheld":
        why = f"what was said at {new.stopped_at} is withheld, and that node is another now"
        return Comparison("cannot_tell", why)
    parting = _parting(old, new, pairs)
    dead = _dead_ends(old, new, pairs)
    if dead:
        return Comparison("dead_end", _why_dead(dead), parting, dead)
    differs = _differs(old.results, new.results, pairs)
    over = old.stopped == new.stopped and pairs.new_of.get(old.stopped_at, "") == new.stopped_at
    if new.stopped == "endless":
        return Comparison(
            "dead_end", f"it never ends, at {new.stopped_at}", parting, (("endless", new.stopped_at),)
        )
    if new.assumed is not None:
        again = _asked_again(old, new, new.assumed) or parting
        return Comparison("different", f"not understood at {_asker(new)}", again)
    if parting is None and over and not differs:
        return Comparison("same")
    if parting is not None and new.stopped in ("question", "work") and _is_new_from(parting, new, pairs):
        what = f"waits for {new.waited_for}" if new.stopped == "work" else "asks what nobody was asked then"
        return Comparison("unfinished", f"{new.stopped_at} {what}", parting)
    if differs:
        return Comparison("different", differs, parting)
    if over:
        return Comparison("same_result", "another way to the same end", parting)
    where = f"it waits at {new.stopped_at}" if new.stopped else "it ends, and did not then"
    return Comparison("different", where, parting)


def _asked_again(old: Run, new: Run, index: int) -> Parting | None:
    """The place where the draft asked again, and the older version had gone on."""
    if not 0 < index < len(old.path):
        return None
    before, then, asker = old.path[index - 1], old.path[index], new.path[index - 1]
    if before.node == then.node:
        return None
    return Parting(index, then.number, then.said, before.node, then.node, asker.node, asker.node)


def _asker(run: Run) -> str:
    index = (run.assumed or 1) - 1
    return run.path[min(index, len(run.path) - 1)].node if run.path else ""


def _parting(old: Run, new: Run, pairs: Pairs) -> Parting | None:
    """None: the same nodes in the same order."""
    new_of = pairs.new_of
    last, now_last = "", ""
    for index, (one, other) in enumerate(zip(old.path, new.path, strict=False)):
        if new_of.get(one.node) != other.node:
            # Whichever goes on first: the other one waited for more.
            act = other if other.number <= one.number else one
            return Parting(index, act.number, act.said, last, one.node, now_last, other.node)
        last, now_last = one.node, other.node
    return _longer(old.path, new.path, new, last, now_last)


def _longer(
    old: Sequence[Entered], new: Sequence[Entered], run: Run, last: str, now_last: str
) -> Parting | None:
    if len(old) == len(new):
        return None
    index = min(len(old), len(new))
    if len(old) > index:
        entered, now = old[index], run.stopped_at
        return Parting(index, entered.number, entered.said, last, entered.node, now_last, now)
    entered = new[index]
    return Parting(index, entered.number, entered.said, last, "", now_last, entered.node)


def _is_new_from(parting: Parting, new: Run, pairs: Pairs) -> bool:
    """Whether all that the draft does from the parting on is done at nodes that it brings along; or a node that was
    there before asks or waits now, and did not then."""
    if parting.index >= len(new.path):
        return new.stopped == "work" or not new.known
    return all(entered.node not in pairs.old_of for entered in new.path[parting.index :])


def _differs(old: Results, new: Results, pairs: Pairs) -> str:
    """What is not the same for the caller, "" when all is."""
    if old.queues != new.queues:
        return (
            f"queue {_names(queue for queue, _ in old.queues)} -> {_names(queue for queue, _ in new.queues)}"
        )
    for what, was, now in (
        ("transfer to", old.transfers, new.transfers),
        ("call back from", old.callbacks, new.callbacks),
        ("message", old.messages, new.messages),
        ("notice by", old.notices, new.notices),
    ):
        if was != now:
            return f"{what} {_names(was)} -> {_names(now)}"
    if old.hung_up_by != new.hung_up_by:
        return f"hung up by {old.hung_up_by or 'nobody'} -> {new.hung_up_by or 'nobody'}"
    return _answers(old.answers, new.answers, pairs)


def _answers(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]], pairs: Pairs) -> str:
    """Those of questions that both have; one that is not asked any more is no different answer."""
    asked: dict[str, list[str]] = {}
    for node, answer in new:
        asked.setdefault(node, []).append(answer)
    given: dict[str, list[str]] = {}
    for node, answer in old:
        given.setdefault(pairs.new_of.get(node, ""), []).append(answer)
    for node, answers in given.items():
        if node in asked and asked[node] != answers:
            return f"answer at {node}: {_names(answers)} -> {_names(asked[node])}"
    return ""


def _names(names: object) -> str:
    return ", ".join(map(str, names)) or "none"  # type: ignore[call-overload]


def _dead_ends(old: Run, new: Run, pairs: Pairs) -> tuple[tuple[str, str], ...]:
    """Those that the older version did not have."""
    before = Counter((kind, pairs.new_of.get(node, node)) for kind, node in old.results.troubles)
    found = list((Counter(new.results.troubles) - before).elements())
    if sum(before.values()) >= len(new.results.troubles):
        found = []
    if new.stopped in ("question", "not_understood") and new.misunderstood >= CHAIN > old.misunderstood:
        found.append(("not_understood", new.stopped_at))
    served = old.results.queues or old.results.transfers
    reached = new.results.queues or new.results.transfers or new.results.callbacks
    if served and not reached and new.results.hung_up_by == "system":
        shown = [entered.node for entered in new.path if not entered.node.startswith("~")]
        found.append(("hangup", shown[-1] if shown else ""))
    return tuple(found)


_DEAD: Mapping[str, str] = {
    "rescue": "an event nobody handles brings the caller away from {}",
    "loop": "the dialogue goes in a circle at {}",
    "machine_error": "the machine fails at {}",
    "not_understood": "the caller is not understood again and again at {}",
    "hangup": "the caller is hung up on at {}, and had reached a person",
}


def _why_dead(dead: Sequence[tuple[str, str]]) -> str:
    kind, node = dead[0]
    return _DEAD[kind].format(node)
