"""What `ivr test` writes for machines: JUnit XML, and the coverage as text, as JSON and as a page."""

from __future__ import annotations

import html
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from pathlib import Path

from ivr.cli.test_folders import Run
from ivr.errors import FlowError
from ivr.flow.scenarios.coverage import Coverage
from ivr.flow.scenarios.running import Result


def junit(runs: Sequence[Run]) -> str:
    """One suite a folder, one case a scenario; the transcript goes along. Faults of a file are an error of its own."""
    root = ElementTree.Element("testsuites", name="ivr test")
    for run in runs:
        suite = ElementTree.SubElement(root, "testsuite", name=run.folder.path.as_posix())
        faulty = sorted({finding.file for finding in run.folder.errors})
        _count(
            suite,
            tests=len(run.results) + len(faulty),
            failures=run.failed,
            errors=len(faulty),
            skipped=sum(bool(result.skipped) for result in run.results),
            seconds=sum(run.seconds),
        )
        for file in faulty:
            case = _case(suite, run, file, "is sound", 0.0)
            told = [run.folder.told(finding) for finding in run.folder.errors if finding.file == file]
            _ill(case, "error", "faults", told)
        for result, took in zip(run.results, run.seconds, strict=True):
            case = _case(suite, run, result.case.file, result.case.name, took)
            if result.skipped:
                ElementTree.SubElement(case, "skipped", message=_clean(result.skipped))
            elif result.failures:
                _ill(case, "failure", "expectation", failures_of(run, result))
            ElementTree.SubElement(case, "system-out").text = _clean("\n".join(result.transcript))
    sums = {
        name: sum(int(suite.get(name, "0")) for suite in root) for name in ("tests", "failures", "errors")
    }
    for name, number in sums.items():
        root.set(name, str(number))
    root.set("time", f"{sum(sum(run.seconds) for run in runs):.3f}")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def failures_of(run: Run, result: Result) -> list[str]:
    """A line each, with its place."""
    file = run.folder.place(result.case.file)
    return [
        f"{file}:{each.where.line}:{each.where.column}: turn {each.turn}: {each.cause}"
        for each in result.failures
    ]


def _count(suite: ElementTree.Element, *, seconds: float, **numbers: int) -> None:
    for name, number in numbers.items():
        suite.set(name, str(number))
    suite.set("time", f"{seconds:.3f}")


def _case(suite: ElementTree.Element, run: Run, file: str, name: str, took: float) -> ElementTree.Element:
    place = run.folder.place(file)
    return ElementTree.SubElement(
        suite, "testcase", name=_clean(name), classname=_clean(place), time=f"{took:.3f}"
    )


def _ill(case: ElementTree.Element, tag: str, kind: str, lines: Sequence[str]) -> None:
    element = ElementTree.SubElement(case, tag, message=_clean(lines[0]), type=kind)
    element.text = _clean("\n".join(lines))


def _clean(text: str) -> str:
    """Without the characters that XML 1.0 forbids."""
    return re.sub("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def coverage_text(coverage: Coverage) -> str:
    """What was not taken, a line each."""
    lines = [f"  node {name}" for name in coverage.uncovered_nodes()]
    lines += [f"  way  {name}" for name in coverage.uncovered_edges()]
    return "\n".join(["not covered:", *lines]) if lines else "everything is covered"


def write_coverage(file: Path, runs: Sequence[Run]) -> list[Path]:
    """The hits as JSON, for `ivr graph --coverage`: the file itself for one folder; for several, whose nodes may have
    the same names, one file a folder beside it: `coverage-flows-examples-clinic.json`. Returns what was written."""
    covered = [(run.folder.path, run.coverage) for run in runs if run.coverage is not None]
    files = {}
    for path, coverage in covered:
        name = "-".join(part for part in path.parts if part.strip("./\\"))
        target = file if len(covered) == 1 else file.with_name(f"{file.stem}-{name}{file.suffix}")
        files[target] = json.dumps(coverage.to_json(), ensure_ascii=False, indent=1) + "\n"
    for target, text in files.items():
        write(target, text)
    return list(files)


def write(file: Path, text: str) -> None:
    """Raises FlowError that says what to do."""
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise FlowError(
            f"{file}: {error.strerror or error}", mend="choose a file in a folder that you can write to"
        ) from error


_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #8884}
td.n{text-align:right}.no{background:#d3300026}.bar{height:.6rem;background:#d33;border-radius:.3rem;overflow:hidden}
.bar i{display:block;height:100%;background:#2a4}code{font-size:13px}
"""


def coverage_page(folders: Iterable[tuple[str, Coverage]]) -> str:
    """A page of its own, without anything from elsewhere; what was not taken stands first."""
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>Coverage 覆盖率</title><style>{_STYLE}</style><h1>Coverage 覆盖率</h1>"
    ]
    for folder, coverage in folders:
        nodes, edges = coverage.shares()
        parts.append(f"<h2>{html.escape(folder)}</h2>")
        for title, share, hits in (
            ("Nodes 节点", nodes, coverage.nodes),
            ("Ways 路径", edges, coverage.edges),
        ):
            taken = sum(1 for each in hits.values() if each)
            parts.append(
                f"<h3>{title}: {percent(share)} ({taken}/{len(hits)})</h3>"
                f"<div class='bar'><i style='width:{share:.2%}'></i></div><table><tr><th></th><th>hits 次数</th></tr>"
            )
            for name, count in sorted(hits.items(), key=lambda item: (item[1] > 0, item[0])):
                mark = "" if count else " class='no'"
                parts.append(
                    f"<tr{mark}><td><code>{html.escape(name)}</code></td><td class='n'>{count}</td></tr>"
                )
            parts.append("</table>")
    return "".join(parts) + "</html>\n"


def percent(share: float) -> str:
    """Rounded down: 100 % is said only of all."""
    return f"{int(share * 100)}%"
