"""Hosts that requests may go to, and lookups without their I/O."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Lookup
from ivr.flow.hosts import HostError, allowed, encoded, fill, host_rule, places, read_address
from ivr.flow.inputs import JsonValue, LookupEnded, OpId, RequestEnded
from ivr.flow.lookups import from_answer, from_table, picked, request_for
from ivr.flow.sources import LookupSource
from ivr.flow.tables import parse_table

OP = OpId("3")


@pytest.mark.parametrize(
    ("entry", "url", "yes"),
    [
        ("api.city.example", "https://api.city.example/x", True),
        ("API.City.Example", "https://api.CITY.example./x", True),
        ("api.city.example", "https://api.city.example:443/x", True),
        ("api.city.example", "https://api.city.example:8443/x", False),
        ("api.city.example", "http://api.city.example/x", False),
        ("api.city.example", "https://evil.api.city.example/x", False),
        ("api.city.example", "https://api.city.example.evil.example/x", False),
        ("*.city.example", "https://api.city.example/x", True),
        ("*.city.example", "https://a.b.city.example/x", True),
        ("*.city.example", "https://city.example/x", False),
        ("*.city.example", "https://evilcity.example/x", False),
        ("http://old.city.example:8080", "http://old.city.example:8080/x", True),
        ("http://old.city.example:8080", "https://old.city.example:8080/x", False),
        ("http://[::1]:80", "http://[::1]/x", True),
        ("数据.example", "https://xn--fsqp0ak.example/x", False),
        ("例子.测试", "https://xn--fsqu00a.xn--0zwm56d/x", True),
    ],
)
def test_an_entry_allows_what_it_says(entry: str, url: str, yes: bool) -> None:
    assert allowed(read_address(url)[1], [entry]) is yes


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "*",
        "*.com",
        "https://",
        "api.city.example/path",
        "a b",
        "ftp://x",
        "u@x.example",
        "x:99999",
        "**.x.y",
    ],
)
def test_an_entry_that_cannot_be_read_is_told(entry: str) -> None:
    with pytest.raises(HostError) as caught:
        host_rule(entry)
    assert caught.value.mend


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "/x", "//x/y", "ftp://x/", "https://", "https:///x", "https://x y/", "https://x/\r\nHost: y",
        "https://x\\@y/", "https://user@x/", "https://:pw@x/", "https://x:0/", "https://x:99999/", "https://./",
        "https://x/" + "y" * 2000, "javascript:alert(1)", "https://[::1/",
        "https://x/tickets/..", "https://x/a/../b", "https://x/a/%2E./b", "https://x/./b", "https://x/a/%2e%2e?q=1",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(HostError):
        read_address(url)


def test_dots_within_a_name_are_no_way_out() -> None:
    for path in ("a.b/..c/d..", "v1.0", ".well-known/x", "x?up=../..#.."):
        assert read_address(f"https://x.example/{path}")[1].host == "x.example"


def test_values_go_into_path_and_query_and_cannot_leave_their_place() -> None:
    template = "https://api.city.example/tickets/{number}?phone={phone}"
    assert places(template) == ("number", "phone")
    assert fill(template, {"number": "a/../b?c#d", "phone": 12.0}) == (
        "https://api.city.example/tickets/a%2F..%2Fb%3Fc%23d?phone=12"
    )
    assert (
        fill("https://x.example/{a}", {"a": "武昌 区"}) == "https://x.example/%E6%AD%A6%E6%98%8C%20%E5%8C%BA"
    )
    assert fill("https://x.example/{a}", {"a": "{b}"}) == "https://x.example/%7Bb%7D"


@pytest.mark.parametrize("value", ["..", ".", "", None, [1], {}, "x" * 501])
def test_a_value_that_does_not_fit_is_refused(value: JsonValue) -> None:
    with pytest.raises(HostError):
        encoded(value, "number")


@pytest.mark.parametrize("template", ["https://{host}/x", "https://a.{b}.example/x", "https://{a}", "{a}"])
def test_a_value_cannot_choose_the_host(template: str) -> None:
    with pytest.raises(HostError):
        places(template)


# --- lookups ---


TABLE = parse_table("t.csv", b"district,office\nwest,a\nwest,c\neast,b\n", many=True)


def look(source: LookupSource, **by: JsonValue) -> LookupEnded:
    return from_table(source, Lookup(OP, source.name, by))


def test_a_table_answers() -> None:
    many = LookupSource("offices", "table", TABLE)
    first = LookupSource("offices", "table", parse_table("t.csv", b"district,office\nwest,a\nwest,c\n"))
    assert look(many, district="WEST").value == [
        {"district": "west", "office": "a"},
        {"district": "west", "office": "c"},
    ]
    assert look(first, district="west") == LookupEnded(OP, "found", {"district": "west", "office": "a"})
    assert look(first, district="north") == LookupEnded(OP, "none")
    assert look(first, distric="west").outcome == "failed"
    assert look(first).outcome == "failed"
    assert look(LookupSource("x", "table"), a=1).outcome == "failed"


def test_a_service_is_asked_by_its_address() -> None:
    source = LookupSource(
        "tickets", "http", url="https://api.city.example/{number}?v=2#top", headers={"X": "1"}
    )
    request = request_for(source, Lookup(OP, "tickets", {"number": "7 7", "last 4": "&=#", "big": True}, 2.0))
    assert request.url == "https://api.city.example/7%207?v=2&last%204=%26%3D%23&big=true"
    assert (request.method, request.timeout_s, request.headers) == ("GET", 2.0, {"X": "1"})
    with pytest.raises(HostError):
        request_for(source, Lookup(OP, "tickets", {}))


@pytest.mark.parametrize(
    ("ended", "outcome", "value"),
    [
        (RequestEnded(OP, "ok", 200, {"data": {"items": [1]}}), "found", [1]),
        (RequestEnded(OP, "ok", 200, {"data": {"items": []}}), "none", None),
        (RequestEnded(OP, "ok", 200, {"data": None}), "none", None),
        (RequestEnded(OP, "ok", 200, {"data": {"items": 0}}), "found", 0),
        (RequestEnded(OP, "ok", 200, {"data": {"items": False}}), "found", False),
        (RequestEnded(OP, "ok", 204, None), "none", None),
        (RequestEnded(OP, "status", 404), "none", None),
        (RequestEnded(OP, "status", 500), "failed", None),
        (RequestEnded(OP, "timeout"), "timeout", None),
        (RequestEnded(OP, "down"), "failed", None),
        (RequestEnded(OP, "forbidden"), "failed", None),
    ],
)
def test_what_its_answer_means(ended: RequestEnded, outcome: str, value: JsonValue) -> None:
    source = LookupSource("tickets", "http", url="https://x.example/", pick="data.items")
    found = from_answer(source, Lookup(OP, "tickets"), ended)
    assert (found.outcome, found.value) == (outcome, value)


def test_picking() -> None:
    value: JsonValue = {"a": [{"b": 1}, {"b": 2}]}
    assert picked(value, "a.1.b") == 2
    assert picked(value, "") == value
    for path in ("a.2.b", "a.b", "a.-1", "x", "a.1.b.c"):
        assert picked(value, path) is None
