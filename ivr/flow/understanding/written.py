"""categories.yaml and names.yaml as authors write them: pydantic models, strict, with their documentation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ivr.flow.schema import Name, Phrases, Strict

Weight = Annotated[float, Field(gt=0, le=10)]


class WeightedModel(Strict):
    word: str = Field(min_length=1, max_length=100)
    weight: Weight = 1.0


class PatternModel(Strict):
    pattern: str = Field(min_length=1, max_length=300)
    weight: Weight = 1.5


class CategoryModel(Strict):
    """What a call may be about."""

    title: dict[str, str] = Field(
        default_factory=dict, description="for people, by language; also how it is asked back"
    )
    department: str | dict[str, str] = Field("", description="who deals with it: a text, or one by language")
    queue: Name | None = Field(None, description="one of `queues.yaml`: whose agents know about it")
    words: dict[str, str | WeightedModel | list[str | WeightedModel]] = Field(
        default_factory=dict,
        description="words that speak for it, by language, also misheard: `{zh: [噪音, {word: 施工, weight: 0.5}]}`",
    )
    patterns: dict[str, str | PatternModel | list[str | PatternModel]] = Field(
        default_factory=dict,
        description="regular expressions that do, by language: `{zh: '半夜.{0,6}(唱歌|施工)'}`",
    )
    but: Phrases = Field(None, description="words that speak against it, by language")
    examples: Phrases = Field(
        None,
        description="sentences of callers, by language: what is like them is of it, and `ivr check` tries them",
    )


class CategoriesModel(Strict):
    """What calls are about, for `ask`."""

    categories: dict[Name, CategoryModel] = Field(min_length=1, description="name -> category")


class NamesModel(Strict):
    """`names.yaml`: the names of the city, for slots and for the recogniser."""

    names: dict[Name, list[str | dict[str, str | list[str]]]] = Field(
        description="kind -> names: `street: [人民路, {zh: [大理路, 大理街], en: Dali Road}]`"
    )
