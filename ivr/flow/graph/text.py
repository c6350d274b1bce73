"""Words for a picture: made harmless, measured, shortened. Pure.

Nobody knows which font a reader has, so widths are estimates that a common sans-serif does not exceed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

ELLIPSIS = "…"
_SPACES = re.compile(r"\s+")
_JOINER = "\u200d"
_BIDI_CONTROLS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CLOSING = frozenset("。，、；：！？）》」』】…”’,.;:!?)")
"""No line begins with one of these: it stays at the end of the line before, a little into the margin."""
_EM = {
    character: em
    for em, characters in (
        (0.26, "ijl'|"),
        (0.33, "ftI .,:;!/\\[]()"),
        (0.41, 'r-"*`{}°·'),
        (0.57, "ckszvxyJ?"),
        (0.63, "abdeghnopquL0123456789_#$+<=>~^"),
        (0.73, "ABEFKPSTVXYZ&"),
        (0.83, "CDHNRUwGOQ"),
        (0.97, "mMW@%"),
    )
    for character in characters
}
"""Parts of the font's size: between those of Arial and those of the wider DejaVu Sans."""


def clean(text: str) -> str:
    """One line without control characters, lone surrogates, or marks that turn the direction of what follows."""
    kept = "".join(character for character in text if _shown(character))
    return _SPACES.sub(" ", kept).strip()


def _shown(character: str) -> bool:
    if character in _BIDI_CONTROLS or character in "\ufeff\ufffe\uffff":
        return False
    return character.isspace() or unicodedata.category(character) not in ("Cc", "Cs")


def clusters(text: str) -> Iterator[str]:
    """Characters as a reader counts them: an accent, a skin tone or a joined emoji belongs to what is before it."""
    cluster = ""
    for character in text:
        if cluster and not _continues(cluster, character):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def _continues(cluster: str, character: str) -> bool:
    if cluster[-1] == _JOINER or character == _JOINER:
        return True
    if unicodedata.category(character) in ("Mn", "Me", "Mc") or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    # A flag is two regional letters.
    return len(cluster) == 1 and all("\U0001f1e6" <= each <= "\U0001f1ff" for each in (cluster, character))


def _em(cluster: str) -> float:
    """The width of a character, in parts of the font's size."""
    character = cluster[0]
    width = unicodedata.east_asian_width(character)
    if width in ("W", "F"):
        return 1.0 if unicodedata.category(character).startswith(("L", "P", "N")) else 1.3
    if width == "A" and not character.isalpha():
        return 0.95
    return _EM.get(character, 0.68)


def measure(text: str, size: float) -> float:
    """About how wide a text is, in the unit of `size`."""
    return sum(_em(cluster) for cluster in clusters(text)) * size


def shorten(text: str, width: float, size: float) -> str:
    """The text, or as much of its beginning as fits, and an ellipsis."""
    if measure(text, size) <= width:
        return text
    room = width - measure(ELLIPSIS, size)
    kept = ""
    for cluster in clusters(text):
        room -= _em(cluster) * size
        if room < 0:
            break
        kept += cluster
    return kept.rstrip() + ELLIPSIS


def wrap(text: str, width: float, size: float, lines: int) -> list[str]:
    """At most so many lines; what does not fit ends in an ellipsis. Breaks at spaces, Chinese anywhere."""
    wrapped: list[str] = []
    rest = text
    while rest and len(wrapped) < lines - 1 and measure(rest, size) > width:
        head = _first_line(rest, width, size)
        wrapped.append(head.rstrip())
        rest = rest[len(head) :].lstrip()
    if rest:
        wrapped.append(shorten(rest, width, size))
    return wrapped


def _first_line(text: str, width: float, size: float) -> str:
    taken, breakable, room = "", "", width
    for cluster in clusters(text):
        room -= _em(cluster) * size
        if room < 0:
            break
        taken += cluster
        if cluster == " " or unicodedata.east_asian_width(cluster[0]) in ("W", "F"):
            breakable = taken
    # A word longer than the line is cut; a first character wider than the line stands alone.
    head = breakable or taken or next(clusters(text))
    return head + text[len(head)] if text[len(head) : len(head) + 1] in _CLOSING else head
