"""Our parsers against bytes that were changed by chance: a short run of `bench/fuzz.py`, and what longer ones found."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.fuzz import by_chance
from ivr.call.outbound import expression
from ivr.flow.hosts import HostError, encoded
from tests.support.fuzz_targets import TARGETS
from web.guard import host_allowed


@pytest.mark.parametrize("name", TARGETS)
def test_a_sound_input_is_taken_and_changed_ones_do_no_harm(name: str, tmp_path: Path) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].takes(seed)
    assert by_chance(name, 0.2, 6, tmp_path)["faults"] == {}


@pytest.mark.parametrize("pattern", ["[9-0]", "X{2}{3}", "[1-", "[--9]", "[*-#]", "X{9}{99}{99}", "[]"])
def test_a_pattern_that_is_none_is_said_to_be_none(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        expression(pattern)


def test_half_a_character_does_not_fit_into_an_address() -> None:
    """As an answer in JSON may bring it; the request after it is refused with its event, not broken off."""
    with pytest.raises(HostError, match="words"):
        encoded("\ud800", "words")


@pytest.mark.parametrize(
    "header", ["localhost?/x", "localhost#x", "local\thost", "localhost/", "a@localhost"]
)
def test_what_is_more_than_a_host_is_no_host(header: str) -> None:
    assert host_allowed("localhost:8080", ())
    assert not host_allowed(header, ())
