"""How long to wait after what was heard so far: has the caller said it all? Pure; the words are data, per language.

    expected                    heard so far                               patience
    --------------------------  -----------------------------------------  --------------------------
    a menu, yes or no           a phrase whole, no longer one begins so     QUICK
    a menu                      the beginning of a phrase only              HESITANT
    digits, a number            as many as it can have                      QUICK
    digits, a number            fewer; far too many, a decoder's loop       PATIENT
    digits, a number            a word or two, mostly digits misheard       PATIENT
    digits, a number            one or two too many; nothing known yet      HESITANT
    anything else               ends in a word that something follows       PATIENT
    anything else               ends in a number, a comma                   HESITANT
    anything else               ends as sentences end, or is a yes or no    BRISK
    anything else               none of these, or nothing known yet         USUAL

Patience is a factor of the silence that the author of the dialogue set (`end_silence_s`, 0.8 s): from 0.45 to 2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from asr.models import language_tag
from asr.protocol import ListenRequest
from asr.text import CJK, spoken

QUICK: Final = 0.45
BRISK: Final = 0.75
USUAL: Final = 1.0
HESITANT: Final = 1.4
PATIENT: Final = 2.0


@dataclass(frozen=True, slots=True)
class Wording:
    """How a language's speakers show that they go on or are done. Words as `asr.text.spoken` writes them.

    unfinished: something follows them. finished: nothing mostly does. answers: whole ones, such as yes or no. digits:
    word -> figure. numbers: other words of numbers. units: a number that ends in them is whole. spaced: words have
    spaces between them.
    """

    unfinished: frozenset[str] = frozenset()
    finished: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()
    digits: Mapping[str, str] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    spaced: bool = True


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _figures(text: str) -> dict[str, str]:
    return {word: str(index) for index, word in enumerate(text.split())}


NONE = Wording()

WORDINGS: Mapping[str, Wording] = {
    "zh": Wording(
        unfinished=_words(
            """
            因为 所以 然后 就是 就是说 那个 这个 还有 而且 但是 可是 不过 如果 要是 比如 比如说 或者
            以及 和 跟 与 但 并且 另外 之后 的时候 由于 关于 对于 至于 除了 虽然 只要 只有 即使 无论
            不管 并 且 及 把 被 给 从 向 往 到 在 对 让 叫 是 很 太 非常 特别 有一个 一个 有个 这种 那种
            我想 我要 我家的 我家 想问一下 问一下 请问 我想问一下 我是
            我叫 地址是 号码是 电话是 名字是 时间是 呃 嗯 额 啊那个 这边 那边 每次 每天 一直 已经 还 又
            再 也 都 就 才 想 要
            """
        ),
        finished=_words(
            """
            谢谢 谢谢你 谢谢您 再见 了 吗 呢 吧 好的 可以 没有了 就这些 就这样 怎么办 怎么补办 怎么办理
            多少钱 什么时候 在哪里 在哪儿 对的 是的 的吗 没了 麻烦你了 麻烦您了 看一看 看一下 处理一下
            解决一下
            """
        ),
        answers=_words(
            """
            是 是的 对 对的 对啊 好 好的 可以 行 没错 嗯 不是 不对 不行 不用 不要 没有 不是的 不可以
            不用了 确认 取消 不知道 不清楚 不记得 不记得了 忘了 没有电话
            """
        ),
        digits=_figures("零 一 二 三 四 五 六 七 八 九") | {"幺": "1", "两": "2", "〇": "0"},
        numbers=_words("十 百 千 万 亿 第"),
        units=_words(
            "号 楼 室 栋 单元 层 弄 路 街 巷 日 月 年 点 分 半 块 元 角 岁 个 天 次 度 米 公里 人 钟"
        ),
        spaced=False,
    ),
    "en": Wording(
        unfinished=_words(
            """
            and but or so because then if when while although though unless until since that which who
            whose where why how what the a an this these those my your his her its our their of to in at
            on for from with by about into near between under over behind is are was were am be i i'm
            i've we they he she it's there's there um uh er erm like very really also as every each
            my-name-is
            """
        ),
        finished=_words(
            "please thanks thank-you bye goodbye that's-all thank-you-very-much that's-it okay ok"
        ),
        answers=_words("yes yeah yep yup no nope nah ok okay sure correct right wrong cancel confirm none"),
        digits=_figures("zero one two three four five six seven eight nine") | {"oh": "0", "o": "0"},
        numbers=_words(
            """
            ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty
            forty fifty sixty seventy eighty ninety hundred thousand number
            """
        ),
        units=_words(
            """
            street road avenue floor am pm dollars cents percent days weeks months years hours minutes
            times o'clock
            """
        ),
    ),
}

ONE_TOO_MANY = 2
MISHEARD = 7
"""Characters of a text without figures that may still be some: Whisper writes Eason or 遗森 for 一三."""

DIGITS = frozenset({"digits", "phone", "id_card", "postcode", "ticket", "extension"})
"""What is said digit by digit."""

FULL_LENGTHS: Mapping[str, Mapping[str, int]] = {
    "zh": {"phone": 11, "id_card": 18, "postcode": 6},
    "en": {"phone": 10, "postcode": 5},
}
"""How many digits are all of it. English telephone numbers with the country's 1 before them have one more."""

