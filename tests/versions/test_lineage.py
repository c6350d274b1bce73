"""Which version a rollback goes back to, and where those of an older version go on."""

from __future__ import annotations

import pytest

from ivr.versions.lineage import lineage, place_after
from storage.flow_records import FlowRelease
from tests.versions.drafts import T0


def releases(*words: str) -> list[FlowRelease]:
    """`v1` publishes it, `<v1` rolls back to it."""
    return [
        FlowRelease("demo", seq, word.lstrip("<"), "rollback" if word[0] == "<" else "publish", T0)
        for seq, word in enumerate(words, start=1)
    ]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], []),
        (["v1"], ["v1"]),
        (["v1", "v2", "v3"], ["v1", "v2", "v3"]),
        (["v1", "v2", "v3", "<v2"], ["v1", "v2"]),
        (["v1", "v2", "v3", "<v2", "<v1"], ["v1"]),
        (["v1", "v2", "<v1", "v3"], ["v1", "v3"]),
        (["v1", "v2", "v1"], ["v1", "v2", "v1"]),
        (["v1", "v2", "v1", "<v2"], ["v1", "v2"]),
        (["v1", "v2", "<v1", "<v2"], ["v1", "v2"]),
        (["v2", "<v2"], ["v2"]),
    ],
)
def test_a_rollback_takes_away_what_came_after(words: list[str], line: list[str]) -> None:
    assert lineage(releases(*words)) == line


def _mapped(release: FlowRelease, mapping: dict[str, str | None]) -> FlowRelease:
    return FlowRelease(release.name, release.seq, release.version, release.kind, release.at, mapping=mapping)


def test_a_dropped_node_leads_on_through_all_later_releases() -> None:
    first, second, third = releases("v1", "v2", "v3")
    line = [first, _mapped(second, {"a": "b", "x": None}), _mapped(third, {"b": "c", "x": "y"})]
    assert place_after("v1", "a", line) == ("v3", "c")
    assert place_after("v2", "a", line) == ("v2", "a")
    assert place_after("v2", "b", line) == ("v3", "c")


def test_all_others_stay_on_their_version() -> None:
    first, second, third = releases("v1", "v2", "v3")
    line = [first, _mapped(second, {"a": "b", "x": None}), _mapped(third, {"x": "y"})]
    assert place_after("v1", "there_still", line) == ("v1", "there_still")
    assert place_after("v1", "x", line) == ("v1", "x")
    assert place_after("never released", "a", line) == ("never released", "a")
    assert place_after("v1", "a", line[:1]) == ("v1", "a")


def test_only_what_came_after_the_version_was_last_live_counts() -> None:
    first, second, back = releases("v1", "v2", "<v1")
    line = [first, _mapped(second, {"a": "b"}), _mapped(back, {"b": "a"})]
    assert place_after("v1", "a", line) == ("v1", "a")
    assert place_after("v2", "b", line) == ("v1", "a")
