"""The ledger of missed calls, what was said of waits and what they were, and how a promise is to be carried out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
)
_at = sa.DateTime(timezone=True)
_id = sa.String(length=128)


def upgrade() -> None:
    op.create_table(
        "missed_calls",
        sa.Column("id", _id, nullable=False),
        sa.Column("caller_key", _id, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reasons", _json, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", _at, nullable=False),
        sa.Column("last_at", _at, nullable=False),
        sa.Column("due_at", _at, nullable=False),
        sa.Column("call_id", _id, nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("callback_id", _id, nullable=False),
        sa.Column("closed_at", _at, nullable=True),
        sa.Column("closed_how", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("closed_why", sa.Text(), nullable=False),
        sa.Column("closing_call", _id, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_missed_calls"),
    )
    op.create_index("ix_missed_calls_state_due_at", "missed_calls", ["state", "due_at"])
    op.create_index("ix_missed_calls_first_at", "missed_calls", ["first_at"])
    op.create_index("ix_missed_calls_callback_id", "missed_calls", ["callback_id"])
    # One open obligation a caller, whoever writes it.
    op.create_index(
        "uq_missed_calls_open",
        "missed_calls",
        ["caller_key"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "wait_estimates",
        sa.Column("id", _id, nullable=False),
        sa.Column("entry_id", _id, nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("at", _at, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("serving", sa.Integer(), nullable=False),
        sa.Column("low_s", sa.Double(), nullable=False),
        sa.Column("high_s", sa.Double(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("waited_s", sa.Double(), nullable=False),
        sa.Column("hit", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_wait_estimates"),
    )
    op.create_index("ix_wait_estimates_queue_at", "wait_estimates", ["queue", "at"])
    op.add_column("callbacks", sa.Column("plan", _json, nullable=False, server_default=sa.text("'{}'")))
    op.create_index("ix_queue_entries_caller_key_ended_at", "queue_entries", ["caller_key", "ended_at"])
    op.create_index("ix_queue_entries_ended_at", "queue_entries", ["ended_at"])


def downgrade() -> None:
    op.drop_index("ix_queue_entries_ended_at", "queue_entries")
    op.drop_index("ix_queue_entries_caller_key_ended_at", "queue_entries")
    with op.batch_alter_table("callbacks") as table:
        table.drop_column("plan")
    op.drop_table("wait_estimates")
    op.drop_table("missed_calls")
