"""A migrated database for each test."""

from __future__ import annotations

from tests.storage.conftest import migrated, migrated_database, migrated_file, store, url

__all__ = ["migrated", "migrated_database", "migrated_file", "store", "url"]
