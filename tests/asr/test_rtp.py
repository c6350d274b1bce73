"""RTP taken apart, put in order, and made whole."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.concealment import Concealment
from asr.rtp import (
    DEPTH,
    SOURCE_SWITCH,
    WRONG_FORMAT,
    BadPacket,
    Packet,
    Receiver,
    build,
    parse,
    swap_bytes,
)


def audio(number: int) -> bytes:
    """20 ms that say which packet they are, little-endian."""
    return struct.pack("<h", number % 32_000 + 1) * 320


def datagram(number: int, *, source: int = 1, kind: int = 118, payload: bytes | None = None) -> bytes:
    sequence, timestamp = number % 65_536, (number * 320) & 0xFFFFFFFF
    said = swap_bytes(audio(number)) if payload is None else payload
    return build(Packet(kind, sequence, timestamp, source, False, said))


class Silence(Concealment):
    """Puts silence into a gap, so that each packet can be told by its audio."""

    def fill(self, size: int) -> bytes:
        return bytes(size)


def numbers(pcm: bytes) -> list[int]:
    """Which packets the audio is made of; 0 = silence put in."""
    samples = np.frombuffer(pcm, dtype="<i2").reshape(-1, 320)
    assert all((row == row[0]).all() for row in samples)
    return [int(row[0]) - 1 if row[0] else 0 for row in samples]


def receive(*datagrams: bytes) -> tuple[list[int], Receiver]:
    receiver = Receiver(concealment=Silence())
    pcm = b"".join(receiver.push(one) for one in datagrams) + receiver.flush()
    return numbers(pcm), receiver


def test_header_with_sources_extension_and_padding_is_measured_not_assumed() -> None:
    first = 0x80 | 0x20 | 0x10 | 2
    header = struct.pack("!BBHII", first, 118 | 0x80, 5, 6, 7) + struct.pack("!II", 1, 2)
    extension = struct.pack("!HH", 0xBEDE, 1) + b"abcd"
    packet = parse(header + extension + b"\x01\x02\x03\x04" + b"\x00\x00\x03")
    assert packet == Packet(118, 5, 6, 7, True, b"\x01\x02\x03\x04")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"\x80" * 11, "shorter"),
        (b"\x40" + bytes(11), "version"),
        (b"\x8f" + bytes(11), "longer"),
        (b"\x90" + bytes(13), "cut short"),
        (b"\xa0" + bytes(11), "no length"),
        (b"\xa0" + bytes(10) + b"\x40", "longer"),
    ],
)
def test_what_is_not_rtp_is_refused(bad: bytes, why: str) -> None:
    with pytest.raises(BadPacket, match=why):
        parse(bad)


@given(st.binary(max_size=80))
def test_no_datagram_breaks_the_receiver(garbage: bytes) -> None:
    receiver = Receiver()
    receiver.push(datagram(1))
    receiver.push(garbage)
    assert isinstance(receiver.push(datagram(2)), bytes)


@given(
    st.integers(0, 127),
    st.integers(0, 65_535),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.binary(max_size=700),
)
def test_build_and_parse_are_inverse(
    kind: int, sequence: int, timestamp: int, source: int, marker: bool, payload: bytes
) -> None:
    packet = Packet(kind, sequence, timestamp, source, marker, payload)
    assert parse(build(packet)) == packet


def test_byte_order() -> None:
    assert swap_bytes(b"\x01\x02\x03\x04\x05") == b"\x02\x01\x04\x03"


def test_in_order_passes_at_once() -> None:
    receiver = Receiver()
    assert numbers(receiver.push(datagram(10))) == [10]
    assert numbers(receiver.push(datagram(11))) == [11]


@given(st.integers(65_000, 70_000), st.permutations(range(DEPTH - 1)))
def test_packets_out_of_order_are_put_right_even_across_the_wrap(start: int, order: list[int]) -> None:
    heard, receiver = receive(
        datagram(start),
        *(datagram(start + 1 + offset) for offset in order),
        datagram(start + DEPTH),
    )
    assert heard == [(start + offset) % 32_000 for offset in range(DEPTH + 1)]
    assert receiver.counts.lost == 0


def test_a_lost_packet_is_given_up_and_its_time_kept() -> None:
    heard, receiver = receive(*(datagram(number) for number in (1, 2, 4, 5, 6, 7, 8)))
    assert heard == [1, 2, 0, 4, 5, 6, 7, 8]
    assert receiver.counts.lost == 1


def test_repeated_and_late_packets_are_dropped() -> None:
    heard, receiver = receive(*(datagram(number) for number in (1, 2, 2, 1, 3)))
    assert heard == [1, 2, 3]
    assert receiver.counts.late == 2


def test_a_sender_that_begins_anew_is_followed() -> None:
    heard, _ = receive(datagram(1), datagram(2), datagram(9_000), datagram(9_001))
    assert heard == [1, 2, 9_000, 9_001]


def test_one_stray_packet_of_another_sender_changes_nothing() -> None:
    heard, _ = receive(datagram(1), datagram(500, source=9), datagram(2))
    assert heard == [1, 2]


def test_another_sender_takes_over_when_it_goes_on() -> None:
    others = [datagram(500 + index, source=9) for index in range(SOURCE_SWITCH + 1)]
    heard, _ = receive(datagram(1), *others)
    assert heard == [1, 500 + SOURCE_SWITCH - 1, 500 + SOURCE_SWITCH]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=60))
def test_whatever_arrives_the_audio_is_in_order_and_of_whole_packets(arrivals: list[int]) -> None:
    heard, _ = receive(*(datagram(number) for number in arrivals))
    said = [number for number in heard if number]
    assert said == sorted(set(said))
    assert set(said) <= set(arrivals)


def test_events_and_comfort_noise_keep_their_place_and_are_no_audio() -> None:
    heard, receiver = receive(
        datagram(1),
        datagram(2, kind=101, payload=bytes(4)),
        datagram(3),
        datagram(4, kind=13, payload=bytes(1)),
        datagram(5),
    )
    assert heard == [1, 3, 5]
    assert receiver.counts.lost == receiver.counts.late == 0


def test_an_event_before_the_first_audio_is_not_taken_for_it() -> None:
    assert receive(datagram(1, kind=101, payload=bytes(4)), datagram(2))[0] == [2]


def test_another_format_is_named_and_never_heard() -> None:
    ulaw = [datagram(number, kind=0, payload=bytes(160)) for number in range(2, 2 + WRONG_FORMAT)]
    heard, receiver = receive(datagram(1), *ulaw[:-1])
    assert (heard, receiver.trouble) == ([1], "")
    heard, receiver = receive(datagram(1), *ulaw)
    assert heard == [1]
    assert "ulaw" in receiver.trouble and "slin16" in receiver.trouble


def test_a_few_packets_of_another_format_within_a_stream_are_dropped() -> None:
    stray = datagram(2, kind=8, payload=bytes(160))
    heard, receiver = receive(datagram(1), *[stray] * (WRONG_FORMAT - 1), datagram(2), *[stray] * 5)
    assert heard == [1, 2] and receiver.trouble == ""
