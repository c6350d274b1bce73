"""Prompts as authors write them -> prompts as the machine plays them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ivr.flow.actions import LONGEST_PAUSE_S, PAUSE_PROMPT, RECORDING_PROMPT
from ivr.flow.build_core import BuilderCore
from ivr.flow.catalogue import PROMPT_ID, texts_in
from ivr.flow.expressions import TEXT
from ivr.flow.findings import did_you_mean, quoted
from ivr.flow.model import NO_PROMPTS, PromptItem, PromptList, Source
from ivr.flow.yaml_source import Document, Path


class PromptBuilder(BuilderCore):
    def prompts(self, document: Document, path: Path, raw: object, extra: Sequence[str] = ()) -> PromptList:
        """A prompt or a list of them. extra: the values that the node itself provides."""
        if raw is None:
            return NO_PROMPTS
        items = raw if isinstance(raw, list) else [raw]
        at = [(*path, index) for index in range(len(items))] if isinstance(raw, list) else [path]
        read = [self._prompt(document, where, item, extra) for where, item in zip(at, items, strict=True)]
        return PromptList(tuple(item for item in read if item is not None))

    def _prompt(self, document: Document, path: Path, raw: object, extra: Sequence[str]) -> PromptItem | None:
        if isinstance(raw, str):
            return self._prompt_by_id(document, path, raw, {}, extra)
        if isinstance(raw, dict) and "id" in raw:
            return self._prompt_by_id(document, path, raw["id"], raw, extra)
        if isinstance(raw, dict) and "recording" in raw:
            recording = self.source(document, (*path, "recording"), raw["recording"], TEXT)
            return PromptItem(RECORDING_PROMPT, ("id",), {"id": recording})
        if isinstance(raw, dict) and "pause" in raw:
            return self._pause(document, path, raw)
        if isinstance(raw, dict) and (texts := texts_in(raw)):
            for language in texts:
                if language not in self.languages:
                    hint = (
                        did_you_mean(language, [*self.languages, "id"])
                        or f"one of {', '.join(self.languages)}"
                    )
                    self.fault(
                        document, (*path, language), "unknown-language", f"`{language}`", hint, key=True
                    )
            prompt_id = self.catalogue.add_inline(document, path, texts)
            self.used_prompts.add(prompt_id)
            return self._item(document, path, prompt_id, {"if": raw.get("if")}, extra)
        self.fault(
            document,
            path,
            "bad-prompt",
            "this is no prompt",
            "an id, `{zh: text, en: text}`, or `{id: ..., language: ...}`",
        )
        return None

    def _pause(self, document: Document, path: Path, raw: Mapping[str, Any]) -> PromptItem | None:
        seconds = raw["pause"]
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if len(raw) > 1 or not is_number or not 0 < seconds <= LONGEST_PAUSE_S:
            self.fault(
                document,
                path,
                "bad-prompt",
                f"a pause is up to {LONGEST_PAUSE_S:g} seconds long",
                "{pause: 1}; a longer silence is a node of the kind `wait`",
            )
            return None
        return PromptItem(PAUSE_PROMPT, ("seconds",), {"seconds": Source(float(seconds))})

    def _prompt_by_id(
        self, document: Document, path: Path, prompt_id: object, raw: Mapping[str, Any], extra: Sequence[str]
    ) -> PromptItem | None:
        for name in set(raw) - {"id", "language", "values", "if"}:
            hint = did_you_mean(name, ("id", "language", "values", "if"))
            self.fault(
                document, (*path, name), "unknown-field", f"`{name}` means nothing here", hint, key=True
            )
        if not isinstance(prompt_id, str) or not PROMPT_ID.match(prompt_id):
            self.fault(
                document,
                path,
                "bad-prompt",
                f"{quoted(prompt_id)} is no prompt's id",
                "a text is written {zh: ..., en: ...}",
            )
            return None
        if prompt_id not in self.catalogue.texts:
            files = " or ".join(sorted(self.catalogue.files.values())) or "prompts/"
            hint = did_you_mean(prompt_id, self.catalogue.texts) or f"add it to {files}"
            self.fault(document, path, "unknown-prompt", f"there is no prompt `{prompt_id}`", hint)
            return None
        self.named_prompts.add(prompt_id)
        language = raw.get("language")
        if language is None:
            self.used_prompts.add(prompt_id)
        elif language not in self.languages:
            hint = did_you_mean(str(language), self.languages)
            self.fault(document, (*path, "language"), "unknown-language", quoted(language), hint)
        else:
            self.catalogue.said_in.setdefault(prompt_id, set()).add(language)
        return self._item(document, path, prompt_id, raw, extra)

    def _item(
        self, document: Document, path: Path, prompt_id: str, raw: Mapping[str, Any], extra: Sequence[str]
    ) -> PromptItem:
        values = raw.get("values") or {}
        if not isinstance(values, dict):
            self.fault(document, (*path, "values"), "wrong-value", "`values` are written {name: value}")
            values = {}
        needed = self.catalogue.names(prompt_id)
        for name in needed:
            if name not in values and name.partition(".")[0] not in extra:
                self.use(document, path, (name.split(".", 1)[0],))
        for name in values:
            if name not in needed:
                hint = did_you_mean(name, needed)
                self.fault(
                    document,
                    (*path, "values", name),
                    "unused-value",
                    f"`{prompt_id}` does not say `{name}`",
                    hint,
                    key=True,
                    severity="warning",
                )
        language = raw.get("language")
        condition = raw.get("if")
        return PromptItem(
            prompt_id,
            needed,
            {name: self.source(document, (*path, "values", name), value) for name, value in values.items()},
            language if isinstance(language, str) else "",
            None if condition is None else self.expression(document, (*path, "if"), condition),
            self.catalogue.variants(prompt_id),
        )
