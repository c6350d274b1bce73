"""Missed calls of a caller, and of a call, are found by an index: closed ones too, for an erasure."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_missed_calls_caller_key", "missed_calls", ["caller_key"])
    op.create_index("ix_missed_calls_call_id", "missed_calls", ["call_id"])


def downgrade() -> None:
    op.drop_index("ix_missed_calls_call_id", "missed_calls")
    op.drop_index("ix_missed_calls_caller_key", "missed_calls")
