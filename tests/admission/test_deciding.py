"""Who is let in: the rules one by one, and what holds whatever comes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ivr.admission.deciding import decide
from ivr.admission.rules import (
    AdmissionRules,
    Admit,
    Arrival,
    Bucket,
    Nuisance,
    NuisanceList,
    Rate,
    Recent,
    Refuse,
    plain_number,
)
from ivr.admission.settings import LimitSettings

ANNA = Arrival("13800138000", "12345", "trunk")
NOBODY = NuisanceList()
TIGHT = AdmissionRules(
    most_calls=10,
    reserved=2,
    per_caller=Rate(6, 2),
    per_trunk=Rate(60, 5),
    spared_numbers=frozenset({"12356"}),
)


def test_a_full_house_keeps_its_reserved_places_for_the_spared() -> None:
    crisis = Arrival("13800138000", "12356", "trunk")
    again = Arrival("13800138000", "12345", "trunk", spared=True)
    for live, ordinary, spared in [(7, Admit(), Admit()), (8, Refuse("full"), Admit())]:
        assert decide(ANNA, live, Recent(), TIGHT, NOBODY, 0.0)[0] == ordinary
        assert decide(crisis, live, Recent(), TIGHT, NOBODY, 0.0)[0] == spared
        assert decide(again, live, Recent(), TIGHT, NOBODY, 0.0)[0] == spared
    assert decide(crisis, 10, Recent(), TIGHT, NOBODY, 0.0)[0] == Refuse("full")


def test_a_caller_has_a_burst_and_then_the_rate() -> None:
    recent = Recent()
    said = []
    for now in (0.0, 0.1, 0.2, 9.9, 10.0, 10.1, 1000.0, 1000.1, 1000.2):
        verdict, recent = decide(ANNA, 0, recent, TIGHT, NOBODY, now)
        said.append(isinstance(verdict, Admit))
    # Two at once; one more every ten seconds; after a long quiet time two at once again, and not more.
    assert said == [True, True, False, False, True, False, True, True, False]


def test_a_trunk_is_limited_for_all_its_callers_together_and_a_named_one_by_its_own_rate() -> None:
    recent, verdicts = Recent(), []
    for number in range(6):
        caller = Arrival(f"1380013800{number}", "12345", "trunk")
        verdict, after = decide(caller, 0, Recent(None, recent.trunk), TIGHT, NOBODY, 0.0)
        verdicts.append(verdict)
        recent = after
    assert verdicts == [Admit()] * 5 + [Refuse("trunk_rate")]
    free = AdmissionRules(10, per_trunk=Rate(60, 1), by_trunk={"trunk": None})
    empty = Recent(None, Bucket(0.0, 0.0))
    assert decide(ANNA, 0, empty, free, NOBODY, 0.0)[0] == Admit()
    assert decide(Arrival("1", "12345", "other"), 0, empty, free, NOBODY, 0.0)[0] == Refuse("trunk_rate")


def test_withheld_numbers_are_many_people_and_have_no_rate_of_their_own() -> None:
    empty = Recent(Bucket(0.0, 0.0), None)
    assert decide(Arrival("", "12345", "trunk"), 0, empty, TIGHT, NOBODY, 0.0)[0] == Admit()


def test_who_calls_a_crisis_line_again_and_again_is_let_in() -> None:
    spent = Recent(Bucket(0.0, 0.0), Bucket(0.0, 0.0))
    assert decide(Arrival("138", "12345", "t", spared=True), 0, spent, TIGHT, NOBODY, 0.0)[0] == Admit()
    assert decide(Arrival("138", "12356", "t"), 0, spent, TIGHT, NOBODY, 0.0)[0] == Admit()
    assert decide(Arrival("138", "12345", "t"), 0, spent, TIGHT, NOBODY, 0.0)[0] == Refuse("caller_rate")


@pytest.mark.parametrize(
    ("listed", "caller", "found"),
    [
        ("13800138000", "13800138000", True),
        ("13800138000", "+8613800138000", True),
        ("138 0013 8000", "008613800138000", True),
        ("+86 138-0013-8000", "13800138000", True),
        ("13800138000", "138001380001", False),
        ("1380013XXXX", "13800131234", True),
        ("1380013XXXX", "+8613800131234", True),
        ("1380013XXXX", "1380013123", False),
        ("+1.", "+12025550100", True),
        ("00.", "0012025550100", True),
        ("00.", "", False),
    ],
)
def test_numbers_and_patterns_are_found_however_the_network_writes_them(
    listed: str, caller: str, found: bool
) -> None:
    assert (NuisanceList([Nuisance(listed)]).find(caller) is not None) is found


def test_a_listed_caller_is_refused_but_not_on_a_spared_number() -> None:
    listed = NuisanceList([Nuisance("13800138000", "reject")])
    assert decide(ANNA, 0, Recent(), TIGHT, listed, 0.0)[0] == Refuse("nuisance", "reject")
    again = Arrival(ANNA.caller, "12345", "trunk", spared=True)
    assert decide(again, 0, Recent(), TIGHT, listed, 0.0)[0] == Refuse("nuisance", "reject")
    assert decide(Arrival(ANNA.caller, "12356", "t"), 0, Recent(), TIGHT, listed, 0.0)[0] == Admit()


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ValidationError, match="is no pattern of numbers"):
        LimitSettings(nuisance=("138-abc",))
    rules = LimitSettings(per_caller_per_minute=6, trunks={"a": 0, "b": 30}, reserved_calls=50).rules(20)
    assert rules.per_caller == Rate(6, 10)
    assert rules.of_trunk("a") is None
    assert rules.of_trunk("b") == Rate(30, 60)
    assert rules.of_trunk("c") is None
    assert rules.reserved == 19, "one place is left for everybody"


callers = st.sampled_from(["", "13800138000", "13800138001", "+8613800138000", "02112345678"])
arrivals = st.builds(
    Arrival, callers, st.sampled_from(["12345", "12356"]), st.sampled_from(["a", "b"]), st.booleans()
)


@given(st.lists(st.tuples(arrivals, st.floats(0, 30), st.integers(0, 12)), max_size=60))
def test_whatever_comes_no_rate_is_exceeded_and_no_spared_caller_refused_for_one(
    calls: list[tuple[Arrival, float, int]],
) -> None:
    kept: dict[str, Bucket | None] = {}
    trunks: dict[str, Bucket | None] = {}
    let_in: Counter[str] = Counter()
    now = 0.0
    for arrival, later_s, live in calls:
        now += later_s
        number = plain_number(arrival.caller)
        before = Recent(kept.get(number), trunks.get(arrival.trunk))
        verdict, after = decide(arrival, live, before, TIGHT, NOBODY, now)
        spared = arrival.spared or arrival.called == "12356"
        if isinstance(verdict, Refuse):
            assert after == before, "a refusal takes nothing"
            assert verdict.reason == "full" or not spared
            assert verdict.reason == "full" or live < 8
            continue
        assert live < (10 if spared else 8)
        kept[number], trunks[arrival.trunk] = after.caller, after.trunk
        if number and not spared:
            let_in[number] += 1
            assert let_in[number] <= 2 + now * 6 / 60 + 1e-6
