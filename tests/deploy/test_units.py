"""The units and the container: least privilege is asked for in each, and what they start exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from ivr.cli import asr_worker, asterisk_watch, run

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
LEAST = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectControlGroups": "yes",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
    "Restart": "always",
}


def settings_of(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_asks_for_no_more_than_it_needs(path: Path) -> None:
    found = settings_of(path)
    for key, value in LEAST.items():
        assert found.get(key) == [value], f"{path.name}: {key}"
    assert "@system-service" in found["SystemCallFilter"]
    assert "~@privileged" in found["SystemCallFilter"]
    assert found.get("DynamicUser") == ["yes"] or found["User"] == ["hotline"]
    assert not re.search(r"(?i)(password|secret|token)\s*=\s*[^/\s]", path.read_text(encoding="utf-8"))


def test_ours_are_ready_when_they_say_so_and_watched() -> None:
    for name in ("hotline", "hotline-asr-worker"):
        found = settings_of(DEPLOY / "systemd" / f"{name}.service")
        assert found["Type"] == ["notify"]
        assert found["WatchdogSignal"] == ["SIGKILL"]
        assert int(found["WatchdogSec"][0]) >= 15


def test_a_controller_that_dies_leaves_its_asterisk_alive_and_in_sight_of_the_next() -> None:
    found = settings_of(DEPLOY / "systemd" / "hotline.service")
    assert found["KillMode"] == ["process"]
    # Seen under systemd: with users of their own for each start, what the last one left is hidden by hidepid.
    assert found["ProtectProc"] == ["invisible"]
    assert "PrivateUsers" not in found
    assert "PrivatePIDs" not in found


@pytest.mark.parametrize(
    ("unit", "command"),
    [
        ("hotline", run.run),
        ("hotline-asr-worker", asr_worker.asr_worker),
        ("hotline-asterisk-watch", asterisk_watch.asterisk_watch),
    ],
)
def test_what_a_unit_starts_takes_these_options(unit: str, command: object) -> None:
    import typer

    app = typer.Typer()
    app.command()(command)  # type: ignore[type-var]
    known = {option for parameter in get_command(app).params for option in parameter.opts}
    found = settings_of(DEPLOY / "systemd" / f"{unit}.service")
    for started in found["ExecStart"] + found.get("ExecReload", []):
        used = set(re.findall(r"--[a-z-]+", started.partition("/ivr ")[2]))
        assert used and used <= known


def test_a_frozen_asterisk_is_ended_by_one_line_and_by_nothing_that_the_watch_may_do_itself() -> None:
    found = settings_of(DEPLOY / "systemd" / "hotline-asterisk-watch.service")
    (ending,) = found["ExecStopPost"]
    assert ending.startswith("+/bin/sh -c ")
    script = (
        ending.partition("-c ")[2]
        .strip("'")
        .replace("$$", "$")
        .replace("/usr/bin/systemctl", "echo systemctl")
    )
    for status, done in (
        (asterisk_watch.FROZEN, "systemctl kill --signal=SIGKILL hotline-asterisk.service\n"),
        (1, ""),
    ):
        ran = subprocess.run(
            ["/bin/sh", "-c", script],
            env={"EXIT_STATUS": str(status)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout == done
    assert settings_of(DEPLOY / "systemd" / "hotline-asterisk.service")["Restart"] == ["always"]
    privileged = [command for key, values in found.items() if key.startswith("Exec") for command in values]
    assert [command for command in privileged if command[0] in "+!"] == [ending]


def test_a_reload_hands_the_calls_to_a_new_controller_which_becomes_the_service() -> None:
    found = settings_of(DEPLOY / "systemd" / "hotline.service")
    (begun,) = found["ExecReload"]
    assert begun.endswith(found["ExecStart"][0].replace(" run ", " run --takeover "))
    assert found["NotifyAccess"] == ["all"], "it says itself that it is the main process now"
    assert f"WATCHDOG_USEC={int(found['WatchdogSec'][0]) * 1_000_000} " in begun
    outside = settings_of(DEPLOY / "systemd" / "hotline.service.d" / "external.conf")
    assert outside["ExecReload"][0] == ""
    assert outside["ExecReload"][1] == begun.replace(" --takeover ", " --external --takeover ")


def test_a_command_gets_the_secrets_that_systemd_hands_to_the_service(tmp_path: Path) -> None:
    """Without the address of the database it would ask, and change, another one."""
    for name, does in {
        "systemctl": """cat <<'END'
[Service]
LoadCredential=web__token:/etc/hotline/web__token
# LoadCredential=not:/this
LoadCredential=
LoadCredentialEncrypted=database_url:/etc/hotline/database_url.cred
END
""",
        "systemd-run": """for each in "$@"; do echo "$each"; done\n""",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    ran = subprocess.run(
        ["/bin/sh", DEPLOY / "systemd" / "ivr", "missed", "list", "--since", "two days"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    given = ran.stdout.splitlines()
    assert given[-5:] == ["/opt/hotline/.venv/bin/ivr", "missed", "list", "--since", "two days"]
    assert [one for one in given if "Credential" in one] == [
        "--property=LoadCredential=web__token:/etc/hotline/web__token",
        "--property=LoadCredentialEncrypted=database_url:/etc/hotline/database_url.cred",
    ]
    assert {"--uid=hotline", "--property=NoNewPrivileges=yes", "--pipe"} <= set(given)


def test_the_container_is_not_root_and_writes_nothing_of_itself() -> None:
    recipe = (DEPLOY / "container" / "Containerfile").read_text(encoding="utf-8")
    user = re.findall(r"^USER (\S+)", recipe, re.MULTILINE)[-1]
    assert user.split(":")[0] not in {"root", "0"}
    assert "HEALTHCHECK" in recipe
    services = yaml.safe_load((DEPLOY / "container" / "compose.yml").read_text(encoding="utf-8"))["services"]
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
    assert services["hotline"]["cap_drop"] == ["ALL"]
    assert services["hotline"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert all(port.startswith("127.0.0.1:") for port in services["database"]["ports"])
    assert all("PASSWORD:" not in str(service.get("environment", "")) for service in services.values())


def test_no_user_that_systemd_makes_up_takes_a_folder_of_the_hotline() -> None:
    """systemd gives a CacheDirectory with all that is in it to the user of a DynamicUser service (seen)."""
    folders = {path.stem: settings_of(path).get("CacheDirectory", []) for path in UNITS}
    worker = settings_of(DEPLOY / "systemd" / "hotline-asr-worker.service")
    assert worker["DynamicUser"] == ["yes"]
    assert not set(folders.pop("hotline-asr-worker")) & {name for names in folders.values() for name in names}
    assert f"IVR_CACHE=/var/cache/{worker['CacheDirectory'][0]}" in worker["Environment"][0].split()
