"""Identifiers of routing: strings, chosen by whoever creates the object."""

from __future__ import annotations

from typing import NewType

AgentId = NewType("AgentId", str)
QueueName = NewType("QueueName", str)
EntryId = NewType("EntryId", str)
"""One wait in one queue: it outlives channel, process and redial."""
SkillName = NewType("SkillName", str)
