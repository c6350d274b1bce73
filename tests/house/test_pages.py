"""What pages and code name is there: links, files, decisions, rooms of the map, commands with their options."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from ivr.__main__ import COMMANDS, app

ROOT = Path(__file__).resolve().parents[2]
MADE_BY_THEIR_READERS = {"flows/recordings/zh"}
ROOMS = "ivr|web|storage|routing|asr|bench|tests|scripts|deploy|docs|flows|asterisk-config"


def known() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def pages() -> dict[str, str]:
    """Those that somebody reads where they lie; the texts in `scripts/` are read in the page that is made of them."""
    names = [name for name in known() if name.endswith(".md") and not name.startswith("scripts/")]
    return {name: (ROOT / name).read_text("utf-8") for name in names}


def present() -> dict[str, str]:
    """Without the decisions: what they name was there when they were made."""
    return {name: text for name, text in pages().items() if not name.startswith("docs/decisions/")}


def links(page: str, text: str) -> Iterator[tuple[Path, str]]:
    """The files of this repository that a page leads to, each with the heading in it."""
    for address in re.findall(r"\]\(([^)\s]+)\)", text):
        if not address.startswith(("http:", "https:", "mailto:")):
            path, _, heading = address.partition("#")
            yield ((ROOT / page).parent / path).resolve() if path else ROOT / page, heading


def headings(text: str) -> set[str]:
    """As the forges make addresses of them."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_link_leads_to_a_file_and_a_heading_of_it() -> None:
    led = [(page, *link) for page, text in pages().items() for link in links(page, text)]
    assert len(led) > 100
    assert [(page, str(to)) for page, to, _ in led if not to.exists()] == []
    named = [(page, to, heading) for page, to, heading in led if heading]
    assert named
    assert [
        (page, to.name, heading)
        for page, to, heading in named
        if heading not in headings(to.read_text("utf-8"))
    ] == []


def test_every_page_of_the_documentation_is_in_its_index() -> None:
    index = "docs/README.md"
    told = {to for to, _ in links(index, pages()[index])}
    docs = {ROOT / page for page in present() if page.startswith("docs/") and page != index}
    assert docs
    assert sorted(str(page.relative_to(ROOT)) for page in docs - told) == []


def test_every_room_is_on_the_map() -> None:
    on_the_map = pages()["docs/developers/map.md"]
    rooms = {"/".join(name.split("/")[:2]) for name in known() if re.fullmatch(r"ivr/\w+/.+\.py", name)}
    rooms |= {name.split("/")[0] for name in known() if re.fullmatch(r"\w+/.+\.py", name)}
    assert rooms > {"ivr/call", "storage", "bench"}
    assert sorted(room for room in rooms if f"`{room}" not in on_the_map) == []


def test_files_and_folders_that_pages_name_are_there() -> None:
    named = [
        (page, path.rstrip("/"))
        for page, text in present().items()
        for path in re.findall(rf"`((?:{ROOMS})/[\w./*-]+)`", text)
    ]
    assert len(named) > 100
    gone = [(page, path) for page, path in named if not any(ROOT.glob(path))]
    assert [one for one in gone if one[1] not in MADE_BY_THEIR_READERS] == []


def test_files_that_the_code_names_are_there() -> None:
    """In comments, docstrings and messages. A template is also named as the file that is made of it."""
    there = set(known())
    named = [
        (name, path)
        for name in there
        if name.endswith(".py")
        for path in re.findall(
            rf"(?<![\w/.\"'<{{-])((?:{ROOMS})/[\w/.-]+\.(?:py|md|yaml|tsv|j2|conf))\b(?![\"'])",
            (ROOT / name).read_text("utf-8"),
        )
    ]
    assert len(named) > 100
    assert sorted(one for one in named if one[1] not in there and f"{one[1]}.j2" not in there) == []


def test_decisions_that_are_named_by_their_numbers_are_there() -> None:
    made = {path.name[:4] for path in (ROOT / "docs/decisions").glob("*.md")}
    named = [
        (name, number)
        for name in known()
        if name.endswith((".py", ".md"))
        for number in re.findall(r"(?:[Dd]ecisions? |decisions/)(\d{4})\b", (ROOT / name).read_text("utf-8"))
    ]
    assert len(named) > 50
    assert sorted(one for one in named if one[1] not in made) == []


def fault_of(line: str) -> str:
    """What is wrong with `kpi --today` as an `ivr` command; "": nothing."""
    name, *words = line.split()
    if name not in COMMANDS:
        return f"no command {name}"
    command = get_command(app).get_command(None, name)
    while isinstance(command, TyperGroup) and words and re.fullmatch(r"[a-z-]+", words[0]):
        name, *words = words
        if name not in command.commands:
            return f"no command {name}"
        command = command.commands[name]
    has = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    missing = [
        word for word in words if re.fullmatch(r"--[a-z][\w-]*", word) and word not in has | {"--help"}
    ]
    return f"no option {missing[0]}" if missing else ""


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("doctor --live", ""),
        ("missed list --all", ""),
        ("doctors", "no command doctors"),
        ("missed lists", "no command lists"),
        ("doctor --alive", "no option --alive"),
    ],
)
def test_a_command_that_is_not_there_is_seen(line: str, fault: str) -> None:
    assert fault_of(line) == fault


def test_commands_that_pages_name_are_there_with_their_options() -> None:
    lines = [
        (page, line)
        for page, text in present().items()
        for line in re.findall(r"(?:`|^    |bin/)ivr ([a-z][a-z-]*(?= |`|$)[^`\n#|;]*)", text, re.MULTILINE)
    ]
    assert len(lines) > 100
    assert [(page, line, fault) for page, line in lines if (fault := fault_of(line))] == []


def test_targets_and_benches_that_pages_name_are_there() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    made, measured = set[tuple[str, str]](), set[tuple[str, str]]()
    for page, text in present().items():
        made |= {(page, name) for name in re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.MULTILINE)}
        measured |= {(page, name) for name in re.findall(r"\bbench\.([a-z_]+)", text)}
    assert made
    assert measured
    assert sorted((page, name) for page, name in made if name not in targets) == []
    assert sorted((page, name) for page, name in measured if not any((ROOT / "bench").glob(f"{name}*"))) == []
