"""What was played is looked for in what the telephone received."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivr.cli.live.sound import expected, unheard
from ivr.demo.phone import Samples
from ivr.errors import PromptMissing
from ivr.flow.actions import Prompt
from ivr.flow.inputs import PromptEnded
from ivr.flow.scenarios.beginning import begin
from ivr.flow.scenarios.model import Given, Turn
from tests.flow.scenarios.hotline import library
from tests.support.audio import save_ulaw, silence, tone
from tests.support.parts_house import melody


class Melodies:
    """A catalogue in which each prompt is a melody or two."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.made: dict[str, list[Samples]] = {
            "ask": [melody(1)],
            "bye": [melody(2), melody(3)],
            "beep": [silence(1.0)],
        }

    def media(self, prompts: Any, language: str) -> list[str]:
        (prompt,) = prompts
        if prompt.id not in self.made:
            raise PromptMissing("no text")
        uris = []
        for number, samples in enumerate(self.made[prompt.id]):
            file = self._folder / f"{prompt.id}{number}"
            save_ulaw(file.with_suffix(".ulaw"), samples)
            uris.append(f"sound:{file}")
        return uris


@pytest.fixture
def melodies(tmp_path: Path) -> Any:
    return Melodies(tmp_path)


def told(prompt: str, heard: list[Samples], melodies: Any) -> list[str]:
    return list(unheard([(Prompt(prompt), "zh")], np.concatenate(heard), melodies))


def test_what_was_heard_and_what_was_not(melodies: Any) -> None:
    assert told("ask", [silence(0.5), melody(1), silence(0.5)], melodies) == []
    (cause,) = told("ask", [silence(0.5), melody(5), silence(0.5)], melodies)
    assert cause.startswith("`ask` was played, and not heard: at best ")
    assert len(told("ask", [silence(2.0)], melodies)) == 1


def test_pieces_are_heard_with_pauses_between_them(melodies: Any) -> None:
    assert told("bye", [melody(2), silence(0.3), melody(3)], melodies) == []
    assert len(told("bye", [melody(2), silence(0.3), tone(300, 1.2)], melodies)) == 1


def test_a_prompt_without_sound_is_told(melodies: Any) -> None:
    assert told("nothing", [silence(1.0)], melodies) == ["`nothing` has no sound in `zh`"]
    assert told("beep", [silence(1.0)], melodies) == ["`beep` has no sound in `zh`"]


def wanted(turn: dict[str, object], outcome: str) -> list[str]:
    call = begin(library(), Given.model_validate({}))
    play = call.op_of("play")
    assert play is not None
    call.give(PromptEnded(play, outcome))  # type: ignore[arg-type]
    since = call.moment()._replace(actions=0, inputs=0, done=0)
    return [prompt.id for prompt, _ in expected(Turn.model_validate(turn), call, since)]


def test_only_what_was_played_to_its_end_is_looked_for() -> None:
    assert wanted({"heard": "ask"}, "finished") == ["ask"]
    assert wanted({"heard_only": ["ask"]}, "finished") == ["ask"]
    assert wanted({"text": "请选择"}, "finished") == ["ask"]
    assert wanted({"heard": "ask"}, "stopped") == []
    assert wanted({"heard": "bye"}, "finished") == []
    assert wanted({"node": "choose"}, "finished") == []
