"""What was translated from ../shared/data/flows says what the original says: the same digits, times, counts, modules.

Each test holds the facts of an original. Our dialogue is compared with them always, and the original itself wherever
that folder is there (the files are others', so they are not copied).
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ivr.flow.load import load
from ivr.flow.model import Handler
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.menu import Menu
from ivr.flow.nodes.transfer import TransferNode
from ivr.flow.yaml_source import read

HERE = Path(__file__).parent
ORIGINALS = HERE.parents[3] / "shared" / "data" / "flows"
TRANSLATED = {
    "freeswitch_xml/demo_ivr.xml": "freeswitch_demo_ivr",
    "freeswitch_xml/new_demo_ivr.xml": "freeswitch_new_demo_ivr",
    "genesys_archy/closedhours_flow.yaml": "genesys_ivr",
    "genesys_archy/holiday_flow.yaml": "genesys_ivr",
    "genesys_archy/openhours_flow.yaml": "genesys_ivr",
    "genesys_archy/inboundcall_flow_example.yaml": "genesys_main_menu",
    "genesys_archy/inboundcall_flow_example2.yaml": "genesys_main_menu",
    "genesys_archy/inboundcall_flow_example3.yaml": "genesys_email",
    "genesys_archy/inqueuecall_default_example.yaml": "genesys_inqueue",
    "genesys_archy/outboundcall_flow_example.yaml": "genesys_outbound",
    "jambonz/gather.json": "jambonz_gather",
    "kazoo/611.callflow.json": "kazoo_611",
    "kazoo/callflow_README.json": "kazoo_user_voicemail",
    "kazoo/callflow_route_to_cid.json": "kazoo_route_to_cid",
}


def _originals(*files: str) -> Iterator[bytes]:
    """Those of the files that are here."""
    return ((ORIGINALS / file).read_bytes() for file in files if (ORIGINALS / file).is_file())


def test_every_original_is_translated_by_a_folder_that_names_it() -> None:
    for file, folder in TRANSLATED.items():
        head = (HERE / folder / "hotline.yaml").read_text("utf-8")
        assert (
            Path(file)
            .name.replace("callflow_README.json", "README.md")
            .replace("callflow_route_to_cid.json", "route_to_cid.md")
            in head
        ), file
    there = (
        {path.relative_to(ORIGINALS).as_posix() for path in ORIGINALS.glob("*/*")}
        if ORIGINALS.is_dir()
        else set()
    )
    assert there <= set(TRANSLATED)


def _ends(handlers: tuple[Handler, ...]) -> int:
    """The count at which the event is not answered by the prompt any more."""
    return max(handler.count for handler in handlers if handler.then == "go")


# FreeSWITCH: (timeout s, timeouts, failures, digits -> action)

SUBMENU = {"9": "menu-sub", "*": "menu-top"}
FREESWITCH: dict[str, dict[str, tuple[float, int, int, dict[str, str]]]] = {
    "demo_ivr": {
        "demo_ivr": (
            10.0,
            3,
            3,
            {
                **dict.fromkeys("12345", "menu-exec-app"),
                "6": "menu-sub",
                "10[01]X": "menu-exec-app",
                "9": "menu-top",
            },
        ),
        "demo_ivr_submenu": (15.0, 3, 3, {"*": "menu-top"}),
    },
    "new_demo_ivr": {
        "new_demo_ivr": (
            10.0,
            3,
            3,
            {**dict.fromkeys("123", "menu-sub"), "4": "menu-exec-app", "9": "menu-top"},
        ),
        "freeswitch_ivr_submenu": (15.0, 3, 3, SUBMENU),
        "freeswitch_solutions_ivr_submenu": (15.0, 3, 3, SUBMENU),
        "cluecon_ivr_submenu": (15.0, 3, 3, SUBMENU),
    },
}


def _freeswitch_of(xml: bytes) -> dict[str, tuple[float, int, int, dict[str, str]]]:
    menus = {}
    for menu in ElementTree.fromstring(xml).iter("menu"):
        entries = {}
        for entry in menu.iter("entry"):
            digits = entry.attrib["digits"]
            # /^(10[01][0-9])$/ in the pattern language of dialplans.
            found = re.fullmatch(r"/\^\((.*)\)\$/", digits)
            entries[found.group(1).replace("[0-9]", "X") if found else digits] = entry.attrib["action"]
        menus[menu.attrib["name"]] = (
            int(menu.attrib["timeout"]) / 1000,
            int(menu.attrib["max-timeouts"]),
            int(menu.attrib["max-failures"]),
            entries,
        )
    return menus


def _our_menus(folder: str) -> dict[str, tuple[float, int, int, dict[str, str]]]:
    library = load(HERE / folder)
    written = _yaml((HERE / folder / "hotline.yaml").read_bytes())["nodes"]
    menus = {}
    top = next(iter(written))
    for node in library.nodes.values():
        if not isinstance(node, Menu):
            continue
        name = node.id.partition(".")[2]
        entries = {}
        for option_name, option in node.options.by_name.items():
            target = library.nodes[option.target]
            action = "menu-exec-app"
            if option.target == f"main.{top}":
                action = "menu-top"
            elif isinstance(target, Menu):
                action = "menu-sub"
            entries[option.key or written[name]["options"][option_name]["pattern"]] = action
        menus[name] = (
            node.rules.first_input_s,
            _ends(library.handlers["no_input"]),
            _ends(library.handlers["no_match"]),
            entries,
        )
        assert (node.rules.inter_digit_s, node.rules.terminator_s) == (2.0, 2.0)
    return menus


@pytest.mark.parametrize("name", FREESWITCH)
def test_freeswitch_menus_have_the_same_digits_times_and_counts(name: str) -> None:
    assert _our_menus(f"freeswitch_{name}") == FREESWITCH[name]
    for xml in _originals(f"freeswitch_xml/{name}.xml"):
        assert _freeswitch_of(xml) == FREESWITCH[name]
        main = ElementTree.fromstring(xml).find("menu")
        assert main is not None
        assert main.attrib["inter-digit-timeout"] == "2000"


# Genesys

GENESYS_SETTINGS = {
    "selection_s": 10,
    "repeats": 3,
    "extension_s": 1,
    "confidence": 50,
    "speech_s": 20,
    "silence_s": 1.5,
}


def _yaml(source: bytes) -> Any:
    return read("flow.yaml", source).data


def _genesys(source: bytes) -> dict[str, Any]:
    ((kind, flow),) = _yaml(source).items()
    return {"kind": kind, **flow}


def _settings_of(flow: dict[str, Any]) -> dict[str, float]:
    menu, speech = flow["settingsMenu"], flow["settingsSpeechRec"]
    assert menu["listenForExtensionDialing"]["lit"] is True
    assert flow["settingsErrorHandling"]["errorHandling"] == {"disconnect": {"none": True}}
    return {
        "selection_s": menu["menuSelectionTimeout"]["lit"]["seconds"],
        "repeats": menu["repeatCount"]["lit"],
        "extension_s": menu["extensionDialingMaxDelay"]["lit"]["seconds"],
        "confidence": speech["minConfidenceLevel"]["lit"],
        "speech_s": speech["maxSpeechLengthTimeout"]["lit"]["seconds"],
        "silence_s": speech["incompleteMatchTimeout"]["lit"]["ms"] / 1000,
    }


def _our_settings(folder: str, node_id: str) -> dict[str, float]:
    library = load(HERE / folder)
    node = library.nodes[node_id]
    assert isinstance(node, Menu)
    assert "extension" in node.options.by_name
    assert library.fallback, "pre-handling audio, then disconnect"
    assert library.nodes[library.fallback].kind == "hangup"
    return {
        "selection_s": node.rules.first_input_s,
        "repeats": _ends(library.handlers["no_input"]) - 1,
        "extension_s": node.rules.terminator_s,
        "confidence": node.rules.accept * 100,
        "speech_s": node.rules.longest_s,
        "silence_s": node.rules.end_silence_s,
    }


def _choices_of(flow: dict[str, Any]) -> dict[str, str]:
    (menu,) = flow["menus"]
    return {
        body["dtmf"].removeprefix("digit_"): kind
        for choice in menu["menu"]["choices"]
        for kind, body in choice.items()
    }


def _our_choices(folder: str, node_id: str) -> dict[str, str]:
    node = load(HERE / folder).nodes[node_id]
    assert isinstance(node, Menu)
    options = node.options.by_name.values()
    return {
        option.key: "menuDisconnect" if option.target == "~hangup" else option.target
        for option in options
        if option.key
    }


@pytest.mark.parametrize(
    ("folder", "node", "file"),
    [
        ("genesys_ivr", "open_hours.main_menu", "openhours_flow.yaml"),
        ("genesys_ivr", "closed_hours.main_menu", "closedhours_flow.yaml"),
        ("genesys_outbound", "outbound.main_menu", "outboundcall_flow_example.yaml"),
    ],
)
def test_genesys_menus_have_the_same_choices_and_settings(folder: str, node: str, file: str) -> None:
    assert _our_settings(folder, node) == GENESYS_SETTINGS
    assert _our_choices(folder, node) == {"9": "menuDisconnect"}
    for source in _originals(f"genesys_archy/{file}"):
        flow = _genesys(source)
        assert flow["startUpRef"].endswith("/menus/menu[Main Menu_10]")
        assert "tts" in flow["initialGreeting"]
        assert _settings_of(flow) == GENESYS_SETTINGS
        assert _choices_of(flow) == {"9": "menuDisconnect"}


@pytest.mark.parametrize("name", ["", "2"])
def test_the_small_genesys_flows_greet_and_have_one_choice(name: str) -> None:
    library = load(HERE / "genesys_main_menu")
    assert library.nodes[library.flows[f"example{name}"].start].kind == "say"
    assert _our_choices("genesys_main_menu", "example.main_menu") == {"9": "menuDisconnect"}
    for source in _originals(f"genesys_archy/inboundcall_flow_example{name}.yaml"):
        flow = _genesys(source)
        assert flow["startUpRef"] == "./menus/menu[mainMenu]"
        assert _choices_of(flow) == {"9": "menuDisconnect"}


def _actions_of(actions: list[dict[str, Any]]) -> list[str]:
    return [kind for action in actions for kind in action]


def test_genesys_on_holidays_says_so_and_ends() -> None:
    library = load(HERE / "genesys_ivr")
    kinds = [library.nodes[f"holiday_hours.{name}"].kind for name in ("initial_greeting", "closed")]
    assert kinds == ["say", "hangup"]
    for source in _originals("genesys_archy/holiday_flow.yaml"):
        flow = _genesys(source)
        assert flow["startUpRef"].endswith("/tasks/task[Closed_12]")
        ((task,),) = [each.values() for each in flow["tasks"]]
        assert _actions_of(task["actions"]) == ["playAudio", "disconnect"]


def test_a_genesys_mail_that_is_ended_at_once() -> None:
    library = load(HERE / "genesys_email")
    assert [node.kind for node in library.nodes.values() if node.flow] == ["hangup"]
    for source in _originals("genesys_archy/inboundcall_flow_example3.yaml"):
        flow = _genesys(source)
        (state,) = flow["states"]
        assert flow["kind"] == "inboundEmail"
        assert _actions_of(state["state"]["actions"]) == ["disconnect"]


def test_genesys_plays_music_while_one_waits_and_keys_do_nothing() -> None:
    node = load(HERE / "genesys_inqueue").nodes["main.hold"]
    assert node.kind == "queue"
    assert not node.commands.by_name
    for source in _originals("genesys_archy/inqueuecall_default_example.yaml"):
        flow = _genesys(source)
        (action,) = flow["startUpTaskActions"]
        assert list(action) == ["holdMusic"]
        assert action["holdMusic"]["bargeInEnabled"] == {"lit": False}


# jambonz, Kazoo


def test_the_jambonz_gather_has_its_hints_and_its_timeout() -> None:
    node = load(HERE / "jambonz_gather").nodes["main.gather"]
    assert isinstance(node, AskingNode)
    hints = {"customer support", "sales", "human resources", "HR"}
    assert node.rules.first_input_s == 10
    assert set(node.options.spoken("en").spoken) == hints  # type: ignore[attr-defined]
    for source in _originals("jambonz/gather.json"):
        (verb,) = json.loads(source)
        assert (verb["verb"], verb["input"], verb["timeout"]) == ("gather", ["speech"], 10)
        assert set(verb["recognizer"]["hints"]) == hints


def _transfer(folder: str, node_id: str) -> TransferNode:
    node = load(HERE / folder).nodes[node_id]
    assert isinstance(node, TransferNode)
    return node


def test_kazoo_611_is_one_device_for_one_number() -> None:
    node = _transfer("kazoo_611", "main.device")
    assert [source.literal for source in node.targets] == ["device"]
    assert "call.number == '611'" in (HERE / "kazoo_611" / "hotline.yaml").read_text("utf-8")
    for source in _originals("kazoo/611.callflow.json"):
        callflow = json.loads(source)
        assert (callflow["flow"]["module"], callflow["numbers"]) == ("device", ["611"])


def test_kazoo_goes_on_by_how_the_user_was_not_reached() -> None:
    voicemail = _transfer("kazoo_user_voicemail", "voicemail.user")
    by_answer = _transfer("kazoo_user_voicemail", "by_answer.user")
    assert set(voicemail.handlers) == {"error.transfer"}
    assert set(by_answer.handlers) == {"error.transfer.unknown", "error.transfer.busy", "error.transfer"}
    for source in _originals("kazoo/callflow_README.json"):
        user, children = json.loads(source)["examples"]
        assert user["module"] == "user"
        assert {key: child["module"] for key, child in user["children"].items()} == {"_": "voicemail"}
        assert {key: child["module"] for key, child in children.items()} == dict.fromkeys(
            ("sip:404", "sip:486", "_"), "tts"
        )


def test_kazoo_rings_who_has_that_internal_number() -> None:
    node = _transfer("kazoo_route_to_cid", "main.route_to_cid")
    (target,) = node.targets
    assert target.expression is not None
    assert (target.expression.source, node.ring_s, node.kind_of_target) == ("call.number", 60, "agent")
    pattern = "^[0-9]{3,4}$"
    assert pattern in (HERE / "kazoo_route_to_cid" / "hotline.yaml").read_text("utf-8")
    for source in _originals("kazoo/callflow_route_to_cid.json"):
        (callflow,) = json.loads(source)["examples"]
        assert callflow["flow"]["module"] == "route_to_cid"
        assert callflow["flow"]["data"]["timeout"] == 60
        assert callflow["patterns"] == [pattern.replace("[0-9]{3,4}", "([0-9]{3,4})")]
