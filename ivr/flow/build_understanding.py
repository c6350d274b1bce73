"""categories.yaml and names.yaml as written -> what `ask` goes by (understanding/). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ivr.flow.findings import did_you_mean
from ivr.flow.folder import CATEGORIES, NAMES
from ivr.flow.understanding.classify import Category, RuleClassifier, Rules, comparable
from ivr.flow.understanding.names import MOST_HOT, Names
from ivr.flow.understanding.names import Name as CityName
from ivr.flow.understanding.ready import is_hurry, make_ready
from ivr.flow.understanding.written import (
    CategoriesModel,
    CategoryModel,
    NamesModel,
    PatternModel,
    WeightedModel,
)
from ivr.flow.yaml_source import Document, Path

if TYPE_CHECKING:
    from ivr.flow.build import LibraryBuilder

_EXPLODES = re.compile(r"[+*}]\)[+*{]")
"""A repetition of repetitions, which may take for ever on a text that does not fit."""


def build_categories(
    builder: LibraryBuilder, documents: Mapping[str, Document]
) -> tuple[dict[str, Category], RuleClassifier]:
    """Name -> category, in the order of the file, and what tells them apart."""
    document = documents.get(CATEGORIES)
    model = builder.validate(CategoriesModel, document, (), document.data) if document is not None else None
    if document is None or model is None:
        return {}, RuleClassifier(())
    make_ready(builder.languages)
    made = {name: _category(builder, document, name, each) for name, each in model.categories.items()}
    classifier = RuleClassifier(tuple(made.values()))
    if not is_hurry() and not any(finding.file == CATEGORIES for finding in builder.findings):
        # Each would be like itself.
        plain = RuleClassifier(tuple(_without_examples(category) for category in made.values()))
        for name, category in made.items():
            for language in builder.languages:
                _try_examples(builder, document, name, category, language, plain)
    return made, classifier


def _category(builder: LibraryBuilder, document: Document, name: str, model: CategoryModel) -> Category:
    path: Path = ("categories", name)
    if (
        model.queue is not None
        and builder.known_queues is not None
        and model.queue not in builder.known_queues
    ):
        hint = did_you_mean(model.queue, builder.known_queues)
        builder.fault(document, (*path, "queue"), "unknown-queue", f"there is no queue `{model.queue}`", hint)
    texts = (
        ("title", model.title),
        ("department", model.department if isinstance(model.department, dict) else {}),
        ("words", model.words),
        ("patterns", model.patterns),
    )
    for field, by_language in texts:
        for language in by_language:
            builder.language(document, (*path, field, language), language)
    against = builder.phrases(document, (*path, "but"), model.but)
    examples = builder.phrases(document, (*path, "examples"), model.examples)
    rules = {
        language: Rules(
            dict(_words(model, language)),
            tuple(_patterns(builder, document, path, model, language)),
            tuple(comparable(text, language) for text in against.get(language, ())),
            examples.get(language, ()),
        )
        for language in builder.languages
    }
    department = (
        model.department
        if isinstance(model.department, dict)
        else dict.fromkeys(builder.languages, model.department)
    )
    return Category(name, model.title, department, model.queue or "", rules)


def _without_examples(category: Category) -> Category:
    rules = {language: replace(rules, examples=()) for language, rules in category.rules.items()}
    return replace(category, rules=rules)


def _words(model: CategoryModel, language: str) -> Iterator[tuple[str, float]]:
    written = model.words.get(language, [])
    for each in written if isinstance(written, list) else [written]:
        word, weight = (each.word, each.weight) if isinstance(each, WeightedModel) else (each, 1.0)
        if said := comparable(word, language):
            yield said, weight


def _patterns(
    builder: LibraryBuilder, document: Document, path: Path, model: CategoryModel, language: str
) -> Iterator[tuple[re.Pattern[str], float]]:
    written = model.patterns.get(language, [])
    listed = written if isinstance(written, list) else [written]
    for index, each in enumerate(listed):
        where = (*path, "patterns", language, *((index,) if isinstance(written, list) else ()))
        pattern, weight = (each.pattern, each.weight) if isinstance(each, PatternModel) else (each, 1.5)
        try:
            if _EXPLODES.search(pattern):
                raise ValueError("a repetition of a repetition may never end")
            compiled = re.compile(pattern, re.IGNORECASE)
        except (re.error, ValueError) as error:
            builder.fault(document, where, "bad-pattern", str(error), "zh: '半夜.{0,6}(唱歌|施工)'")
            continue
        yield compiled, weight


def _try_examples(
    builder: LibraryBuilder,
    document: Document,
    name: str,
    category: Category,
    language: str,
    classifier: RuleClassifier,
) -> None:
    rules = category.rules[language]
    if not (rules.words or rules.patterns or rules.examples):
        builder.fault(
            document,
            ("categories", name),
            "empty-category",
            f"nothing said in `{language}` could be of `{name}`",
            f"words: {{{language}: [...]}}",
            key=True,
            severity="warning",
        )
    for index, example in enumerate(rules.examples):
        found = classifier.classify(example, language)
        if not found or found[0].category != name:
            other = f"`{found[0].category}` ({', '.join(found[0].why)})" if found else "no category"
            where: Path = ("categories", name, "examples", language)
            written = document.data["categories"][name]["examples"][language]  # type: ignore[index, call-overload]
            builder.fault(
                document,
                (*where, index) if isinstance(written, list) else where,
                "category-example",
                f"“{example}” comes out as {other}",
                f"add a word of it to `{name}`, or to the other one's `but`",
                severity="warning",
            )


def build_names(builder: LibraryBuilder, documents: Mapping[str, Document]) -> Names:
    document = documents.get(NAMES)
    model = builder.validate(NamesModel, document, (), document.data) if document is not None else None
    if document is None or model is None:
        return Names(())
    make_ready(builder.languages)
    made: list[CityName] = []
    for kind, listed in model.names.items():
        for index, each in enumerate(listed):
            path: Path = ("names", kind, index)
            written = {builder.languages[0]: each} if isinstance(each, str) else each
            said = builder.phrases(document, path, written)
            if said:
                made.append(CityName(kind, said))
    for language in builder.languages:
        count = sum(len(name.said.get(language, ())) for name in made)
        if count > MOST_HOT:
            builder.fault(
                document,
                ("names",),
                "too-many-names",
                f"{count} names in `{language}`: the recogniser is told the first {MOST_HOT} only",
                "put those that callers say most first",
                key=True,
                severity="warning",
            )
    return Names(made)
