"""Callers who are not let in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_at = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "nuisances",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("pattern", sa.String(length=64), nullable=False),
        sa.Column("treatment", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", _at, nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("until", _at, nullable=True),
        sa.Column("removed_at", _at, nullable=True),
        sa.Column("removed_by", sa.String(length=128), nullable=False, server_default=""),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nuisances")),
        sa.UniqueConstraint("serial", name=op.f("uq_nuisances_serial")),
    )


def downgrade() -> None:
    op.drop_table("nuisances")
