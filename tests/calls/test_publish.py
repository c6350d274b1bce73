"""A publish while people are on the phone: their calls go on in the dialogue they began, the next one is in the new;
queues are in force for all at once, and nobody is logged out or loses the place."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from ivr.config import load_settings
from ivr.demo.lightphone import LightPhone
from ivr.flow.load import read_folder
from ivr.main import Hotline, RunningHotline
from ivr.versions.service import Published, Versions
from routing.agent_events import LogIn, Pause, Unpause
from routing.board_events import AgentActed
from routing.ids import AgentId
from tests.support.audio import save_wav, silence
from tests.support.citizens import Caller, Scene
from tests.support.parts_house import melody
from tests.support.softphone import agent_phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

ROOT = Path(__file__).parents[2]
FILES = {
    "hotline.yaml": "hotline: small\nlanguages: [zh]\nentry: main\nfallback: main.bye\n",
    "main.yaml": """
flow: main
nodes:
  hello: {kind: say, prompt: welcome, next: choose}
  choose:
    kind: menu
    prompt: choose
    options: {go: {key: 1, next: end}, help: {key: 2, next: help}}
    timers: {first_input_s: 60}
    on:
      no_input: {reprompt: true}
      no_match: {reprompt: true}
  help: {kind: queue, queue: help, next: end, on: {error.queue: {next: end}}}
  end: {kind: say, prompt: thanks, next: bye}
  bye: {kind: hangup}
""",
    "prompts/zh.yaml": "welcome: 您好\nchoose: 请按一\nthanks: 谢谢\n",
    "queues.yaml": """
skills: {mandarin: {en: Mandarin}, knots: {en: Knots}}
languages: {zh: {mandarin: 1}}
queues:
  help: {wrap_up_s: 0, announce: null, steps: [{require: {knots: 4}}]}
""",
    "agents.yaml": """
agents:
  - {id: a1, name: Li, extension: "1001", skills: {mandarin: 3}, queues: [help]}
""",
}
NEW_MAIN = (
    FILES["main.yaml"]
    .replace("prompt: welcome", "prompt: morning")
    .replace("prompt: thanks", "prompt: later")
)
NEW_PROMPTS = FILES["prompts/zh.yaml"] + "morning: 早上好\nlater: 再见\n"
PROMPTS = ("welcome", "choose", "thanks", "morning", "later")


def lay_out(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for number, name in enumerate(PROMPTS, start=1):
        path = folder / "recordings" / "zh" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_wav(path, np.concatenate([melody(number), silence(0.1)]))


async def publish(folder: Path, state: Path) -> tuple[int, str]:
    """`ivr publish` as a person types it: (exit code, what it says)."""
    environment = {**os.environ, "IVR_STATE_DIR": str(state), "IVR_FLOWS_DIR": str(folder)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ivr", "publish", "-m", "another greeting", "--author", "li"),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def at_the_menu(scene: Scene, greeting: str) -> tuple[Caller, str]:
    """A caller who has heard the greeting and the question, and the call's id."""
    before = {session.call for session in scene.hotline.front_door.registry}
    citizen = await scene.citizen()
    (session,) = [one for one in scene.hotline.front_door.registry if one.call not in before]
    await scene.hears(citizen, greeting)
    await scene.until(lambda: session.node == "main.choose", "the question")
    return citizen, session.call


async def becomes(hotline: Hotline, version: str) -> None:
    async with asyncio.timeout(20):
        while True:
            if hotline.library.version.startswith(version):
                return
            await asyncio.sleep(0.05)


@dataclass
class Small:
    """A hotline of its own, whose folder the tests change."""

    hotline: Hotline
    folder: Path
    state: Path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Small]:
    folder, state = tmp_path_factory.mktemp("small") / "flows", tmp_path_factory.mktemp("small-state")
    lay_out(folder, FILES)
    settings = load_settings(
        state_dir=state,
        flows_dir=folder,
        web={"port": 0},
        asterisk={"allow_anonymous": True},
        speech={"engine": "off"},
        prompts={"render": False},
    )
    running = RunningHotline(settings)
    yield Small(await running.start(), folder, state)
    await running.stop()


