"""Vosk, with the Korean model that the registry has: streaming, grammar, partials, vocabulary."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asr.protocol import AsrUnavailable, Final, Heard, ListenRequest, Partial
from asr.vosk_engine import VoskRecognizer
from asr.vosk_words import read_words
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
    assert final.confidence is not None and 0.7 < final.confidence < 0.8  # it has no `[unk]`
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


def test_silence_has_no_words(korean: VoskRecognizer) -> None:
    (final,) = hear(korean, silence(2.0), PHRASES)
    assert isinstance(final, Final) and (final.text, final.phrase, final.confidence) == ("", "", 0.0)


def test_words_the_model_cannot_hear_are_named(korean: VoskRecognizer) -> None:
    grammar = korean.grammar(("상담원", "xyzzy"))
    assert list(grammar.lines.values()) == ["상담원"]
    assert [(one.phrase, one.words) for one in grammar.refused] == [("xyzzy", ("xyzzy",))]
    with pytest.raises(AsrUnavailable, match="xyzzy") as refused:
        korean.stream(ListenRequest("ko", ("xyzzy",)))
    assert refused.value.cause == "language", "another engine may know it"


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


def test_a_number_is_heard_in_number_words(korean: VoskRecognizer, say: Callable[[str], bytes]) -> None:
    stream = korean.stream(ListenRequest("ko", expects="phone"))
    stream.accept(say("이 삼 사 오"))
    (final,) = stream.finish()
    assert isinstance(final, Final)
    assert final.text.split() == ["이", "삼", "사", "오"]
    assert final.phrase == "" and final.confidence is not None and final.confidence > 0.3


def test_words_of_the_hotline_may_be_said_where_a_number_is_asked_for(
    korean: VoskRecognizer, say: Callable[[str], bytes]
) -> None:
    def heard(hot_words: tuple[str, ...]) -> str:
        stream = korean.stream(ListenRequest("ko", expects="digits", hot_words=hot_words))
        stream.accept(say("처음으로"))
        (final,) = stream.finish()
        assert isinstance(final, Final)
        return final.text

    assert heard(("처음으로",)) == "처음으로"
    assert heard(()) != "처음으로"


def test_open_speech_has_other_readings(korean: VoskRecognizer, say: Callable[[str], bytes]) -> None:
    final = hear(korean, say("상담원"), ())[-1]
    assert isinstance(final, Final)
    assert final.alternatives and final.text not in [text for text, _ in final.alternatives]
    shares = [share for _, share in final.alternatives]
    assert final.confidence is not None and shares == sorted(shares, reverse=True)
    assert final.confidence >= shares[0] and final.confidence + sum(shares) <= 1.01
    assert all(word.confidence is not None and 0 < word.confidence <= 1 for word in final.words)


def test_its_list_of_words_is_read_without_loading_it(korean: VoskRecognizer, korean_folder: Path) -> None:
    words = read_words(korean_folder)
    assert len(words) > 100_000
    for word in ("상담원", "전화", "<UNK>", "xyzzy", "상담원들의"):
        assert (word in words) == korean.knows(word)
