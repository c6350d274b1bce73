"""What an open answer is about, in `ask`: the category as a variable, what is known of it, and ways by category."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from ivr.flow.actions import JsonValue
from ivr.flow.expressions import ANY, TEXT
from ivr.flow.findings import did_you_mean
from ivr.flow.model import NO_PROMPTS, PromptList
from ivr.flow.schema import InputModel, Name, Share, Target
from ivr.flow.turn import Turn
from ivr.flow.understanding.classify import Category, Ranked
from ivr.flow.yaml_source import Path

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

MOST_TOLD = 3
"""Categories, and reasons of each, that the journal is told."""
ASKED_FROM = 0.6
"""From this share of `least` on a category that leads somewhere is asked back."""


class CategoryFields(InputModel):
    category: Name | None = Field(
        None, description='variable that gets the category of `categories.yaml` that it is about, or ""'
    )
    categories: list[Name] = Field(
        default_factory=list, description="the categories possible here (default: all)"
    )
    least: Share = Field(0.5, description="how sure a category has to be")
    by_category: dict[Name, Target] = Field(
        default_factory=dict,
        description="category -> where it leads, when no option was hinted at; one not quite sure is asked back",
    )
    details: Name | None = Field(
        None,
        description="variable that gets what is known of the category: a map with `name`, `title`, `department`, "
        "`queue`, `confidence`",
    )


class Categorising:
    """Compiled."""

    __slots__ = ("_among", "_details", "_labels", "_least", "_ways", "variable")

    def __init__(self, build: NodeBuilder, model: CategoryFields) -> None:
        known = build.categories
        self.variable = build.assigns(model.category, ("category",), "", TEXT)
        self._details = build.assigns(model.details, ("details",), None, ANY)
        self._least = model.least
        named: list[tuple[Path, str]] = [
            (("categories", index), name) for index, name in enumerate(model.categories)
        ]
        named += [(("by_category", name), name) for name in model.by_category]
        for path, name in named:
            if name not in known:
                hint = did_you_mean(name, known) or "write it into categories.yaml"
                build.fault(path, "unknown-category", f"there is no category `{name}`", hint)
        self._among = frozenset(model.categories) or None
        self._ways = {
            name: build.target(target, ("by_category", name), f"category:{name}")
            for name, target in model.by_category.items()
        }
        self._labels: Mapping[str, PromptList] = {
            name: build.title_prompt(known[name].title, ("by_category", name))
            for name in self._ways
            if name in known
        }

    def rank(self, turn: Turn, text: str) -> tuple[Ranked, ...]:
        return turn.library.classifier.classify(text, turn.language, self._among)

    def hinted(self, turn: Turn, text: str) -> bool:
        """Whether the words are of a category in the language spoken."""
        ranked = self.rank(turn, text)
        return bool(ranked) and ranked[0].confidence >= self._least

    def label(self, name: str) -> PromptList:
        return self._labels.get(name, NO_PROMPTS)

    def way(self, name: str) -> str:
        """Where a category leads; "" = nowhere of its own."""
        return self._ways.get(name, "")

    def sure(self, turn: Turn, node: str, ranked: tuple[Ranked, ...]) -> str:
        """Assigns the category and notes why; "" = none is sure."""
        best = ranked[0] if ranked and ranked[0].confidence >= self._least else None
        told: list[JsonValue] = [
            {"category": one.category, "confidence": one.confidence, "why": list(one.why[:MOST_TOLD])}
            for one in ranked[:MOST_TOLD]
        ]
        turn.note("category", {"node": node, "category": best.category if best else "", "ranked": told})
        self.assign(turn, best.category if best else "", best.confidence if best else 0.0)
        return best.category if best else ""

    def doubtful(self, ranked: tuple[Ranked, ...]) -> list[str]:
        """Where none is sure: those worth asking back, the likeliest first. Each leads somewhere and has a title."""
        if ranked and ranked[0].confidence >= self._least:
            return []
        return [
            one.category
            for one in ranked
            if self.label(one.category).items and one.confidence >= self._least * ASKED_FROM
        ]

    def assign(self, turn: Turn, name: str, confidence: float) -> None:
        if self.variable:
            turn.assign(self.variable, name)
        if self._details:
            category = turn.library.categories.get(name)
            turn.assign(
                self._details, None if category is None else _told(category, turn.language, confidence)
            )


def _told(category: Category, language: str, confidence: float) -> dict[str, JsonValue]:
    return {
        "name": category.name,
        "title": category.title.get(language, category.name),
        "department": category.department.get(language, ""),
        "queue": category.queue,
        "confidence": confidence,
    }
