"""The words in which an expected value is said: the grammar of an answer to "your telephone number, please". Pure.

Numbers, dates and yes/no are said in few words; among those an engine with a grammar errs far less than in the whole
language, and is twenty times as quick. What people say around the value belongs to it as well, or it would be forced
into digits; but nothing short: a 삼 becomes 사 음 where 음 ("er") is allowed, and 是 is heard for 四 and 十.
"""

from __future__ import annotations

from collections.abc import Mapping

_ZH_DATES = """
年 月 日 号 今天 明天 后天 昨天 前天 大后天 星期 礼拜 周 星期天 周末 天 上 下 这 去年 今年 明年 上午 下午 早上 中午 晚上
凌晨 傍晚 点 点钟 分 半 刻 钟 左右 初 底
"""
_EN_DATES = """
january february march april may june july august september october november december monday tuesday wednesday thursday
friday saturday sunday today tomorrow yesterday next last this on the of in at first second third fourth fifth sixth
seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth
twentieth thirtieth o'clock am pm morning afternoon evening night noon midnight quarter past to half about week day
"""
_EN_NUMBERS = """
ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy
eighty ninety hundred thousand million point and half
"""

_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "digits": "零 幺 一 二 两 三 四 五 六 七 八 九",
        "numbers": "十 百 千 万 亿 半 点 个 负",
        "money": "块 元 毛 角 块钱",
        "dates": _ZH_DATES,
        "letters": "艾克斯 叉",
        "yes_no": """
            是 是的 对 对的 好 好的 可以 行 嗯 没错 确认 需要 要 愿意 同意 不 不是 不对 不好 不行 不可以 不要 不用
            不需要 不同意 没有 错了 错 否 算了
        """,
    },
    "en": {
        "digits": "zero oh nought one two three four five six seven eight nine double triple",
        "numbers": _EN_NUMBERS,
        "money": "dollar dollars cent cents",
        "dates": _EN_DATES,
        "letters": "x",
        "yes_no": """
            yes yeah yep yup sure okay ok right correct exactly please fine true no nope not wrong incorrect cancel
        """,
    },
    "ko": {
        "digits": "영 공 일 이 삼 사 오 육 칠 팔 구 하나 둘 셋 넷",
        "numbers": "십 백 천 만 억 반",
        "money": "원",
        "dates": "년 월 일 오늘 내일 모레 어제 요일 오전 오후 시 분 반 다음 이번 지난 주",
        "letters": "엑스",
        "yes_no": "네 예 그래요 맞아요 맞습니다 좋아요 아니요 아니오 아닙니다 틀려요 싫어요",
    },
}

_AROUND: Mapping[str, str] = {
    "zh": """
        电话 手机 号码 尾号 身份证 工单 然后 接着 那个 就是 不对 错了 重新 好的 没有 不知道 不记得 忘了 等一下 稍等
        谢谢 你好
    """,
    "en": "number phone area extension sorry wait again hello thanks mistake nothing",
    "ko": "번호는 전화 번호 그리고 아니요 몰라요 없어요 감사합니다",
}

_PARTS: Mapping[str, tuple[str, ...]] = {
    "digits": ("digits",),
    "phone": ("digits",),
    "extension": ("digits",),
    "id_card": ("digits", "letters"),
    "number": ("digits", "numbers"),
    "amount": ("digits", "numbers", "money"),
    "year": ("digits", "numbers", "dates"),
    "date": ("digits", "numbers", "dates"),
    "time": ("digits", "numbers", "dates"),
    "yes_no": ("yes_no",),
}
"""By the names of `ListenRequest.expects`. Those with letters of all kinds (postcodes, tickets) are open speech."""


def expected_words(expects: str, language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of the value, and those around it; ((), ()) = nothing is known of it: open speech."""
    words = _WORDS.get(language, {})
    # How many digits there are (`digits:6`) is nothing to a grammar.
    parts = _PARTS.get(expects.partition(":")[0], ())
    core = tuple(dict.fromkeys(word for part in parts for word in words.get(part, "").split()))
    return (core, tuple(_AROUND.get(language, "").split())) if core else ((), ())
