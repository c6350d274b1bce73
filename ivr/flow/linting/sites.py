"""Where things of a loaded library stand: its files are read again, by whoever has something to say of it. Pure."""

from __future__ import annotations

from ivr.flow.findings import Finding, Severity
from ivr.flow.folder import HOTLINE, LIBRARY, QUEUES
from ivr.flow.model import FlowLibrary
from ivr.flow.yaml_source import Document, Path, read


class Sites:
    def __init__(self, library: FlowLibrary) -> None:
        self._library = library
        self._documents: dict[str, Document] = {}

    def node(
        self, node: str, path: Path, code: str, cause: str, suggestion: str, severity: Severity = "warning"
    ) -> Finding:
        """At a place within a node, named by its id."""
        flow, name = node.split(".", 1)
        return self._finding(
            self._library.flows[flow].file, ("nodes", name, *path), code, cause, suggestion, severity
        )

    def calendar(self, name: str, path: Path, code: str, cause: str, suggestion: str) -> Finding:
        """At a place within a calendar: of the hotline, of a library, or a queue's own."""
        _, dot, queue = name.partition(".")
        if dot:
            return self._finding(
                QUEUES, ("queues", queue, "hours", *path), code, cause, suggestion, "warning"
            )
        for file in self._library.texts:
            if file == HOTLINE or file.endswith("/" + LIBRARY):
                data = self._read(file).data
                calendars = data.get("calendars") if isinstance(data, dict) else None
                if isinstance(calendars, dict) and name in calendars:
                    break
        else:
            file = HOTLINE
        return self._finding(file, ("calendars", name, *path), code, cause, suggestion, "warning")

    def _finding(
        self, file: str, path: Path, code: str, cause: str, suggestion: str, severity: Severity
    ) -> Finding:
        mark = self._read(file).place(path, key=True)
        return Finding(file, mark.line, mark.column, code, cause, suggestion, severity)

    def _read(self, file: str) -> Document:
        """It could be read when the library was made."""
        if file not in self._documents:
            self._documents[file] = read(file, self._library.texts[file])
        return self._documents[file]
