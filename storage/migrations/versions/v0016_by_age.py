"""What is old is found by an index in every table that is erased by age."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BY_AGE: Final = {
    "missed_calls": "closed_at",
    "wait_estimates": "at",
    "wrap_ups": "ended_at",
    "notifications": "created_at",
    "callbacks": "created_at",
    "acts": "at",
}


def upgrade() -> None:
    for table, column in BY_AGE.items():
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in BY_AGE.items():
        op.drop_index(f"ix_{table}_{column}", table)
