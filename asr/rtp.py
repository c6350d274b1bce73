"""RTP as Asterisk's externalMedia sends it (RFC 3550), sans-IO: datagrams in, 16 kHz little-endian audio out in order.

Theory of operation. A datagram is taken apart by its own header: contributing sources, extension and padding all have
lengths of their own, so the header is not always 12 bytes. In-order packets pass at once. A packet from the future
waits until the gap before it fills or until `DEPTH` packets wait; then the gap is given up and filled with what would
have gone on (`concealment.py`), so that times in the stream stay true. A late or repeated packet is dropped. Another
source (SSRC) is taken over only after `SOURCE_SWITCH` packets of it in a row, so that one stray packet cannot steal a
caller's ear.

Asterisk numbers slin16 dynamically (118), so the payload type of the first audio packet is what audio has. Other
dynamic types are events between it, and comfort noise stands for a pause: both keep their place in the order and have
no audio. Static types are other formats: bytes of µ-law taken for samples would be noise, so they are dropped, and
after `WRONG_FORMAT` of them in a row `trouble` says what comes instead.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from asr.concealment import Concealment

VERSION = 2
MIN_HEADER = 12
SEQUENCES = 1 << 16

DEPTH = 4
"""Packets (20 ms each) that wait for a gap to fill."""

LONGEST_FILL = 50
"""Packets put into a gap at most (1 s): a longer one is a pause or a restart of the sender."""

SOURCE_SWITCH = 3
SILENT_PACKET = bytes(640)

COMFORT_NOISE = 13
FIRST_DYNAMIC = 96
SMALLEST_AUDIO = 160
"""Bytes: 5 ms of slin16. Events are smaller."""

WRONG_FORMAT = 10
FORMATS = {
    0: "ulaw",
    3: "gsm",
    4: "g723",
    7: "lpc10",
    8: "alaw",
    9: "g722",
    10: "slin",
    11: "slin",
    18: "g729",
}


class BadPacket(ValueError):
    """Not RTP, or cut short."""


@dataclass(frozen=True, slots=True)
class Packet:
    """payload: as sent (slin16: big-endian samples). timestamp in samples, sequence modulo 65,536."""

    payload_type: int
    sequence: int
    timestamp: int
    source: int
    marker: bool
    payload: bytes


def parse(datagram: bytes) -> Packet:
    """Raises BadPacket."""
    if len(datagram) < MIN_HEADER:
        raise BadPacket("shorter than an RTP header")
    first, second, sequence, timestamp, source = struct.unpack_from("!BBHII", datagram)
    if first >> 6 != VERSION:
        raise BadPacket("not RTP version 2")
    begin = MIN_HEADER + 4 * (first & 0x0F)
    if first & 0x10:
        if len(datagram) < begin + 4:
            raise BadPacket("extension header cut short")
        (words,) = struct.unpack_from("!H", datagram, begin + 2)
        begin += 4 + 4 * words
    end = len(datagram)
    if first & 0x20:
        padding = datagram[-1]
        if padding == 0:
            raise BadPacket("padding of no length")
        end -= padding
    if begin > end:
        raise BadPacket("header longer than the packet")
    return Packet(second & 0x7F, sequence, timestamp, source, bool(second & 0x80), datagram[begin:end])


def build(packet: Packet) -> bytes:
    """The datagram of a packet, with a plain 12-byte header: for tests, benches and talking back."""
    second = packet.payload_type | (0x80 if packet.marker else 0)
    header = struct.pack(
        "!BBHII", VERSION << 6, second, packet.sequence, packet.timestamp & 0xFFFFFFFF, packet.source
    )
    return header + packet.payload


def swap_bytes(samples: bytes) -> bytes:
    """Big-endian 16-bit samples to little-endian, or back. An odd last byte is dropped."""
    whole = samples if len(samples) % 2 == 0 else samples[:-1]
    return np.frombuffer(whole, dtype=np.uint16).byteswap().tobytes()


@dataclass(slots=True)
class Counts:
    """What came in on one stream."""

    received: int = 0
    lost: int = 0
    late: int = 0
    reordered: int = 0
    bad: int = 0
    wrong: int = 0


@dataclass(slots=True)
class Receiver:
    """One stream. `push` every datagram; it returns the audio that is ready, b"" while it waits."""

    counts: Counts = field(default_factory=Counts)
    concealment: Concealment = field(default_factory=Concealment)
    _source: int | None = None
    _expected: int = 0
    _waiting: dict[int, bytes] = field(default_factory=dict)
    _packet_bytes: int = len(SILENT_PACKET)
    _stranger: int | None = None
    _stranger_packets: int = 0
    _payload_type: int | None = None
    _wrong_in_a_row: int = 0
    trouble: str = ""

    def push(self, datagram: bytes) -> bytes:
        """Audio in order, 16-bit little-endian. Never raises: what is not RTP is counted and dropped."""
        try:
            packet = parse(datagram)
        except BadPacket:
            self.counts.bad += 1
            return b""
        if packet.payload_type < FIRST_DYNAMIC and packet.payload_type != COMFORT_NOISE:
            self._wrong(packet.payload_type)
            return b""
        self._wrong_in_a_row = 0
        rest = b""
        if packet.source != self._source:
            if not self._accept_source(packet.source):
                return b""
            rest = self._give_up_all()
            self._source = packet.source
            self._expected = packet.sequence
            self._payload_type = None
        self._stranger_packets = 0
        self.counts.received += 1
        return rest + self._place(packet.sequence, self._audio(packet))

    def flush(self) -> bytes:
        """What still waits, when the stream is over."""
        return self._give_up_all()

    def _wrong(self, payload_type: int) -> None:
        self.counts.wrong += 1
        self._wrong_in_a_row += 1
        if self._wrong_in_a_row == WRONG_FORMAT:
            named = FORMATS.get(payload_type, "another format")
            self.trouble = (
                f"the audio comes as {named} (RTP payload type {payload_type}), not as slin16: "
                "externalMedia must ask for format=slin16"
            )

    def _audio(self, packet: Packet) -> bytes:
        """b"" for what is none."""
        if self._payload_type is None and len(packet.payload) >= SMALLEST_AUDIO:
            self._payload_type = packet.payload_type
        return swap_bytes(packet.payload) if packet.payload_type == self._payload_type else b""

    def _accept_source(self, source: int) -> bool:
        if self._source is None:
            return True
        if source != self._stranger:
            self._stranger, self._stranger_packets = source, 0
        self._stranger_packets += 1
        return self._stranger_packets >= SOURCE_SWITCH

    def _place(self, sequence: int, audio: bytes) -> bytes:
        ahead = (sequence - self._expected) % SEQUENCES
        if ahead >= SEQUENCES // 2:
            self.counts.late += 1
            return b""
        if ahead > 10 * LONGEST_FILL:
            # The sender began anew: nothing to fill, go on from here.
            rest = self._give_up_all()
            self._expected = sequence
            return rest + self._place(sequence, audio)
        if audio:
            self._packet_bytes = len(audio)
        if ahead > 0:
            if sequence in self._waiting:
                self.counts.late += 1
                return b""
            self._waiting[sequence] = audio
            return self._give_up_gap() if len(self._waiting) >= DEPTH else b""
        if self._waiting:
            self.counts.reordered += 1
        self._expected = (sequence + 1) % SEQUENCES
        ready = audio + self._run()
        self.concealment.heard(ready)
        return ready

    def _run(self) -> bytes:
        """The waiting packets that follow without a gap."""
        ready = []
        while self._expected in self._waiting:
            ready.append(self._waiting.pop(self._expected))
            self._expected = (self._expected + 1) % SEQUENCES
        return b"".join(ready)

    def _give_up_gap(self) -> bytes:
        nearest = min((sequence - self._expected) % SEQUENCES for sequence in self._waiting)
        self.counts.lost += nearest
        self._expected = (self._expected + nearest) % SEQUENCES
        filled = self.concealment.fill(self._packet_bytes * min(nearest, LONGEST_FILL))
        ready = self.concealment.join(self._run())
        self.concealment.heard(ready)
        return filled + ready

    def _give_up_all(self) -> bytes:
        ready = []
        while self._waiting:
            ready.append(self._give_up_gap())
        return b"".join(ready)