_LENGTHS = re.compile(r"(\w+):(\d+)(?:-(\d+))?")
_TRAILING = re.compile(rf"([^\w\s{CJK}]+)\s*$")


def patience(request: ListenRequest, text: str | None, phrase: str = "") -> float:
    """Of the request's end silence, how many times it is to be waited now, 0.45 .. 2.

    text: of the utterance up to the pause, None = not known (yet). phrase: of the grammar that it stands for, if any.
    `request.expects` may carry lengths: `digits:6`, `digits:4-8`.
    """
    language = language_tag(request.language)
    wording = WORDINGS.get(language, NONE)
    if request.phrases:
        return _of_menu(request.phrases, text, phrase, language)
    kind, fewest, most = _expected(request.expects, language)
    if kind in DIGITS:
        return _of_digits(text, wording, language, fewest, most)
    if text is None:
        return USUAL
    if kind == "yes_no" and spoken(text, language) in wording.answers:
        return QUICK
    return _of_sentence(text, wording, language)


def _expected(expects: str, language: str) -> tuple[str, int | None, int | None]:
    """What, and how many digits: the fewest and the most that are all of it, None where not known."""
    found = _LENGTHS.fullmatch(expects)
    if found is not None:
        return found[1], int(found[2]), int(found[3] or found[2])
    full = FULL_LENGTHS.get(language, {}).get(expects)
    return expects, full, full


def _of_menu(phrases: tuple[str, ...], text: str | None, phrase: str, language: str) -> float:
    if text is None:
        return USUAL
    said = spoken(text, language)
    allowed = {spoken(one, language) for one in phrases}
    if phrase and _size(said, language) == _size(spoken(phrase, language), language):
        # Heard by its sound: other characters, the same number of syllables.
        said = spoken(phrase, language)
    longer = any(one != said and one.startswith(said) for one in allowed) if said else False
    if said in allowed:
        return USUAL if longer else QUICK
    return HESITANT if longer else USUAL


def _size(said: str, language: str) -> int:
    return len(said.split()) if WORDINGS.get(language, NONE).spaced else len(said.replace(" ", ""))


def _of_digits(
    text: str | None, wording: Wording, language: str, fewest: int | None, most: int | None
) -> float:
    if text is None:
        return HESITANT
    figures = digits_of(text, language)
    if not figures:
        ending = _of_sentence(text, wording, language)
        misheard = ending > BRISK and 0 < len(spoken(text, language)) <= MISHEARD
        return PATIENT if misheard else ending
    if most is not None and len(figures) >= most:
        if len(figures) <= most + ONE_TOO_MANY:
            return QUICK if len(figures) == most else HESITANT
        return PATIENT
    if fewest is not None and len(figures) >= fewest:
        return USUAL
    return PATIENT


def digits_of(text: str, language: str) -> str:
    """The figures said one by one, in whatever way they are written."""
    wording = WORDINGS.get(language, NONE)
    # As written first: figures of a group read as a quantity (`29`) are still two.
    pieces = re.findall(rf"\d|[{CJK}]|[^\W\d]+", text.lower())
    return "".join(piece if piece.isdigit() else wording.digits.get(piece, "") for piece in pieces)


def _of_sentence(text: str, wording: Wording, language: str) -> float:
    said = spoken(text, language)
    if not said:
        return USUAL
    if said in wording.answers:
        return BRISK
    trailing = _TRAILING.search(text)
    marks = trailing[1] if trailing else ""
    if _ends_in(said, wording.unfinished, wording):
        return PATIENT
    if any(mark in marks for mark in ("，", ",", "、", "…", "...", "-", "：", ":")):
        return HESITANT
    if _ends_in(said, wording.units, wording):
        return USUAL
    last = said.split()[-1] if wording.spaced else said[-1]
    if last in wording.numbers or digits_of(last, language):
        return HESITANT
    if _ends_in(said, wording.finished, wording) or any(mark in marks for mark in "?？"):
        return BRISK
    return USUAL


def _ends_in(said: str, words: frozenset[str], wording: Wording) -> bool:
    """Words of several parts are written with hyphens in the lists."""
    if not wording.spaced:
        return said.replace(" ", "").endswith(tuple(words))
    parts = said.split()
    return any("-".join(parts[-count:]) in words for count in range(1, min(4, len(parts)) + 1))
