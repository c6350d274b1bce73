"""What all building needs: findings with their places, validation, variables and expressions. Pure.

A fault never stops the building, so that one run finds all of them; the library is only used when there were none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pydantic

from ivr.flow.actions import JsonValue
from ivr.flow.catalogue import Catalogue
from ivr.flow.declared import DeclaredTypes
from ivr.flow.expressions import (
    ANY,
    BOOL,
    RESERVED,
    STANDARD,
    DeclarationError,
    Expression,
    ExpressionError,
    ExprFault,
    Type,
    accepts,
    check,
    coerced,
    column_of,
    describe,
    fits,
    infer,
    parse_declaration,
)
from ivr.flow.findings import Finding, FlowLoadError, Severity, did_you_mean
from ivr.flow.model import Source
from ivr.flow.names import KNOWN_NAMES
from ivr.flow.schema import HotlineModel
from ivr.flow.validation import model_faults
from ivr.flow.yaml_source import Document, Path

MAX_ERRORS = 200
"""Told in one run: a file that is no flow at all has one in each line, and to guess what each means takes time."""
TYPE_NAMES = frozenset({"text", "int", "number", "bool", "list", "map", "date", "time", "any"})
ModelType = TypeVar("ModelType", bound=pydantic.BaseModel)


class BuilderCore:
    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._errors = 0
        self.catalogue = Catalogue(self.tell)
        self.languages: tuple[str, ...] = ()
        self.hotline: HotlineModel | None = None
        self.variables: dict[str, JsonValue] = {}
        self.declared = DeclaredTypes()
        self.used_prompts: set[str] = set()
        """Those that are needed in every language."""
        self.named_prompts: set[str] = set()
        self._uses: list[tuple[str, Document, Path]] = []
        self._written: list[_Written] = []
        self._assigned: list[_Assigned] = []
        self._compiled: dict[str, Expression] = {}

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
        self.tell(Finding(document.file, mark.line, mark.column, code, cause, suggestion, severity))

    def tell(self, finding: Finding) -> None:
        """Keep it. Raises FlowLoadError when there are so many errors that one more would help nobody."""
        self.findings.append(finding)
        if finding.severity == "error":
            self._errors += 1
        if self._errors >= MAX_ERRORS:
            cause = f"{MAX_ERRORS} errors, and perhaps more"
            self.findings.append(Finding(finding.file, 0, 0, "too-many-errors", cause, "mend these first"))
            raise FlowLoadError(self.findings)

    def validate(
        self, model: type[ModelType], document: Document, path: Path, data: object
    ) -> ModelType | None:
        """The model, or None with a finding for each fault."""
        try:
            return model.model_validate(data)
        except pydantic.ValidationError as error:
            for fault in model_faults(error, model, data):
                self.fault(
                    document, (*path, *fault.path), fault.code, fault.cause, fault.suggestion, key=fault.key
                )
            return None

    def declare(
        self, document: Document, variables: Mapping[str, Any], *, for_all: bool = False
    ) -> dict[str, JsonValue]:
        """`variables`: name -> first value, or a declaration with a type. Gives the first values."""
        first: dict[str, JsonValue] = {}
        for name, raw in variables.items():
            path = ("variables", name)
            if isinstance(raw, str) and raw in TYPE_NAMES:
                self.fault(
                    document,
                    path,
                    "type-as-value",
                    f"`{name}` begins with the text “{raw}”",
                    f"a type is written {{type: {raw}}}",
                    severity="warning",
                )
            try:
                type_, first[name] = parse_declaration(raw)
                self.declared.declare(document.file, name, type_, for_all=for_all)
            except DeclarationError as error:
                where = (*path, error.key) if error.key else path
                self.fault(document, where, "bad-declaration", str(error), error.mend)
                type_, first[name] = ANY, None
            self.assigns(document, path, name, first[name], type_)
        return first

    def type_named(self, document: Document, path: Path, name: str) -> Type:
        """`text` -> its type; of anything else, with a finding, any."""
        try:
            return parse_declaration({"type": name})[0]
        except DeclarationError as error:
            self.fault(document, path, "bad-declaration", str(error), error.mend)
            return ANY

    def assigns(
        self, document: Document, path: Path, name: str, initial: JsonValue = None, type_: Type = ANY
    ) -> None:
        """Something sets this variable, to values of that type; initial: what it is until then, unless declared."""
        if name in KNOWN_NAMES or name in RESERVED:
            self.fault(
                document,
                path,
                "reserved-name",
                f"`{name}` is a name of the language itself",
                "call it something else",
            )
            return
        if self.variables.get(name) is None:
            self.variables[name] = initial
        self._assigned.append(_Assigned(name, type_, document, path))

    def use(self, document: Document, path: Path, used: Iterable[str]) -> None:
        self._uses += [(name, document, path) for name in used]

    def names_read(self) -> dict[str, set[str]]:
        """File -> the names that its expressions and texts read."""
        read: dict[str, set[str]] = {}
        for name, document, _ in self._uses:
            read.setdefault(document.file, set()).add(name)
        for written in self._written:
            compiled = self._compiled.get(written.source)
            if compiled is not None:
                read.setdefault(written.document.file, set()).update(compiled.names)
        return read

    def names_set(self) -> dict[str, set[str]]:
        """File -> the variables that something in it sets or declares."""
        found: dict[str, set[str]] = {}
        for each in self._assigned:
            found.setdefault(each.document.file, set()).add(each.name)
        return found

    def check_uses(self) -> None:
        """After everything is built: names that nobody sets, expressions whose types do not go together."""
        known = {*KNOWN_NAMES, *self.variables}
        for name, document, path in self._uses:
            if name not in known:
                hint = did_you_mean(name, known) or "declare it under `variables`"
                self.fault(document, path, "undefined-variable", f"nothing ever sets `{name}`", hint)
        everywhere = {**STANDARD, **dict.fromkeys(self.variables, ANY), **self._inferred()}
        types_in: dict[str, Mapping[str, Type]] = {}
        known_results: dict[tuple[str, str, Type | None], tuple[ExprFault, ...]] = {}
        for written in self._written:
            file = written.document.file
            if file not in types_in:
                types_in[file] = {**everywhere, **self.declared.seen_from(file)}
            assigned = self.declared.get(file, written.assigned)
            wanted = assigned if assigned is not None else written.expected
            key = (file, written.source, wanted)
            if key not in known_results:
                known_results[key] = check(written.source, types_in[file], expected=wanted).faults
            for fault in known_results[key]:
                self._expression_fault(written, fault)
        self._check_assigned()

    def _inferred(self) -> dict[str, Type]:
        """Variables that nodes set and nobody declares: of one type, when all who set them agree."""
        found: dict[str, Type] = {}
        for each in self._assigned:
            before = found.get(each.name)
            initial = self.variables.get(each.name)
            fitting = each.type if initial is None or accepts(each.type, initial) else ANY
            found[each.name] = fitting if before in (None, fitting) else ANY
        return found

    def _check_assigned(self) -> None:
        for each in self._assigned:
            declared = self.declared.get(each.document.file, each.name)
            if declared is not None and not fits(each.type, declared):
                self.fault(
                    each.document,
                    each.path,
                    "wrong-result",
                    f"`{each.name}` is declared as {describe(declared)}, and gets {describe(each.type)} here",
                    "declare it so, or choose another variable",
                )

    def _expression_fault(self, written: _Written, fault: ExprFault) -> None:
        mark = written.document.place(written.path)
        line = written.document.line(mark.line)
        column = column_of(line, mark.column, written.source, fault.offset)
        self.tell(
            Finding(written.document.file, mark.line, column, fault.code, fault.cause, fault.suggestion)
        )

    def expression(
        self, document: Document, path: Path, raw: object, expected: Type | None = BOOL, assigned: str = ""
    ) -> Expression | None:
        """expected: of its value; None = anything. assigned: the variable that gets it, whose declared type counts."""
        if isinstance(raw, bool):
            raw = "true" if raw else "false"
        if not isinstance(raw, str):
            self.fault(document, path, "bad-expression", "an expression is a text", "quote it")
            return None
        source = raw.strip()
        # What is wrong with it is told with its place by `check_uses`.
        self._written.append(_Written(source, document, path, expected, assigned))
        if source in self._compiled:
            return self._compiled[source]
        try:
            self._compiled[source] = Expression(source)
        except ExpressionError as error:
            if not check(source, {}).faults:
                self.fault(document, path, "bad-expression", str(error), error.mend)
            return None
        return self._compiled[source]

    def source(
        self, document: Document, path: Path, raw: object, expected: Type | None = None, assigned: str = ""
    ) -> Source:
        """A literal, or `= expression`. expected: of its value. assigned: the variable that gets it, whose declared
        type counts."""
        if isinstance(raw, str) and raw.startswith("="):
            return Source(expression=self.expression(document, path, raw[1:], expected, assigned))
        declared = self.declared.get(document.file, assigned) if assigned else expected
        value: JsonValue = raw  # type: ignore[assignment]  # what the YAML reader gives is JSON
        if declared is not None and value is not None and not accepts(declared, value):
            self.fault(
                document,
                path,
                "wrong-result",
                f"`{assigned or path[-1]}` is declared as {describe(declared)}, and this is {describe(infer(value))}",
                "a text that is computed begins with `=`",
            )
        return Source(value if declared is None else coerced(declared, value))


@dataclass(frozen=True, slots=True)
class _Written:
    """An expression where it stands."""

    source: str
    document: Document
    path: Path
    expected: Type | None
    assigned: str


@dataclass(frozen=True, slots=True)
class _Assigned:
    """A variable that something sets, to values of that type."""

    name: str
    type: Type
    document: Document
    path: Path
