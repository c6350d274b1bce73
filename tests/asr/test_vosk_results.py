"""Vosk's grammars and results, without Vosk: phrases cut into words, readings, confidences, lists of words."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.expected_words import expected_words
from asr.protocol import Word
from asr.vosk_grammar import UnknownWords, garbage, grammar, segment
from asr.vosk_results import calibrated, match, of_words, readings, with_alternatives
from asr.vosk_words import UnreadableWords, read_words

VOCABULARY = {"人工", "人", "工", "投诉", "营业", "执照", "go", "forward", "一", "幺", "零", "二", "VIP"}


def known(word: str) -> bool:
    return word in VOCABULARY


@pytest.mark.parametrize(
    ("phrase", "language", "words"),
    [
        ("人工", "zh", "人工"),
        ("工人", "zh", "工 人"),
        ("营业执照", "zh", "营业 执照"),
        ("1", "zh", "一"),
        ("幺", "zh", "一"),
        ("Go forward!", "en", "go forward"),
        ("vip", "zh", "VIP"),
    ],
)
def test_a_phrase_is_cut_into_the_fewest_known_words(phrase: str, language: str, words: str) -> None:
    assert segment(phrase, known, language) == words


@pytest.mark.parametrize(("phrase", "missing"), [("人民", ("民",)), ("go back", ("back",))])
def test_what_is_not_known_is_named(phrase: str, missing: tuple[str, ...]) -> None:
    language = "en" if phrase.isascii() else "zh"
    with pytest.raises(UnknownWords) as unknown:
        segment(phrase, known, language)
    assert unknown.value.words == missing


def test_one_in_a_number_is_said_in_two_ways() -> None:
    assert grammar(["一一零", "一二"], known, "zh").lines == {
        "一 一 零": "一一零",
        "幺 幺 零": "一一零",
        "一 二": "一二",
        "幺 二": "一二",
    }
    assert grammar(["人工"], known, "zh").lines == {"人工": "人工"}
    assert grammar(["一"], known, "zh").lines == {"一": "一"}


def test_garbage_by_whatever_name_the_model_has() -> None:
    assert garbage({"<UNK>", "a"}.__contains__) == ["<UNK>"]
    assert garbage({"a"}.__contains__) == []


@pytest.mark.parametrize("language", ["zh", "en", "ko"])
@pytest.mark.parametrize(
    "expects",
    ["digits", "phone", "extension", "id_card", "number", "amount", "year", "date", "time", "yes_no"],
)
def test_every_value_of_few_words_has_them(language: str, expects: str) -> None:
    core, around = expected_words(expects, language)
    assert len(set(core)) == len(core) >= 10 and around
    assert all(len(word) > 1 for word in around), "a short one is heard for a digit"


def test_how_many_digits_are_expected_changes_no_word() -> None:
    assert (
        expected_words("digits:6", "zh")
        == expected_words("digits:4-12", "zh")
        == expected_words("digits", "zh")
    )


def test_what_may_hold_any_letter_is_open_speech() -> None:
    assert expected_words("postcode", "en") == expected_words("ticket", "zh") == ((), ())
    assert expected_words("digits", "fr") == ((), ())


def word(text: str, start: float, end: float, **more: float) -> dict[str, object]:
    return {"word": text, "start": start, "end": end, **more}


def test_readings_share_the_likelihood() -> None:
    result = {
        "alternatives": [
            {"confidence": 100.0, "text": "a b", "result": [word("a", 0, 1), word("b", 1, 2)]},
            {"confidence": 99.0, "text": "a c", "result": [word("a", 0, 0.9), word("c", 1, 2)]},
        ]
    }
    best, other = readings(result)
    assert best.share == pytest.approx(0.731, abs=0.001) and best.share + other.share == pytest.approx(1)
    assert [(one.text, one.confidence) for one in best.words] == [
        ("a", 1.0),
        ("b", pytest.approx(0.731, abs=0.001)),
    ]
    assert readings({"alternatives": [{"confidence": 0.0, "text": "", "result": []}]}) == ()
    assert readings({"text": ""}) == ()


def test_readings_of_several_pieces_are_put_together() -> None:
    def piece(*shares: tuple[str, float]) -> Sequence[object]:
        return readings(
            {
                "alternatives": [
                    {"confidence": math.log(share), "result": [word(text, 0, 1)]} for text, share in shares
                ]
            }
        )

    pieces = [piece(("a", 0.6), ("b", 0.4)), piece(("c", 0.9), ("d", 0.1))]
    whole = with_alternatives(pieces, 3)  # type: ignore[arg-type]
    assert [("".join(one.text for one in reading.words), round(reading.share, 2)) for reading in whole] == [
        ("ac", 0.54),
        ("bc", 0.36),
        ("ad", 0.06),
    ]
    assert with_alternatives([], 3) == []


def test_what_was_outside_the_grammar_weighs_against_the_phrase() -> None:
    sure, outside = Word("人工", 0, 1, 1.0), Word("[unk]", 1, 2, 1.0)
    assert of_words([sure]) == 1.0
    assert of_words([sure, outside]) == 0.5
    assert of_words([outside]) == of_words([]) == 0.0


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_common_scale_keeps_the_order(one: float, other: float) -> None:
    assert 0.0 <= calibrated(one, rejects=False) <= calibrated(one, rejects=True) <= 0.9
    assert one > other or calibrated(one, rejects=True) <= calibrated(other, rejects=True)


def test_one_phrase_once_or_again_and_no_two() -> None:
    menu = {"人工": "人工", "一二": "幺二"}
    assert match("人工", menu) == match("人工人工", menu) == "人工"
    assert match("一二", menu) == "幺二"
    assert match("人工一二", menu) == match("", menu) == match("工", menu) == ""


def _table(words: Sequence[str]) -> bytes:
    rows = b"".join(
        struct.pack("<i", len(one.encode())) + one.encode() + struct.pack("<q", index)
        for index, one in enumerate(words)
    )
    name = b"words.txt"
    return (
        struct.pack("<ii", 2125658996, len(name)) + name + struct.pack("<qq", len(words), len(words)) + rows
    )


def _fst(flags: int, *tables: bytes) -> bytes:
    names = b"".join(struct.pack("<i", len(name)) + name for name in (b"vector", b"standard"))
    return struct.pack("<i", 2125659606) + names + struct.pack("<ii", 2, flags) + bytes(32) + b"".join(tables)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"words.txt": "<eps> 0\n人工 1\n".encode()}, {"<eps>", "人工"}),
        ({"Gr.fst": _fst(2, _table(["人工"])), "words.txt": b"other 0\n"}, {"人工"}),
        ({"HCLG.fst": _fst(3, _table(["1", "2"]), _table(["人工"]))}, {"人工"}),
        ({"Gr.fst": _fst(0), "words.txt": b"a 0\nb 1\n"}, {"a", "b"}),
    ],
)
def test_words_are_found_where_vosk_finds_them(
    tmp_path: Path, files: dict[str, bytes], words: set[str]
) -> None:
    (tmp_path / "graph").mkdir()
    for name, data in files.items():
        (tmp_path / "graph" / name).write_bytes(data)
    assert read_words(tmp_path) == words


@pytest.mark.parametrize("data", [b"", b"nonsense", _fst(2, _table(["人工"]))[:-12], _fst(2, b"12345678")])
def test_a_damaged_list_is_said_to_be_one(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "graph").mkdir()
    (tmp_path / "graph" / "Gr.fst").write_bytes(data)
    with pytest.raises(UnreadableWords):
        read_words(tmp_path)
