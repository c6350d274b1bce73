"""What an ONNX file says of itself (`metadata_props`), read without loading the network. Pure but for the reading."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

_METADATA_PROPS = 14
_KEY, _VALUE = 1, 2
_LONGEST = 1 << 16
"""Bytes of one entry: more is no text."""


class NotOnnx(Exception):
    """The file is damaged or something else."""


def about(path: Path) -> dict[str, str]:
    """Raises NotOnnx, OSError."""
    found: dict[str, str] = {}
    size = path.stat().st_size
    with path.open("rb") as file:
        while file.tell() < size:
            field, length = _next_field(file, size)
            if field == _METADATA_PROPS and length <= _LONGEST:
                entry = _entry(file.read(length))
                found[entry.get(_KEY, "")] = entry.get(_VALUE, "")
            else:
                file.seek(length, os.SEEK_CUR)
    return found


def _next_field(file: BinaryIO, size: int) -> tuple[int, int]:
    """Its number and the bytes that follow; protocol buffers' wire types 0, 1, 2 and 5."""
    tag = _varint(file)
    field, kind = tag >> 3, tag & 7
    match kind:
        case 0:
            _varint(file)
            length = 0
        case 1:
            length = 8
        case 2:
            length = _varint(file)
        case 5:
            length = 4
        case _:
            raise NotOnnx("not an ONNX file")
    if not field or file.tell() + length > size:
        raise NotOnnx("the file is cut off, or not ONNX")
    return field, length


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise NotOnnx("the file is cut off, or not ONNX")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise NotOnnx("not an ONNX file")


def _entry(data: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    at = 0
    while at + 2 <= len(data):
        field, at = data[at] >> 3, at + 1
        length, shift = 0, 0
        while at < len(data):
            byte, at = data[at], at + 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        found[field] = data[at : at + length].decode("utf-8", "replace")
        at += length
    return found
