"""Text in one form before it is read: half width, lower case, ASCII digits, simplified number characters. Pure."""

from __future__ import annotations

import unicodedata

LONGEST = 400
"""Characters that are read: more than anyone says at one prompt, and a bound on the work for any text."""

_SIMPLIFIED = str.maketrans(
    "萬億兩點號負參貳陸幾裡週後個對沒錯嗎麼這還應該會係禮圓塊錢歲時鐘間農曆陰陽從離過開請謝話機證編單碼區鍵轉識聽見當確認問題實無須來給總數別願誤",
    "万亿两点号负叁贰陆几里周后个对没错吗么这还应该会系礼圆块钱岁时钟间农历阴阳从离过开请谢话机证编单码区键转识听见当确认问题实无须来给总数别愿误",
)

_APOSTROPHES = dict.fromkeys(map(ord, "'’‘`´"))


def family(language: str) -> str:
    """`zh-CN` -> `zh`. The spoken Chinese languages are written, and so read, alike."""
    primary = language.casefold().replace("_", "-").split("-", 1)[0]
    return "zh" if primary in ("zh", "cmn", "yue", "wuu") else primary


def plain(text: str) -> str:
    """Half width, lower case, any script's decimal digits as `0`-`9`, no more than LONGEST characters."""
    text = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()[:LONGEST]
    return "".join(_digit(character) for character in text)


def plain_chinese(text: str) -> str:
    """As `plain`, traditional characters of numbers, dates and answers simplified."""
    return plain(text).translate(_SIMPLIFIED)


def plain_latin(text: str) -> str:
    """As `plain`, without accents, apostrophes and the dots of abbreviations: `mañana` -> manana, `p.m.` -> pm."""
    text = unicodedata.normalize("NFD", plain(text))
    text = "".join(character for character in text if not unicodedata.combining(character))
    text = text.translate(_APOSTROPHES)
    return text.replace("a.m.", "am").replace("p.m.", "pm").replace("o.k.", "ok")


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
