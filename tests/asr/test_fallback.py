"""An engine that fails, lags or lacks the words hands the utterance on; one that keeps failing is left alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr import trust
from asr.fallback import FallbackRecognizer
from asr.lag import Lagged, Patience, ThreadWatch
from asr.protocol import AsrUnavailable, Capabilities, Final, Heard, ListenRequest, Recognizer, Stream
from asr.trust import Trust, TrustRules

Result = TypeVar("Result")
SECOND = bytes(32_000)


class Clock:
    """Implements `Watch` and its only `Lane`: work runs at once, and takes what it says by turning the clock."""

    def __init__(self) -> None:
        self.time = 100.0
        self.left_behind: list[Callable[[], None]] = []

    def now(self) -> float:
        return self.time

    def lane(self) -> Clock:
        return self

    def close(self) -> None:
        return None

    def run(self, work: Callable[[], Result], within_s: float, late: Callable[[], None]) -> Result:
        began = self.time
        result = work()
        if self.time - began > within_s:
            self.time = began + within_s
            self.left_behind.append(late)
            raise Lagged(f"no answer within {within_s:.1f} s")
        return result


class Engine:
    """Takes `accept_s` and `finish_s` a call, or raises `fault`. Its text: the seconds that it heard."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        accept_s: float = 0.0,
        finish_s: float = 0.0,
        identifies: bool = False,
    ) -> None:
        self.clock = clock
        self.accept_s = accept_s
        self.finish_s = finish_s
        self.fault: Exception | None = None
        self.begun = 0
        self.closed = 0
        self.capabilities = Capabilities(
            name, "1", frozenset({"zh", "en"}), True, True, True, True, identifies=identifies
        )

    def stream(self, request: ListenRequest) -> Stream:
        self.begun += 1
        return EngineStream(self)


class EngineStream:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.heard = 0

    def accept(self, pcm: bytes) -> Sequence[Heard]:
        self.engine.clock.time += self.engine.accept_s
        self.heard += len(pcm)
        return ()

    def finish(self) -> Sequence[Heard]:
        self.engine.clock.time += self.engine.finish_s
        if self.engine.fault is not None:
            raise self.engine.fault
        return (Final(f"{self.heard / 32_000:.0f} s", "zh", self.engine.capabilities.engine),)

    def close(self) -> None:
        self.engine.closed += 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


PATIENCE = Patience(begin_s=1.0, grace_s=1.0, per_audio_s=0.5, finish_s=2.0, last_s=5.0)
RULES = TrustRules(failures=2, rest_s=10.0, longest_rest_s=30.0)


def chain(clock: Clock, *engines: Recognizer) -> FallbackRecognizer:
    return FallbackRecognizer(engines, patience=PATIENCE, rules=RULES, watch=clock)


def utterance(recognizer: FallbackRecognizer, seconds: int = 3) -> Final:
    stream = recognizer.stream(ListenRequest("zh"))
    for _ in range(seconds):
        stream.accept(SECOND)
    (final,) = stream.finish()
    stream.close()
    assert isinstance(final, Final)
    return final


def test_an_engine_that_hangs_at_the_end_is_left_behind(clock: Clock) -> None:
    slow, quick = Engine("slow", clock, finish_s=60.0), Engine("quick", clock)
    final = utterance(chain(clock, slow, quick))
    assert (final.engine, final.text) == ("quick", "3 s")
    # 1 s of grace, half a second for each of the three seconds heard, and two for the answer.
    assert clock.time == pytest.approx(104.5)
    assert slow.closed == 0, "it may still be at work"
    for late in clock.left_behind:
        late()
    assert slow.closed == 1


def test_an_engine_that_falls_behind_step_by_step_is_left_behind(clock: Clock) -> None:
    slow, quick = Engine("slow", clock, accept_s=0.9), Engine("quick", clock)
    stream = chain(clock, slow, quick).stream(ListenRequest("zh"))
    stream.accept(SECOND)
    stream.accept(SECOND)
    assert quick.begun == 0
    stream.accept(SECOND)
    assert quick.begun == 1
    (final,) = stream.finish()
    assert isinstance(final, Final) and (final.engine, final.text) == ("quick", "3 s")


def test_the_last_engine_is_given_longer_but_not_for_ever(clock: Clock) -> None:
    only = Engine("only", clock, finish_s=7.0)
    assert utterance(chain(clock, only)).engine == "only"
    only.finish_s = 60.0
    with pytest.raises(AsrUnavailable, match="no answer within"):
        utterance(chain(clock, only))


