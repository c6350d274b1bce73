"""Agents' SIP accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_at = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sip_accounts",
        sa.Column("username", sa.String(length=32), nullable=False),
        sa.Column("agent", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("answering", sa.String(length=16), nullable=False, server_default="by_hand"),
        sa.Column("realm", sa.String(length=64), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", _at, nullable=False),
        sa.Column("changed_at", _at, nullable=False),
        sa.Column("changed_by", sa.String(length=128), nullable=False, server_default=""),
        sa.Column("revoked_at", _at, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_sip_accounts")),
        sa.UniqueConstraint("serial", name=op.f("uq_sip_accounts_serial")),
    )


def downgrade() -> None:
    op.drop_table("sip_accounts")
