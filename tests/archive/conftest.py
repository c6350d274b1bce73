"""The databases of the storage's tests: SQLite and Postgres, with the tables in them."""

from tests.storage.conftest import migrated, migrated_database, migrated_file, store

__all__ = ["migrated", "migrated_database", "migrated_file", "store"]
