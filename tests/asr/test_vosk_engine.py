"""Vosk, with the Korean model that the registry has: streaming, grammar, partials, vocabulary."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from asr.protocol import AsrUnavailable, Final, Heard, ListenRequest, Partial
from asr.vosk_engine import UnknownWords, VoskRecognizer, segment
from tests.support.speech import read_pcm, silence

PHRASES = ("상담원", "아니요", "도움말", "처음으로", "전화 번호")


@pytest.fixture(scope="module")
def say(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    folder = tmp_path_factory.mktemp("korean")

    def rendered(text: str) -> bytes:
        path = folder / "said.wav"
        subprocess.run(["espeak-ng", "-v", "ko", "-s", "140", "-w", str(path), text], check=True, timeout=30)
        return silence(0.3) + read_pcm(path) + silence(0.3)

    return rendered


def hear(korean: VoskRecognizer, pcm: bytes, phrases: tuple[str, ...]) -> list[Heard]:
    stream = korean.stream(ListenRequest("ko", phrases))
    heard: list[Heard] = []
    for begin in range(0, len(pcm), 3200):
        heard.extend(stream.accept(pcm[begin : begin + 3200]))
    heard.extend(stream.finish())
    stream.close()
    return heard


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_of_the_grammar(korean: VoskRecognizer, say: Callable[[str], bytes], phrase: str) -> None:
    final = hear(korean, say(phrase), PHRASES)[-1]
    assert isinstance(final, Final)
    assert (final.text, final.phrase) == (phrase, phrase)
    assert final.confidence is not None and final.confidence > 0.8
    assert "".join(word.text for word in final.words) == phrase.replace(" ", "")
    assert all(word.start_s < word.end_s for word in final.words)


def test_partials_come_while_it_is_spoken(korean: VoskRecognizer, say: Callable[[str], bytes]) -> None:
    *partials, final = hear(korean, say("전화 번호"), PHRASES)
    assert partials and all(isinstance(one, Partial) for one in partials)
    assert partials[-1] == Partial("전화 번호")
    assert isinstance(final, Final)


def test_several_phrases_at_once_are_no_answer(korean: VoskRecognizer, say: Callable[[str], bytes]) -> None:
    final = hear(korean, say("도움말") + say("전화 번호"), PHRASES)[-1]
    assert isinstance(final, Final) and final.phrase == ""
    assert final.text.startswith("도움말 전화 번호")


def test_without_a_grammar_it_hears_freely(korean: VoskRecognizer, say: Callable[[str], bytes]) -> None:
    final = hear(korean, say("안녕하세요"), ())[-1]
    assert isinstance(final, Final) and final.text and final.phrase == ""


def test_silence_has_no_words(korean: VoskRecognizer) -> None:
    (final,) = hear(korean, silence(2.0), PHRASES)
    assert isinstance(final, Final) and (final.text, final.phrase, final.confidence) == ("", "", 0.0)


def test_words_the_model_cannot_hear_are_named(korean: VoskRecognizer) -> None:
    grammar = korean.grammar(("상담원", "xyzzy"))
    assert list(grammar.lines.values()) == ["상담원"]
    assert [(one.phrase, one.words) for one in grammar.refused] == [("xyzzy", ("xyzzy",))]
    with pytest.raises(AsrUnavailable, match="xyzzy"):
        korean.stream(ListenRequest("ko", ("xyzzy",)))


def test_another_language_is_refused(korean: VoskRecognizer) -> None:
    with pytest.raises(AsrUnavailable) as refused:
        korean.stream(ListenRequest("zh"))
    assert refused.value.cause == "language"


def test_one_model_serves_callers_side_by_side(korean: VoskRecognizer, say: Callable[[str], bytes]) -> None:
    spoken = {phrase: say(phrase) for phrase in PHRASES[:4]}

    def one(phrase: str) -> str:
        final = hear(korean, spoken[phrase], PHRASES)[-1]
        assert isinstance(final, Final)
        return final.phrase

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(one, spoken)) == list(spoken)


VOCABULARY = {"人工", "人", "工", "投诉", "营业", "执照", "go", "forward", "一"}


@pytest.mark.parametrize(
    ("phrase", "language", "words"),
    [
        ("人工", "zh", "人工"),
        ("工人", "zh", "工 人"),
        ("营业执照", "zh", "营业 执照"),
        ("1", "zh", "一"),
        ("幺", "zh", "一"),
        ("Go forward!", "en", "go forward"),
    ],
)
def test_a_phrase_is_cut_into_the_fewest_known_words(phrase: str, language: str, words: str) -> None:
    assert segment(phrase, VOCABULARY.__contains__, language) == words


@pytest.mark.parametrize(("phrase", "missing"), [("人民", ("民",)), ("go back", ("back",))])
def test_what_is_not_known_is_named(phrase: str, missing: tuple[str, ...]) -> None:
    language = "en" if phrase.isascii() else "zh"
    with pytest.raises(UnknownWords) as unknown:
        segment(phrase, VOCABULARY.__contains__, language)
    assert unknown.value.words == missing
