"""Files of the spool that were torn, damaged, filled with zeros: what is whole is found, in order, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import spool_rows
from storage.spool_format import HEADER, LONGEST, record, scan
from tests.storage import samples as s

TEXTS = st.text(min_size=1).map(str.encode)
ROWS = st.sampled_from([-1, -1025, 1, 2**31 - 1]).map(lambda seq: spool_rows.row(s.event(seq)))
"""With the byte that a mark begins with, and zeros."""
PAYLOADS = st.lists(TEXTS | ROWS, max_size=8)


def _file(payloads: list[bytes]) -> bytes:
    return HEADER + b"".join(map(record, payloads))


@given(PAYLOADS, st.integers(0, 50))
def test_what_was_written_is_read_also_before_reserved_room(payloads: list[bytes], zeros: int) -> None:
    found = scan(_file(payloads) + bytes(zeros))
    assert (list(found.payloads), list(found.damaged), found.torn) == (payloads, [], False)
    assert found.end == len(_file(payloads))


@given(PAYLOADS, TEXTS | ROWS, st.data(), st.integers(0, 50))
def test_a_last_record_that_was_not_finished_is_cut_off(
    payloads: list[bytes], last: bytes, data: st.DataObject, zeros: int
) -> None:
    whole = record(last)
    written = whole[: data.draw(st.integers(1, len(whole) - 1))]
    found = scan(_file(payloads) + written + bytes(zeros))
    assert (list(found.payloads), list(found.damaged)) == (payloads, [])
    assert found.torn
    assert found.end == len(_file(payloads))


@given(st.lists(TEXTS | ROWS, min_size=2, max_size=6), st.data())
def test_damage_costs_the_record_that_it_hit(payloads: list[bytes], data: st.DataObject) -> None:
    hit = data.draw(st.integers(0, len(payloads) - 2))
    begin = len(_file(payloads[:hit]))
    file = bytearray(_file(payloads))
    place = data.draw(st.integers(begin, begin + len(record(payloads[hit])) - 1))
    file[place] ^= data.draw(st.integers(1, 255))
    found = scan(bytes(file))
    assert list(found.payloads) == payloads[:hit] + payloads[hit + 1 :]
    assert list(found.damaged) == [(begin, begin + len(record(payloads[hit])))]
    assert not found.torn


@given(st.binary(max_size=400))
def test_no_bytes_raise_or_make_a_record_of_nothing(content: bytes) -> None:
    found = scan(HEADER + content)
    assert found.end <= len(HEADER) + len(content)
    assert all(record(payload) in content for payload in found.payloads)


@given(PAYLOADS, st.binary(max_size=60))
def test_records_behind_rubbish_are_found(payloads: list[bytes], rubbish: bytes) -> None:
    found = scan(HEADER + rubbish + b"".join(map(record, payloads)))
    assert list(found.payloads)[len(found.payloads) - len(payloads) :] == payloads


@pytest.mark.parametrize("payload", [b"", bytes(LONGEST + 1)], ids=["empty", "too long"])
def test_what_could_not_be_read_again_is_not_written(payload: bytes) -> None:
    with pytest.raises(ValueError, match="a record of"):
        record(payload)
