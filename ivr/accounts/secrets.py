"""Secrets of SIP accounts, and what is kept of them (RFC 7616). Pure but for the random numbers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

SECRET_BYTES: Final = 24
"""192 bits, written in letters, digits, - and _ only: safe in every file, URL and SIP client."""


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def digests(username: str, realm: str, secret: str) -> tuple[str, str]:
    """(MD5, SHA-256) of A1 in hex: enough to check an answer to a challenge, not to learn the secret.

    With either of them one could answer a challenge of this realm all the same: they are kept like secrets.
    """
    first = f"{username}:{realm}:{secret}".encode()
    return hashlib.md5(first, usedforsecurity=False).hexdigest(), hashlib.sha256(first).hexdigest()


def fits(sha256: str, username: str, realm: str, secret: str) -> bool:
    """Whether this is the secret of which that is kept."""
    return hmac.compare_digest(sha256, digests(username, realm, secret)[1])
