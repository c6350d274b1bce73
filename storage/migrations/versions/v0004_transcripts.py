"""Transcripts of both sides: times, engines, corrections, who looked at them, and an index to search them by.

Lines of an older version are kept; `ivr transcripts index` makes them searchable.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql")

OLD = "call_id, seq, at, speaker, language, text, confidence, engine, words"
INDEXED = "open_words, secret_words"


def upgrade() -> None:
    op.drop_index("ix_transcripts_at", table_name="transcripts")
    op.rename_table("transcripts", "transcripts_before")
    op.create_table(
        "transcripts",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("call_id", sa.String(length=128), nullable=False),
        sa.Column("party", sa.String(length=128), nullable=False, server_default=""),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("began_at", AT, nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("speaker", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("engine_version", sa.Text(), nullable=False),
        sa.Column("words", JSON, nullable=False),
        sa.Column("corrected", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("open_words", WORDS, nullable=True),
        sa.Column("secret_words", WORDS, nullable=True),
        # The old table still has the name that a primary key would get.
        sa.PrimaryKeyConstraint("number", name="pk_transcripts_number"),
        sa.UniqueConstraint("call_id", "party", "seq", name="uq_transcripts_call_id_party_seq"),
    )
    op.execute(
        f"INSERT INTO transcripts ({OLD}, source, engine_version, revision) "  # noqa: S608
        f"SELECT {OLD}, 'dialogue', '', 0 FROM transcripts_before ORDER BY at, call_id, seq"
    )
    op.drop_table("transcripts_before")
    op.create_index("ix_transcripts_at", "transcripts", ["at"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        _index_postgres()
    else:
        _index_sqlite()
    op.create_table(
        "transcript_corrections",
        sa.Column("call_id", sa.String(length=128), nullable=False),
        sa.Column("party", sa.String(length=128), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "party", "seq", "revision", name="pk_transcript_corrections"),
    )
    op.create_table(
        "transcript_acts",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("call_id", sa.String(length=128), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_transcript_acts"),
    )
    op.create_index("ix_transcript_acts_at", "transcript_acts", ["at"], unique=False)
    op.create_index("ix_transcript_acts_call_id", "transcript_acts", ["call_id"], unique=False)


def _index_postgres() -> None:
    # No list of pending entries: it would make the writing quicker, and every search slower until the next vacuum.
    op.execute(
        "CREATE INDEX ix_transcripts_open_words ON transcripts USING gin (open_words) WITH (fastupdate = off)"
    )
    op.execute(
        "CREATE INDEX ix_transcripts_secret_words ON transcripts USING gin (secret_words) "
        "WITH (fastupdate = off) WHERE secret_words IS NOT NULL"
    )


def _index_sqlite() -> None:
    # The words have been cut in Python: only spaces part them here. Rows are never ranked, so no sizes are kept.
    op.execute(
        f"CREATE VIRTUAL TABLE transcripts_words USING fts5({INDEXED}, content='transcripts', "
        "content_rowid='number', tokenize='unicode61 remove_diacritics 0', columnsize=0)"
    )
    put = (
        "INSERT INTO transcripts_words (rowid, open_words, secret_words) "
        "VALUES (new.number, new.open_words, new.secret_words)"
    )
    take = (
        "INSERT INTO transcripts_words (transcripts_words, rowid, open_words, secret_words) "
        "VALUES ('delete', old.number, old.open_words, old.secret_words)"
    )
    op.execute(f"CREATE TRIGGER transcripts_put AFTER INSERT ON transcripts BEGIN {put}; END")
    op.execute(f"CREATE TRIGGER transcripts_taken AFTER DELETE ON transcripts BEGIN {take}; END")
    op.execute(
        f"CREATE TRIGGER transcripts_changed AFTER UPDATE OF {INDEXED} ON transcripts BEGIN {take}; {put}; END"
    )


def downgrade() -> None:
    op.drop_index("ix_transcript_acts_call_id", table_name="transcript_acts")
    op.drop_index("ix_transcript_acts_at", table_name="transcript_acts")
    op.drop_table("transcript_acts")
    op.drop_table("transcript_corrections")
    if op.get_bind().dialect.name == "sqlite":
        for name in ("put", "taken", "changed"):
            op.execute(f"DROP TRIGGER transcripts_{name}")
        op.execute("DROP TABLE transcripts_words")
    op.drop_index("ix_transcripts_at", table_name="transcripts")
    op.rename_table("transcripts", "transcripts_after")
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
    # The older version knows the caller's own lines only.
    op.execute(
        f"INSERT INTO transcripts ({OLD}) SELECT {OLD} FROM transcripts_after WHERE party = ''"  # noqa: S608
    )
    op.drop_table("transcripts_after")
    op.create_index("ix_transcripts_at", "transcripts", ["at"], unique=False)
