"""The first tables: calls, journal, queue entries, decisions, agents and their history, transcripts, flow versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "agent_states",
        sa.Column("agent_id", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entry", sa.String(length=128), nullable=True),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "revision", name="pk_agent_states"),
    )
    op.create_index("ix_agent_states_at", "agent_states", ["at"], unique=False)
    op.create_table(
        "agents",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("extension", sa.String(length=32), nullable=False),
        sa.Column("skills", JSON, nullable=False),
        sa.Column("queues", JSON, nullable=False),
        sa.Column("labels", JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", AT, nullable=False),
        sa.Column("idle_since", AT, nullable=False),
        sa.Column("until", AT, nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=False),
        sa.Column("no_answers", sa.Integer(), nullable=False),
        sa.Column("entry", sa.String(length=128), nullable=True),
        sa.Column("leaving", JSON, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
    )
    op.create_index("ix_agents_extension", "agents", ["extension"], unique=True)
    op.create_table(
        "calls",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("dialled", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("flow_version", sa.Text(), nullable=False),
        sa.Column("started_at", AT, nullable=False),
        sa.Column("answered_at", AT, nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("cause", sa.Integer(), nullable=True),
        sa.Column("data", JSON, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
    )
    op.create_index("ix_calls_started_at", "calls", ["started_at"], unique=False)
    op.create_index("ix_calls_state", "calls", ["state"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("entry_id", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("call_id", sa.String(length=128), nullable=False),
        sa.Column("agent", sa.String(length=128), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("sentence_zh", sa.Text(), nullable=False),
        sa.Column("sentence_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "revision", "at", "kind", name="pk_decisions"),
    )
    op.create_index("ix_decisions_call_id", "decisions", ["call_id"], unique=False)
    op.create_table(
        "flow_versions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("loaded_at", AT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_flow_versions"),
    )
    op.create_index("ix_flow_versions_name_loaded_at", "flow_versions", ["name", "loaded_at"], unique=False)
    op.create_table(
        "journal",
        sa.Column("call_id", sa.String(length=128), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "seq", name="pk_journal"),
    )
    op.create_index("ix_journal_at", "journal", ["at"], unique=False)
    op.create_table(
        "queue_entries",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("call_id", sa.String(length=128), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("enqueued_at", AT, nullable=False),
        sa.Column("since", AT, nullable=False),
        sa.Column("step_since", AT, nullable=False),
        sa.Column("limit_from", AT, nullable=False),
        sa.Column("skills", JSON, nullable=False),
        sa.Column("steps", JSON, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("timeout_s", sa.Double(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(length=128), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried", JSON, nullable=False),
        sa.Column("announced", sa.Integer(), nullable=True),
        sa.Column("joined_at", AT, nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_queue_entries"),
    )
    op.create_index("ix_queue_entries_call_id", "queue_entries", ["call_id"], unique=False)
    op.create_index(
        "ix_queue_entries_queue_enqueued_at", "queue_entries", ["queue", "enqueued_at"], unique=False
    )
    op.create_index("ix_queue_entries_state", "queue_entries", ["state"], unique=False)
    op.create_table(
        "transcripts",
        sa.Column("call_id", sa.String(length=128), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("speaker", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("words", JSON, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "seq", name="pk_transcripts"),
    )
    op.create_index("ix_transcripts_at", "transcripts", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_transcripts_at", table_name="transcripts")
    op.drop_table("transcripts")
    op.drop_index("ix_queue_entries_state", table_name="queue_entries")
    op.drop_index("ix_queue_entries_queue_enqueued_at", table_name="queue_entries")
    op.drop_index("ix_queue_entries_call_id", table_name="queue_entries")
    op.drop_table("queue_entries")
    op.drop_index("ix_journal_at", table_name="journal")
    op.drop_table("journal")
    op.drop_index("ix_flow_versions_name_loaded_at", table_name="flow_versions")
    op.drop_table("flow_versions")
    op.drop_index("ix_decisions_call_id", table_name="decisions")
    op.drop_table("decisions")
    op.drop_index("ix_calls_state", table_name="calls")
    op.drop_index("ix_calls_started_at", table_name="calls")
    op.drop_table("calls")
    op.drop_index("ix_agents_extension", table_name="agents")
    op.drop_table("agents")
    op.drop_index("ix_agent_states_at", table_name="agent_states")
    op.drop_table("agent_states")
