"""`ivr graph` as a person runs it, and its page in a real Chromium."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ivr.cli import graphviz
from ivr.cli.graph import graph
from ivr.errors import FlowError, HotlineError
from ivr.flow.graph import page
from ivr.flow.load import load
from tests.flow.graph_support import APPOINTMENT, DESK, HOTLINE, MAIN
from tests.flow.support import FLOWS, sources
from tests.support.browser import chromium, open_page

real = pytest.mark.real
app = typer.Typer()
app.command()(graph)


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=True)
    if isinstance(result.exception, HotlineError):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "flows"
    (where / "prompts").mkdir(parents=True)
    for name, content in sources(MAIN, HOTLINE, {"appointment.yaml": APPOINTMENT, "desk.yaml": DESK}).items():
        (where / name).write_bytes(content)
    return where


def test_mermaid_goes_to_standard_output_and_needs_no_dot(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    code, output = run(folder, "--format", "mermaid", "--language", "en")
    assert code == 0
    assert output.startswith('---\ntitle: "main Main"\n---\nflowchart LR\n')


def test_the_suffix_of_the_file_says_the_format(folder: Path, tmp_path: Path) -> None:
    assert run(folder, "--flow", "desk", "--out", tmp_path / "desk.gv") == (0, "")
    assert (tmp_path / "desk.gv").read_text("utf-8").startswith('digraph "desk" {')


def test_what_is_asked_for_wrongly_is_refused_with_a_suggestion(folder: Path) -> None:
    code, output = run(folder, "--flow", "dask")
    assert code == 2
    assert "did you mean" in output
    assert run(folder, "--language", "fr")[0] == 2
    assert run(folder, "--flow", "main", "--all")[0] == 2


def test_flows_with_errors_are_not_drawn_but_told(folder: Path) -> None:
    (folder / "desk.yaml").write_text("flow: desk\nnodes:\n  a: {kind: say, prompt: ask, next: nowhere}\n")
    code, output = run(folder)
    assert code == 1
    assert "unknown-target" in output


def test_without_dot_the_error_says_how_to_mend_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(graphviz.DrawingError, match="not installed") as raised:
        run(folder)
    assert "apt-get install graphviz" in raised.value.mend
    assert "--format mermaid" in raised.value.mend


@real
def test_what_dot_says_when_it_fails_is_passed_on() -> None:
    with pytest.raises(graphviz.DrawingError, match="syntax error"):
        graphviz.lay_out("digraph {")


def test_files_that_cannot_be_read_or_written_are_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FlowError, match="No such file"):
        run(folder, "--coverage", tmp_path / "none.json")
    with pytest.raises(FlowError, match="No such file"):
        run(folder, "--format", "dot", "--out", tmp_path / "no" / "folder.dot")


def test_coverage_of_another_version_is_used_but_told(folder: Path, tmp_path: Path) -> None:
    coverage = tmp_path / "coverage.json"
    coverage.write_text(json.dumps({"nodes": {"main.hello": 1, "main.gone": 1}, "edges": {}}))
    code, output = run(folder, "--format", "mermaid", "--coverage", coverage)
    assert code == 0
    assert "1 nodes of it are not in these flows (main.gone ...)" in output
    assert ":::uncovered" in output


@real
def test_the_same_flows_give_the_same_bytes(folder: Path) -> None:
    for arguments in (("--all",), ("--flow", "main", "--depth", "1"), ("--all", "--format", "html")):
        first, second = run(folder, *arguments), run(folder, *arguments)
        assert first[0] == 0
        assert first == second


@real
def test_every_shipped_flow_is_a_picture_in_every_language(tmp_path: Path) -> None:
    flows = load(FLOWS)
    for language in flows.languages:
        for name in flows.flows:
            out = tmp_path / f"{name}.svg"
            assert run(FLOWS, "--flow", name, "--language", language, "--out", out) == (0, "")
            assert ET.parse(out).getroot().attrib["lang"] == language


def test_a_page_has_no_room_for_what_a_language_or_a_title_could_smuggle_in() -> None:
    hostile = '"><script>alert(1)</script>'
    text = page.write(
        hostile, [page.Picture("main", {hostile: hostile}, "<svg/>")] * 2, [hostile], "", "run()"
    )
    assert text.count("<script") == 1
    assert "alert(1)<" not in text


@pytest.fixture(scope="module")
def devtools() -> Iterator[str]:
    with chromium() as address:
        yield address


HERE = "document.querySelector('.here').id"
SHOWN = "document.querySelector('section:not([hidden])').id"


@real
async def test_the_page_finds_goes_zooms_and_speaks_both_languages(devtools: str, folder: Path) -> None:
    out = folder / "flows.html"
    assert run(folder, "--all", "--out", out) == (0, "")
    async with open_page(devtools) as tab:
        await tab.goto(out.as_uri())
        assert await tab.evaluate(SHOWN) == "all-flows"
        titles = "[...document.querySelectorAll('nav a')].map(link => link.innerText.trim())"
        assert await tab.evaluate(titles) == ["全部流程", "main 主流程", "appointment 预约", "desk"]

        await tab.evaluate("search.value = 'for COMPLAINTS'; search.dispatchEvent(new Event('input'))")
        assert await tab.evaluate("found.children.length") == 1
        await tab.evaluate("found.querySelector('a').click()")
        await tab.wait_for(f"{SHOWN} === 'main'")
        assert await tab.evaluate(HERE) == "main-main.choose"
        left, top, right, bottom = await tab.evaluate(
            "(({left, top, right, bottom}) => [left, top, right, bottom])"
            "(document.querySelector('.here').getBoundingClientRect())"
        )
        assert 0 <= left < right <= 1280
        assert 0 <= top < bottom <= 900, "the card that was found is in sight"

        words = "[...document.querySelectorAll('.here .said')].filter(each => each.getClientRects().length)"
        assert await tab.evaluate(f"{words}.map(each => each.textContent)") == ["投诉请按2"]
        await tab.click("[data-language=en]")
        assert await tab.evaluate(f"{words}.map(each => each.textContent)") == ["For complaints, press 2"]
        assert await tab.evaluate("document.documentElement.lang") == "en"

        width = "document.querySelector('section:not([hidden]) svg').getBoundingClientRect().width"
        before = await tab.evaluate(width)
        await tab.click("#larger")
        assert await tab.evaluate(width) == pytest.approx(before * 1.25, rel=0.01)

        await tab.evaluate("location.hash = '#desk-desk.wait'")
        await tab.wait_for(f"{SHOWN} === 'desk'")
        stub = """document.querySelector('.here a[href="#main-main.later"]')"""
        await tab.evaluate(
            f"{stub}.dispatchEvent(new MouseEvent('click', {{bubbles: true, cancelable: true}}))"
        )
        await tab.wait_for(f"{SHOWN} === 'main'")
        assert await tab.evaluate(HERE) == "main-main.later"
        assert tab.complaints == []