def test_one_that_keeps_failing_costs_nobody_its_delay(clock: Clock) -> None:
    slow, quick = Engine("slow", clock, finish_s=60.0), Engine("quick", clock)
    both = chain(clock, slow, quick)
    for _ in range(5):
        assert utterance(both).engine == "quick"
    assert slow.begun == 2
    assert [one.resting_s > 0 for one in both.health()] == [True, False]
    clock.time += 10.0
    assert utterance(both).engine == "quick"
    assert slow.begun == 3, "after its rest one caller tries it"
    assert utterance(both).engine == "quick"
    assert slow.begun == 3, "and then it rests for longer"
    clock.time += 12.0
    utterance(both)
    assert slow.begun == 3
    clock.time += 10.0
    slow.finish_s = 0.0
    assert utterance(both).engine == "slow"
    assert [one.failures_in_a_row for one in both.health()] == [0, 0]


def test_when_all_rest_the_caller_is_told_at_once(clock: Clock) -> None:
    only = Engine("only", clock)
    only.fault = RuntimeError("broken")
    lone = chain(clock, only)
    for _ in range(2):
        with pytest.raises(AsrUnavailable, match="broken"):
            utterance(lone)
    before = clock.time
    with pytest.raises(AsrUnavailable, match="left alone"):
        lone.stream(ListenRequest("zh"))
    assert clock.time == before


def test_words_that_a_model_lacks_are_no_fault_of_its_engine(clock: Clock) -> None:
    first, second = Engine("first", clock), Engine("second", clock)
    first.fault = AsrUnavailable("no such word", "language")
    both = chain(clock, first, second)
    for _ in range(4):
        assert utterance(both).engine == "second"
    assert first.begun == 4
    assert both.health()[0].failures_in_a_row == 0


def test_a_request_for_the_language_goes_to_who_can_tell_it(clock: Clock) -> None:
    both = chain(clock, Engine("first", clock), Engine("second", clock, identifies=True))
    assert both.capabilities.identifies
    stream = both.stream(ListenRequest("zh", identify=("zh", "en")))
    (final,) = stream.finish()
    assert isinstance(final, Final) and final.engine == "second"
    assert utterance(both).engine == "first"


def test_callers_side_by_side_are_one_fault(clock: Clock) -> None:
    """Ten callers are listened to when the engine breaks: it rests once, not for as long as ten rests."""
    first, second = Engine("first", clock), Engine("second", clock)
    both = chain(clock, first, second)
    open_streams = [both.stream(ListenRequest("zh")) for _ in range(10)]
    first.fault = RuntimeError("broken")
    for stream in open_streams:
        (final,) = stream.finish()
        assert isinstance(final, Final) and final.engine == "second"
    assert both.health()[0].resting_s == pytest.approx(10.0)


def test_a_real_thread_is_left_behind_and_its_late_answer_is_thrown_away() -> None:
    released, ended = threading.Event(), threading.Event()

    def hang() -> str:
        released.wait(30)
        return "too late"

    lane = ThreadWatch().lane()
    assert lane.run(lambda: "in time", 30.0, ended.set) == "in time"
    with pytest.raises(ValueError, match="its own"):
        lane.run(lambda: int("its own"), 30.0, ended.set)
    with pytest.raises(Lagged):
        lane.run(hang, 0.01, ended.set)
    assert not ended.is_set()
    released.set()
    assert ended.wait(30)
    lane.close()


@given(st.lists(st.tuples(st.sampled_from(["ask", "failed", "worked"]), st.floats(0, 40)), max_size=60))
def test_trust_always_comes_back(story: list[tuple[str, float]]) -> None:
    """Whatever happened, after the longest rest somebody may try, and one success mends all."""
    state, now = Trust(), 0.0
    for event, pause_s in story:
        now += pause_s
        match event:
            case "ask":
                state, _ = trust.ask(state, now, RULES)
            case "failed":
                state = trust.failed(state, now, RULES)
            case _:
                state = trust.worked(state)
        assert state.until is None or state.until <= now + RULES.longest_rest_s
    state, asked = trust.ask(state, now + RULES.longest_rest_s, RULES)
    assert asked
    assert trust.worked(state) == Trust()
