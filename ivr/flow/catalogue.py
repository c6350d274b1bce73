"""The texts of all prompts: `prompts/<language>.yaml`, and those that authors write into a flow. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping

from ivr.flow.findings import Finding
from ivr.flow.prompt_text import PromptTextError, names, parse
from ivr.flow.yaml_source import Document, Mark, Path

PROMPT_ID = re.compile(r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*\Z")
MAX_TEXT = 1000
"""Characters of one prompt: more than anybody listens to."""

Fault = Callable[[Finding], None]


class Catalogue:
    """texts: id -> language -> text. places: id -> language -> where it is written."""

    def __init__(self, fault: Fault) -> None:
        self.texts: dict[str, dict[str, str]] = {}
        self.places: dict[str, dict[str, tuple[str, Mark]]] = {}
        self.files: dict[str, str] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._fault = fault

    def add_file(self, language: str, document: Document) -> None:
        """`id: text`, flat."""
        self.files[language] = document.file
        if document.data is None:
            return
        if not isinstance(document.data, dict):
            self._report(document, (), "wrong-type", "prompts are written `id: text`", "")
            return
        for prompt_id, text in document.data.items():
            path = (prompt_id,)
            if not PROMPT_ID.match(prompt_id):
                self._report(
                    document,
                    path,
                    "bad-prompt-id",
                    f"`{prompt_id}` is no id",
                    "letters, digits, _ and dots",
                    key=True,
                )
            elif not isinstance(text, str) or not text.strip():
                self._report(
                    document, path, "wrong-type", f"the text of `{prompt_id}` is missing", "quote numbers"
                )
            else:
                self.add(document, path, prompt_id, language, text)

    def add_inline(self, document: Document, path: Path, texts: Mapping[str, str]) -> str:
        """Texts written in a flow, by language. The id comes from the texts, so it stays as long as they do."""
        canonical = json.dumps(texts, ensure_ascii=False, sort_keys=True)
        prompt_id = f"text.{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"
        for language, text in texts.items():
            self.add(document, (*path, language), prompt_id, language, text)
        return prompt_id

    def add(self, document: Document, path: Path, prompt_id: str, language: str, text: str) -> None:
        if len(text) > MAX_TEXT:
            self._report(document, path, "prompt-too-long", f"{len(text)} characters", f"{MAX_TEXT} at most")
            return
        try:
            found = names(parse(text))
        except PromptTextError as error:
            self._report(document, path, "bad-prompt-text", str(error), error.mend)
            return
        text = " ".join(text.split())
        self.texts.setdefault(prompt_id, {})[language] = text
        self.places.setdefault(prompt_id, {})[language] = (document.file, document.place(path))
        self._names[prompt_id] = tuple(sorted({*self._names.get(prompt_id, ()), *found}))

    def names(self, prompt_id: str) -> tuple[str, ...]:
        """The values that any translation of it needs."""
        return self._names.get(prompt_id, ())

    def check(self, languages: tuple[str, ...], used: frozenset[str]) -> None:
        """Translations: every prompt in every language, naming the same values."""
        for prompt_id, texts in self.texts.items():
            file, mark = next(iter(self.places[prompt_id].values()))
            for language in languages:
                if language not in texts:
                    self._fault(
                        Finding(
                            file,
                            mark.line,
                            mark.column,
                            "missing-translation",
                            f"`{prompt_id}` has no text in `{language}`",
                            f"add it to {self.files.get(language, f'prompts/{language}.yaml')}",
                            "error" if prompt_id in used else "warning",
                        )
                    )
            for language, text in texts.items():
                lacking = set(self.names(prompt_id)) - names(parse(text))
                if lacking:
                    file, mark = self.places[prompt_id][language]
                    self._fault(
                        Finding(
                            file,
                            mark.line,
                            mark.column,
                            "different-values",
                            f"`{prompt_id}` does not say {', '.join(sorted(lacking))} in `{language}`",
                            "say the same in all languages",
                            "warning",
                        )
                    )

    def _report(
        self, document: Document, path: Path, code: str, cause: str, suggestion: str, *, key: bool = False
    ) -> None:
        mark = document.place(path, key=key)
        self._fault(Finding(document.file, mark.line, mark.column, code, cause, suggestion))
