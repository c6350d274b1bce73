from __future__ import annotations

from tests.storage.conftest import migrated_file

__all__ = ["migrated_file"]
