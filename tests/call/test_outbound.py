"""The allow-list of outside numbers."""

from __future__ import annotations

import pytest

from ivr.call.outbound import NOWHERE, Outbound, expression

CITY = Outbound(("110", "1[3-9]X{9}", "0ZX.", "+86.", "955XX", "12356!"))


@pytest.mark.parametrize(
    "number", ["110", "13800000001", "0211", "02112345678", "+8613800000001", "95588", "12356", "123561"]
)
def test_what_is_listed_may_be_called(number: str) -> None:
    assert CITY.endpoint_of(number) == f"PJSIP/{number}@trunk"


@pytest.mark.parametrize(
    "number",
    [
        "",
        "1100",
        "11",
        "12800000001",
        "1380000000",
        "138000000011",
        "00211234",
        "+49301234",
        "9558",
        "+",
        "110@elsewhere",
        "110&PJSIP/agent1",
        "110/PJSIP",
        "110;x=y",
        "agent1",
        "110\n",
        "１１０",
        "1" * 40,
    ],
)
def test_the_rest_may_not(number: str) -> None:
    assert CITY.endpoint_of(number) is None


def test_how_people_write_numbers_does_not_matter() -> None:
    assert CITY.endpoint_of("138 0000-0001") == "PJSIP/13800000001@trunk"
    assert CITY.endpoint_of("(0211) 234") == "PJSIP/0211234@trunk"


def test_by_default_nobody_may_be_called() -> None:
    assert [NOWHERE.endpoint_of(number) for number in ("110", "13800000001", "1")] == [None] * 3


def test_an_installation_says_how() -> None:
    ours = Outbound(("110",), endpoint="PJSIP/{number}@provider")
    assert ours.endpoint_of("110") == "PJSIP/110@provider"


@pytest.mark.parametrize("pattern", ["", "abc", "{3}", "1.2", "[a]", "1 2", "11{x}", "(1)", "1|2"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        expression(pattern)
    with pytest.raises(ValueError, match="pattern"):
        Outbound((pattern,))
