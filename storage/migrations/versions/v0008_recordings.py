"""How long a recording is kept, and what its file must be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("retention", "sha256"):
        column = sa.Column(name, sa.String(length=64), nullable=False, server_default="")
        op.add_column("recordings", column)


def downgrade() -> None:
    with op.batch_alter_table("recordings") as table:
        for name in ("sha256", "retention"):
            table.drop_column(name)
