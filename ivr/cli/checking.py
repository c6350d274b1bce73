"""What `ivr check` finds in the files of a hotline: flows, prompts, scenarios, queues, agents, and these against each
other. Bytes in, findings out; the folder is only looked into for sound."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.cli.test_folders import examine
from ivr.flow.catalogue import is_inline
from ivr.flow.findings import Finding, FlowLoadError, did_you_mean, quoted, sorted_findings
from ivr.flow.folder import AGENTS, PROMPTS, QUEUES
from ivr.flow.linting.holidays import check_holidays
from ivr.flow.linting.sites import Sites
from ivr.flow.load import hints_of
from ivr.flow.model import FlowLibrary
from ivr.flow.nodes.callback import CallbackNode
from ivr.flow.nodes.queue import Queue
from ivr.flow.plurals import base_id
from ivr.flow.yaml_source import Document, read
from ivr.versions.routing_rules import as_findings, text_of
from routing.agents import Agent
from routing.rules import Rules
from routing.rules_load import RulesError, load_agents, load_rules
from routing.staffing import gaps, lack_of


@dataclass(frozen=True, slots=True)
class Checked:
    """version: of the dialogue, "" when it has errors. library: None when it could not be made."""

    findings: tuple[Finding, ...]
    version: str
    library: FlowLibrary | None


def check_sources(
    sources: Mapping[str, bytes], now: dt.datetime, *, hints: bool = False, folder: Path = Path()
) -> Checked:
    """sources: file -> content. now: says which holidays should be known. hints: what does nothing, too. folder: where
    the recordings stand that scenarios name."""
    opened = examine(folder, sources)
    library = opened.library
    found = list(opened.findings)
    rules, agents, faults = routing_findings(sources, now)
    found += faults
    if library is not None:
        found += library.findings
        found += check_holidays(library, now)
        if hints:
            found += hints_of(sources)
        if QUEUES not in sources:
            found += _no_queues(library)
        if rules is not None:
            found += _staffing(sources, library, rules, agents)
    errors = any(finding.severity == "error" for finding in found)
    version = "" if library is None or errors else library.version
    return Checked(tuple(sorted_findings(found)), version, library)


def routing_findings(
    sources: Mapping[str, bytes], now: dt.datetime
) -> tuple[Rules | None, tuple[Agent, ...] | None, list[Finding]]:
    """What the routing makes of its two files, and says of them. No agents' file: None."""
    found: list[Finding] = []
    texts: dict[str, str] = {}
    for name in (QUEUES, AGENTS):
        if name in sources:
            try:
                texts[name] = text_of(name, sources[name])
            except FlowLoadError as error:
                found += error.findings
    rules, agents = None, None
    try:
        if QUEUES in texts:
            rules = load_rules(texts[QUEUES])
        if AGENTS in texts and rules is not None:
            agents = load_agents(texts[AGENTS], rules, now)
    except RulesError as error:
        return None, None, found + as_findings(error)
    return rules, agents, found


def _no_queues(library: FlowLibrary) -> Iterator[Finding]:
    """Callers are to wait in queues, and no file says what a queue is."""
    for queue, nodes in sorted(library.queues.items())[:1]:
        cause = f"there is no {QUEUES}, so nobody can wait in `{queue}`"
        yield Sites(library).node(nodes[0], (), "no-queues", cause, f"write one: `queues: {{{queue}: {{}}}}`")


def _staffing(
    sources: Mapping[str, bytes], library: FlowLibrary, rules: Rules, agents: tuple[Agent, ...] | None
) -> Iterator[Finding]:
    """Skills that the routing does not know, and those that nobody has. agents: None = there is no file of them."""
    sites = Sites(library)
    for queue, nodes in library.queues.items():
        for node_id in nodes:
            node = library.nodes[node_id]
            skills = node.seeking.skills if isinstance(node, Queue | CallbackNode) else {}
            unknown = [skill for skill in skills if skill not in rules.skills]
            for skill in unknown:
                cause = f"there is no skill `{skill}` in {QUEUES}"
                hint = (
                    did_you_mean(skill, rules.skills) or f"known: {', '.join(sorted(rules.skills)) or 'none'}"
                )
                yield sites.node(node_id, ("skills", skill), "unknown-skill", cause, hint, "error")
            lack = None if unknown or not skills or agents is None else lack_of(rules, agents, queue, skills)
            if lack is not None:
                yield sites.node(node_id, ("skills",), "unstaffed-skill", *lack)
    if agents is not None:
        document = read(QUEUES, sources[QUEUES])
        for gap in gaps(rules, agents, library.languages):
            yield _at(document, gap.path, gap.code, gap.cause, gap.suggestion)


def _at(document: Document, path: tuple[str | int, ...], code: str, cause: str, suggestion: str) -> Finding:
    mark = document.place(path, key=True)
    return Finding(document.file, mark.line, mark.column, code, cause, suggestion, "warning")


def audio_findings(folder: Path, library: FlowLibrary) -> list[Finding]:
    """Prompts that neither a recording nor a natural voice says. Raises ConfigError."""
    from ivr.prompts import book, report  # what sounds are made of takes longer to import than all else here
    from ivr.prompts.catalogue import Folders, PromptCatalogue
    from ivr.prompts.recorded import find_recordings

    ours = book.read(folder)
    folders = Folders.of(folder)
    catalogue = PromptCatalogue.load(ours.texts, folders)
    recordings = find_recordings(folders.recordings)
    found: list[Finding] = []
    for language in ours.texts:
        written = _prompts_of(language, library.texts)
        for name, sound in report.lacks(ours, catalogue, language, recordings).sounds:
            has = "has no sound yet" if sound == "none" else "has only the stand-in voice"
            said = quoted(library.prompts[name][language]) if is_inline(name) else f"`{name}`"
            cause = f"{said} {has} in `{language}`"
            hint = "`ivr prompts render`, or record it: `ivr prompts script`"
            prompt, uses = base_id(name), ours.used(name)
            if written is not None and isinstance(written.data, dict) and prompt in written.data:
                found.append(_at(written, (prompt,), "missing-audio", cause, hint))
            elif uses:
                at = uses[0]
                found.append(Finding(at.file, at.line, 1, "missing-audio", cause, hint, "warning"))
            else:
                found.append(Finding("", 0, 0, "missing-audio", cause, hint, "warning"))
    return found


def _prompts_of(language: str, sources: Mapping[str, bytes]) -> Document | None:
    name = f"{PROMPTS}{language}.yaml"
    return read(name, sources[name]) if name in sources else None
