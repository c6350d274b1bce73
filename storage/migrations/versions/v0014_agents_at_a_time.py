"""What an agent was at some time is found by an index, not by walking back through the agent's history."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_agent_states_agent_id_at", "agent_states", ["agent_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_agent_states_agent_id_at", "agent_states")
