"""What people write who come from other languages or from a Chinese keyboard, and what to write here.

Consulted only where an expression cannot be read, so that nothing legal is ever taken for a habit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Habit:
    length: int
    cause: str
    mend: str


_FULL_WIDTH: Final = str.maketrans(
    "（）【】｛｝＝！＜＞＆｜，：？。；＋－×÷“”‘’「」《》　", "()[]{}=!<>&|,:?.;+-*/\"\"''''<> "
)

_HABITS: Final[tuple[tuple[re.Pattern[str], str, str], ...]] = tuple(
    (re.compile(pattern), cause, mend)
    for pattern, cause, mend in (
        (r"not\s+in\b", "`not in` is not CEL", "write !(x in list)"),
        (r"is\s+not\b", "`is not` is not CEL", "write `!=`"),
        (r"and\b|AND\b", "`and` is not CEL", "write `&&`"),
        (r"or\b|OR\b", "`or` is not CEL", "write `||`"),
        (r"not\b|NOT\b", "`not` is not CEL", "write `!`, as !(a && b)"),
        (r"is\b", "`is` is not CEL", "write `==`"),
        (r"if\b|else\b", "`if ... else` is not CEL", "write condition ? this : otherwise"),
        (r"for\b", "`for` is not CEL", "write list.map(x, x + 1) or list.filter(x, x > 1)"),
        (r"lambda\b", "functions cannot be written here", "write list.map(x, x + 1)"),
        (r"===", "`===` is not CEL", "write `==`"),
        (r"!==|<>", "this is not CEL's `unequal`", "write `!=`"),
        (r"=<|=>", "the `=` comes last", "write `<=` or `>=`"),
        (r"[-+*/%]=(?!=)", "nothing is assigned in an expression", "write the new value only: tries + 1"),
        (r"\+\+", "nothing is assigned in an expression", "write the new value only: tries + 1"),
        (r":=", "nothing is assigned in an expression", "write `==` to compare"),
        (r"=(?!=)", "`=` alone does not compare", "write `==`"),
        (r"&(?!&)", "`&` alone is not CEL", "write `&&`"),
        (r"\|(?!\|)", "`|` alone is not CEL", "write `||`"),
        (r"\*\*|\^", "there is no power", "multiply"),
        (r"\?\?", "`??` is not CEL", "write default(x, otherwise)"),
        (r"\?\.|\.\?|\[\?", "`?` does not ask for a key", "write default(a.b.c, otherwise)"),
        (r"\?\s*:", "`?:` wants both values", "write default(x, otherwise), or condition ? this : otherwise"),
        (r"[fF](?=[\"'])", "texts with values in them are not CEL", "join them: 'no. ' + text(number)"),
        (r"\$\{?|\{\{|\}\}", "a name stands as it is", "write tries, not ${tries} or {{tries}}"),
        (r"`", "texts stand in ' or \"", "write 'noise'"),
        (r";", "an expression is one value", "write one expression a field"),
        (r"#|/\*", "a comment belongs in the YAML", "write it after the value, with a space and #"),
        (r"@|~|\\", "this sign means nothing here", "leave it out"),
    )
)
_BROKEN_TEXTS: Final[tuple[tuple[re.Pattern[str], str, str], ...]] = tuple(
    (re.compile(pattern), cause, mend)
    for pattern, cause, mend in (
        (r"[\"'][^\"'\n]*[‘’“”]", "the text begins and ends with different quotes", "write 'noise'"),
        (
            r"'(?:[^\\'\n]|\\.)*'|\"(?:[^\\\"\n]|\\.)*\"",
            "an unknown `\\` in this text",
            r"write r'...' or `\\`",
        ),
        (r"[\"'][^\n]*", "the text has no end", "close it with the quote it begins with"),
    )
)
_WORDS = re.compile(r"\w+")


def broken_text_at(source: str, offset: int) -> Habit | None:
    """What is wrong with the text in quotes that begins here and cannot be read."""
    return _first(_BROKEN_TEXTS, source, offset)


def habit_at(source: str, offset: int) -> Habit | None:
    """The habit that shows at this place, if one does."""
    if offset < len(source) and ord(source[offset]) > 127:
        return _other_letters(source, offset)
    return _first(_HABITS, source, offset)


def _first(habits: tuple[tuple[re.Pattern[str], str, str], ...], source: str, offset: int) -> Habit | None:
    for pattern, cause, mend in habits:
        found = pattern.match(source, offset)
        if found is not None:
            return Habit(max(1, len(found.group())), cause, mend)
    return None


def _other_letters(source: str, offset: int) -> Habit:
    letter = source[offset]
    plain = letter.translate(_FULL_WIDTH)
    if plain.isspace():
        return Habit(1, "a wide space", "write an ordinary one")
    if plain != letter:
        return Habit(
            1, f"`{letter}` is a full-width sign", f"write `{plain}`, with the keyboard set to English"
        )
    found = _WORDS.match(source, offset)
    words = found.group() if found is not None else letter
    return Habit(len(words), f"`{words}` without quotes", f"write '{words}'")
