from __future__ import annotations

import json
from typing import get_args

import pytest
from sqlalchemy import Table

from storage.masking import mask
from storage.records import DecisionRecord, EntryRecord, Fact
from storage.writing import KINDS
from tests.storage import samples as s


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13812345678", "138******78"),
        ("+8613812345678", "+86*********78"),
        ("12345678", "123***78"),
        ("1234567", "*******"),
        ("110", "***"),
        ("", ""),
    ],
)
def test_a_masked_number_shows_head_and_tail_only(number: str, shown: str) -> None:
    assert mask(number) == shown


def test_no_personal_data_in_a_repr() -> None:
    shown = repr([s.call(), s.event(1, digits="4455"), s.line(1), EntryRecord.of(s.entry())])
    shown += repr([s.callback(), s.recording(), s.notification()])
    for secret in ("13812345678", "4455", "路灯", "投诉", "受理"):
        assert secret not in shown
    assert "138******78" in shown


def test_every_fact_has_a_table_with_its_fields() -> None:
    assert set(KINDS) == set(get_args(Fact))
    for kind, how in KINDS.items():
        assert isinstance(how.table, Table)
        assert {*kind.__dataclass_fields__, *how.derived} == set(how.table.columns.keys())


def test_what_goes_into_json_columns_is_plain_json() -> None:
    record = EntryRecord.of(s.entry())
    assert json.loads(json.dumps([record.skills, record.steps, record.tried])) == [
        record.skills,
        record.steps,
        record.tried,
    ]
    for decided in s.decided():
        json.dumps(DecisionRecord.of(decided, s.T0).reasons)
