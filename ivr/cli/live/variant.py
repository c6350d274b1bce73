"""The folder and the settings of the hotline that a group of scenarios needs: the flows as they are, other people."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from ivr.cli.live.plan import Group
from ivr.config import Settings, load_settings
from ivr.flow.folder import AGENTS, HOTLINE, QUEUES
from ivr.flow.hosts import HostError, allowed, read_address
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.reading import SUFFIX

OUTSIDE_ADDRESS: Final = "127.0.0.3"
"""Whoever is called outside answers there."""
CALLERS_ADDRESS: Final = "127.0.0.2"
"""The private Asterisk knows its trunk by this address: callers call from it."""
SIP_PORT: Final = 26060
"""Where a free port is looked for first."""
_ADDRESS = re.compile(r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.:-]+)")
_SECRET = re.compile(r"\bsecret:\s*['\"]?([A-Za-z_][A-Za-z0-9_]*)")
_PATIENT: Final[Mapping[str, Any]] = {
    "ring_s": 60,
    "wrap_up_s": 0,
    "no_answer_pause_after": None,
    "retry_s": 1,
}
"""Agents of a test answer when the scenario says so, and are there for the next one at once."""


def agent_of(queue: str) -> str:
    """Who answers a queue."""
    return "live-" + re.sub(r"[^A-Za-z0-9-]", "-", queue)[:26]


class Addresses:
    """The web services' addresses, led to a server of ours: `https://a.example/x` -> `http://127.0.0.1:8/https/a.example/x`."""

    def __init__(self, library: FlowLibrary, server: str) -> None:
        """server: `http://127.0.0.1:8`."""
        self._hosts = library.hosts
        self._server = server
        self._back = re.compile(re.escape(server) + r"/(https?)/")

    def led(self, text: str) -> str:
        """All that may be asked, within a file."""
        return _ADDRESS.sub(self._one, text)

    def back(self, text: str) -> str:
        """As it was written."""
        return self._back.sub(r"\1://", text)

    def _one(self, found: re.Match[str]) -> str:
        try:
            _, origin = read_address(found.group() + "/")
            ours = allowed(origin, self._hosts)
        except HostError:
            ours = False
        return f"{self._server}/{found['scheme']}/{found['host']}" if ours else found.group()


def make_folder(
    flows: Path, target: Path, library: FlowLibrary, group: Group, addresses: Addresses, server: str, day: str
) -> None:
    """A copy of the flows for one hotline. server: host and port of the web services. day: ISO, of the scenarios."""
    shutil.copytree(
        flows, target, ignore=shutil.ignore_patterns("audio", "recordings", "*" + SUFFIX, ".*"), symlinks=True
    )
    for folder in ("audio", "recordings"):
        if (flows / folder).is_dir():
            (target / folder).symlink_to((flows / folder).resolve())
    for file in target.rglob("*.yaml"):
        text = file.read_text("utf-8")
        led = addresses.led(text)
        if led != text and file.name not in (QUEUES, AGENTS):
            file.write_text(led, "utf-8")
    _hotline(target / HOTLINE, library, group, server, day)
    _people(target, library, group)


def _hotline(file: Path, library: FlowLibrary, group: Group, server: str, day: str) -> None:
    if not (library.hosts or group.hours):
        return
    yaml = YAML()
    data = yaml.load(file.read_text("utf-8"))
    if library.hosts:
        data["requests"]["hosts"].append(f"http://{server}")
    for name, said in group.hours:
        data["calendars"][name].setdefault("dates", {})[day] = said
    with file.open("w", encoding="utf-8") as opened:
        yaml.dump(data, opened)


def _people(folder: Path, library: FlowLibrary, group: Group) -> None:
    """The queues as they are, with patience; for each an agent of its own who can do everything."""
    yaml = YAML(typ="safe")
    rules = _loaded(yaml, folder / QUEUES) or {"queues": {name: {} for name in library.queues}}
    rules.setdefault("queues", {}).update(
        {name: {} for name in library.queues if name not in rules["queues"]}
    )
    if not rules["queues"]:
        rules["queues"] = {"general": {}}
    ends = {name: (outcome, seconds) for name, outcome, seconds in group.ends}
    for name, queue in rules["queues"].items():
        changed = {**(queue or {}), **_PATIENT}
        outcome, seconds = ends.get(name, ("", 0.0))
        if outcome == "timeout":
            changed["max_wait_s"] = max(1.0, seconds)
        elif outcome == "unstaffed":
            changed["when_unstaffed"] = "end"
        rules["queues"][name] = changed
    staff = (_loaded(yaml, folder / AGENTS) or {}).get("agents") or []
    taken = {str(agent.get("extension")) for agent in staff}
    free = (str(number) for number in range(9001, 10000) if str(number) not in taken)
    skills = dict.fromkeys(rules.get("skills") or {}, 5)
    staff += [
        {
            "id": agent_of(name),
            "name": f"Live {name}",
            "extension": next(free),
            "skills": skills,
            "queues": [name],
        }
        for name in rules["queues"]
    ]
    for file, data in ((QUEUES, rules), (AGENTS, {"agents": staff})):
        with (folder / file).open("w", encoding="utf-8") as opened:
            yaml.dump(data, opened)


def _loaded(yaml: YAML, file: Path) -> dict[str, Any] | None:
    return yaml.load(file.read_text("utf-8")) if file.is_file() else None


def make_settings(
    state: Path, flows: Path, library: FlowLibrary, group: Group, outside_port: int
) -> Settings:
    """Of a hotline that nobody but these tests can reach. What the installation's own settings say does not count.

    Raises ConfigError.
    """
    nothing = state / "settings.yaml"
    nothing.write_text("", "utf-8")
    secrets = state / "secrets"
    secrets.mkdir()
    for name in _secrets(library.texts.values()):
        (secrets / name).write_text("of-a-test", "utf-8")
    numbers = (".", "+.") if group.promises else tuple(dict.fromkeys(library.numbers.values()))
    settings = load_settings(
        nothing,
        state_dir=state,
        flows_dir=flows,
        database_url=f"sqlite+aiosqlite:///{state / 'live.db'}",
        hotline="live",
        watch=False,
        entry_flow=group.flow or library.entry,
        web={"enabled": False},
        speech={"engine": "auto" if group.speech else "off"},
        prompts={"render": True},
        asterisk={
            "mode": "private",
            "loopback": True,
            "allow_anonymous": False,
            "sip_port": SIP_PORT,
            "trunk_hosts": (CALLERS_ADDRESS,),
            "outbound_trunk": f"{OUTSIDE_ADDRESS}:{outside_port}",
            "outbound_numbers": numbers,
            "hotline_number": group.number,
        },
        outside={
            "hosts": (),
            "private_hosts": ("127.0.0.1",),
            "secrets_dir": str(secrets),
            "breaker_failures": 10_000,
            "channels": {},
        },
    )
    # Flows may be in languages that no installation of ours greets in yet.
    return settings.model_copy(update={"default_language": group.language})


def _secrets(texts: Collection[bytes]) -> set[str]:
    return {name for text in texts for name in _SECRET.findall(text.decode("utf-8", "replace"))}
