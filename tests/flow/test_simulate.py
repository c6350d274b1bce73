"""`ivr simulate` as a person and as a script talk to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from tests.flow.scenarios.hotline import files
from tests.flow.support import FLOWS
from tests.support.terminal import in_a_terminal

START = ("--clock", "2026-11-23T12:00")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in files().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def talk(folder: Path, *lines: str, options: tuple[str, ...] = ()) -> str:
    """All that was said, the typed lines among it."""
    typed = "".join(f"{line}\n" for line in lines)
    result = CliRunner().invoke(app, ["simulate", str(folder), *START, *options], input=typed)
    assert result.exit_code == 0, result.output
    return result.output


def after(output: str, line: str) -> list[str]:
    """What came of the last time that this line was typed."""
    return f"\n{output}".rpartition(f"\n> {line}\n")[2].partition("\n> ")[0].splitlines()


# A whole call


def test_a_call_from_greeting_to_goodbye() -> None:
    output = talk(
        FLOWS,
        *(
            "2",
            "my street light is broken",
            "at the corner",
            "/place 3 70 100",
            "/agent",
            "/done",
            "4",
            "/queue full",
        ),
        options=("--clock", "2026-11-23T23:30"),
    )
    assert output.splitlines()[0] == "< 您好，这里是幺二三四五市民服务热线。"
    assert (
        "* queue complaint (en, priority 5, complaint: my street light is broken at the corner lighting)"
        in output
    )
    assert "< You are number 3 in line." in output
    assert after(output, "/agent")[0] == "* agent a1001 joined"
    assert output.splitlines()[-1] == "not now: there is no queue at `survey.why`"


def test_nothing_is_heard_twice_and_keys_at_once_cut_off(folder: Path) -> None:
    output = talk(folder, "!1", "/vars said")
    assert after(output, "!1") == ["* queue general (zh, priority 0, queue)"]


def test_silence_and_speech_that_was_heard_badly(folder: Path) -> None:
    output = talk(folder, "", "mumble @0.1", "人工")
    assert after(output, "") == ["< 再选一次", "< 请选择"]
    assert after(output, "mumble @0.1") == ["< 抱歉", "< 请选择"]
    assert after(output, "人工") == ["* queue general (zh, priority 0, queue)"]


# What others do


@pytest.mark.parametrize(
    ("lines", "came"),
    [
        (["1", "/queue full"], "* the queue ended: full"),
        (["1", "/place 2"], "< 第2位"),
        (["1", "/agent", "/done"], "* the queue ended: served"),
        (["2", '/request 200 {"sky": "blue"}'], "* notify sms to 13800000000: blue"),
        (["2", '/request {"sky": "grey"}'], "* notify sms to 13800000000: grey"),
        (["2", "/request 404"], "* the request ended: status 404"),
        (["2", "/request timeout"], "* the request ended: timeout"),
        (["3", "/lookup found {name: 李梅}"], "< 您好李梅"),
        (["3", '/lookup {"name": "王强"}'], "< 您好王强"),
        (["3", "/lookup none"], "* the lookup ended: none"),
        (["3", "/lookup timeout"], "< 抱歉"),
        (["4", "/record 12"], "* recording: recorded, 12 s"),
        (["4", "/record 0"], "* recording: empty, 0 s"),
        (["4", "/record failed"], "< 抱歉"),
        (["4", "#"], "* recording: recorded, 1 s"),
        (["4", "/hangup"], "* recording: recorded, 1 s"),
        (["5", "/transfer busy"], "* the transfer ended: busy"),
        (["5", "/transfer"], "* the other party answered"),
        (["5", "/party completed"], "* hung up (normal)"),
        (["6", "/callback refused"], "< 抱歉"),
        (["6", "/callback"], "* the callback is placed"),
        (["/asr overloaded"], "< 抱歉"),
        (["/say 人工", "/wait 30", "/time 23:30", "/agent"], "* agent a1001 joined"),
        (["/press 1"], "* queue general (zh, priority 0, queue)"),
    ],
)
def test_each_outcome(folder: Path, lines: list[str], came: str) -> None:
    assert came in after(talk(folder, *lines), lines[-1])


def test_rules_given_beforehand_answer_by_themselves(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    given = "{requests: [{body: {sky: red}}], queues: {general: {outcome: timeout, after_s: 9}}}"
    assert "* notify sms to 13800000000: red" in talk(folder, "2", options=("--given", given))
    assert "* the queue ended: timeout" in talk(folder, "1", "/wait end", options=("--given", given))
    file = tmp_path_factory.mktemp("given") / "given.yaml"
    file.write_text("lookups: {people: none}\n", "utf-8")
    assert "* the lookup ended: none" in talk(folder, "3", options=("--given", str(file)))
    scenario = folder / "given.scenario.yaml"
    scenario.write_text(
        "given: {lookups: {people: timeout}}\nscenarios: [{name: x, turns: [{press: 1}]}]\n", "utf-8"
    )
    assert "* the lookup ended: timeout" in talk(folder, "3", options=("--given", str(scenario)))


def test_what_is_known_of_a_call_before_it_begins() -> None:
    output = talk(FLOWS, "/fact age=70", "/hours day_desk=closed", "1")
    assert "elderly" in "".join(after(output, "1"))
    assert "age: 70" in talk(FLOWS, "/fact age=70", "/history calls=3", "/given")
    assert "queue elderly" in talk(FLOWS, "1", options=("--fact", "age=70"))
    assert "For English, press 2." in talk(FLOWS, "/language en")
    assert "/restart, or /again" in talk(FLOWS, "1", "/fact age=70")
    assert "queue elderly" in talk(FLOWS, "1", "/fact age=70", "/again")


def test_beginnings_by_options() -> None:
    assert "夜间" in talk(FLOWS, "0", options=("--hours", "day_desk=closed"))
    assert "夜间" in talk(FLOWS, "/time 23:00", "0")
    assert "语音识别暂时用不了" in talk(FLOWS, "!1", options=("--keys-only",))
    assert "13912345678" in talk(FLOWS, "/state", options=("--caller", "13912345678"))


# Looking


def test_variables_node_place_pending_state_and_journal(folder: Path) -> None:
    output = talk(
        folder,
        "/node",
        "/where",
        "/where main.wait",
        "/pending",
        "1",
        "/pending",
        "/vars",
        "/state",
        "/journal",
    )
    assert after(output, "/node")[:2] == ["main.choose (ask)", "  1   queue -> main.wait"]
    assert after(output, "/where") == [f"{folder.as_posix()}/main.yaml:4"]
    assert after(output, "/where main.wait") == [f"{folder.as_posix()}/main.yaml:21"]
    assert "nothing is waited for" in output
    assert after(output, "/pending")[0].startswith("in the queue general: /agent, ")
    assert 'topic = "queue"' in after(output, "/vars")
    assert 'why = ""  (as at the start)' in after(output, "/vars")
    assert '  "node": "main.wait",' in after(output, "/state")
    assert '12:00:00 {"type": "digit", "digit": "1"}' in after(output, "/journal")
    assert '         option {"node": "main.choose", "option": "queue", "by": "key"}' in after(
        output, "/journal"
    )


def test_notes_of_the_journal_beside_what_is_heard(folder: Path) -> None:
    output = talk(folder, "/hangup", options=("--journal",))
    assert "  . node node=main.choose kind=ask" in output
    assert after(output, "/hangup") == ["  . ended node=main.choose by=caller cause=16"]


def test_help_is_in_both_languages_and_names_every_command(folder: Path) -> None:
    from ivr.cli.simulating.help import QUESTIONS
    from ivr.cli.simulating.lines import TURNS

    output = talk(folder, "/help")
    assert "坐席接听" in output
    assert "an agent joins" in output
    for command in {*QUESTIONS, *TURNS} - {"say", "press"}:
        assert f"/{command}" in output, command


# Back, and again


def test_undo_goes_back_to_where_the_call_stood(folder: Path) -> None:
    output = talk(
        folder, "1", "/undo", "/node", "2", "/request timeout", "/undo 2", "/vars why", "/undo", "/undo"
    )
    assert after(output, "/node")[0] == "main.choose (ask)"
    assert 'why = ""  (as at the start)' in after(output, "/vars why")
    assert after(output, "/undo") == ["there is nothing to undo"]
    assert "-- undone: request timeout, press 2; at main.choose zh" in output


def test_what_was_undone_can_be_done_another_way(folder: Path) -> None:
    output = talk(folder, "1", "/queue full", "/undo", "/agent")
    assert after(output, "/agent") == ["* agent a1001 joined"]


def test_restart_and_again(folder: Path) -> None:
    output = talk(folder, "1", "/restart", "/node", "1", "/again", "/node")
    assert after(output, "/restart") == ["-- from the beginning", "< 请选择"]
    assert after(output, "/node")[0] == "main.wait (queue)"


# Lines that cannot be done


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/agent", "not now: there is no queue at `main.choose`"),
        ("/nonsense", "there is no /nonsense; /help lists the commands"),
        ("/agnet", "there is no /agnet; did you mean `agent`?"),
        ("/queue ful", "/queue: input should be 'served'"),
        ("/wait long", "how long is a number, not `long`"),
        ("/place", "/place 3, or /place 3 60 120"),
        ("/place x", "is a number, not `x`"),
        ("/place 0", "/place: input should be greater than or equal to 1"),
        ("/time noon", "/time: string should match pattern"),
        ("/time 25:00", "/time: value error"),
        ("/request 99", "/request: input should be greater than or equal to 100"),
        ("/request {a: [}", "is no value"),
        ("/lookup found", "what was found"),
        ("/record long", "how long the message is is a number"),
        ("/press x", "/press: string should match pattern"),
        ("/say", "/say and the words"),
        ("/fact", "write name=value"),
        ("/fact age", "`age`: write name=value"),
        ("/fact 'a", "No closing quotation"),
        ("/hours desk=ajar", "hours.desk: input should be 'open' or 'closed'"),
        ("/hours dsek=open", "there is no calendar `dsek`; did you mean `desk`?"),
        ("/given {queue: {}}", "`queue` means nothing here; did you mean `queues`?"),
        ("/given 3", "/given {queues: {general: full}}"),
        ("/flow mian", "there is no flow `mian`; did you mean `main`?"),
        ("/language xx", "there is no language `xx`"),
        ("/where main.nowhere", "main.yaml:"),
        ("/where nowhere", "`nowhere` stands in no file"),
        ("/save", "/save and the scenario's name"),
        ("/undo", "there is nothing to undo"),
        ("!/undo", "there is no /undo"),
    ],
)
def test_a_bad_line_is_told_and_ends_nothing(folder: Path, line: str, told: str) -> None:
    output = talk(folder, line, "1")
    assert told in output
    assert after(output, "1") == ["* queue general (zh, priority 0, queue)"]


def test_the_end_of_the_call_is_not_the_end_of_the_talk(folder: Path) -> None:
    output = talk(folder, "/hangup", "1", "/undo", "1", "/quit", "2")
    assert "not now: the call is over" in output
    assert after(output, "/quit") == []
    assert "> 2" not in output


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--flow", "mian"), 1, "there is no flow `mian`: did you mean `main`?"),
        (("--clock", "noon"), 2, "time: string should match pattern"),
        (("--hours", "desk=maybe"), 2, "hours.desk"),
        (("--hours", "desk"), 2, "write name=value"),
        (("--given", "{queues: {generl: full}}"), 2, "there is no queue `generl`; did you mean `general`?"),
        (("--given", "nowhere.yaml"), 2, "nowhere.yaml"),
        (("--given", "{queues: [}"), 2, "this is not YAML"),
        (("--language", "fr"), 2, "there is no language `fr`"),
    ],
)
def test_wrong_options(folder: Path, options: tuple[str, ...], code: int, told: str) -> None:
    result = CliRunner().invoke(app, ["simulate", str(folder), *options])
    assert result.exit_code == code
    assert told in " ".join(result.output.replace("│", " ").split())


def test_flows_with_faults_are_not_simulated(folder: Path) -> None:
    (folder / "main.yaml").write_text("flow: main\nnodes: {a: {kind: sey}}\n", "utf-8")
    result = CliRunner().invoke(app, ["simulate", str(folder)])
    assert result.exit_code == 1
    assert "main.yaml:2:19: error unknown-kind" in result.output


# Saving


def saved(folder: Path) -> str:
    return (folder / "saved.scenario.yaml").read_text("utf-8")


def test_a_talk_is_saved_as_a_scenario_that_holds(folder: Path) -> None:
    output = talk(
        folder,
        *("mumble @0.1", "1", "/place 3 60 120", "/agent", "/done", "/save to a person"),
        options=("--language", "en"),
    )
    assert f"saved in {folder.as_posix()}/saved.scenario.yaml; `ivr test -k 'to a person'` runs it" in output
    assert saved(folder) == (
        "# Talks that were saved in `ivr simulate`. Run them with `ivr test`.\n"
        "scenarios:\n"
        "  - name: to a person\n"
        "    given: {time: '2026-11-23 12:00', language: en}\n"
        "    turns:\n"
        "      - {heard: ask, node: main.choose}\n"
        "      - {say: {text: mumble, confidence: 0.1}, heard: [sorry, ask], node: main.choose}\n"
        "      - {press: '1', queued: general, node: main.wait}\n"
        "      - {place: {place: 3, wait_s: [60.0, 120.0]}, heard: place, node: main.wait}\n"
        "      - {agent: joins, node: main.wait}\n"
        "      - {agent: leaves, heard: bye, ended: system}\n"
    )
    assert CliRunner().invoke(app, ["test", str(folder)]).exit_code == 0


def test_every_kind_of_turn_can_be_saved(folder: Path) -> None:
    talks = (
        ("2", '/request 404 {"a": 1}'),
        ("2", "/request timeout"),
        ("3", "/lookup found {name: x}"),
        ("3", "/lookup none"),
        ("4", "/record 7"),
        ("4", "/record failed"),
        ("5", "/transfer", "/transfer completed"),
        ("6", "/callback refused"),
        ("!3", "/lookup none"),
        ("", "/wait 2", "/time 23:30", "/hangup"),
        ("/asr lost",),
        ("1", "/wait 3", "/queue timeout"),
    )
    for number, lines in enumerate(talks):
        output = talk(folder, *lines, f"/save talk {number}")
        assert "not saved" not in output, output
    result = CliRunner().invoke(app, ["test", str(folder)])
    assert result.exit_code == 0, result.output
    assert f"{len(talks)} passed" in result.output


def test_what_was_given_is_saved_too(folder: Path) -> None:
    given = "{requests: [{status: 503}], facts: {}, caller: '139'}"
    talk(folder, "2", "/save unwell", options=("--given", given))
    assert "    given: {time: '2026-11-23 12:00', caller: '139', requests: [{status: 503}]}\n" in saved(
        folder
    )
    assert CliRunner().invoke(app, ["test", str(folder)]).exit_code == 0


def test_a_name_that_is_taken_and_a_file_that_is_somebody_elses(folder: Path, tmp_path: Path) -> None:
    output = talk(folder, "1", "/save one", "/save one")
    assert "not saved: saved.scenario.yaml:" in output
    assert "duplicate-scenario" in output
    assert saved(folder).count("name: one") == 1
    other = folder / "own.scenario.yaml"
    other.write_text("scenarios: [{name: x, turns: [{press: 1}]}]\n", "utf-8")
    output = talk(folder, "1", "/save two", options=("--save-to", str(other)))
    assert "not saved: own.scenario.yaml:" in output
    assert other.read_text("utf-8") == "scenarios: [{name: x, turns: [{press: 1}]}]\n"
    output = talk(folder, "1", "/save three", options=("--save-to", str(tmp_path / "no" / "x.scenario.yaml")))
    assert "No such file or directory" in output


# In a terminal


def test_in_a_terminal_it_says_what_is_waited_for_and_goes_on_in_changed_files(folder: Path) -> None:
    with in_a_terminal("simulate", str(folder), *START, "--watch") as terminal:
        said = terminal.until("main.choose zh (listening)> ")
        assert "/help 列出命令" in said
        assert "请选择" in said
        terminal.type("1\n")
        assert "in the queue general: /agent, /place 2" in terminal.until("main.wait zh> ")
        flow = folder / "main.yaml"
        flow.write_text(flow.read_text("utf-8").replace("reason: ", "priority: 7\n    reason: "), "utf-8")
        said = terminal.until("at main.wait zh")
        assert "-- read again: version" in said
        assert "> press 1" in said
        assert "queue general (zh, priority 7, queue)" in said
        flow.write_text("flow: main\nnodes: 3\n", "utf-8")
        assert "main.yaml:2:8" in terminal.until("error wrong-")
        terminal.type("\x03")
        terminal.until("/quit or Ctrl-D ends")
        terminal.type("/agent\n")
        terminal.until("agent a1001 joined")
        terminal.until("with an agent: /done")
        terminal.type("/quit\n")
        assert terminal.ended() == 0


def test_the_end_of_input_ends_it(folder: Path) -> None:
    with in_a_terminal("simulate", str(folder)) as terminal:
        terminal.until("> ")
        terminal.type("\x04")
        assert terminal.ended() == 0
