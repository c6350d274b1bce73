"""Reads the numbers in Chinese text: `read`. Pure.

一三三 and 幺洞拐 are digits one by one; whatever holds a unit is a quantity (`chinese_quantity`). 三个八 is 888.
About-so-many (几十, 十几, 两三个, 二十多) is no number.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ivr.flow.values.chinese_quantity import DIGITS, FORMAL, NUMERIC, UNITS, continued, quantity
from ivr.flow.values.figures import FIGURES
from ivr.flow.values.pieces import (
    CORRECTION,
    DOUBT,
    FILLER,
    LETTER_X,
    PAUSE,
    SIGN,
    VAGUE,
    WORD,
    Piece,
    digits,
    number,
)
from ivr.flow.values.plain import plain_chinese

_RADIO = {"洞": "0", "拐": "7", "勾": "9"}
"""As the army and the railways say digits; plain words elsewhere, so they count only beside another digit."""
_YAO = re.compile(rf"(?<=[{NUMERIC}洞拐勾])[腰要邀夭妖么](?=[{NUMERIC}洞拐勾])")
"""How recognisers write 幺: a one when it stands between digits."""
_SIMPLE = "".join(DIGITS)
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_SPACE_IN_HAN = re.compile(rf"(?<=[{_HAN}])\s+(?=[{_HAN}])")
_ABOUT = re.compile(r"[多几]|来(?=[个天岁人块年])")
_MEASURE = rf"(?:[天人次年月块元斤岁位家]|个(?![{_SIMPLE}0-9]))"
_ONE_MORE = re.compile(rf"[一二三四五六七八九](?={_MEASURE})")
"""二十三四个: twenty-three or four."""
_NEIGHBOURS = "一二|二三|三四|四五|五六|六七|七八|八九"


def _repeat(match: re.Match[str]) -> Piece:
    times, digit = (DIGITS.get(character, character) for character in (match["times"], match["digit"]))
    return digits(digit * int(times))


_RULES: tuple[tuple[str, Piece | Callable[[re.Match[str]], Piece]], ...] = (
    (rf"不是[^是不]{{1,24}}[，,]?而?是(?=[{NUMERIC}])", CORRECTION),
    (r"不对|错了|我?[说讲念报]错了?|更正(?:一下)?|重新[说来报]", CORRECTION),
    (r"不是|不好意思|对不起", DOUBT),
    (r"好?几[十百千万亿个]*|若干|许多|很多|不少", VAGUE),
    (rf"(?<![{NUMERIC}])两三(?=[十百千万]|{_MEASURE})", VAGUE),
    (rf"(?<![{NUMERIC}洞拐勾])两三(?![{NUMERIC}洞拐勾])", Piece("vague", "23")),
    (rf"(?<![{NUMERIC}])(?:{_NEIGHBOURS})(?={_MEASURE}|十(?![{NUMERIC}]))", VAGUE),
    (rf"(?<![{_SIMPLE}0-9])(?:{_NEIGHBOURS})[百千万]", VAGUE),
    (r"一个?[也都]没有?", VAGUE),
    (rf"一点儿?(?![{NUMERIC}半钟整分刻])", FILLER),
    (rf"百分之(?=[{NUMERIC}])|第(?=[{NUMERIC}])", FILLER),
    (r"[一二三四五六七八九十百0-9]+分之[一二三四五六七八九十百0-9]+", VAGUE),
    (rf"(?P<times>[一二两三四五六七八九1-9])个(?P<digit>[{_SIMPLE}0-9])(?![{''.join(UNITS)}个半])", _repeat),
    (r"最后一位|一下[子儿]?|一会儿?|第一次|一[般样起直定些共边旦切律向致]|[唯统万]一", FILLER),
    (r"十[分字]", WORD),
    (r"井号键?|井字键?|#", Piece("mark", "#")),
    (r"星号键?|星键|米字键|\*", Piece("mark", "*")),
    (r"[艾爱埃][克科]斯|叉|(?<![a-z])x(?![a-z])", LETTER_X),
    (rf"负数?(?=[{NUMERIC}半])|零下(?=[{NUMERIC}])|(?<![0-9{_HAN}])-(?=[0-9])", SIGN),
    *((rf"{pattern}(?![万亿])", made) for pattern, made in FIGURES),
    (r"一?半(?![夜路天])个?", number(0.5)),
    (
        r"(?:联系|手机|座机|电话|工单|区|编|单|卡|证|账|订单|身份证)(?:号码?)?|号码|尾号"
        r"|我们?的?家?|[你您]好?的?|喂|那个|那么|这个|请问?|麻烦|谢谢|好的?|对的?|然后|再|接着|前面|后面|开头|横?杠|空格"
        r"|[嗯呃额啊呀哦噢哎诶唉那就是的吧呢了哈嘛]",
        FILLER,
    ),
    (r"[,，.。、;；:：!！?？…()（）—~+-]+", PAUSE),
    (r"\s+", FILLER),
)
_COMPILED = tuple((re.compile(pattern), made) for pattern, made in _RULES)

_VAGUE = tuple(pattern for pattern, made in _COMPILED if isinstance(made, Piece) and made.kind == "vague")


def read(text: str) -> tuple[Piece, ...]:
    """text: as a recogniser or a person wrote it."""
    text = _SPACE_IN_HAN.sub("", plain_chinese(text))
    pieces: list[Piece] = []
    at = 0
    while at < len(text):
        piece, at = _piece(text, at)
        pieces.append(piece)
    return tuple(pieces)


def figured(text: str) -> str:
    """The text with its numbers in figures, for those who look for dates and times in it: 下午两点半 -> 下午2点半.

    Points and halves stay; about-so-many becomes `?`. Without spaces.
    """
    text = re.sub(r"\s+", "", plain_chinese(text))
    said, at = "", 0
    while at < len(text):
        about = next((match for pattern in _VAGUE if (match := pattern.match(text, at)) is not None), None)
        whole = quantity(text, at)
        digit = _digit(text, at)
        if about is not None:
            said, at = said + "?", about.end()
        elif whole is not None and isinstance(whole[0], int):
            said, at = said + str(whole[0]), whole[1]
        else:
            said, at = said + (digit or text[at]), at + 1
    return said


def _piece(text: str, at: int) -> tuple[Piece, int]:
    for pattern, made in _COMPILED:
        match = pattern.match(text, at)
        if match is not None:
            piece = made if isinstance(made, Piece) else made(match)
            return _about(piece, match.end(), text)
    if text[at] in FORMAL and not _beside(text, at, NUMERIC):
        return WORD, at + 1
    whole = quantity(text, at)
    if whole is not None:
        return _numeric(text, whole[1], number(whole[0]))
    end = at
    while end < len(text) and not (end > at and _breaks(text, end)):
        if _digit(text, end) is None:
            break
        end += 1
    if end == at:
        return WORD, at + 1
    return _numeric(text, end, digits("".join(_digit(text, place) or "" for place in range(at, end))))


def _breaks(text: str, at: int) -> bool:
    """Whether something longer than a digit begins here."""
    return quantity(text, at) is not None or any(
        pattern.match(text, at) for pattern, made in _COMPILED if made is _repeat
    )


def _numeric(text: str, at: int, piece: Piece) -> tuple[Piece, int]:
    """The piece, with the point, half or coins that follow it."""
    value = piece.value if piece.value is not None else int(piece.keys[:16])
    longer = continued(text, at, piece.keys, value)
    return _about(*((piece, at) if longer is None else (number(longer[0]), longer[1])), text)


def _about(piece: Piece, at: int, text: str) -> tuple[Piece, int]:
    about = _ABOUT.match(text, at) if piece.kind in ("number", "digits") else None
    if about is None and piece.kind == "number":
        about = _ONE_MORE.match(text, at)
    return (piece, at) if about is None else (VAGUE, about.end())


def _digit(text: str, at: int) -> str | None:
    character = text[at]
    if character in DIGITS:
        return DIGITS[character]
    if character in "0123456789":
        return character
    if character in _RADIO and _beside(text, at, NUMERIC + "洞拐勾"):
        return _RADIO[character]
    if _YAO.match(text, at):
        return "1"
    return None


def _beside(text: str, at: int, characters: str) -> bool:
    around = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
    return re.search(f"[{characters}]", around) is not None
