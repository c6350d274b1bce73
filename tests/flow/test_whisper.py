"""What a queue wants heard: its music, and a word to the agent, in the caller's language with the caller's values."""

from __future__ import annotations

from ivr.flow.actions import Enqueue, Prompt
from tests.flow.support import Dialogue, library

FLOW = """
  wait: {kind: queue, queue: general, music: calm, whisper: [ask, {id: name, values: {who: = topic}}], next: bye}
  bye: {kind: hangup, prompt: bye}
"""


def test_music_and_whisper_go_with_the_place() -> None:
    (wanted,) = Dialogue(library(FLOW, "variables: {topic: noise}\n")).of(Enqueue)
    assert wanted.music == "calm"
    assert wanted.whisper == (Prompt("ask"), Prompt("name", {"who": "noise"}))


def test_without_them_there_are_none() -> None:
    flow = FLOW.replace("music: calm, whisper: [ask, {id: name, values: {who: = topic}}], ", "")
    (wanted,) = Dialogue(library(flow)).of(Enqueue)
    assert (wanted.music, wanted.whisper) == ("", ())
