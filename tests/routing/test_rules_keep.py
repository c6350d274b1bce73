"""Queues that are gone from the rules, kept for those who still need them."""

from __future__ import annotations

from routing.ids import QueueName
from routing.rules import Rules
from routing.rules_keep import keep, only
from routing.rules_load import load_rules

OLD = load_rules(
    """\
skills: {english: {en: English}, knots: {en: Knots}}
wrap_up_codes: {tied: {}}
queues:
  general: {ring_s: 10}
  knots: {steps: [{require: {knots: 1}}], overflow: [{to: ropes, after_s: 5}, {to: general, after_s: 9}]}
  ropes: {}
"""
)
NEW = load_rules("skills: {english: {en: Englisch}}\nqueues:\n  general: {ring_s: 20}\n")
KNOTS, ROPES, GENERAL = QueueName("knots"), QueueName("ropes"), QueueName("general")


def test_what_the_new_rules_say_goes_before() -> None:
    both = keep(NEW, [OLD])
    assert set(both.queues) == {"general", "knots", "ropes"}
    assert both.queues[GENERAL].ring_s == 20
    assert both.queues[KNOTS].steps == OLD.queues[KNOTS].steps
    assert both.skills == {"english": {"en": "Englisch"}, "knots": {"en": "Knots"}}
    assert set(both.wrap_up_codes) == {"tied"}


def test_of_several_older_rules_the_first_counts() -> None:
    newer = load_rules("queues:\n  knots: {ring_s: 7}\n")
    assert keep(NEW, [newer, OLD]).queues[KNOTS].ring_s == 7


def test_nobody_is_moved_into_a_queue_that_is_gone() -> None:
    kept = keep(NEW, [only(OLD, {KNOTS})])
    assert set(kept.queues) == {"general", "knots"}
    assert [each.to for each in kept.queues[KNOTS].overflow] == ["general"]


def test_without_anything_to_keep_the_rules_are_as_they_are() -> None:
    assert keep(NEW, [only(OLD, ())]) is NEW
    assert keep(NEW, []) is NEW
    assert only(OLD, {GENERAL}) == Rules(
        {GENERAL: OLD.queues[GENERAL]}, OLD.skills, OLD.languages, OLD.wrap_up_codes, OLD.agents
    )
