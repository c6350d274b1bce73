"""The texts of all prompts: `prompts/<language>.yaml`, and those that authors write into a flow. Pure.

A text may have plural forms (`plurals.py`). Each form is then a text of its own, under the id `<prompt>~<form>`; the
prompt's own id keeps the form `other`, so that whoever knows nothing of forms still says something right.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ivr.flow.findings import Finding, Severity, did_you_mean
from ivr.flow.plurals import CATEGORIES, MARK, OTHER, Plural, Variants, categories, usual, variant_id
from ivr.flow.prompt_text import PromptTextError, names, parse
from ivr.flow.yaml_source import Document, Path

PROMPT_ID = re.compile(r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*\Z")
MAX_TEXT = 1000
"""Characters of one prompt: more than anybody listens to."""

Fault = Callable[[Finding], None]
Written = str | Mapping[str, object]
"""A text, or its plural forms: `{by: value, "=1": text, one: text, other: text}`."""

NO_NAMES: frozenset[str] = frozenset()
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
_INLINE = re.compile(r"text\.[0-9a-f]{12}\Z")
_BY = "by"
_EXACT = re.compile(r"=(?:0|[1-9][0-9]{0,5})\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\Z")


def is_texts(raw: object) -> bool:
    """Whether this is a prompt written in a flow: a text, or plural forms, for each language."""
    return (
        isinstance(raw, dict)
        and bool(raw)
        and all(
            isinstance(text, str) or (isinstance(text, dict) and (_BY in text or OTHER in text))
            for text in raw.values()
        )
    )


def texts_in(raw: Mapping[str, Any]) -> dict[str, Written]:
    """The texts of a prompt that is written in a flow, without its condition; empty: it is no such prompt."""
    texts = {key: value for key, value in raw.items() if key != "if"}
    return texts if is_texts(texts) else {}


def is_inline(prompt_id: str) -> bool:
    """Whether its texts are written in a flow."""
    return _INLINE.match(prompt_id) is not None


def inline_id(texts: Mapping[str, Written]) -> str:
    """The id of texts written in a flow. It comes from the texts, so it stays as long as they do."""
    canonical = _CANONICAL.encode(texts)
    return f"text.{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"


class Catalogue:
    """texts: id -> language -> text. places: id -> language -> where it is first written."""

    def __init__(self, fault: Fault) -> None:
        self.texts: dict[str, dict[str, str]] = {}
        self.places: dict[str, dict[str, tuple[Document, Path]]] = {}
        self.files: dict[str, str] = {}
        self.said_in: dict[str, set[str]] = {}
        """Prompt -> the languages that it is said in whatever the call's is."""
        self._names: dict[str, dict[str, frozenset[str]]] = {}
        self._variants: dict[str, dict[str, Variants]] = {}
        self._fault = fault
        self._unread: set[tuple[str, str]] = set()
        """Prompt and language of the texts that are there and have a fault."""

    def add_file(self, language: str, document: Document) -> None:
        """`id: text`, flat; a text may be plural forms."""
        self.files[language] = document.file
        if document.data is None:
            return
        if not isinstance(document.data, dict):
            self._report(document, (), "wrong-type", "prompts are written `id: text`", "")
            return
        for prompt_id, text in document.data.items():
            path = (prompt_id,)
            if not PROMPT_ID.match(prompt_id):
                cause = f"`{prompt_id}` is no id"
                self._report(document, path, "bad-prompt-id", cause, "letters, digits, _ and dots", key=True)
            elif isinstance(text, dict):
                self.add_plural(document, path, prompt_id, language, text)
            elif not isinstance(text, str) or not text.strip():
                self._unread.add((prompt_id, language))
                cause = f"the text of `{prompt_id}` is missing"
                self._report(document, path, "wrong-type", cause, "quote numbers")
            else:
                self.add(document, path, prompt_id, language, text)

    def add_inline(self, document: Document, path: Path, texts: Mapping[str, Written]) -> str:
        """Texts written in a flow, by language (`is_texts`). The id that they get."""
        prompt_id = inline_id(texts)
        if self.texts.get(prompt_id, {}).keys() == texts.keys():
            return prompt_id  # the same words stand elsewhere too
        for language, text in texts.items():
            if isinstance(text, str):
                self.add(document, (*path, language), prompt_id, language, text)
            else:
                self.add_plural(document, (*path, language), prompt_id, language, text)
        return prompt_id

    def add(self, document: Document, path: Path, prompt_id: str, language: str, text: str) -> None:
        if len(text) > MAX_TEXT:
            self._unread.add((prompt_id, language))
            self._report(document, path, "prompt-too-long", f"{len(text)} characters", f"{MAX_TEXT} at most")
            return
        found = NO_NAMES
        if "{" in text or "}" in text:
            try:
                found = names(parse(text))
            except PromptTextError as error:
                self._unread.add((prompt_id, language))
                self._report(document, path, "bad-prompt-text", str(error), error.mend)
                return
        text = " ".join(text.split())
        self.texts.setdefault(prompt_id, {})[language] = text
        self.places.setdefault(prompt_id, {}).setdefault(language, (document, path))
        self._names.setdefault(prompt_id, {})[language] = found

    def add_plural(
        self, document: Document, path: Path, prompt_id: str, language: str, forms: Mapping[str, object]
    ) -> None:
        """Each form as a text of its own. `other` and `by` must be there; forms must be those of the language."""
        by = forms.get(_BY)
        if not isinstance(by, str) or not _NAME.match(by) or OTHER not in forms:
            self._unread.add((prompt_id, language))
        if not isinstance(by, str) or not _NAME.match(by):
            at = (*path, _BY) if _BY in forms else path
            cause = f"`{prompt_id}` does not say by which value its form is chosen"
            self._report(document, at, "bad-plural", cause, "by: count", key=True)
            return
        known = categories(language)
        for form, text in forms.items():
            at = (*path, form)
            if form == _BY:
                continue
            if form not in known and not _EXACT.match(form):
                cause, hint = _unknown_form(form, language, known)
                self._report(document, at, "bad-plural", cause, hint, key=True)
            elif not isinstance(text, str) or not text.strip():
                self._unread.add((prompt_id, language))
                cause = f"the form `{form}` of `{prompt_id}` has no text"
                self._report(document, at, "wrong-type", cause, "quote numbers")
            else:
                self.add(document, at, variant_id(prompt_id, form), language, text)
        other = forms.get(OTHER)
        if OTHER not in forms:
            cause = f"`{prompt_id}` has no form `{OTHER}`, for all numbers without a form of their own"
            self._report(document, path, "bad-plural", cause, f"{OTHER}: ...", key=True)
        elif isinstance(other, str) and other.strip():
            self._add_variants(document, path, prompt_id, language, by, forms)

    def _add_variants(
        self,
        document: Document,
        path: Path,
        prompt_id: str,
        language: str,
        by: str,
        forms: Mapping[str, object],
    ) -> None:
        self.add(document, (*path, OTHER), prompt_id, language, str(forms[OTHER]))
        exact = frozenset(int(form[1:]) for form in forms if _EXACT.match(form))
        written = frozenset(form for form in forms if form in CATEGORIES)
        self._variants.setdefault(prompt_id, {})[language] = Variants(by, exact, written)
        ids = [variant_id(prompt_id, form) for form in forms if form != _BY]
        read = [self._names.get(each, {}).get(language) for each in ids]
        said = frozenset[str]().union(*(names for names in read if names is not None))
        if language in self._names.get(prompt_id, {}):  # else its text could not be read
            self._names[prompt_id][language] = said
        if by not in said and None not in read:
            cause = f"no form of `{prompt_id}` says `{by}`"
            hint = did_you_mean(by, said) or f"say it: {{{by}}}"
            self._report(document, (*path, _BY), "bad-plural", cause, hint, severity="warning")
        missing = sorted(usual(language) - written, key=CATEGORIES.index)
        if missing:
            cause = f"`{prompt_id}` has no form {', '.join(f'`{each}`' for each in missing)} of `{language}`"
            hint = f"without it, `{OTHER}` is said"
            self._report(document, path, "missing-plural-form", cause, hint, key=True, severity="warning")

    def names(self, prompt_id: str) -> tuple[str, ...]:
        """The values that any translation of it needs, to be said or to choose a form."""
        needed = NO_NAMES.union(*self._names.get(prompt_id, {}).values())
        plural = self.variants(prompt_id)
        return tuple(sorted(needed | plural.names if plural is not None else needed))

    def variants(self, prompt_id: str) -> Plural | None:
        """Its plural forms; None where every language has one text."""
        languages = self._variants.get(prompt_id)
        return Plural(prompt_id, languages) if languages else None

    def check(self, languages: tuple[str, ...], used: frozenset[str]) -> None:
        """Translations: every prompt in every language, naming the same values. A language may have plural forms
        where another has one text. used: those said in the language of the call; others need the languages that they
        are said in."""
        for prompt_id, texts in self.texts.items():
            if MARK in prompt_id:
                continue
            places = self.places[prompt_id]
            for language in languages:
                if language in texts or (prompt_id, language) in self._unread:
                    continue
                elsewhere = self.said_in.get(prompt_id, set()) if prompt_id not in used else set[str]()
                if not elsewhere or language in elsewhere:
                    document, path = next(iter(places.values()))
                    if is_inline(prompt_id):
                        cause, hint = (
                            f"there is no text in `{language}`",
                            f"write `{language}: ...` beside it",
                        )
                    else:
                        cause = f"`{prompt_id}` has no text in `{language}`"
                        hint = f"add it to {self.files.get(language, f'prompts/{language}.yaml')}"
                    severity: Severity = "error" if elsewhere or prompt_id in used else "warning"
                    self._report(document, path, "missing-translation", cause, hint, severity=severity)
            said_by = self._names[prompt_id]
            if not any(said_by.values()):
                continue
            all_said = NO_NAMES.union(*said_by.values())
            for language, said in said_by.items():
                if lacking := all_said - said:
                    document, path = places[language]
                    cause = f"`{prompt_id}` does not say {', '.join(sorted(lacking))} in `{language}`"
                    hint = "say the same in all languages"
                    self._report(document, path, "different-values", cause, hint, severity="warning")

    def _report(
        self,
        document: Document,
        path: Path,
        code: str,
        cause: str,
        suggestion: str,
        *,
        key: bool = False,
        severity: Severity = "error",
    ) -> None:
        mark = document.place(path, key=key)
        self._fault(Finding(document.file, mark.line, mark.column, code, cause, suggestion, severity))


def _unknown_form(form: str, language: str, known: tuple[str, ...]) -> tuple[str, str]:
    """Why it is none, and what to write."""
    if form.isascii() and form.isdigit():
        return f"`{form}` is no plural form", f'for just that number write "={form}"'
    forms = f"the forms of `{language}` are {', '.join(known)}"
    if form in CATEGORIES:
        exact = {
            "zero": '; for nought write "=0"',
            "one": '; for one write "=1"',
            "two": '; for two write "=2"',
        }
        return f"`{language}` has no form `{form}`", forms + exact.get(form, "")
    return f"`{form}` is no plural form", did_you_mean(form, [*known, _BY]) or forms
