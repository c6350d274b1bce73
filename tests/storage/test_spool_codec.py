"""Facts as bytes and back: every kind, whatever is in it, and what other versions wrote."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, is_dataclass
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.records import Fact, JournalEvent
from storage.spool_codec import VERSION, Unreadable, Unwritable, as_json, decode, encode
from storage.writing import KINDS
from tests.storage import samples as s

KINDS_OF_FACT: tuple[type[Any], ...] = get_args(Fact)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ZONES = st.sampled_from([dt.UTC, s.SHANGHAI, dt.timezone(dt.timedelta(hours=-7, minutes=-30))])
TIMES = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2100, 1, 1), timezones=ZONES)  # noqa: DTZ001  # with `timezones`


@st.composite
def facts(draw: st.DrawFn, kind: type[Any]) -> Any:
    return kind(**{each.name: draw(_values(str(each.type))) for each in fields(kind)})


def _values(hint: str) -> st.SearchStrategy[Any]:
    if "datetime" in hint:
        return TIMES if "None" not in hint else st.none() | TIMES
    if hint.startswith("Mapping"):
        return st.dictionaries(st.text(max_size=8), JSON, max_size=3)
    if hint.startswith("Sequence"):
        return st.lists(JSON, max_size=3)
    if "Json" in hint:
        return st.dictionaries(st.text(max_size=8), JSON, max_size=3)
    plain = {"int": st.integers(-(2**31), 2**31 - 1), "float": st.floats(-1e9, 1e9), "bool": st.booleans()}
    chosen = plain.get(hint.removesuffix(" | None"), st.text())
    return st.none() | chosen if hint.endswith("| None") else chosen


@pytest.mark.parametrize("kind", KINDS_OF_FACT)
def test_every_kind_comes_back_as_it_was(kind: type[Any]) -> None:
    @settings(max_examples=15)
    @given(facts(kind))
    def there_and_back(fact: Any) -> None:
        assert decode(encode(fact)) == decode(as_json(fact)) == fact

    there_and_back()


def test_every_kind_that_is_written_can_be_spooled() -> None:
    assert set(KINDS_OF_FACT) == set(KINDS)
    assert all(is_dataclass(kind) for kind in KINDS_OF_FACT)


def test_what_an_upgrade_changes_is_read_leniently() -> None:
    name, version, values = orjson.loads(as_json(s.event(1)))
    del values["version"], values["data"]
    assert decode(orjson.dumps([name, version, values | {"of_an_older_time": 1}])) == JournalEvent(
        "c-n1-1", 1, s.at(1), "node_entered"
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[1]",
        b'["JournalEvent", 1, {}]',
        b'["JournalEvent", 1, []]',
        b'["JournalEvent", 1, {"call_id": "c", "seq": 1, "at": 5, "kind": "x"}]',
        b'["OfLater", 1, {}]',
        orjson.dumps(["JournalEvent", VERSION + 1, {}]),
        b"\xff\xfe",
    ],
)
def test_what_is_no_fact_is_said_without_showing_it(payload: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(payload)


@given(st.binary(max_size=200) | JSON.map(orjson.dumps))
def test_no_bytes_raise_anything_else(payload: bytes) -> None:
    try:
        decode(payload)
    except Unreadable:
        pass
    else:
        raise AssertionError("that was a fact")


def test_a_value_that_is_no_json_is_refused_at_once() -> None:
    with pytest.raises(Unwritable, match="JournalEvent"):
        encode(s.event(1, what=object()))
