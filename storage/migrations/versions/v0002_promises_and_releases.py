"""Callbacks, recordings and messages that outlive their call; dialogues by content, and which of them is live."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

FILE = re.compile(r"^# file: (.+)\n", re.MULTILINE)
"""Before each file of a source as revision 0001 kept it: all files as one text."""


def upgrade() -> None:
    op.create_index("ix_calls_caller_started_at", "calls", ["caller", "started_at"], unique=False)
    op.create_table(
        "callbacks",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("call_id", sa.String(length=128), nullable=False),
        sa.Column("entry_id", sa.String(length=128), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("skills", JSON, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("enqueued_at", AT, nullable=False),
        sa.Column("not_before", AT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
    )
    op.create_index("ix_callbacks_call_id", "callbacks", ["call_id"], unique=False)
    op.create_index("ix_callbacks_state_enqueued_at", "callbacks", ["state", "enqueued_at"], unique=False)
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("call_id", sa.String(length=128), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recordings"),
    )
    op.create_index("ix_recordings_call_id", "recordings", ["call_id"], unique=False)
    op.create_index("ix_recordings_created_at", "recordings", ["created_at"], unique=False)
    op.create_table(
        "notifications",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("call_id", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", AT, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("sent_at", AT, nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
    )
    op.create_index("ix_notifications_call_id", "notifications", ["call_id"], unique=False)
    op.create_index("ix_notifications_state_next_at", "notifications", ["state", "next_at"], unique=False)
    op.create_table(
        "flow_releases",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("mapping", JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", "seq", name="pk_flow_releases"),
    )
    _versions_by_content()


def _versions_by_content() -> None:
    """From one text a version to files that versions share."""
    connection = op.get_bind()
    old = sa.table(
        "flow_versions", *map(sa.column, ("hash", "name", "source", "by")), sa.column("loaded_at", AT)
    )
    rows = connection.execute(
        sa.select(old.c.hash, old.c.name, old.c.source, old.c.by, old.c.loaded_at)
    ).all()
    op.drop_index("ix_flow_versions_name_loaded_at", table_name="flow_versions")
    op.drop_table("flow_versions")
    files = op.create_table(
        "flow_files",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_flow_files"),
    )
    versions = op.create_table(
        "flow_versions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("files", JSON, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("parent", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("hash", name="pk_flow_versions"),
    )
    op.create_index("ix_flow_versions_name_created_at", "flow_versions", ["name", "created_at"], unique=False)
    kept: set[str] = set()
    for row in rows:
        contents = dict(_split(row.source))
        names = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        for name, content in contents.items():
            if names[name] not in kept:
                kept.add(names[name])
                connection.execute(files.insert().values(hash=names[name], content=content))
        values = {"hash": row.hash, "name": row.name, "files": names, "author": row.by, "message": ""}
        connection.execute(versions.insert().values(created_at=row.loaded_at, **values))


def downgrade() -> None:
    connection = op.get_bind()
    new = sa.table(
        "flow_versions",
        *map(sa.column, ("hash", "name", "author")),
        sa.column("files", JSON),
        sa.column("created_at", AT),
    )
    files = sa.table("flow_files", sa.column("hash"), sa.column("content", sa.LargeBinary))
    rows = connection.execute(
        sa.select(new.c.hash, new.c.name, new.c.files, new.c.author, new.c.created_at)
    ).all()
    sources = {
        row.hash: _join(
            {
                name: connection.execute(
                    sa.select(files.c.content).where(files.c.hash == content)
                ).scalar_one()
                for name, content in sorted(row.files.items())
            }
        )
        for row in rows
    }
    op.drop_index("ix_flow_versions_name_created_at", table_name="flow_versions")
    op.drop_table("flow_versions")
    op.drop_table("flow_files")
    old = op.create_table(
        "flow_versions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("loaded_at", AT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_flow_versions"),
    )
    op.create_index("ix_flow_versions_name_loaded_at", "flow_versions", ["name", "loaded_at"], unique=False)
    for row in rows:
        values = {"hash": row.hash, "name": row.name, "source": sources[row.hash], "by": row.author}
        connection.execute(old.insert().values(loaded_at=row.created_at, **values))
    op.drop_table("flow_releases")
    op.drop_index("ix_notifications_state_next_at", table_name="notifications")
    op.drop_index("ix_notifications_call_id", table_name="notifications")
    op.drop_table("notifications")
    op.drop_index("ix_recordings_created_at", table_name="recordings")
    op.drop_index("ix_recordings_call_id", table_name="recordings")
    op.drop_table("recordings")
    op.drop_index("ix_callbacks_state_enqueued_at", table_name="callbacks")
    op.drop_index("ix_callbacks_call_id", table_name="callbacks")
    op.drop_table("callbacks")
    op.drop_index("ix_calls_caller_started_at", table_name="calls")


def _split(source: str) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each file."""
    starts = list(FILE.finditer(source))
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        # The line feed before the next heading joined the files; it belongs to none.
        end = len(source) if following is None else following.start() - 1
        yield start[1], source[start.end() : end].encode()


def _join(contents: Mapping[str, bytes]) -> str:
    return "\n".join(
        f"# file: {name}\n{content.decode(errors='replace')}" for name, content in contents.items()
    )
