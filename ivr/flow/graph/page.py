"""Pictures of flows -> one HTML page that needs nothing else: pan, zoom, search, a choice of language. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from ivr.flow.graph.model import Text
from ivr.flow.graph.pen import language_class, picture_id
from ivr.flow.graph.style import css

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'"

_WORDS: Mapping[str, tuple[str, str]] = {
    # Chinese, English
    "flows": ("流程", "Flows"),
    "search": ("查找节点或提示语", "Find a node or a prompt"),
    "smaller": ("缩小", "Smaller"),
    "larger": ("放大", "Larger"),
    "fit": ("适合窗口", "Fit"),
    "nothing": ("没有找到", "Nothing found"),
    "picture": ("流程图", "Picture"),
    "language": ("语言", "Language"),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """svg: drawn without its style, in all languages of the page. name: the flow's, "" for the map."""

    name: str
    title: Text
    svg: str


def write(title: str, pictures: Sequence[Picture], languages: Sequence[str], look: str, script: str) -> str:
    """look, script: the page's own CSS and JavaScript. The first picture is shown, in the first language."""
    shown = [language_class(language) for language in languages]
    hiding = "\n".join(f'[data-shown="{each}"] .l:not(.l-{each}) {{ display: none }}' for each in shown)
    out = [
        "<!doctype html>",
        f'<html lang="{shown[0]}" data-shown="{shown[0]}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{css()}{hiding}\n{look.strip()}\n</style>",
        "</head>",
        "<body>",
        "<header>",
        _tools(shown),
        _flows(pictures, shown) if len(pictures) > 1 else "",
        "</header>",
        f'<main id="view" tabindex="0" aria-label="{escape(_both("picture", shown))}">',
        *(_section(number, picture) for number, picture in enumerate(pictures)),
        "</main>",
        f"<script>\n{script.strip()}\n</script>",
        "</body>",
        "</html>",
    ]
    return "\n".join(line for line in out if line) + "\n"


def _section(number: int, picture: Picture) -> str:
    hidden = " hidden" if number else ""
    return f'<section id="{picture_id(picture.name)}"{hidden}>\n{picture.svg.strip()}\n</section>'


def _flows(pictures: Sequence[Picture], languages: Sequence[str]) -> str:
    links = []
    for picture in pictures:
        titles = "".join(
            f'<span class="l l-{language}">{escape(picture.title[language])}</span>'
            for language in languages
            if picture.title.get(language)
        )
        name = f"<b>{escape(picture.name)}</b> " if picture.name else ""
        links.append(f'<a href="#{picture_id(picture.name)}">{name}{titles}</a>')
    return f'<nav aria-label="{escape(_both("flows", languages))}">{"".join(links)}</nav>'


def _tools(languages: Sequence[str]) -> str:
    search = _both("search", languages)
    switches = "".join(
        f'<button type="button" data-language="{language}" lang="{language}" aria-pressed="{str(not number).lower()}">'
        f"{escape(_LANGUAGES.get(language, language))}</button>"
        for number, language in enumerate(languages)
    )
    group = f'<span role="group" aria-label="{escape(_both("language", languages))}">{switches}</span>'
    return "".join(
        [
            '<div id="tools"><div id="finder">',
            f'<input id="search" type="search" autocomplete="off" placeholder="{escape(search)}" '
            f'aria-label="{escape(search)}" aria-controls="found">',
            f'<ul id="found" hidden data-nothing="{escape(_both("nothing", languages))}"></ul></div>',
            f'<button type="button" id="smaller" title="{escape(_both("smaller", languages))}">−</button>',
            '<output id="scale">100%</output>',
            f'<button type="button" id="larger" title="{escape(_both("larger", languages))}">+</button>',
            f'<button type="button" id="fit">{_spans("fit", languages)}</button>',
            group if len(languages) > 1 else "",
            "</div>",
        ]
    )


_LANGUAGES = {"zh": "中文", "en": "English", "es": "Español", "fr": "Français", "yue": "粵語"}


def _word(name: str, language: str) -> str:
    return _WORDS[name][0 if language.startswith("zh") else 1]


def _both(name: str, languages: Sequence[str]) -> str:
    return " / ".join(dict.fromkeys(_word(name, language) for language in languages))


def _spans(name: str, languages: Sequence[str]) -> str:
    return "".join(
        f'<span class="l l-{language}">{escape(_word(name, language))}</span>' for language in languages
    )
