"""Who comes back, and to which nodes."""

from __future__ import annotations

import pytest

from ivr.errors import VersionError
from ivr.flow.load import load_sources
from ivr.versions.returning import (
    NodesDropped,
    Standing,
    dropped,
    parse_mapping,
    settle,
    to_come,
    where,
)
from storage.records import JournalEvent
from tests.versions.drafts import BASE, T0


def notes(*words: str) -> list[JournalEvent]:
    """`menu main.a`: a node was entered; `returned main.b`: a called flow came back to it."""
    found = []
    for seq, (kind, node) in enumerate((word.split() for word in words), start=1):
        data = {"node": node} if kind == "returned" else {"node": node, "kind": kind}
        found.append(JournalEvent("c", seq, T0, "returned" if kind == "returned" else "node", data))
    return found


@pytest.mark.parametrize(
    ("words", "node", "stack"),
    [
        ([], "", ()),
        (["say main.a", "queue main.q"], "main.q", ()),
        (["call main.c", "say sub.x", "queue sub.q"], "sub.q", ("main.c",)),
        (["call main.c", "call sub.d", "queue deep.q"], "deep.q", ("main.c", "sub.d")),
        (["call main.c", "say sub.x", "returned main.c", "queue main.q"], "main.q", ()),
        (["call main.c", "call sub.d", "say deep.x", "returned sub.d", "queue sub.q"], "sub.q", ("main.c",)),
        (["call main.c", "call sub.d", "say deep.x", "returned main.c"], "main.c", ()),
    ],
)
def test_where_a_call_stands_is_read_from_its_journal(
    words: list[str], node: str, stack: tuple[str, ...]
) -> None:
    assert where(notes(*words)) == (node, stack)


def test_it_comes_back_to_where_its_node_leads_and_may_be_taken_up_there() -> None:
    library = load_sources(BASE)
    assert to_come(library, Standing("c", "v", "main.desk")) == {"main.desk", "main.after"}
    assert to_come(library, Standing("c", "v", "nowhere")) == set()
    assert to_come(library, Standing("c", "v", "main.bye", ("main.desk",))) == {"main.bye", "main.after"}


def test_only_nodes_that_the_draft_lacks_count() -> None:
    library = load_sources(BASE)
    standings = [Standing(str(n), "v1", "main.desk") for n in range(3)] + [
        Standing("x", "not stored", "main.desk")
    ]
    assert dropped(standings, {"v1": library}, library.nodes) == {}
    assert dropped(standings, {"v1": library}, {"main.desk"}) == {"main.after": 3}
    assert dropped(standings, {"v1": library}, set()) == {"main.desk": 3, "main.after": 3}


def test_every_dropped_node_needs_a_word() -> None:
    draft = {"main.thanks"}
    assert settle({}, {}, draft) == {}
    with pytest.raises(NodesDropped, match=r"main\.after \(3 waiting\)") as caught:
        settle({"main.after": 3}, {}, draft, guesses={"main.after": "main.thanks"})
    assert "--map main.after=main.thanks" in caught.value.mend and "--keep" in caught.value.mend
    assert settle({"main.after": 3}, {"main.after": "main.thanks"}, draft) == {"main.after": "main.thanks"}
    assert settle({"main.after": 3, "main.x": 1}, {"main.after": "main.thanks"}, draft, keep=True) == {
        "main.after": "main.thanks",
        "main.x": None,
    }


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"main.thanks": "main.thanks"}, "nothing to map"),
        ({"main.after": "main.thank"}, "no node of this version"),
    ],
)
def test_a_mapping_that_leads_nowhere_is_refused(mapping: dict[str, str | None], says: str) -> None:
    with pytest.raises(VersionError, match=says):
        settle({"main.after": 1}, mapping, {"main.thanks"})


def test_mappings_as_they_are_typed() -> None:
    assert parse_mapping(["main.a=main.b", " main.c = x.d "]) == {"main.a": "main.b", "main.c": "x.d"}
    for wrong in ("main.a", "=b", "a="):
        with pytest.raises(VersionError, match="cannot read"):
            parse_mapping([wrong])
