"""What `ivr test` writes for machines and for people: JUnit XML, the coverage as text and as a page."""

from __future__ import annotations

import html
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

from ivr.flow.scenarios.coverage import Coverage
from ivr.flow.scenarios.running import Result

Suite = tuple[str, Sequence[Result], Sequence[float]]
"""Folder, results, seconds of each."""


def junit(suites: Sequence[Suite]) -> str:
    """One suite a folder, one case a scenario; the transcript goes along."""
    root = ElementTree.Element("testsuites", name="ivr test")
    for folder, results, seconds in suites:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=folder,
            tests=str(len(results)),
            failures=str(sum(not result.passed for result in results)),
            errors="0",
            skipped="0",
            time=f"{sum(seconds):.3f}",
        )
        for result, took in zip(results, seconds, strict=True):
            case = ElementTree.SubElement(
                suite,
                "testcase",
                name=_clean(result.case.name),
                classname=f"{folder}/{result.case.file}",
                time=f"{took:.3f}",
            )
            if not result.passed:
                first = result.failures[0]
                failure = ElementTree.SubElement(
                    case, "failure", message=_clean(first.cause), type="expectation"
                )
                failure.text = _clean(
                    "\n".join(
                        f"{result.case.file}:{each.where.line}:{each.where.column}: turn {each.turn}: {each.cause}"
                        for each in result.failures
                    )
                )
            ElementTree.SubElement(case, "system-out").text = _clean("\n".join(result.transcript))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    """Without the control characters that XML forbids."""
    return "".join(one for one in text if one in "\n\t" or one >= " ")


def coverage_text(coverage: Coverage) -> str:
    """What was not taken, a line each."""
    lines = [f"  node {name}" for name in coverage.uncovered_nodes()]
    lines += [f"  way  {name}" for name in coverage.uncovered_edges()]
    return "\n".join(["not covered:", *lines]) if lines else "everything is covered"


_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #8884}
td.n{text-align:right}.no{background:#d3300026}.bar{height:.6rem;background:#d33;border-radius:.3rem;overflow:hidden}
.bar i{display:block;height:100%;background:#2a4}code{font-size:13px}
"""


def coverage_page(folders: Sequence[tuple[str, Coverage]]) -> str:
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
                f"<h3>{title}: {share:.0%} ({taken}/{len(hits)})</h3>"
                f"<div class='bar'><i style='width:{share:.2%}'></i></div><table><tr><th></th><th>hits 次数</th></tr>"
            )
            for name, count in sorted(hits.items(), key=lambda item: (item[1] > 0, item[0])):
                mark = "" if count else " class='no'"
                parts.append(
                    f"<tr{mark}><td><code>{html.escape(name)}</code></td><td class='n'>{count}</td></tr>"
                )
            parts.append("</table>")
    return "".join(parts) + "</html>\n"
