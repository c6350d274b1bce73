"""The ids of a call's trace, made from the call's own: whoever is told the call's id can add to its trace. Pure."""

from __future__ import annotations

import hashlib


def trace_id_of(call: str) -> int:
    """128 bits."""
    return _hash(call, 16, b"hotline trace")


def root_id_of(call: str) -> int:
    """64 bits: of the span that is the call itself."""
    return _hash(call, 8, b"hotline call")


def _hash(call: str, size: int, person: bytes) -> int:
    # Zero would mean that there is none.
    return int.from_bytes(hashlib.blake2b(call.encode(), digest_size=size, person=person).digest()) or 1
