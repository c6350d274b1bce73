"""Limits, misses and own calls of agents; what agents and supervisors did, and what calls came to by their codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
)
_at = sa.DateTime(timezone=True)
_id = sa.String(length=128)


def upgrade() -> None:
    op.add_column("agents", sa.Column("reminders", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("agents", sa.Column("missed_at", _at, nullable=True))
    op.add_column("agents", sa.Column("own_call", _id, nullable=False, server_default=""))
    op.create_table(
        "acts",
        sa.Column("id", _id, nullable=False),
        sa.Column("at", _at, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("call_id", _id, nullable=False),
        sa.Column("subject", _id, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("data", _json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_acts"),
    )
    op.create_index("ix_acts_kind_at", "acts", ["kind", "at"])
    op.create_index("ix_acts_call_id", "acts", ["call_id"])
    op.create_index("ix_acts_subject_at", "acts", ["subject", "at"])
    op.create_table(
        "wrap_ups",
        sa.Column("agent_id", _id, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", _id, nullable=True),
        sa.Column("call_id", _id, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("began_at", _at, nullable=False),
        sa.Column("ended_at", _at, nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "revision", name="pk_wrap_ups"),
    )
    op.create_index("ix_wrap_ups_call_id", "wrap_ups", ["call_id"])
    op.create_index("ix_wrap_ups_entry_id", "wrap_ups", ["entry_id"])
    op.create_index("ix_agent_states_entry", "agent_states", ["entry"])


def downgrade() -> None:
    op.drop_index("ix_agent_states_entry", "agent_states")
    op.drop_table("wrap_ups")
    op.drop_table("acts")
    with op.batch_alter_table("agents") as table:
        for name in ("own_call", "missed_at", "reminders"):
            table.drop_column(name)
