"""From what authors wrote to what the machine runs: resolves names and notes every fault with its place. Pure.

`LibraryBuilder` holds what all flows share; a `NodeBuilder` (build_node.py) is what a node builds itself with.
A fault never stops the building, so that one run finds all of them; the library is only used when there were none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, get_args

import pydantic

from ivr.flow.actions import JsonValue
from ivr.flow.catalogue import PROMPT_ID, Catalogue
from ivr.flow.events import NAMES, name_parts
from ivr.flow.expressions import Expression, ExpressionError
from ivr.flow.findings import Finding, Severity, did_you_mean
from ivr.flow.match import normalise
from ivr.flow.model import (
    NO_PROMPTS,
    Command,
    Exit,
    Handler,
    Handlers,
    PromptItem,
    PromptList,
    Source,
    Then,
)
from ivr.flow.schema import CommandModel, HandlerModel, HotlineModel, Strict
from ivr.flow.yaml_source import Document, Path

ModelType = TypeVar("ModelType", bound=Strict)

KNOWN_NAMES = frozenset({"call", "now", "language", "event"})
"""What expressions and prompts can name without declaring it."""
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")


class LibraryBuilder:
    def __init__(self, kind_events: Iterable[str] = ()) -> None:
        self.findings: list[Finding] = []
        self.catalogue = Catalogue(self.findings.append)
        self.languages: tuple[str, ...] = ()
        self.hotline: HotlineModel | None = None
        self.calendars: set[str] = set()
        self.known_queues: frozenset[str] | None = None
        self.starts: dict[str, str] = {}
        self.node_ids: set[str] = set()
        self.exits: list[Exit] = []
        self.queues: dict[str, list[str]] = {}
        self.variables: dict[str, JsonValue] = {}
        self.used_prompts: set[str] = set()
        self._uses: list[tuple[str, Document, Path]] = []
        self.events = frozenset(part for name in (*NAMES, *kind_events) for part in name_parts(name))

    def fault(
        self,
        document: Document,
        path: Path,
        code: str,
        cause: str,
        suggestion: str = "",
        *,
        key: bool = False,
        severity: Severity = "error",
    ) -> None:
        mark = document.place(path, key=key)
        self.findings.append(
            Finding(document.file, mark.line, mark.column, code, cause, suggestion, severity)
        )

    def validate(
        self, model: type[ModelType], document: Document, path: Path, data: object
    ) -> ModelType | None:
        """The model, or None with a finding for each fault."""
        try:
            return model.model_validate(data)
        except pydantic.ValidationError as error:
            for fault in error.errors(include_url=False, include_context=False):
                where = tuple(part for part in fault["loc"] if part != "[key]")
                name = str(where[-1]) if where else ""
                if fault["type"] == "extra_forbidden":
                    suggestion = did_you_mean(name, _fields(model, where[:-1]))
                    self.fault(
                        document,
                        (*path, *where),
                        "unknown-field",
                        f"`{name}` means nothing here",
                        suggestion,
                        key=True,
                    )
                elif fault["type"] == "missing":
                    self.fault(
                        document, (*path, *where[:-1]), "missing-field", f"`{name}` is missing", key=True
                    )
                else:
                    of = f"`{name}`: " if name else ""
                    self.fault(
                        document,
                        (*path, *where),
                        "wrong-value",
                        of + fault["msg"][:1].lower() + fault["msg"][1:],
                    )
            return None

    def target(self, document: Document, flow: str, path: Path, written: str) -> str:
        """The id of a node; "" with a finding when there is none."""
        for candidate in (f"{flow}.{written}" if flow else "", written, self.starts.get(written, "")):
            if candidate in self.node_ids:
                return candidate
        own = [node.split(".", 1)[1] for node in self.node_ids if node.startswith(flow + ".")]
        hint = did_you_mean(written, [*own, *self.starts, *self.node_ids])
        self.fault(document, path, "unknown-target", f"there is no node or flow `{written}`", hint)
        return ""

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
        if isinstance(raw, dict) and raw and all(isinstance(text, str) for text in raw.values()):
            for language in raw:
                if language not in self.languages:
                    hint = (
                        did_you_mean(language, [*self.languages, "id"])
                        or f"one of {', '.join(self.languages)}"
                    )
                    self.fault(
                        document, (*path, language), "unknown-language", f"`{language}`", hint, key=True
                    )
            prompt_id = self.catalogue.add_inline(document, path, raw)
            self.used_prompts.add(prompt_id)
            return self._item(document, path, prompt_id, {}, extra)
        self.fault(
            document,
            path,
            "bad-prompt",
            "this is no prompt",
            "an id, `{zh: text, en: text}`, or `{id: ..., language: ...}`",
        )
        return None

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
                f"`{prompt_id}` is no prompt's id",
                "a text is written {zh: ..., en: ...}",
            )
            return None
        if prompt_id not in self.catalogue.texts:
            files = " or ".join(sorted(self.catalogue.files.values())) or "prompts/"
            hint = did_you_mean(prompt_id, self.catalogue.texts) or f"add it to {files}"
            self.fault(document, path, "unknown-prompt", f"there is no prompt `{prompt_id}`", hint)
            return None
        language = raw.get("language")
        if language is None:
            self.used_prompts.add(prompt_id)
        elif language not in self.languages:
            hint = did_you_mean(str(language), self.languages)
            self.fault(document, (*path, "language"), "unknown-language", f"`{language}`", hint)
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
            if name not in values and name not in extra:
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
        )

    def use(self, document: Document, path: Path, used: Iterable[str]) -> None:
        self._uses += [(name, document, path) for name in used]

    def check_uses(self) -> None:
        """After everything is built: names that nobody declares or sets."""
        known = {*KNOWN_NAMES, *self.variables}
        for name, document, path in self._uses:
            if name not in known:
                hint = did_you_mean(name, known) or "declare it under `variables`"
                self.fault(document, path, "undefined-variable", f"nothing ever sets `{name}`", hint)

    def expression(self, document: Document, path: Path, raw: object) -> Expression | None:
        if isinstance(raw, bool):
            raw = "true" if raw else "false"
        if not isinstance(raw, str):
            self.fault(document, path, "bad-expression", "an expression is a text", "quote it")
            return None
        try:
            expression = Expression(raw.strip())
        except ExpressionError as error:
            self.fault(document, path, "bad-expression", str(error), error.mend)
            return None
        self.use(document, path, expression.names - frozenset(_BOUND.findall(raw)))
        return expression

    def source(self, document: Document, path: Path, raw: object) -> Source:
        """A literal, or `= expression`."""
        if isinstance(raw, str) and raw.startswith("="):
            return Source(expression=self.expression(document, path, raw[1:]))
        return Source(raw)  # type: ignore[arg-type]  # what the YAML reader gives is JSON

    def phrases(self, document: Document, path: Path, raw: object) -> dict[str, tuple[str, ...]]:
        """`{zh: [投诉, 举报], en: complaint}`."""
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            self.fault(
                document, path, "bad-phrases", "phrases are written by language", "{zh: [...], en: [...]}"
            )
            return {}
        phrases: dict[str, tuple[str, ...]] = {}
        for language, written in raw.items():
            texts = written if isinstance(written, list) else [written]
            where = (*path, language)
            if language not in self.languages:
                hint = did_you_mean(language, self.languages) or f"one of {', '.join(self.languages)}"
                self.fault(document, where, "unknown-language", f"`{language}`", hint, key=True)
            elif not texts or not all(isinstance(text, str) and normalise(text) for text in texts):
                self.fault(
                    document, where, "bad-phrases", "a phrase is a text with words in it", "quote numbers"
                )
            else:
                phrases[language] = tuple(texts)
        return phrases

    def handlers(
        self, document: Document, flow: str, path: Path, raw: Mapping[str, object], source: str
    ) -> Handlers:
        """source: the id of the node whose exits they are, "" for those of a flow or the hotline."""
        handlers: dict[str, tuple[Handler, ...]] = {}
        for event, written in raw.items():
            where = (*path, event)
            if event not in self.events:
                hint = did_you_mean(event, self.events)
                self.fault(document, where, "unknown-event", f"there is no event `{event}`", hint, key=True)
                continue
            many = isinstance(written, list)
            built = [
                self._handler(document, flow, (*where, index) if many else where, event, item, source)
                for index, item in enumerate(written if isinstance(written, list) else [written])
            ]
            handlers[event] = tuple(handler for handler in built if handler is not None)
        return handlers

    def _handler(
        self, document: Document, flow: str, path: Path, event: str, raw: object, source: str
    ) -> Handler | None:
        model = self.validate(HandlerModel, document, path, raw)
        if model is None:
            return None
        ways = [way for way in ("reprompt", "next", "hangup") if getattr(model, way)]
        if len(ways) > 1:
            self.fault(document, path, "two-ways", f"{' and '.join(ways)} at once", "keep one", key=True)
            return None
        then: Then = "wait"
        target = ""
        if model.next is not None:
            target = self.target(document, flow, (*path, "next"), model.next)
            then = "go"
            if source and target:
                self.exits.append(Exit(source, target, f"on:{event}", error=True))
        elif model.reprompt:
            then = "reprompt"
        elif model.hangup:
            then = "hangup"
        condition = None
        if model.condition is not None:
            condition = self.expression(document, (*path, "if"), model.condition)
        say = self.prompts(document, (*path, "say"), model.say)
        return Handler(event, model.count, then, model.per == "call", condition, say, target)

    def commands(
        self, document: Document, flow: str, path: Path, models: Mapping[str, CommandModel]
    ) -> dict[str, Command]:
        commands: dict[str, Command] = {}
        keys: dict[str, str] = {}
        for name, model in models.items():
            where = (*path, name)
            if (model.next is None) == (model.do is None):
                self.fault(
                    document, where, "two-ways", f"`{name}` has `next` or `do`", "write one of them", key=True
                )
                continue
            key = model.key or ""
            if len(key) > 1:
                self.fault(document, (*where, "key"), "wrong-value", "a command has one key")
            if key and key in keys:
                self.fault(document, (*where, "key"), "duplicate-key", f"key {key} is also `{keys[key]}`'s")
            keys[key] = name
            target = ""
            if model.next is not None:
                target = self.target(document, flow, (*where, "next"), model.next)
            say = self.phrases(document, (*where, "say"), model.say)
            do = model.do if model.do is not None else "go"
            commands[name] = Command(name, do, target, key, model.urgent, model.reason, say)
        return commands


def _fields(model: type[pydantic.BaseModel], where: Sequence[object]) -> list[str]:
    """The field names at a place inside a model; [] when it is no model."""
    for part in where:
        inner = next((f.annotation for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        # `dict[str, OptionModel]`, `list[CaseModel]`, `LengthModel | None`: the model inside; keys are passed over.
        for each in (inner, *get_args(inner)):
            if isinstance(each, type) and issubclass(each, pydantic.BaseModel):
                model = each
    return [field.alias or name for name, field in model.model_fields.items()]
