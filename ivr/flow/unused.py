"""What is written and does nothing: told only to whoever asks, since a draft is full of it. Pure.

Names are followed by file: a flow's variable counts as read when its own file reads it, or one that all flows share.
"""

from __future__ import annotations

from collections.abc import Iterator

from ivr.flow.build import LibraryBuilder
from ivr.flow.findings import Finding
from ivr.flow.folder import HOTLINE, LIBRARY, PROMPTS
from ivr.flow.model import FlowLibrary
from ivr.flow.written import WrittenHotline
from ivr.flow.yaml_source import Document, Path

SERVER = ("agent.", "error.", "line.")
"""Prompts that begin so are said by the server itself, whatever the flows do."""


def unused(library: FlowLibrary, written: WrittenHotline, builder: LibraryBuilder) -> list[Finding]:
    """After all is built. Findings of the severity "hint"."""
    found = [*_prompts(written, builder), *_variables(written, builder), *_flows(library, written)]
    return [
        Finding(document.file, mark.line, mark.column, code, cause, suggestion, "hint")
        for document, path, code, cause, suggestion in found
        for mark in [document.place(path, key=True)]
    ]


Hint = tuple[Document, Path, str, str, str]


def _prompts(written: WrittenHotline, builder: LibraryBuilder) -> Iterator[Hint]:
    """Of the hotline's own files: a library has prompts for others too."""
    for document in written.documents.values():
        if document.file.startswith(PROMPTS) and isinstance(document.data, dict):
            for prompt in document.data:
                if prompt not in builder.named_prompts and not prompt.startswith(SERVER):
                    yield (
                        document,
                        (prompt,),
                        "unused-prompt",
                        f"nothing says `{prompt}`",
                        "say it, or delete it",
                    )


def _variables(written: WrittenHotline, builder: LibraryBuilder) -> Iterator[Hint]:
    read = builder.names_read()
    shared = set[str]().union(
        *(names for file, names in read.items() if file.rpartition("/")[2] in (HOTLINE, LIBRARY))
    )
    anywhere = set[str]().union(*read.values())
    hotline = written.documents.get(HOTLINE)
    if builder.hotline is not None and hotline is not None:
        for name in builder.hotline.variables:
            if name not in anywhere:
                yield hotline, ("variables", name), "unused-variable", f"nothing reads `{name}`", "delete it"
    for flow in written.flows.values():
        if flow.library:
            continue
        here = read.get(flow.document.file, set()) | shared | set(flow.results)
        for section, names in (("variables", flow.model.variables), ("parameters", flow.parameters)):
            for name in names:
                if name not in here and (section == "parameters" or name not in flow.parameters):
                    code = "unused-parameter" if section == "parameters" else "unused-variable"
                    yield (
                        flow.document,
                        (section, name),
                        code,
                        f"nothing in this flow reads `{name}`",
                        "delete it",
                    )


def _flows(library: FlowLibrary, written: WrittenHotline) -> Iterator[Hint]:
    scopes = [library.handlers, *library.shared.values(), *(flow.handlers for flow in library.flows.values())]
    handlers = [handler for scope in scopes for each in scope.values() for handler in each]
    led_to = {_flow_of(handler.target) for handler in handlers}
    led_to |= {library.entry, _flow_of(library.fallback)}
    led_to |= {_flow_of(way.target) for way in library.exits if _flow_of(way.target) != _flow_of(way.source)}
    for name, flow in written.flows.items():
        if name not in led_to and not flow.library:
            cause = f"nothing leads to the flow `{name}`"
            yield flow.document, ("flow",), "unused-flow", cause, "unless a number begins with it, delete it"


def _flow_of(node: str) -> str:
    return node.split(".", 1)[0]
