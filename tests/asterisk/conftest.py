"""The fixtures of this room."""

from __future__ import annotations

from tests.support.asterisk import asterisk, asterisk_binary, asterisk_session
from tests.support.postgres import database_url, postgres

__all__ = ["asterisk", "asterisk_binary", "asterisk_session", "database_url", "postgres"]
