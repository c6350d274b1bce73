"""People who say a string of digits, each in their own way. Every way gives the string back when it is heard right."""

from __future__ import annotations

from collections.abc import Callable

ZH = "零一二三四五六七八九"
_EN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_EN_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety"
_ES = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete "
    "veintiocho veintinueve"
)
_ES_TENS = "_ _ _ treinta cuarenta cincuenta sesenta setenta ochenta noventa"
EN, EN_TENS = _EN.split(), _EN_TENS.split()
ES, ES_TENS = _ES.split(), _ES_TENS.split()


def zh_plain(digits: str) -> str:
    return "".join(ZH[int(digit)] for digit in digits)


def zh_yao(digits: str) -> str:
    return zh_plain(digits).replace("一", "幺")


def zh_radio(digits: str) -> str:
    """The digits of the army; a lone 洞 would be a hole."""
    said = zh_yao(digits).replace("零", "洞").replace("七", "拐").replace("九", "勾").replace("二", "两")
    return said if len(said) > 1 else zh_plain(digits)


def zh_spaced(digits: str) -> str:
    return " ".join(zh_plain(digits))


def zh_polite(digits: str) -> str:
    half = len(digits) // 2
    return f"嗯，我的电话号码是{zh_plain(digits[:half])}，呃，{zh_yao(digits[half:])}，谢谢您"


def zh_mixed(digits: str) -> str:
    return digits[:3] + zh_plain(digits[3:])


def zh_full_width(digits: str) -> str:
    return "".join(chr(ord("０") + int(digit)) for digit in digits)


def zh_pairs(digits: str) -> str:
    """二十三，四十五: a pause between the pairs, or 二十，十三 would be one number."""
    return "，".join(_zh_pair(pair) for pair in _pairs(digits))


def _zh_pair(pair: str) -> str:
    if len(pair) < 2 or pair[0] == "0":
        return zh_plain(pair)
    tens = "" if pair[0] == "1" else ZH[int(pair[0])]
    return tens + "十" + ("" if pair[1] == "0" else ZH[int(pair[1])])


def zh_repeats(digits: str) -> str:
    """三个八 for 888."""
    said = ""
    for run in _same(digits):
        said += (
            f"{'_一两三四五六七八九'[len(run)]}个{ZH[int(run[0])]}" if 1 < len(run) < 10 else zh_plain(run)
        )
    return said


def en_plain(digits: str) -> str:
    return " ".join(EN[int(digit)] for digit in digits)


def en_oh(digits: str) -> str:
    said = en_plain(digits).replace("zero", "oh")
    return said if set(digits) != {"0"} or len(digits) > 1 else "zero"


def en_polite(digits: str) -> str:
    half = len(digits) // 2
    return f"Um, my number is {en_plain(digits[:half])}, uh, {en_plain(digits[half:])}. Thank you!"


def en_repeats(digits: str) -> str:
    said = []
    for run in _same(digits):
        word = {2: "double", 3: "triple"}.get(len(run))
        said.append(f"{word} {EN[int(run[0])]}" if word else en_plain(run))
    return " ".join(said)


def en_pairs(digits: str) -> str:
    return " ".join(_en_pair(pair) for pair in _pairs(digits))


def _en_pair(pair: str) -> str:
    if len(pair) < 2 or pair == "00":
        return en_plain(pair)
    if pair[0] == "0":
        return f"oh {EN[int(pair[1])]}"
    if pair[0] == "1":
        return EN[int(pair)]
    return EN_TENS[int(pair[0])] + ("" if pair[1] == "0" else f"-{EN[int(pair[1])]}")


def figures_grouped(digits: str) -> str:
    return " ".join(digits[at : at + 3] for at in range(0, len(digits), 3))


def figures_hyphens(digits: str) -> str:
    return "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def es_plain(digits: str) -> str:
    return " ".join(ES[int(digit)] for digit in digits)


def es_polite(digits: str) -> str:
    return f"Eh, mi número es el {es_plain(digits)}, por favor"


def es_pairs(digits: str) -> str:
    return ", ".join(_es_pair(pair) for pair in _pairs(digits))


def _es_pair(pair: str) -> str:
    if len(pair) < 2 or pair[0] == "0":
        return es_plain(pair)
    if int(pair) < 30:
        return ES[int(pair)]
    return ES_TENS[int(pair[0])] + ("" if pair[1] == "0" else f" y {ES[int(pair[1])]}")


def _pairs(digits: str) -> list[str]:
    """From the end, so that a single digit comes first."""
    odd = len(digits) % 2
    return ([digits[:1]] if odd else []) + [digits[at : at + 2] for at in range(odd, len(digits), 2)]


def _same(digits: str) -> list[str]:
    runs: list[str] = []
    for digit in digits:
        if runs and runs[-1][0] == digit:
            runs[-1] += digit
        else:
            runs.append(digit)
    return runs


SPEAKERS: dict[str, tuple[str, Callable[[str], str]]] = {
    speaker.__name__: (language, speaker)
    for language, speakers in {
        "zh": (
            zh_plain,
            zh_yao,
            zh_radio,
            zh_spaced,
            zh_polite,
            zh_mixed,
            zh_full_width,
            zh_pairs,
            zh_repeats,
        ),
        "en": (en_plain, en_oh, en_polite, en_repeats, en_pairs),
        "es": (es_plain, es_polite, es_pairs),
        "fr": (figures_grouped, figures_hyphens),
    }.items()
    for speaker in speakers
}
