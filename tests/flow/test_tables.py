"""Tables of lookups: what is found, and every fault with its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow.findings import FlowLoadError
from ivr.flow.inputs import JsonValue
from ivr.flow.table_values import ColumnType
from ivr.flow.tables import MAX_FINDINGS, MAX_ROWS, parse_table

TICKETS = """\ufeffnumber,状态,due,open,fee
2026-0007, 办理中 ,2026/12/1,是,12
2026-0008,"已办结, 已回访",2026年12月24日,no,3.50

ＡＢ-9,"他说 ""好""
谢谢",,,
"""
TYPES: dict[str, ColumnType] = {"due": "date", "open": "boolean", "fee": "number"}


def test_cells_are_text_unless_a_type_is_declared() -> None:
    table = parse_table("tables/tickets.csv", TICKETS.encode(), TYPES, ["number"])
    assert [dict(row) for row in table.rows] == [
        {"number": "2026-0007", "状态": "办理中", "due": "2026-12-01", "open": True, "fee": 12},
        {"number": "2026-0008", "状态": "已办结, 已回访", "due": "2026-12-24", "open": False, "fee": 3.5},
        {"number": "ＡＢ-9", "状态": '他说 "好"\n谢谢', "due": None, "open": None, "fee": None},
    ]
    assert [mark.line for mark in table.marks] == [2, 3, 5]


@pytest.mark.parametrize(
    ("by", "lines"),
    [
        ({"number": "2026-0007"}, [2]),
        ({"number": "２０２６－０００７"}, [2]),
        ({"number": " ab-9 "}, [5]),
        ({"number": "2026-0009"}, []),
        ({"number": ""}, []),
        ({"number": None}, []),
        ({"number": ["2026-0007"]}, []),
        ({"fee": "12"}, [2]),
        ({"fee": 12.0}, [2]),
        ({"fee": "twelve"}, []),
        ({"fee": None}, []),
        ({"open": "yes"}, [2]),
        ({"open": False, "due": "2026-12-24"}, [3]),
        ({"open": True, "due": "2026-12-24"}, []),
    ],
)
def test_rows_are_found_by_equal_values(by: dict[str, JsonValue], lines: list[int]) -> None:
    table = parse_table("t.csv", TICKETS.encode(), TYPES)
    for _ in range(2):
        found = [table.marks[table.rows.index(row)].line for row in table.find(by)]
        assert found == lines


def test_of_untyped_yaml_values_the_text_is_compared() -> None:
    source = "- {district: 武昌区, code: 12345, quiet: true}\n- {district: 汉阳区, code: '007'}\n"
    table = parse_table("tables/offices.yaml", source.encode(), key=["code"])
    assert [row["district"] for row in table.find({"code": "12345"})] == ["武昌区"]
    assert [row["district"] for row in table.find({"code": 12345})] == ["武昌区"]
    assert [row["district"] for row in table.find({"code": "007"})] == ["汉阳区"]
    assert [row["quiet"] for row in table.rows] == [True, None]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_other_delimiters(delimiter: str) -> None:
    source = f"a{delimiter}b\n1{delimiter}2\n"
    assert dict(parse_table("t.csv", source.encode()).rows[0]) == {"a": "1", "b": "2"}


def test_many_rows_may_have_one_key_where_it_is_said() -> None:
    source = b"district,office\nwest,a\neast,b\nwest,c\n"
    table = parse_table("t.csv", source, key=["district"], many=True)
    assert [row["office"] for row in table.find({"district": "west"})] == ["a", "c"]


@pytest.mark.parametrize(
    ("source", "key", "places"),
    [
        (b"", [], ["1:1 bad-table an empty table"]),
        (b"\n\n", [], ["1:1 bad-table an empty table"]),
        (b"a,b\n1,2\n3\n", [], ["3:1 bad-table 1 cells, but 2 headings"]),
        (b"a,b\n1,2,3\n", [], ["2:1 bad-table 3 cells, but 2 headings"]),
        (b"a,a\n1,2\n", [], ["1:3 bad-table two columns are called `a`"]),
        (b"a,,b\n1,2,3\n", [], ["1:3 bad-table a column without a short heading"]),
        (b'a,b\n"x,2\n', [], ["2:1 bad-table this is not CSV"]),
        (b"a,b\nx,\xff\n", [], ["2:3 not-utf-8 the file is not UTF-8"]),
        (b'a,d\n"x, y",31/12\nq,2026-02-30\n', [], ["2:8 bad-table `31/12` is", "3:3 bad-table `2026-02-30` is"]),
        (b"a,b\nx,y\0z\n", [], ["2:3 bad-table a character that is none"]),
        (b"a,d\n1,\n2,\n1,\n", ["a"], ["4:1 bad-table the same a as in line 2"]),
        (b"a,d\n1,2026-01-01\n,2026-01-01\n", ["a"], ["3:1 bad-table `a` is empty"]),
        (b"number,d\n1,\n", ["numbr"], ["1:1 bad-table there is no column `numbr`"]),
    ],
)  # fmt: skip
def test_every_fault_has_its_place(source: bytes, key: list[str], places: list[str]) -> None:
    types: dict[str, ColumnType] = {"d": "date"} if b"d" in source else {}
    with pytest.raises(FlowLoadError) as caught:
        parse_table("tables/t.csv", source, types, key)
    found = [f"{each.line}:{each.column} {each.code} {each.cause}" for each in caught.value.findings]
    assert len(found) == len(places)
    assert all(text.startswith(place) for text, place in zip(found, places, strict=True)), found


def test_a_fault_in_a_yaml_table_has_its_place() -> None:
    with pytest.raises(FlowLoadError) as caught:
        parse_table("t.yaml", b"- {a: 1}\n- {a: x}\n", {"a": "number"})
    assert str(caught.value.findings[0]).startswith("t.yaml:2:7: error bad-table: `x` is no number")
    with pytest.raises(FlowLoadError, match="a list of mappings"):
        parse_table("t.yaml", b"a: 1\n")


def test_a_type_that_does_not_exist_is_told() -> None:
    with pytest.raises(FlowLoadError, match="`money` is no type"):
        parse_table("t.csv", b"a\n1\n", {"a": "money"})  # type: ignore[dict-item]


def test_the_same_mistake_on_every_line_is_told_a_few_times() -> None:
    with pytest.raises(FlowLoadError) as caught:
        parse_table("t.csv", b"a\n" + b"x\n" * 1000, {"a": "number"})
    assert len(caught.value.findings) == MAX_FINDINGS


def test_a_table_has_bounds() -> None:
    with pytest.raises(FlowLoadError, match="more than 50000 rows"):
        parse_table("t.csv", b"a\n" + b"x\n" * (MAX_ROWS + 1))
    with pytest.raises(FlowLoadError, match="5000000 at most"):
        parse_table("t.csv", b"a\n" + b"x" * 5_000_000)
    with pytest.raises(FlowLoadError, match="4000 at most"):
        parse_table("t.csv", b"a\n" + b"x" * 4001)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text('ab,;"\t\n\r\ufeff12-/是\0', max_size=200).map(str.encode),
    ),
    st.sampled_from(("t.csv", "t.yaml")),
)
def test_no_file_raises_anything_but_located_faults(source: bytes, name: str) -> None:
    try:
        table = parse_table(name, source, {}, many=True)
    except FlowLoadError as error:
        assert error.findings
    else:
        assert all(set(row) == set(table.columns) for row in table.rows)
