"""What happened to queue entries, as a log: their rows are what it comes to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
)


def upgrade() -> None:
    op.create_table(
        "entry_changes",
        sa.Column("entry_id", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call_id", sa.String(length=128), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("data", _json, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "revision", name=op.f("pk_entry_changes")),
    )
    op.create_index("ix_entry_changes_at", "entry_changes", ["at"])
    op.create_index("ix_entry_changes_call_id", "entry_changes", ["call_id"])
    # What is erased or archived by age, and what the figures of a time are made of.
    op.create_index("ix_decisions_at", "decisions", ["at"])
    op.create_index("ix_queue_entries_enqueued_at", "queue_entries", ["enqueued_at"])


def downgrade() -> None:
    op.drop_index("ix_queue_entries_enqueued_at", "queue_entries")
    op.drop_index("ix_decisions_at", "decisions")
    op.drop_table("entry_changes")
