"""Yes or no from what was said, and neither when it could be both. Pure.

A text is read clause by clause, each from its beginning, as answers and fillers until other words come. The first
clause that answers decides; a later one counts only when it says nothing else (对,我不是本地人 stays a yes). Answers
that contradict each other, questions (对吗), doubt ("not sure"), not having understood (没听清) and double negatives
(不是不行) are None: asking once more is cheaper than acting on the wrong one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ivr.flow.values.plain import family, plain_chinese, plain_latin

_Sign = Literal["yes", "no", "soft", "lone_yes", "lone_no", "opening", "filler"]
"""soft: a yes where nothing else answers (嗯, "okay"). lone: an answer only without other words behind it (要, 没).
opening: a yes unless a no came before it (是三号楼, but 不是,是三号楼)."""


@dataclass(frozen=True, slots=True)
class _Answers:
    """undecided: anywhere in the text, it makes the answer None. table: what may stand in a clause, longest first."""

    undecided: re.Pattern[str]
    table: tuple[tuple[re.Pattern[str], _Sign], ...]


def _answers(undecided: str, table: tuple[tuple[_Sign, str], ...], begin: str, end: str) -> _Answers:
    """begin, end: what stands around each entry, so that words of letters match as whole words."""
    return _Answers(
        re.compile(f"{begin}(?:{undecided}){end}"),
        tuple((re.compile(f"{begin}(?:{words}){end}"), sign) for sign, words in table),
    )


_CHINESE = _answers(
    r"不(?:是|太|大|是很|是太|怎么|很)?(?:清楚|确定|知道|晓得|明白|懂|了解)|不一定|说不[好准定]|不好说|可能|也许|或许|大概|好像"
    r"|随便|无所谓|再说|再讲|重复|稍?等一?[下会等]|稍等|等等|考虑|没有?(?:太)?听|没有?看|听不|没(?:明白|懂|反应)"
    r"|什么意思|不是[不没](?!是)|没有?不|不[能得可会]不|别不|差不多|(?<!不)是不是|对不对|行不行|可不可以|能不能|要不要|好不好|(?<!没)有没有|是否"
    r"|[吗嘛][?？]?$|么[?？]$|为什么|怎么|哪[里个儿]|多少|是也不是",
    (
        ("filler", r"不好意思|对不起|抱歉"),
        ("yes", r"没有?什?[么啥]?问题|没有?说?[搞弄]?错|没毛病|不错|不会错|错不了|当然可以|当然是?"),
        (
            "no",
            r"不(?:太|大|怎么|完全|全)?[是对像]|不(?:用|要|需要?|行|可以|能|好|同意|愿意|想|必|了|正确|准确|满意|接受|算|得|可)"
            r"|没有|没事了|没得|无[须需]|[错弄搞说]错了?|错[了的误]|有(?:问题|误|错)|否|算了|拒绝|唔(?:系|使|要|得|好|对)|冇|莫得|nope|no",
        ),
        (
            "yes",
            r"是[的啊呀嘞滴]|[对系][的啊呀头]?(?![了面于方付策象待接统])|正确|准确|可以|要[的得]|需要的|同意|愿意|必须的|肯定是?|啱|yes|yeah",
        ),
        ("lone_yes", r"我们?就?是|对了|确[认定]|需?要|有|行|能|会|得|中|成|满意|愿意|想"),
        ("lone_no", r"[不没无错别莫]"),
        ("opening", r"是(?![这那]样|想|要|说|因为|关于|来|问|不|啥|什|谁|哪)"),
        ("soft", r"好[的啊呀吧嘞滴]?|嗯+|唔|ok|okay|[行成]吧"),
        (
            "filler",
            r"我们?|这个?|那个?|[都也就真太很挺]|的|确实|其实|应该|麻烦|请|谢谢|您好?|你好?|多谢|[呃额啊呀哦噢哎诶呢吧哈嘛了咯哟]|\s",
        ),
    ),
    "",
    "",
)

_ENGLISH = _answers(
    r"(?:dont|do not|didnt|did not|doesnt|cant|cannot|couldnt) (?:really |quite )?"
    r"(?:know|understand|remember|care|hear|catch|get|think so either)|not (?:really |too |so |quite )?(?:sure|certain)"
    r"|unsure|maybe|perhaps|possibly|probably not sure|might|no idea|kind of|sort of|i guess|depends|yes and no"
    r"|(?:not|isnt|wasnt) (?:wrong|incorrect|bad|false|no|not)|what|who|where|how|which|pardon|repeat|again|hold on"
    r"|wait|(?:one|a) (?:moment|second|minute)|can you|could you|excuse me|is (?:it|that) (?:right|correct)",
    (
        (
            "yes",
            r"no (?:problem|worries|doubt|objections?)|not a problem|why not|of course(?! not)|uh huh|mm ?hm+|mhm+"
            r"|you bet|you got it|by all means|go ahead|sounds (?:good|right|great|fine)|please do(?! not)"
            r"|(?:i|we) (?:do|am|have|would|did|will|can|agree)(?! not)|(?:it|that|this) is(?! not| wrong| incorrect)"
            r"|(?:absolutely|certainly|definitely|sure|surely)(?! not)|sure thing|affirmative|correct"
            r"|right(?! now| away)|exactly|precisely|indeed|true|confirm(?:ed)?|agreed|yes|yeah|yep|yup|yea|ya|aye|si",
        ),
        (
            "no",
            r"not? (?:at all|really|thanks?(?: you)?|way)"
            r"|(?:absolutely|certainly|definitely|of course|please do|surely|sure) not"
            r"|(?:i|we)? ?(?:dont|do not|wont|wouldnt|havent|didnt|cant|am not|have not)|im not"
            r"|(?:it |that |this |thats |its )?(?:isnt|is not|wasnt|not)"
            r"(?: (?:quite |exactly |really |very |all |the )?(?:right|correct|true|mine|me|good|ok|okay|fine|it))?"
            r"|no|nope|nah|never|uh uh|nuh uh"
            r"|(?:it|that|this) is (?:wrong|incorrect)|wrong|incorrect|false|negative|nothing|none|neither",
        ),
        ("soft", r"ok|okay|all ?right|good|great|fine|perfect|please"),
        (
            "filler",
            r"um+|uh+|er+m?|ah|oh|well|so|just|really|very|much|quite|actually|honestly"
            r"|i (?:think|believe|said|mean)|thats|its|it|that|is|the|all|thank you|thanks|please|sir|maam|madam"
            r"|hello|hi|and|you|about|for|me|to|be|would|here|too|sorry",
        ),
    ),
    r"(?<!\w)",
    r"(?!\w)",
)

_SPANISH = _answers(
    r"no (?:lo )?(?:se|entiendo|entendi|comprendo|recuerdo|oigo|escuche|estoy segur[oa])|tal ?vez|quizas?|a lo mejor"
    r"|puede ser|depende|^(?:que|cual|quien|donde|como(?! no))|repit[ae]"
    r"|un (?:momento|segundo|minuto)|esper[ae]|no esta mal|ni si ni no|mas o menos|no es (?:incorrecto|falso)",
    (
        (
            "yes",
            r"como no|no hay (?:problema|inconveniente)|sin (?:problema|duda)|claro(?: que si)?(?! que no)"
            r"|por supuesto(?! que no)|desde luego|asi es|de acuerdo"
            r"|esta (?:bien|correcto)|es (?:correcto|verdad|cierto|asi)|correcto|correcta"
            r"|exact[oa](?:mente)?|efectivamente|cierto|afirmativo|eso(?: es| mismo)|confirmo|acepto|adelante|si",
        ),
        (
            "no",
            r"(?:claro|por supuesto|desde luego) que no|para nada|de ninguna manera|en absoluto|nunca|nada|ningun[oa]?"
            r"|no (?:es |esta )?(?:correct[oa]|cierto|verdad|asi|eso|bien)"
            r"|tampoco|incorrect[oa]|falso|equivocad[oa]|mal|no|negativo|esta mal|es (?:incorrecto|falso)",
        ),
        ("soft", r"bueno|vale|ok|okay|bien|perfecto|dale|aja|muy bien"),
        (
            "filler",
            r"eh+|este|pues|ah|muchas|gracias|por favor|senor(?:ita|a)?|hola|y|yo|creo|eso|es|muy|todo"
            r"|se|lo|la|el|esta|perdone?",
        ),
    ),
    r"(?<!\w)",
    r"(?!\w)",
)

_LANGUAGES = {"zh": _CHINESE, "en": _ENGLISH, "es": _SPANISH}
_CLAUSES = re.compile(r"[,，.。;；!！?？、…]+")


def yes_no(text: str, language: str) -> bool | None:
    """True: yes. False: no. None: neither, both, or not sure; also for every language but `zh`, `en`, `es`."""
    spoken = family(language)
    answers = _LANGUAGES.get(spoken)
    if answers is None:
        return None
    text = (plain_chinese(text) if spoken == "zh" else plain_latin(text).replace("-", " ")).strip()
    if not text or answers.undecided.search(text):
        return None
    said: set[bool] = set()
    soft = other = False
    for clause in _CLAUSES.split(text):
        signs, complete = _signs(clause.strip(), answers)
        found = _found(signs, complete, after_no=False in said)
        if found and (complete or not said):
            said |= found
        soft = soft or "soft" in signs
        other = other or not complete
    if len(said) == 1:
        return said.pop()
    return True if not said and soft and not other else None


def _signs(clause: str, answers: _Answers) -> tuple[list[_Sign], bool]:
    """The signs from the beginning of a clause, and whether nothing else is in it."""
    signs: list[_Sign] = []
    at = 0
    while at < len(clause):
        if clause[at] == " ":
            at += 1
            continue
        for pattern, sign in answers.table:
            match = pattern.match(clause, at)
            if match is not None and match.end() > at:
                signs.append(sign)
                at = match.end()
                break
        else:
            return signs, False
    return signs, True


def _found(signs: list[_Sign], complete: bool, *, after_no: bool) -> set[bool]:
    """The answers that a clause gives. after_no: whether a clause before it said no."""
    found: set[bool] = set()
    for sign in signs:
        if sign == "yes" or (sign == "lone_yes" and complete):
            found.add(True)
        elif sign == "no" or (sign == "lone_no" and complete):
            found.add(False)
        elif sign == "opening" and not after_no and False not in found:
            found.add(True)
    return found
