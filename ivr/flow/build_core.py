"""What all building needs: findings with their places, validation, variables and expressions. Pure.

A fault never stops the building, so that one run finds all of them; the library is only used when there were none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, get_args

import pydantic

from ivr.flow.actions import JsonValue
from ivr.flow.catalogue import Catalogue
from ivr.flow.expressions import Expression, ExpressionError
from ivr.flow.expressions.types import ANY, DeclarationError, Type, parse_declaration
from ivr.flow.findings import Finding, Severity, did_you_mean
from ivr.flow.model import Source
from ivr.flow.names import KNOWN_NAMES
from ivr.flow.schema import HotlineModel, Strict
from ivr.flow.yaml_source import Document, Path

ModelType = TypeVar("ModelType", bound=Strict)

_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")


class BuilderCore:
    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.catalogue = Catalogue(self.findings.append)
        self.languages: tuple[str, ...] = ()
        self.hotline: HotlineModel | None = None
        self.variables: dict[str, JsonValue] = {}
        self.types: dict[str, Type] = {}
        self.used_prompts: set[str] = set()
        self._uses: list[tuple[str, Document, Path]] = []

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

    def declare(self, document: Document, variables: Mapping[str, Any]) -> None:
        """`variables`: name -> first value, or a declaration with a type."""
        for name, raw in variables.items():
            path = ("variables", name)
            try:
                self.types[name], value = parse_declaration(raw)
            except DeclarationError as error:
                where = (*path, error.key) if error.key else path
                self.fault(document, where, "bad-declaration", str(error), error.mend)
                value = None
            self.assigns(document, path, name, value)

    def type_named(self, document: Document, path: Path, name: str) -> Type:
        """`text` -> its type; of anything else, with a finding, any."""
        try:
            return parse_declaration({"type": name})[0]
        except DeclarationError as error:
            self.fault(document, path, "bad-declaration", str(error), error.mend)
            return ANY

    def assigns(self, document: Document, path: Path, name: str, initial: JsonValue = None) -> None:
        """Something sets this variable; initial: what it is until then, unless it is declared."""
        if name in KNOWN_NAMES:
            self.fault(
                document,
                path,
                "reserved-name",
                f"`{name}` is a name of the language itself",
                "call it something else",
            )
        elif self.variables.get(name) is None:
            self.variables[name] = initial

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


def _fields(model: type[pydantic.BaseModel], where: Sequence[object]) -> list[str]:
    """The field names at a place inside a model; [] when it is no model."""
    for part in where:
        inner = next((f.annotation for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        # `dict[str, OptionModel]`, `list[CaseModel]`, `LengthModel | None`: the model inside; keys are passed over.
        for each in (inner, *get_args(inner)):
            if isinstance(each, type) and issubclass(each, pydantic.BaseModel):
                model = each
    return [field.alias or name for name, field in model.model_fields.items()]
