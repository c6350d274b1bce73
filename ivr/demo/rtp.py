"""A phone's voice: RTP with G.711 mu-law in 20 ms packets, keys as RFC 4733 events, everything heard kept.

The sender runs without a pause from the first packet on, silence included: recognisers on the other side
find the end of an utterance by it.
"""

from __future__ import annotations

import asyncio
import random
import struct
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from ivr.demo.phone import PHONE_RATE, Samples

PACKET_SAMPLES: Final = 160
PACKET_S: Final = PACKET_SAMPLES / PHONE_RATE
KEYS: Final = "0123456789*#ABCD"
KEY_PACKETS: Final = 5
"""A key is held for 100 ms ..."""
KEY_GAP_PACKETS: Final = 4
"""... and 80 ms lie between two."""
KEY_VOLUME: Final = 10
JITTER_S: Final = 0.06
"""A packet that arrives this far from where its predecessor ended was sent after a pause."""
LONGEST_PAUSE_S: Final = 60.0
"""A jump of timestamps beyond this is a new count, not a pause."""
LATE_S: Final = 0.2
"""A sender that fell behind by more starts afresh instead of sending a burst."""
HEADER: Final = struct.Struct("!BBHII")
KEY_EVENT: Final = struct.Struct("!BBH")


def first_sequence() -> int:
    """Of a stream's packets: random, as RFC 3550 has it."""
    return random.getrandbits(16)


