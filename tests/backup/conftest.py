"""The databases of the storage's tests: SQLite and Postgres."""

from tests.storage.conftest import migrated, migrated_database, migrated_file, store

__all__ = ["migrated", "migrated_database", "migrated_file", "store"]
