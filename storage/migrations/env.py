"""Run by Alembic for every command of `storage/migrate.py`, which puts its connection into the configuration."""

from __future__ import annotations

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    # SQLite cannot change a table in place: Alembic copies it instead.
    render_as_batch=True,
    # Ours begin with BEGIN IMMEDIATE (engine.py), so SQLite rolls back half a migration as Postgres does.
    transactional_ddl=True,
)

with context.begin_transaction():
    context.run_migrations()