def _decoding_table() -> Samples:
    """mu-law byte -> linear sample (ITU-T G.711)."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = ((mantissa.astype(np.int32) * 8 + 132) << exponent) - 132
    table: Samples = np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)
    return table


DECODED: Final = _decoding_table()


def _encoding_table() -> bytes:
    """16-bit linear sample (as unsigned index) -> the mu-law byte that decodes nearest to it."""
    order = np.argsort(DECODED, kind="stable")
    values = DECODED[order].astype(np.int32)
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    place = np.searchsorted((values[:-1] + values[1:]) / 2, samples)
    codes = order[place].astype(np.uint8)
    codes[0] = 0xFF  # of the two zeros the one that everybody sends
    return codes.tobytes()


ENCODED: Final = np.frombuffer(_encoding_table(), dtype=np.uint8)
SILENCE: Final = b"\xff" * PACKET_SAMPLES


QUIET_CODES: Final = bytes(code for code in range(256) if abs(int(DECODED[code])) < 200)
LOUD_SHARE: Final = 0.3
"""A packet in which more than this share of samples is louder than that has sound in it."""


def encode(samples: Samples) -> bytes:
    return ENCODED[samples.view(np.uint16)].tobytes()


def decode(payload: bytes) -> Samples:
    return DECODED[np.frombuffer(payload, dtype=np.uint8)]


@dataclass(frozen=True, slots=True)
class HeardPacket:
    """at_s: the event loop's clock (s) when it arrived. payload: mu-law. stamp: the sender's timestamp (samples)."""

    at_s: float
    payload: bytes
    stamp: int = 0


def _pause(before: HeardPacket, packet: HeardPacket) -> int:
    """Samples of silence between two packets: by the sender's timestamps, which a late arrival does not move; by the
    arrivals only where the sender began a new count."""
    arrived = round((packet.at_s - before.at_s) * PHONE_RATE) - len(before.payload)
    sent = ((packet.stamp - before.stamp) & 0xFFFFFFFF) - len(before.payload)
    if 0 <= sent <= LONGEST_PAUSE_S * PHONE_RATE:
        return sent
    return arrived if arrived > JITTER_S * PHONE_RATE else 0


class RtpSession(asyncio.DatagramProtocol):
    """One call's audio both ways. `open` binds a port; `start` begins to send; `close` ends both."""

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[HeardPacket] = []
        self.keys_heard: list[str] = []
        self.key_released_s: float | None = None
        """When the last key was let go: its first end packet left (the event loop's clock, s)."""
        self.last_loud_s: float | None = None
        """When sound was last heard (the event loop's clock, s)."""
        self.packets_sent = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._remote: tuple[str, int] | None = None
        self._key_payload: int | None = None
        self._voice: deque[bytes] = deque()
        self._keys: deque[str] = deque()
        self._key_step = 0
        self._gap = 0
        self._due_s = 0.0
        self._sequence = first_sequence()
        self._timestamp = random.getrandbits(32)
        self._key_timestamp = 0
        self._source = random.getrandbits(32)
        self._last_key_stamp: int | None = None

    async def open(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def start(self, host: str, port: int, key_payload: int | None) -> None:
        """Send to this address from now on; again: send there instead."""
        self._remote = (host, port)
        self._key_payload = key_payload
        if self._timer is None and self._transport is not None:
            self._due_s = asyncio.get_running_loop().time()
            self._tick()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def say(self, samples: Samples) -> None:
        """Replace what is being said."""
        padded = np.concatenate([samples, np.zeros(-len(samples) % PACKET_SAMPLES, np.int16)])
        coded = encode(padded)
        self._voice = deque(coded[i : i + PACKET_SAMPLES] for i in range(0, len(coded), PACKET_SAMPLES))

    def press(self, keys: str) -> None:
        """Queue keys. Raises ValueError for what is none."""
        if unknown := set(keys) - set(KEYS):
            raise ValueError(f"no key of a telephone: {''.join(sorted(unknown))!r}")
        self._keys.extend(keys)

    def heard_audio(self) -> Samples:
        """All audio heard on its own timeline: pauses in which nothing was sent are silence of the same length."""
        if not self.heard:
            return np.zeros(0, np.int16)
        pieces: list[bytes] = []
        previous: HeardPacket | None = None
        for packet in self.heard:
            pause = 0 if previous is None else _pause(previous, packet)
            pieces.append(b"\xff" * pause)
            pieces.append(packet.payload)
            previous = packet
        return decode(b"".join(pieces))

    # Sending

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._due_s > LATE_S:
            self._due_s = loop.time()
        if self._keys and self._gap == 0 and self._key_payload is not None:
            self._send_key(self._keys[0], self._key_payload)
        else:
            self._gap = max(0, self._gap - 1)
            self._send(0, self._voice.popleft() if self._voice else SILENCE, self._timestamp)
        self._timestamp = (self._timestamp + PACKET_SAMPLES) & 0xFFFFFFFF
        self._due_s += PACKET_S
        self._timer = loop.call_at(self._due_s, self._tick)

    def _send_key(self, key: str, payload_type: int) -> None:
        """One packet of a key: the same timestamp, a growing duration; the end is sent three times."""
        if self._key_step == 0:
            self._key_timestamp = self._timestamp
        self._key_step += 1
        event, ends = KEYS.index(key), self._key_step == KEY_PACKETS
        body = KEY_EVENT.pack(event, (0x80 if ends else 0) | KEY_VOLUME, self._key_step * PACKET_SAMPLES)
        for _ in range(3 if ends else 1):
            self._send(payload_type, body, self._key_timestamp, marker=self._key_step == 1)
        if ends:
            self.key_released_s = asyncio.get_running_loop().time()
            self._keys.popleft()
            self._key_step = 0
            self._gap = KEY_GAP_PACKETS

    def _send(self, payload_type: int, payload: bytes, timestamp: int, *, marker: bool = False) -> None:
        marker = marker or self.packets_sent == 0
        header = HEADER.pack(
            0x80, payload_type | (0x80 if marker else 0), self._sequence, timestamp, self._source
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.packets_sent += 1
        if self._transport is not None and self._remote is not None:
            self._transport.sendto(header + payload, self._remote)

    # Receiving

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        if len(data) <= HEADER.size:
            return
        payload_type, timestamp = data[1] & 0x7F, int.from_bytes(data[4:8], "big")
        if payload_type == 0:
            now_s, payload = asyncio.get_running_loop().time(), data[HEADER.size :]
            self.heard.append(HeardPacket(now_s, payload, timestamp))
            if len(payload.translate(None, QUIET_CODES)) > LOUD_SHARE * len(payload):
                self.last_loud_s = now_s
        elif payload_type == self._key_payload and timestamp != self._last_key_stamp and data[12] < len(KEYS):
            self._last_key_stamp = timestamp
            self.keys_heard.append(KEYS[data[12]])

    def error_received(self, exc: Exception) -> None:
        """The other side's port is closed already (it hung up first): no news to us."""
