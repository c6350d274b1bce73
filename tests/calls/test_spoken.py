"""Answers by voice, in Mandarin and English, to each kind of question, on a real Asterisk with the real recogniser.

The callers speak while the question is still being asked; calls run side by side. A call that a busy machine's
recogniser was too overloaded for is placed once more, alone: the first caller is never refused. Open questions answered
so are in test_citizen.py.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest

from tests.support.audio import Samples
from tests.support.citizens import Scene
from tests.support.talkers import OVERLOADED, Talker, mixed, music, noise, said

pytestmark = [
    pytest.mark.real,
    pytest.mark.voice,
    pytest.mark.timeout(600),
    pytest.mark.asyncio(loop_scope="session"),
]

AT_ONCE = 2
"""Calls side by side: as many as two cores recognise without anybody having to wait."""

TICKET = "52739486"
"""What `zh-ticket` and `en-ticket` say. Nobody has that number."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """keys lead to node; there `says` is said, and the journal gets the note `kind` with `wanted`."""

    keys: str
    node: str
    says: str
    kind: str
    wanted: dict[str, object]


ANSWERS = (
    # menu
    Spoken("11", "consult.subject", "zh-insurance", "option", {"option": "insurance", "by": "speech"}),
    Spoken("21", "consult.subject", "en-subject", "option", {"option": "residence", "by": "speech"}),
    # survey
    Spoken("1111", "survey.ask", "zh-rating", "survey", {"rating": 1}),
    Spoken("2111", "survey.ask", "en-rating", "survey", {"rating": 1}),
    # the question for the language
    Spoken("", "greeting.language", "zh-mandarin", "option", {"option": "mandarin", "by": "speech"}),
    Spoken("", "greeting.language", "en-english", "option", {"option": "english", "by": "speech"}),
    # commands that always work
    Spoken("21", "consult.subject", "en-person", "command", {"command": "person", "by": "speech"}),
    Spoken("1", "main.question", "zh-fire", "command", {"command": "emergency", "by": "speech"}),
    Spoken("2", "main.question", "en-fire", "command", {"command": "emergency", "by": "speech"}),
    # another language than the one spoken
    Spoken("11", "consult.subject", "zh-english", "language", {"language": "en", "by": "command"}),
    Spoken("1", "main.question", "en-complaint", "understood_in", {"language": "en"}),
    Spoken("1", "main.question", "en-story", "language_offered", {"language": "en"}),
    Spoken("2", "main.question", "zh-story", "language_offered", {"language": "zh"}),
    # "pardon?"
    Spoken("1", "main.question", "zh-pardon", "struggle", {"why": "repeat"}),
)


async def side_by_side(
    scene: Scene, calls: Sequence[Callable[[], Awaitable[None]]], at_once: int = AT_ONCE
) -> None:
    """Fails with what went wrong, of all of them."""
    lines, wrong, again = asyncio.Semaphore(at_once), list[str](), list[Callable[[], Awaitable[None]]]()

    async def one(call: Callable[[], Awaitable[None]]) -> None:
        async with lines:
            try:
                await call()
            except AssertionError as error:
                if OVERLOADED in str(error):
                    again.append(call)
                else:
                    wrong.append(str(error))

    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(one(call), name="spoken")
    for call in again:
        await scene.clear_the_line()
        try:
            await call()
        except AssertionError as error:
            wrong.append(f"alone: {error}")
    if wrong:
        pytest.fail("\n".join(wrong))


async def test_each_kind_of_question_in_both_languages(scene: Scene) -> None:
    """Whatever is asked, the right menu opens, the variable is set, the command done."""

    async def one(spoken: Spoken) -> None:
        talker = await Talker.at(scene, spoken.keys, spoken.node)
        await talker.says(spoken.says)
        try:
            await talker.until_noted(spoken.kind, **spoken.wanted)
        except AssertionError as error:
            raise AssertionError(f"{spoken.says} at {spoken.node}: {error}") from error
        await talker.hangs_up()

    await side_by_side(scene, [functools.partial(one, spoken) for spoken in ANSWERS])


async def test_digits_are_said_confirmed_and_denied(scene: Scene) -> None:
    """A ticket's number by voice, read back, denied by key; pressed, and confirmed by voice: in both languages."""

    async def one(language: str, key: str) -> None:
        talker = await Talker.at(scene, f"{key}4", "progress.number")
        await talker.says(f"{language}-ticket")
        await talker.until("progress.right")
        await talker.phone.send_digits("2")
        await talker.until("progress.number")
        await talker.phone.send_digits(f"{TICKET}#")
        await talker.until("progress.right")
        await talker.says(f"{language}-yes")
        await talker.until("progress.unknown")
        assert [(note["by"], note["digits"]) for note in await talker.notes("collected")] == [
            ("speech", len(TICKET)),
            ("key", len(TICKET)),
        ]
        assert [note["yes"] for note in await talker.notes("confirmed")] == [False, True]
        lines = await scene.transcript(talker.call)
        assert "".join(each for each in lines[0].text if each.isdecimal()) == TICKET, lines[0].text
        await talker.hangs_up()

    await side_by_side(scene, [lambda: one("zh", "1"), lambda: one("en", "2")])


async def test_what_is_no_answer_is_taken_for_none(scene: Scene) -> None:
    """Noise, music, silence: nobody is led anywhere by them but, in the end, to a person. Two voices, and somebody who
    does not stop: the one in front is understood, and what the other said at length is taken as it is."""

    async def nothing(what: str, *sounds: Samples) -> None:
        talker = await Talker.at(scene, "14", "progress.number")
        for sound in sounds:
            await talker.says(sound)
        await talker.until_noted("event", event="no_input", node="progress.number")
        assert not await talker.notes("collected") and not await talker.notes("command"), what
        await talker.hangs_up()

    async def two_voices() -> None:
        talker = await Talker.at(scene, "1", "main.question")
        await talker.says(mixed(said("zh-noise"), said("en-lamp"), -14.0))
        await talker.until_noted("option", option="complaint", by="speech")
        await talker.hangs_up()

    async def long_speech() -> None:
        talker = await Talker.at(scene, "1", "main.question")
        await talker.says("zh-story", "zh-lamp", "zh-noise", "zh-story")
        await talker.until_noted("option", node="main.question")
        await talker.hangs_up()

    # Those who need the recogniser begin; the others cost it little.
    await side_by_side(
        scene,
        [
            long_speech,
            two_voices,
            lambda: nothing("silence"),
            lambda: nothing("noise", noise(2.5)),
            lambda: nothing("music", music(2.5)),
        ],
        at_once=3,
    )
