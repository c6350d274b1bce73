"""Versions are tested on both databases: the fixtures of the storage's tests."""

from __future__ import annotations

from tests.storage.conftest import migrated, migrated_database, migrated_file, store, url

__all__ = ["migrated", "migrated_database", "migrated_file", "store", "url"]
