"""Numbers about a line, from audio made for the purpose."""

from __future__ import annotations

import numpy as np
import pytest

from asr.protocol import LineQuality
from asr.quality import EVERY_S, FLOOR_DBFS, LineMeter, decibels, pieces
from asr.tape import Tape
from asr.vad import CHUNK, CHUNK_S


def tone(amplitude: float, count: int) -> bytes:
    """So many pieces of a tone; amplitude of 1.0 = full scale, more is clipped."""
    wave = amplitude * np.sin(2 * np.pi * 440 * np.arange(count * CHUNK) / 16_000)
    return bytes((np.clip(wave, -1, 1) * 32_000).astype("<i2").tobytes())


def report(*parts: tuple[bytes, bool], received: int = 100, lost: int = 0) -> LineQuality:
    """parts: (audio, is it speech)."""
    meter = LineMeter()
    for pcm, speech in parts:
        for piece in pieces(pcm):
            meter.feed(piece, speech=speech)
    return meter.report(received, lost)


def test_noise_and_speech_have_levels_of_their_own() -> None:
    quality = report((tone(0.001, 50), False), (tone(0.1, 50), True))
    assert quality.noise_dbfs == pytest.approx(-63.2, abs=0.5)
    assert quality.speech_dbfs == pytest.approx(-23.2, abs=0.5)
    assert (quality.clipped_share, quality.silent_share, quality.lost_share) == (0.0, 0.0, 0.0)


def test_where_nobody_spoke_there_is_no_level_of_speech_and_where_nobody_paused_there_is_one_of_noise() -> (
    None
):
    assert report((tone(0.01, 20), False)).speech_dbfs is None
    assert report((tone(0.1, 18), True), (tone(0.01, 6), True)).noise_dbfs == pytest.approx(-43, abs=1)


def test_clipped_and_dead_pieces_are_counted() -> None:
    quality = report((tone(3.0, 10), True), (tone(0.5, 20), True), (bytes(2 * CHUNK * 10), False))
    assert quality.clipped_share == 0.25
    assert quality.silent_share == 0.25


def test_a_law_never_quite_falls_silent() -> None:
    assert report((b"\x08\x00" * CHUNK * 4, False)).silent_share == 1.0
    assert report((b"\x09\x00" * CHUNK * 4, False)).silent_share == 0.0


def test_lost_packets_are_those_since_the_last_report() -> None:
    meter = LineMeter()
    assert meter.report(95, 5).lost_share == 0.05
    assert meter.report(195, 5).lost_share == 0.0
    assert meter.report(195, 5).lost_share == 0.0


def test_nothing_heard_is_the_floor() -> None:
    quality = LineMeter().report(0, 0)
    assert quality == LineQuality(FLOOR_DBFS, None, 0.0, 0.0, 0.0)
    assert decibels(0.0) == FLOOR_DBFS and decibels(1.0) == 0.0


def test_a_report_is_due_now_and_then_where_there_is_something_to_tell() -> None:
    enough = int(EVERY_S / CHUNK_S) + 1
    for pcm, due in ((tone(0.01, enough), True), (bytes(2 * CHUNK * enough), False), (tone(0.01, 9), False)):
        meter = LineMeter()
        for piece in pieces(pcm):
            meter.feed(piece, speech=False)
        assert meter.due is due
    assert meter.worth_a_last_one is False


def test_the_tape_is_found_by_time_and_forgets() -> None:
    tape = Tape()
    for second in range(1, 6):
        tape.add(bytes([second]) * 32_000)
    assert tape.between(1.0, 2.0) == b"\x02" * 32_000
    assert tape.between(4.5) == b"\x05" * 16_000
    tape.forget_before(2.5)
    assert (tape.begin_s, tape.end_s) == (2.5, 5.0)
    assert tape.between(0.0, 3.0) == b"\x03" * 16_000
    tape.forget_before(2.6)
    assert tape.begin_s == 2.5
