"""Preferred agents and returning callers of queue entries; what the strategies know of an agent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("queue_entries", sa.Column("preferred", sa.String(length=128), nullable=True))
    op.add_column(
        "queue_entries", sa.Column("caller_key", sa.String(length=128), nullable=False, server_default="")
    )
    for name in ("rank", "calls"):
        op.add_column("agents", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("agents", sa.Column("busy_s", sa.Double(), nullable=False, server_default="0"))
    for name in ("last_given_at", "logged_in_at"):
        op.add_column("agents", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("agents") as table:
        for name in ("logged_in_at", "last_given_at", "busy_s", "calls", "rank"):
            table.drop_column(name)
    with op.batch_alter_table("queue_entries") as table:
        for name in ("caller_key", "preferred"):
            table.drop_column(name)
