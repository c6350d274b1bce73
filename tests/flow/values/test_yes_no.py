"""Yes, no, and what is neither."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow.values.spoken import yes_no

YES = {
    "zh": (
        "是|是的|我就是|是我|不好意思，是的|是啊|对|对的|对对对|没错|沒錯|好|好的|好吧|可以|可以的|嗯|嗯嗯|行|行吧|要|需要|有|当然|"
        "确认|愿意|中|要得|係|没问题|没有问题|没什么问题|没有错|不错|是三号楼|对三号楼|嗯是的|是的谢谢|"
        "对，没错|都对|都可以|好的没问题|应该是对的|就是的|对，我不是本地人|OK|yes"
    ),
    "en": (
        "yes|yeah|yep|yes please|correct|that's right|That is correct.|right|sure|okay|of course|"
        "absolutely|uh huh|mm-hmm|it is|i do|no problem|why not|sounds good|go ahead|yes it is|"
        "Yes, that's me|i think that's right|please|all right|yes sir|yes, i'm not from here|"
        "Yes, but my name is Tom|yes thank you very much"
    ),
    "es": (
        "sí|si|claro|claro que sí|correcto|así es|vale|bueno|de acuerdo|por supuesto|está bien|cómo no|"
        "no hay problema|sí, gracias|sin duda|eso es"
    ),
}
NO = {
    "zh": (
        "不|不是|不是不是|没有没有|不是本人|对不起，不是|应该不是|不是的|不对|不用|不要|不需要|不行|不可以|不同意|不了|没|没有|沒有|没有了|没有别的了|"
        "错了|说错了|否|算了|都不是|这不对|不太对|我不需要|不不不|不是这个|不用了谢谢|不，谢谢|嗯不是|"
        "好的不用了谢谢|不是，是三号楼|不是是三号楼|不对应该是一三八|没事了|唔系|冇"
    ),
    "en": (
        "no|nope|nah|no thanks|no thank you|not really|wrong|that's wrong|incorrect|that's not right|"
        "not correct|that is not correct|it isn't|it's not|no it's five|No, that's not it.|i don't|"
        "i do not|absolutely not|of course not|not right now|never|uh-uh|no no no|well no|not at all|"
        "nothing else|no that's all|not yet"
    ),
    "es": (
        "no|no gracias|para nada|incorrecto|no es correcto|claro que no|no, es el cinco|nunca|nada más|"
        "está mal|no señor"
    ),
}
NEITHER = {
    "zh": (
        "不是不行|不能不去|没有不对|是不是|对不对|对吗|可以吗|不知道|不太清楚|不是很清楚|不确定|可能吧|"
        "好像是|随便|没听清|没听懂|没有听清|对不起|你说什么|等一下|再说一遍|对不用了|不对，对的|"
        "我要投诉|对面有人|对了我想问一下|我是张三|系统坏了|我想问一下社保|是这样的我想问一下|一三八|你好|。"
    ),
    "en": (
        "i don't know|maybe|not sure|i'm not sure|what|pardon|yes and no|not wrong|no yes|yeah no|"
        "can you repeat that|hello|show me|five|i didn't hear|wait|it depends|no idea|i need a person|hold on"
    ),
    "es": ("no sé|no entiendo|tal vez|quizás|no está mal|qué|sí y no|hola|un momento|cinco"),
}


def sayings(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(language, said) for language, text in table.items() for said in text.split("|")]


@pytest.mark.parametrize(("language", "said"), sayings(YES))
def test_yes(language: str, said: str) -> None:
    assert yes_no(said, language) is True


@pytest.mark.parametrize(("language", "said"), sayings(NO))
def test_no(language: str, said: str) -> None:
    assert yes_no(said, language) is False


@pytest.mark.parametrize(("language", "said"), sayings(NEITHER))
def test_neither(language: str, said: str) -> None:
    assert yes_no(said, language) is None


def test_an_unknown_language_and_silence_answer_nothing() -> None:
    assert yes_no("oui", "fr") is None
    assert yes_no("yes", "fr") is None
    assert yes_no("", "zh") is None


ZH = "是对不没有好嗯要行，。吗的了错用可以"
WORDS = "yes no not right wrong i do is it that , - si claro que"


@settings(deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=40),
        st.lists(st.sampled_from(ZH), max_size=20).map("".join),
        st.lists(st.sampled_from(WORDS.split()), max_size=12).map(" ".join),
    ),
    language=st.sampled_from(["zh", "en", "es", "fr"]),
)
def test_no_text_makes_it_raise(text: str, language: str) -> None:
    assert yes_no(text, language) in (True, False, None)


@pytest.mark.parametrize(("language", "comma"), [("zh", "，"), ("en", ", "), ("es", ", ")])
@settings(deadline=None)
@given(data=st.data())
def test_answers_that_contradict_each_other_are_neither(
    language: str, comma: str, data: st.DataObject
) -> None:
    firm = {"zh": ("是的", "不是"), "en": ("yes", "no"), "es": ("sí", "no")}[language]
    said = data.draw(st.lists(st.sampled_from(firm), min_size=1, max_size=4))
    expected = None if len(set(said)) == 2 else said[0] == firm[0]
    assert yes_no(comma.join(said), language) is expected