async def test_calls_go_on_in_their_dialogue_across_a_publish(small: Small) -> None:
    hotline, folder, state = small.hotline, small.folder, small.state
    old = hotline.library.version
    async with Scene(hotline) as scene:
        first, first_call = await at_the_menu(scene, "welcome")

        lay_out(
            folder,
            {"main.yaml": NEW_MAIN.replace("next: bye", "next: by"), "prompts/zh.yaml": NEW_PROMPTS},
        )
        code, said = await publish(folder, state)
        assert (code, "main.yaml:14:" in said) == (1, True), said
        assert hotline.library.version == old

        lay_out(folder, {"main.yaml": NEW_MAIN})
        code, said = await publish(folder, state)
        assert code == 0, said
        new = said.split("version ")[1][:12]
        await becomes(hotline, new)
        assert hotline.flows.versions_in_use() == {old: 1, hotline.library.version: 0}

        second, second_call = await at_the_menu(scene, "morning")
        assert not scene.heard(second, "welcome") and not scene.heard(first, "morning")
        for citizen in (first, second):
            await citizen.send_digits("1")
        await scene.hears(first, "thanks")
        await scene.hears(second, "later")
        assert not scene.heard(first, "later") and not scene.heard(second, "thanks")
        for citizen in (first, second):
            await citizen.events.next("closed", timeout=15)
        await scene.until(lambda: not scene.stages(), "both calls are over")

        for call, version in ((first_call, old), (second_call, hotline.library.version)):
            assert (await scene.record(call)).flow_version == version
            kind, arrived = (await scene.journal(call))[0]
            assert (kind, arrived["entry"], arrived["version"]) == ("arrived", "main", version)
        assert hotline.flows.versions_in_use() == {hotline.library.version: 0}


async def asks_for_help(scene: Scene) -> tuple[Caller, str]:
    """A caller who waits in the queue, and the call's id."""
    before = {session.call for session in scene.hotline.front_door.registry}
    citizen = await scene.citizen()
    (session,) = [one for one in scene.hotline.front_door.registry if one.call not in before]
    await scene.until(lambda: session.node == "main.choose", "the question")
    await citizen.send_digits("2")
    await scene.until(lambda: session.stage == "queue", "the caller is in the queue")
    return citizen, session.call


async def test_new_queues_reach_those_who_wait_and_log_nobody_out(small: Small) -> None:
    hotline, folder, agent = small.hotline, small.folder, AgentId("a1")
    versions = Versions(hotline.store, hotline.settings.hotline)

    async def live(**files: str) -> Published:
        lay_out(folder, {f"{name}.yaml": text for name, text in files.items()})
        return await versions.publish(read_folder(folder), author="li", message="other queues")

    async with Scene(hotline) as scene:
        phone = await scene.enter(agent_phone(scene.rendered, "a1", auto_answer_after_s=0.2, kind=LightPhone))
        await phone.register()
        hotline.dispatcher.apply(AgentActed(agent, LogIn()))
        first, _ = await asks_for_help(scene)
        assert scene.states() == {"a1": "available"}, "nobody has what the queue asks for"

        await live(queues=FILES["queues.yaml"].replace("knots: 4", "mandarin: 2"))
        await scene.until(lambda: scene.states() == {"a1": "talking"}, "who waited has the agent")
        await first.hangup()
        await scene.until(lambda: scene.states() == {"a1": "available"}, "the agent is still there")

        # The queue goes while somebody waits in it.
        hotline.dispatcher.apply(AgentActed(agent, Pause("break")))
        second, _ = await asks_for_help(scene)
        await hotline.writer.drain()
        published = await live(
            main=FILES["main.yaml"].replace("queue: help", "queue: aid"),
            queues=FILES["queues.yaml"].replace("  help:", "  aid:"),
        )
        assert published.kept_queues == {"help": 1}
        await becomes(hotline, published.release.version)
        assert set(hotline.dispatcher.board.rules.queues) == {"aid", "help"}
        hotline.dispatcher.apply(AgentActed(agent, Unpause()))
        await scene.until(lambda: scene.states() == {"a1": "talking"}, "nobody was forgotten")
        await second.hangup()
        await scene.until(lambda: not scene.stages(), "the calls are over")
        await scene.until(
            lambda: set(hotline.dispatcher.board.rules.queues) == {"aid"}, "nobody needs the old queue"
        )
