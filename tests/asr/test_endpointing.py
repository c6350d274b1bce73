"""When speech begins and ends, on made-up probabilities: 0.032 s each, as Silero gives them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asr.endpointing import Began, Ended, Endpointer, Resumed, Rules, Settled, State, Turn

STEP_S = 0.032


def feed(endpointer: Endpointer, *parts: tuple[float, float]) -> list[Turn]:
    """parts: (probability, seconds)."""
    turns = []
    for probability, seconds in parts:
        for _ in range(round(seconds / STEP_S)):
            turn = endpointer.feed(probability, STEP_S)
            if turn is not None:
                turns.append(turn)
    return turns


def kinds(turns: list[Turn]) -> list[type[Turn]]:
    return [type(turn) for turn in turns]


def test_one_answer_begins_where_the_speech_began_and_ends_where_it_ended() -> None:
    began, settled, ended = feed(Endpointer(Rules()), (0.01, 0.96), (0.9, 0.64), (0.01, 1.0))
    assert isinstance(began, Began) and abs(began.at_s - 0.96) < 1e-6
    assert isinstance(settled, Settled) and abs(settled.at_s - 1.6) < 1e-6
    assert isinstance(ended, Ended) and abs(ended.at_s - 1.6) < 1e-6 and ended.cause == "silence"


def test_the_beginning_is_told_after_the_shortest_speech_not_later() -> None:
    endpointer = Endpointer(Rules(min_speech_s=0.2))
    turns = feed(endpointer, (0.9, 0.192))
    assert turns == []
    assert isinstance(endpointer.feed(0.9, STEP_S), Began)


def test_a_knock_is_no_speech() -> None:
    endpointer = Endpointer(Rules())
    assert feed(endpointer, (0.9, 0.128), (0.0, 2.0)) == []
    assert endpointer.state is State.SILENCE


def test_two_short_syllables_with_a_dip_between_are_speech() -> None:
    assert kinds(feed(Endpointer(Rules()), (0.9, 0.128), (0.1, 0.096), (0.9, 0.128))) == [Began]


def test_a_pause_shorter_than_the_end_silence_does_not_end_it() -> None:
    turns = feed(Endpointer(Rules()), (0.9, 0.64), (0.01, 0.608), (0.9, 0.64), (0.01, 1.0))
    assert kinds(turns) == [Began, Settled, Resumed, Settled, Ended]
    assert abs(turns[-1].at_s - 1.888) < 1e-6


def test_breath_within_a_pause_does_not_stretch_it() -> None:
    turns = feed(Endpointer(Rules()), (0.9, 0.64), (0.01, 0.32), (0.4, 0.096), (0.01, 0.4))
    assert kinds(turns) == [Began, Settled, Ended]


def test_speech_that_never_stops_is_cut() -> None:
    turns = feed(Endpointer(Rules(longest_s=2.0)), (0.9, 5.0))
    assert kinds(turns) == [Began, Ended]
    assert isinstance(turns[1], Ended) and turns[1].cause == "longest" and abs(turns[1].at_s - 2.0) < 0.05


def test_after_the_end_it_is_deaf() -> None:
    endpointer = Endpointer(Rules())
    feed(endpointer, (0.9, 0.64), (0.01, 1.0))
    assert feed(endpointer, (0.9, 3.0), (0.0, 3.0)) == []


@given(st.lists(st.floats(0, 1), max_size=400), st.floats(0.2, 2.0))
def test_whatever_comes_turns_keep_their_order(probabilities: list[float], end_silence_s: float) -> None:
    """Began first and once; Settled and Resumed alternate; Ended last; times never run backwards."""
    endpointer = Endpointer(Rules(end_silence_s=end_silence_s, longest_s=6.0))
    turns = [turn for p in probabilities if (turn := endpointer.feed(p, STEP_S)) is not None]
    assert all(isinstance(turn, Began) == (index == 0) for index, turn in enumerate(turns))
    assert all(not isinstance(turn, Ended) for turn in turns[:-1])
    pauses = [turn for turn in turns if isinstance(turn, Settled | Resumed)]
    assert all(isinstance(turn, Settled) == (index % 2 == 0) for index, turn in enumerate(pauses))
    assert [turn.at_s for turn in turns] == sorted(turn.at_s for turn in turns)
