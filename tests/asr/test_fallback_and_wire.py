"""Fakes in a chain of engines; messages survive the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.fallback import FallbackRecognizer
from asr.protocol import (
    AsrUnavailable,
    Failed,
    Final,
    Heard,
    ListenRequest,
    Partial,
    SpeechBegan,
    Word,
)
from asr.settings import EngineSpec, WorkerSettings
from asr.wire import WireError, dump, dump_heard, dump_request, load, load_heard, load_request
from tests.support.fake_engine import FakeRecognizer


def test_the_next_engine_hears_the_utterance_from_the_beginning() -> None:
    first, second = (FakeRecognizer(name, streaming=False) for name in ("first", "second"))
    stream = FallbackRecognizer([first, second]).stream(ListenRequest("zh", ("fail",)))
    stream.accept(bytes(32_000))
    stream.accept(bytes(32_000))
    (final,) = stream.finish()
    assert isinstance(final, Final)
    assert (final.engine, final.text) == ("second", "2.00")


def test_an_engine_that_lacks_the_language_is_passed_over() -> None:
    korean = FakeRecognizer("first", streaming=True, languages=frozenset({"ko"}))
    chain = FallbackRecognizer([korean, FakeRecognizer("second", streaming=False)])
    (final,) = chain.stream(ListenRequest("en")).finish()
    assert isinstance(final, Final) and final.engine == "second"
    assert chain.capabilities.languages == {"ko", "zh", "en"}
    with pytest.raises(AsrUnavailable) as refused:
        chain.stream(ListenRequest("fr"))
    assert refused.value.cause == "language"


def test_when_every_engine_fails_the_caller_is_told() -> None:
    stream = FallbackRecognizer([FakeRecognizer("first", streaming=False)]).stream(
        ListenRequest("zh", ("fail",))
    )
    with pytest.raises(AsrUnavailable, match="told to fail"):
        stream.accept(bytes(10))


scores = st.none() | st.floats(0, 1)
words = st.builds(Word, st.text(), st.floats(0, 10), st.floats(0, 10), scores)
heards = st.one_of(
    st.builds(SpeechBegan, st.floats(0, 100)),
    st.builds(Partial, st.text()),
    st.builds(
        Final,
        text=st.text(),
        language=st.text(),
        engine=st.text(),
        confidence=scores,
        phrase=st.text(),
        words=st.lists(words, max_size=3).map(tuple),
        alternatives=st.lists(st.tuples(st.text(), scores), max_size=3).map(tuple),
        latency_s=st.floats(0, 10),
    ),
    st.builds(Failed, st.sampled_from(["lost", "overloaded"]), st.text()),
)


@given(heards)
def test_what_was_heard_survives_the_wire(heard: Heard) -> None:
    assert load_heard(load(dump(dump_heard(heard)))) == heard


@given(st.builds(ListenRequest, st.text(), st.lists(st.text(), max_size=4).map(tuple), st.floats(0, 9)))
def test_a_request_survives_the_wire(request: ListenRequest) -> None:
    assert load_request(load(dump(dump_request(request)))) == request


@pytest.mark.parametrize("garbage", ["", "[]", "{", '"text"', "1"])
def test_garbage_is_no_message(garbage: str) -> None:
    with pytest.raises(WireError):
        load(garbage)


@pytest.mark.parametrize("raw", [{}, {"kind": "began"}, {"kind": "shout"}, {"kind": "final", "text": "x"}])
def test_half_a_message_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(WireError):
        load_heard(raw)


@pytest.mark.parametrize("raw", [None, {}, [], {"language": "zh", "longest_s": "long"}])
def test_half_a_request_is_refused(raw: object) -> None:
    with pytest.raises(WireError):
        load_request(raw)


def test_settings_survive_the_pipe_and_hide_their_token() -> None:
    settings = WorkerSettings((EngineSpec("whisper", "w", "/m", ("zh", "en")),), token="s3cret")
    assert WorkerSettings.from_json(settings.to_json()) == settings
    ports = WorkerSettings(media_ports=(4000, 4010))
    assert WorkerSettings.from_json(ports.to_json()) == ports
    assert "s3cret" not in repr(settings)
    for wrong in ("{}", "[]", "nonsense", '{"engines": [1], "media_ports": null}'):
        with pytest.raises(ValueError):
            WorkerSettings.from_json(wrong)
