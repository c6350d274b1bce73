"""The bytes of a spool file: records one after the other, each with its length and a checksum. Pure.

    file   = HEADER record*
    record = MARK, length (4 bytes), CRC-32 of the payload that begins with the length (4 bytes), payload

After damage the next MARK with a true checksum is where reading goes on. What a caller or an agent said is UTF-8 in a
payload, in which the byte 0xff never occurs: nobody can say anything that is read as a record. A file ends where its
last record does; behind it there may be zeros (room that was reserved for it).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

HEADER: Final = b"IVRSPOOL\x01\0\0\0\0\0\0\0"
MARK: Final = b"\xff\xfb"
LONGEST: Final = 16 * 1024 * 1024
"""Bytes of a payload at most."""
_FRAME: Final = struct.Struct("<2sII")
_pack: Final = _FRAME.pack


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a file holds. payloads: in order. damaged: (begin, end) of what was passed over.

    end: where the next record belongs. torn: the bytes from there on are the beginning of a record that was not
    finished.
    """

    payloads: Sequence[bytes]
    damaged: Sequence[tuple[int, int]]
    end: int
    torn: bool


def record(payload: bytes) -> bytes:
    """Raises ValueError for a payload that is empty or too long."""
    size = len(payload)
    if not 0 < size <= LONGEST:
        raise ValueError(f"a record of {size} bytes")
    return _pack(MARK, size, crc32(payload, size)) + payload


def scan(data: bytes, begin: int = len(HEADER)) -> Scanned:
    """begin: where a record begins. Never raises, whatever the bytes are."""
    payloads: list[bytes] = []
    damaged: list[tuple[int, int]] = []
    at = begin
    while at < len(data):
        after = _whole(data, at)
        if after is not None:
            payloads.append(data[at + _FRAME.size : after])
            at = after
            continue
        following = _next_whole(data, at + 1)
        if following is None:
            if data.count(0, at) == len(data) - at:
                return Scanned(payloads, damaged, at, torn=False)
            if _unfinished(data, at):
                return Scanned(payloads, damaged, at, torn=True)
            end = len(data.rstrip(b"\0"))
            return Scanned(payloads, [*damaged, (at, end)], end, torn=False)
        damaged.append((at, following))
        at = following
    return Scanned(payloads, damaged, at, torn=False)


def _whole(data: bytes, at: int) -> int | None:
    """Where the record that begins here ends, None = there is none, or not all of it."""
    if len(data) - at < _FRAME.size:
        return None
    mark, size, checksum = _FRAME.unpack_from(data, at)
    end = at + _FRAME.size + size
    if mark != MARK or not 0 < size <= LONGEST or end > len(data):
        return None
    told = crc32(memoryview(data)[at + _FRAME.size : end], size)
    return end if told == checksum else None


def _next_whole(data: bytes, begin: int) -> int | None:
    at = data.find(MARK, begin)
    while at >= 0:
        if _whole(data, at) is not None:
            return at
        at = data.find(MARK, at + 1)
    return None


def _unfinished(data: bytes, at: int) -> bool:
    """The rest may be the beginning of a record, with or without reserved zeros behind it."""
    written = len(data.rstrip(b"\0"))
    if written - at < _FRAME.size:
        return MARK.startswith(data[at:written][: len(MARK)])
    mark, size, _ = _FRAME.unpack_from(data, at)
    return bool(mark == MARK) and 0 < size <= LONGEST and at + _FRAME.size + size > written
