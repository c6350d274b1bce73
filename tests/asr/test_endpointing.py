"""When speech begins and ends, on made-up probabilities: 0.032 s each, as Silero gives them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asr.endpointing import (
    LEAST_PATIENCE,
    MOST_PATIENCE,
    Began,
    Ended,
    Endpointer,
    Nobody,
    Resumed,
    Rules,
    Settled,
    State,
    Turn,
)

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


def pause_of(endpointer: Endpointer, seconds: float, *, patience: float | None) -> list[Turn]:
    """Speech, and a pause at whose beginning its text was understood."""
    turns = feed(endpointer, (0.9, 0.64), (0.01, 0.288))
    endpointer.understood(patience)
    return turns + feed(endpointer, (0.01, seconds - 0.288))


def test_after_a_whole_answer_the_end_comes_sooner() -> None:
    turns = pause_of(Endpointer(Rules()), 0.416, patience=0.45)
    assert kinds(turns) == [Began, Settled, Ended]
    assert isinstance(turns[-1], Ended) and turns[-1].cause == "complete"


def test_an_unfinished_one_is_waited_for() -> None:
    assert kinds(pause_of(Endpointer(Rules()), 1.4, patience=1.8)) == [Began, Settled]
    turns = pause_of(Endpointer(Rules()), 1.5, patience=1.8)
    assert isinstance(turns[-1], Ended) and turns[-1].cause == "silence"


def test_patience_has_bounds_and_what_could_not_be_understood_changes_nothing() -> None:
    for patience, waited_s in ((0.0, LEAST_PATIENCE * 0.8), (99.0, MOST_PATIENCE * 0.8), (None, 0.8)):
        endpointer = Endpointer(Rules())
        *_, ended = pause_of(endpointer, 3.0, patience=patience)
        assert isinstance(ended, Ended)
        before = kinds(pause_of(Endpointer(Rules()), waited_s - 0.04, patience=patience))
        assert before == [Began, Settled]


def test_speech_that_goes_on_takes_the_understanding_back() -> None:
    endpointer = Endpointer(Rules())
    pause_of(endpointer, 0.32, patience=1.8)
    turns = feed(endpointer, (0.9, 0.32), (0.01, 1.0))
    assert kinds(turns) == [Resumed, Settled, Ended]


def test_while_the_text_of_the_pause_is_on_its_way_the_end_waits_for_it_but_not_for_ever() -> None:
    endpointer = Endpointer(Rules())
    feed(endpointer, (0.9, 0.64), (0.01, 0.288))
    endpointer.asked()
    assert feed(endpointer, (0.01, 0.64)) == []
    endpointer.understood(1.0)
    assert kinds(feed(endpointer, (0.01, STEP_S))) == [Ended]
    endpointer = Endpointer(Rules())
    feed(endpointer, (0.9, 0.64), (0.01, 0.288))
    endpointer.asked()
    assert kinds(feed(endpointer, (0.01, 3.0))) == [Ended]


def test_where_the_talk_goes_on_each_utterance_is_its_own_on_one_clock() -> None:
    endpointer = Endpointer(Rules(continuous=True))
    turns = feed(endpointer, (0.9, 0.64), (0.01, 1.6), (0.9, 0.64), (0.01, 1.6))
    assert kinds(turns) == [Began, Settled, Ended, Began, Settled, Ended]
    assert abs(turns[3].at_s - 2.24) < 1e-6


def test_a_long_talk_is_cut_in_a_short_pause_rather_than_within_a_word() -> None:
    parts = [(0.9, 2.08), (0.01, 0.288)] * 4
    turns = feed(Endpointer(Rules(continuous=True, longest_s=5.0)), *parts)
    causes = [turn.cause for turn in turns if isinstance(turn, Ended)]
    assert causes == ["silence", "silence"]


def test_nobody_is_told_of_in_time_and_again_after_the_last_words() -> None:
    endpointer = Endpointer(Rules(no_speech_s=2.0, continuous=True))
    turns = feed(endpointer, (0.9, 0.64), (0.01, 4.0), (0.9, 2.0))
    assert kinds(turns) == [Began, Settled, Ended, Nobody]
    assert isinstance(turns[-1], Nobody) and abs(turns[-1].waited_s - 2.0) < 0.05
    assert endpointer.state is State.OVER


@given(st.lists(st.floats(0, 1), min_size=150, max_size=300))
def test_no_noise_holds_the_timer_up(probabilities: list[float]) -> None:
    """Whatever flickers on the line: within four seconds somebody has begun or nobody has."""
    endpointer = Endpointer(Rules(no_speech_s=2.0))
    turns = [turn for p in probabilities if (turn := endpointer.feed(p, STEP_S)) is not None]
    assert turns and isinstance(turns[0], Began | Nobody) and turns[0].at_s < 4.0


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([None, 0.4, 1.0, 2.0, "ask"])), max_size=400))
def test_whatever_is_understood_every_utterance_ends(events: list[tuple[float, float | str | None]]) -> None:
    endpointer = Endpointer(Rules(continuous=True, longest_s=3.0))
    open_since_s = None
    for probability, told in events:
        if told == "ask":
            endpointer.asked()
        elif not isinstance(told, str):
            endpointer.understood(told)
        turn = endpointer.feed(probability, STEP_S)
        if isinstance(turn, Began):
            assert open_since_s is None
            open_since_s = turn.at_s
        if isinstance(turn, Ended):
            open_since_s = None
        assert open_since_s is None or endpointer.now_s - open_since_s < 3.0 + 2 * STEP_S


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
