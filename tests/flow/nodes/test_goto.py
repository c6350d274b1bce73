"""goto: to a node, to a flow, and not back."""

from __future__ import annotations

from tests.flow.support import Dialogue, faults, library

OTHER = {
    "other.yaml": "flow: other\nstart: second\nnodes:\n  first: {kind: hangup}\n  second: {kind: hangup, prompt: bye}\n"
}


def test_a_node_a_flow_and_a_node_of_a_flow() -> None:
    assert Dialogue(library("  a: {kind: goto, next: b}\n  b: {kind: hangup}\n")).at == "main.b"
    assert Dialogue(library("  a: {kind: goto, next: other}\n", "", OTHER)).at == "other.second"
    assert Dialogue(library("  a: {kind: goto, next: other.first}\n", "", OTHER)).at == "other.first"


def test_the_end() -> None:
    call = Dialogue(library("  a: {kind: goto, next: hangup}\n"))
    assert (call.state.ended, call.at) == (True, "~hangup")


def test_a_node_of_the_flow_goes_before_a_flow_of_the_same_name() -> None:
    flow = "  a: {kind: goto, next: other}\n  other: {kind: hangup, prompt: ask}\n"
    assert Dialogue(library(flow, "", OTHER)).at == "main.other"


def test_nowhere() -> None:
    (found, *_) = faults("  a: {kind: goto, next: othr}\n", "", OTHER)
    assert (found.code, found.suggestion) == ("unknown-target", "did you mean `other`?")
