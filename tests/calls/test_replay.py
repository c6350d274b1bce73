"""Real calls out of the database, replayed: on their own version each comes out as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ivr.cli.replaying.calls import Wanted
from ivr.cli.replaying.work import Work
from ivr.demo.sayings import SAYINGS
from tests.support.citizens import Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


def nodes(scene: Scene) -> list[str]:
    return [session.node for session in scene.hotline.front_door.registry]


async def over(scene: Scene) -> None:
    await scene.until(lambda: not scene.stages(), "the call is over")


async def served(scene: Scene) -> str:
    """By keys to a person, a talk, the survey by key."""
    agent = await scene.agent("a1001", answers_after_s=1.0)
    citizen = await scene.citizen()
    call = scene.live_call()
    await scene.hears(citizen, "greeting.welcome")
    await citizen.send_digits("1")
    await scene.until(lambda: nodes(scene) == ["main.question"], "the question")
    await citizen.send_digits("9")
    await scene.hears(citizen, "question.no_match")
    await citizen.send_digits("2")
    await scene.until(lambda: nodes(scene) == ["complaint.matter"], "the matter is asked")
    await citizen.send_digits("0")
    await scene.until(lambda: scene.states()["a1001"] == "talking", "the agent answers")
    await agent.hangup()
    await scene.hears(citizen, "survey.scale")
    await citizen.send_digits("1")
    await citizen.events.next("closed", timeout=20)
    await over(scene)
    return call


async def given_up(scene: Scene) -> str:
    """Silent until a person is called, and gone before one answers."""
    citizen = await scene.citizen()
    call = scene.live_call()
    await scene.until(lambda: nodes(scene) == ["waiting.wait"], "the queue", timeout_s=90)
    await scene.hears_for(citizen, 3.0)
    await citizen.hangup()
    await over(scene)
    return call


async def spoken(scene: Scene) -> str:
    """A complaint in the citizen's own words, into the prompt; hangs up at what is asked next."""
    citizen = await scene.citizen()
    call = scene.live_call()
    await scene.hears(citizen, "greeting.welcome")
    await citizen.send_digits("1")
    await scene.until(lambda: nodes(scene) == ["main.question"], "the question")
    await citizen.play(SAYINGS["zh-noise"].samples())
    await scene.until(lambda: nodes(scene) not in (["main.question"], []), "it was understood", timeout_s=40)
    await citizen.hangup()
    await over(scene)
    return call


async def test_real_calls_come_out_as_they_were(scene: Scene, fast_flows: Path, tmp_path: Path) -> None:
    calls = [await served(scene), await given_up(scene), await spoken(scene)]
    await scene.hotline.writer.drain()
    url = scene.hotline.store.url.render_as_string(hide_password=False)
    wanted = Wanted(ids=frozenset(calls))
    itself = Work(str(fast_flows), wanted, database_url=url)
    await itself.run()
    told = {row["call"]: (row["verdict"], row["why"]) for row in itself.rows}
    assert told == dict.fromkeys(calls, ("same", ""))
    assert itself.summary.fidelity == 1.0
    assert all(row["menu_s"]["saved"] == 0.0 and row["menu_s"]["real"] > 1.0 for row in itself.rows)

    folder = tmp_path / "flows"
    shutil.copytree(fast_flows, folder, symlinks=True)
    main = (folder / "main.yaml").read_text("utf-8")
    for before, after in ((2, 7), (1, 2)):
        main = main.replace(f"        key: {before}\n", f"        key: {after}\n")
    (folder / "main.yaml").write_text(main, "utf-8")
    draft = Work(str(folder), wanted, database_url=url)
    await draft.run()
    verdicts = [row["verdict"] for call in calls for row in draft.rows if row["call"] == call]
    assert verdicts == ["different", "same", "same"], draft.rows
    assert draft.summary.fidelity == 1.0
