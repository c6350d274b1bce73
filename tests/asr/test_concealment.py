"""What stands in for lost audio."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from asr.concealment import LONGEST_S, RATE, SEAM, Concealment

PACKET = 320


def voiced(seconds: float, pitch: float = 140.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A vowel: the harmonics of a voice."""
    t = np.arange(int(seconds * RATE)) / RATE
    return np.asarray(6000 * sum(np.sin(2 * np.pi * n * pitch * t) / n for n in range(1, 12)))


def pcm(samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bytes:
    return bytes(samples.astype("<i2").tobytes())


def test_a_vowel_goes_on_through_a_lost_packet_as_it_was() -> None:
    said = voiced(0.3)
    concealment = Concealment()
    concealment.heard(pcm(said[:3200]))
    made = np.frombuffer(concealment.fill(2 * PACKET), dtype="<i2").astype(float)
    lost = said[3200 : 3200 + PACKET]
    assert np.mean(np.square(made - lost)) < 0.1 * np.mean(np.square(lost))


def test_it_fades_to_silence_and_the_length_is_right() -> None:
    concealment = Concealment()
    concealment.heard(pcm(voiced(0.3)))
    made = np.frombuffer(concealment.fill(2 * 10 * PACKET), dtype="<i2")
    assert len(made) == 10 * PACKET
    assert not made[int(LONGEST_S * RATE) :].any()
    assert np.abs(made[:PACKET]).max() > np.abs(made[2 * PACKET : 3 * PACKET]).max() > 0


def test_the_seam_makes_no_click() -> None:
    said = voiced(0.3)
    concealment = Concealment()
    concealment.heard(pcm(said[:3200]))
    made = np.frombuffer(concealment.fill(2 * PACKET), dtype="<i2").astype(float)
    # What comes next begins elsewhere in the period: unmixed it would jump.
    following = said[3200 + PACKET + 57 : 3200 + 2 * PACKET + 57]
    joined = np.frombuffer(concealment.join(pcm(following)), dtype="<i2").astype(float)
    assert abs(joined[0] - made[-1]) < 0.5 * abs(following[0] - made[-1]) + 2000
    assert (np.abs(joined[SEAM:] - following[SEAM:]) <= 1).all()


def test_after_silence_nothing_is_made_up() -> None:
    concealment = Concealment()
    assert concealment.fill(640) == bytes(640)
    concealment.heard(bytes(6400))
    assert concealment.fill(640) == bytes(640)


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 700)), max_size=20), st.integers(0, 2**32 - 1))
def test_whatever_comes_lengths_are_kept(pieces: list[tuple[int, int]], seed: int) -> None:
    random = np.random.default_rng(seed)
    concealment = Concealment()
    for heard, lost in pieces:
        audio = random.integers(-32768, 32767, heard, dtype="<i2").tobytes()
        joined = concealment.join(audio)
        concealment.heard(joined)
        assert len(joined) == 2 * heard
        assert len(concealment.fill(2 * lost)) == 2 * lost
