"""The script for a voice artist: what to say, how, and under which name to save it; as CSV, Excel, HTML or Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from ivr.errors import ConfigError
from ivr.prompts.book import Book
from ivr.prompts.review import LONGEST_S, characters
from ivr.prompts.store import write_whole
from ivr.prompts.takes import Take

_USUAL_PACE = {"zh": 4.3, "en": 14.0}
_OTHER_PACE = 14.0
"""Characters a second of an unhurried voice."""
_PAUSE_S = 0.4
_MOST_USES = 3


@dataclass(frozen=True, slots=True)
class Line:
    """file: the name to save it under. where: the steps of the flows that say it."""

    number: int
    file: str
    text: str
    where: str
    direction: str


HEADINGS: Mapping[str, tuple[str, str, str, str, str]] = {
    "zh": ("序号", "保存为", "台词", "出现在", "要求"),
    "en": ("No.", "Save as", "Say", "Where", "How"),
}
NOTES: Mapping[str, tuple[str, ...]] = {
    "zh": (
        "每一行录成一个文件，文件名按“保存为”一栏，格式用 WAV（44.1 或 48 kHz，16 位以上），单声道最好。",
        "语速平稳、口齿清楚，像面对面说话；前后各留半秒安静，不要报行号，不要配乐。",
        "录完放进一个文件夹（或打成 zip）发回即可，漏的下次再补。",
    ),
    "en": (
        "One file a line, named as in “Save as”: WAV, 44.1 or 48 kHz, 16 bits or more, mono if you can.",
        "Speak calmly and clearly, as to a person in the room. Half a second of quiet before and after, no slating, "
        "no music.",
        "Send the files in one folder or zip. What is missing can follow.",
    ),
}


def lines(takes: Sequence[Take], book: Book, language: str) -> list[Line]:
    """The script of these takes, in their order."""
    return [
        Line(
            number,
            f"{take.id}.wav",
            take.text.strip(),
            "; ".join(map(str, book.used(take.prompt)[:_MOST_USES])),
            _direction(take, language),
        )
        for number, take in enumerate(takes, start=1)
    ]


def _direction(take: Take, language: str) -> str:
    chinese = language == "zh"
    if take.clip is not None and take.prompt:
        before, after = take.clip.before.strip(), take.clip.after.strip()
        if chinese:
            return f"读整句“{before}【{take.text.strip()}】{after}”，只留【】里的部分"
        return f"speak the whole sentence, keep the part in brackets: {before} [{take.text.strip()}] {after}".strip()
    if take.clip is not None:
        return (
            "像在念一串数字，语调平稳，句尾不要下降"
            if chinese
            else "as in a row of numbers: level, not falling"
        )
    seconds = characters(take.text, language) / _USUAL_PACE.get(language, _OTHER_PACE) + _PAUSE_S
    most = min(LONGEST_S, 1.6 * seconds + 0.5)
    return (
        f"约 {seconds:.0f} 秒，最长 {most:.0f} 秒"
        if chinese
        else f"about {seconds:.0f} s, {most:.0f} s at most"
    )


def write(path: Path, script: Sequence[Line], language: str) -> None:
    """By the file's extension. Raises ConfigError for one that is not known."""
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ConfigError(
            f"`{path.name}` is no kind of script", mend=f"end it in one of {', '.join(_WRITERS)}"
        )
    write_whole(path, writer(script, language))


def _rows(script: Sequence[Line]) -> list[tuple[int, str, str, str, str]]:
    return [(line.number, line.file, line.text, line.where, line.direction) for line in script]


def _headings(language: str) -> tuple[str, str, str, str, str]:
    return HEADINGS.get(language, HEADINGS["en"])


def _csv(script: Sequence[Line], language: str) -> bytes:
    """With a byte order mark, without which Excel takes it for another encoding."""
    target = io.StringIO()
    csv.writer(target).writerows([_headings(language), *_rows(script)])
    return target.getvalue().encode("utf-8-sig")


def _xlsx(script: Sequence[Line], language: str) -> bytes:
    import xlsxwriter  # type: ignore[import-untyped]  # only who wants Excel needs to load it

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as workbook:
        sheet = workbook.add_worksheet(language[:31] or "script")
        bold = workbook.add_format({"bold": True, "bottom": 1})
        wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        for column, width in enumerate((6, 30, 70, 30, 40)):
            sheet.set_column(column, column, width, wrapped)
        sheet.write_row(0, 0, _headings(language), bold)
        for number, row in enumerate(_rows(script), start=1):
            sheet.write_number(number, 0, row[0])
            for column, text in enumerate(row[1:], start=1):
                sheet.write_string(number, column, str(text))
        sheet.freeze_panes(1, 0)
    return target.getvalue()


_PAGE = """<!doctype html>
<html lang="{{ language }}"><meta charset="utf-8"><title>{{ title }}</title>
<meta name="viewport" content="width=device-width">
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .4rem .6rem }
tr { border-bottom: 1px solid #ddd; break-inside: avoid } td:nth-child(3) { font-size: 1.25rem }
td:nth-child(2) { font-family: ui-monospace, monospace; overflow-wrap: anywhere } td:nth-child(n+4) { color: #555 }
</style>
<h1>{{ title }}</h1>
<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>
<table><thead><tr>{% for heading in headings %}<th>{{ heading }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows -%}
<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor -%}
</tbody></table></html>
"""


def _html(script: Sequence[Line], language: str) -> bytes:
    page = jinja2.Environment(autoescape=True).from_string(_PAGE)
    return page.render(
        language=language,
        title=_title(language),
        notes=NOTES.get(language, NOTES["en"]),
        headings=_headings(language),
        rows=_rows(script),
    ).encode()


def _markdown(script: Sequence[Line], language: str) -> bytes:
    def row(cells: Sequence[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    headings = _headings(language)
    parts = [
        f"# {_title(language)}",
        "",
        *(f"- {note}" for note in NOTES.get(language, NOTES["en"])),
        "",
        row(headings),
        row(["---"] * len(headings)),
        *map(row, _rows(script)),
    ]
    return ("\n".join(parts) + "\n").encode()


def _title(language: str) -> str:
    return "录音脚本" if language == "zh" else f"Recording script ({language})"


_WRITERS: Mapping[str, Callable[[Sequence[Line], str], bytes]] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".html": _html,
    ".md": _markdown,
}
