"""Phrases of a hotline that no caller could ever be heard saying, because the speech model lacks their words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from asr.models import Preference, language_tag
from asr.vocabulary import Vocabulary, vocabularies
from ivr.flow.findings import Finding, Severity
from ivr.flow.model import FlowLibrary
from ivr.flow.yaml_source import Document, read


def known_words(languages: Sequence[str], preference: Preference | None = None) -> dict[str, Vocabulary]:
    """Of the models here, by the hotline's languages as it writes them; none for a language without such a model."""
    by_tag = vocabularies(languages, preference=preference) if languages else {}
    return {
        language: by_tag[language_tag(language)] for language in languages if language_tag(language) in by_tag
    }


def hearing_findings(
    library: FlowLibrary, words: Mapping[str, Vocabulary], severity: Severity = "error"
) -> Iterator[Finding]:
    """Where each such phrase stands, and which of its words the model lacks."""
    documents: dict[str, Document] = {}
    for one in library.listened:
        vocabulary = words.get(one.language)
        lacking = vocabulary.unheard(one.phrase) if vocabulary is not None else ()
        if vocabulary is None or not lacking:
            continue
        if one.file not in documents:
            documents[one.file] = read(one.file, library.texts[one.file])
        mark = documents[one.file].place(one.path)
        named = ", ".join(f"`{word}`" for word in lacking)
        yield Finding(
            one.file,
            mark.line,
            mark.column,
            "unheard-phrase",
            f"{vocabulary.model} cannot hear {named}, so nobody is understood who says “{one.phrase}”",
            f"another word for it, or as it sounds in words that there are ({_advice(one.language)})",
            severity,
        )


def unheard_of(library: FlowLibrary, preference: Preference | None = None) -> list[Finding]:
    """As warnings: for who publishes. Reads the models' lists of words."""
    return list(hearing_findings(library, known_words(library.languages, preference), "warning"))


def _advice(language: str) -> str:
    return "ETC: 电子收费" if language_tag(language) == "zh" else "Hwy: highway"
