"""Queues that the rules no longer have, kept for those who still need them. Pure.

A call that began before may still ask for such a queue, and somebody may wait in it: for them it goes on as it was.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace

from routing.ids import QueueName
from routing.rules import QueueRules, Rules


def only(rules: Rules, names: Container[QueueName]) -> Rules:
    """With no other queues than these."""
    return replace(rules, queues={name: queue for name, queue in rules.queues.items() if name in names})


def keep(rules: Rules, older: Iterable[Rules]) -> Rules:
    """rules, and the queues of `older` that they lack, each as the first of these has it. What the new rules say of a
    queue, a skill or a code goes before."""
    queues: dict[QueueName, QueueRules] = dict(rules.queues)
    skills, codes = dict(rules.skills), dict(rules.wrap_up_codes)
    kept: set[QueueName] = set()
    for one in older:
        lacking = {name: queue for name, queue in one.queues.items() if name not in queues}
        if lacking:
            queues |= lacking
            kept |= lacking.keys()
            skills = {**one.skills, **skills}
            codes = {**one.wrap_up_codes, **codes}
    if not kept:
        return rules
    for name in kept:
        # Into a queue that is gone altogether nobody can be moved.
        overflow = tuple(each for each in queues[name].overflow if each.to in queues)
        queues[name] = replace(queues[name], overflow=overflow)
    return replace(rules, queues=queues, skills=skills, wrap_up_codes=codes)
