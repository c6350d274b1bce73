"""What a backup says of itself: its last member, `manifest.json`."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from storage.dumping import Kind

NAME: Final = "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableOf(_Part):
    """rows: how many. kinds: what each column holds."""

    rows: int
    kinds: dict[str, Kind]


class Manifest(_Part):
    """revision: of the tables. sha256: of each other member. made_at: when the database's view was taken, ISO."""

    format: Literal[1] = 1
    revision: str
    dialect: str
    made_at: str
    tables: dict[str, TableOf]
    sha256: dict[str, str] = Field(default_factory=dict)


def member(table: str) -> str:
    return f"rows/{table}.jsonl.gz"
