"""Queue entries whose place a promised callback holds, and entries for one agent alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("queue_entries", sa.Column("only", sa.String(length=128), nullable=True))
    op.add_column("queue_entries", sa.Column("ring_s", sa.Double(), nullable=True))
    op.add_column(
        "queue_entries", sa.Column("callback", sa.String(length=128), nullable=False, server_default="")
    )
    op.add_column("queue_entries", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("queue_entries") as table:
        for name in ("not_before", "callback", "ring_s", "only"):
            table.drop_column(name)
