"""The lexicon of English numbers (`words.Lexicon`)."""

from __future__ import annotations

from ivr.flow.values.pieces import CORRECTION, DOUBT, FILLER, LETTER_X, VAGUE, Piece
from ivr.flow.values.words import Lexicon

_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_TENTHS = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"
_FILLERS = (
    "my,the,number,numbers,is,its,it,um,uh,er,erm,ah,hm,hmm,mm,well,so,okay,ok,please,thanks,thank,you,and,then,dash,"
    "hyphen,dot,space,area,code,zip,postal,phone,telephone,cell,mobile,ticket,case,reference,card,id,im,i,am,that,thats,"
    "yes,yeah,sure,at,on,an,a,be,would,call,me,followed,by,again,like,believe,think,of,percent,plus,hello,hi,"
    "let me see,you know,one moment,one moment please,one second,one sec,one minute,just a second,a second,"
    "just a minute,this one,that one,no one,the one,last digit,first digit,no problem,thats it,thats all"
)

ENGLISH = Lexicon(
    small={word: value for value, word in enumerate(_ONES.split(), 1)}
    | {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
    | {"fourty": 40, "ninty": 90},
    ordinals={word: value for value, word in enumerate(_ORDINALS.split(), 1)}
    | {word: 10 * value for value, word in enumerate(_TENTHS.split(), 2)},
    zero=frozenset({"zero", "nought", "naught", "nil"}),
    weak_zero=frozenset({"oh", "o"}),
    hundreds={},
    hundred=frozenset({"hundred"}),
    scales={"dozen": 12, "thousand": 1000, "million": 10**6, "billion": 10**9},
    and_=frozenset({"and"}),
    and_in_tens=False,
    one=frozenset({"a", "an"}),
    repeats={"double": 2, "triple": 3, "treble": 3, "quadruple": 4},
    point=frozenset({"point"}),
    minus=frozenset({"minus", "negative"}),
    half=frozenset({"half"}),
    half_after=(("and", "a", "half"), ("and", "half")),
    coin=frozenset(
        ["dollar", "dollars", "buck", "bucks", "euro", "euros", "yuan", "rmb", "pounds", "pesos", "peso"]
    ),
    cent=frozenset(["cent", "cents", "pence", "pennies"]),
    words={tuple(words.split()): FILLER for words in _FILLERS.split(",")}
    | {
        (word,): VAGUE
        for word in [
            "several",
            "few",
            "couple",
            "dozens",
            "hundreds",
            "thousands",
            "millions",
            "something",
            "odd",
        ]
    }
    | {
        tuple(words.split()): CORRECTION
        for words in [
            "no wait",
            "wait no",
            "wait",
            "scratch that",
            "i mean",
            "i meant",
            "correction",
            "let me start over",
            "start over",
            "my mistake",
            "thats wrong",
            "that is wrong",
        ]
    }
    | {(word,): DOUBT for word in ["no", "sorry", "not", "actually"]}
    | {(word,): LETTER_X for word in ("x", "ex", "ecks")}
    | {
        tuple(words.split()): Piece("mark", "#")
        for words in [
            "#",
            "pound",
            "hash",
            "sharp",
            "hashtag",
            "pound sign",
            "hash sign",
            "pound key",
            "hash key",
            "number sign",
        ]
    }
    | {tuple(words.split()): Piece("mark", "*") for words in ["*", "star", "asterisk", "star key"]}
    | {("half", "a", "dozen"): Piece("number", "6", 6)},
)
