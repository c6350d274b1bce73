"""Every pin of requirements.lock: in the bill of materials, under a licence that is allowed, without a known advisory.

    python -m scripts.audit_dependencies            only looks, needs no network: exit 1 where something is wrong
    python -m scripts.audit_dependencies --write    writes deploy/sbom.cdx.json anew first (`make generate`)
    python -m scripts.audit_dependencies --online   asks the advisory service first (pip-audit) and adds what it knows

Where no service is reached, `scripts/osv_advisories.py` reads a copy of an OSV database instead.

`deploy/dependencies.yaml` says which licences are allowed and why, `deploy/advisories.yaml` what is known.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
SBOM = ROOT / "deploy" / "sbom.cdx.json"
POLICY = ROOT / "deploy" / "dependencies.yaml"
ADVISORIES = ROOT / "deploy" / "advisories.yaml"

_PIN = re.compile(
    r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)[^\n]*((?:\n[ \t]+--hash=sha256:[0-9a-f]{64}[^\n]*)*)", re.M
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pin:
    """hashes: SHA-256 of each file of this version that may be installed."""

    name: str
    version: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Installed:
    """licence: an SPDX expression or whatever its author wrote, "" = nothing. needs: names of what it needs here."""

    licence: str
    needs: tuple[str, ...]


def pins_of(lock: str) -> dict[str, Pin]:
    """Raises ValueError for a line that is neither a pin nor its hashes."""
    found = {
        canonicalize_name(name): Pin(canonicalize_name(name), version, tuple(_HASH.findall(hashes)))
        for name, version, hashes in _PIN.findall(lock)
    }
    beginnings = [line for line in lock.splitlines() if line and not line[0].isspace() and line[0] != "#"]
    if len(beginnings) != len(found):
        odd = [line for line in beginnings if not _PIN.match(line)]
        raise ValueError(f"requirements.lock has lines that are no pins: {odd[:3]}")
    return found


def installed(pin: Pin) -> Installed | None:
    """None: this version is not installed here."""
    try:
        about = metadata.distribution(pin.name)
    except metadata.PackageNotFoundError:
        return None
    if about.version != pin.version:
        return None
    said = about.metadata
    classified = [
        text.rpartition(" :: ")[2] for text in said.get_all("Classifier", []) if text.startswith("License ::")
    ]
    plain = (said.get("License") or "").strip().split("\n")[0]
    licence = said.get("License-Expression") or " AND ".join(sorted(classified)) or plain
    return Installed(licence, tuple(sorted(_needs(about.requires or []))))


def _needs(lines: Iterable[str]) -> set[str]:
    wanted = (Requirement(line) for line in lines)
    return {canonicalize_name(r.name) for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})}


def spdx(name: str, said: str, policy: Mapping[str, Any]) -> str:
    """The licence in SPDX's words: as stated for this package, else as the author wrote it, translated."""
    stated = policy["stated"].get(name)
    if stated is not None:
        return str(stated["licence"])
    return str(policy["spelled"].get(said, said))


def bill(pins: Mapping[str, Pin], found: Mapping[str, Installed], policy: Mapping[str, Any]) -> str:
    """The bill of materials (CycloneDX 1.6), one component a line; the same pins give the same text."""
    components = [
        {
            "type": "library",
            "bom-ref": _purl(pin),
            "name": pin.name,
            "version": pin.version,
            "purl": _purl(pin),
            "licenses": [{"expression": spdx(pin.name, found[pin.name].licence, policy)}],
            "hashes": [{"alg": "SHA-256", "content": value} for value in pin.hashes],
        }
        for pin in pins.values()
    ]
    dependencies = [
        {
            "ref": _purl(pin),
            "dependsOn": [_purl(pins[name]) for name in found[pin.name].needs if name in pins],
        }
        for pin in pins.values()
    ]
    about = {"type": "application", "name": "open-hotline", "licenses": [{"expression": "Apache-2.0"}]}
    return (
        '{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,\n'
        f'"metadata": {json.dumps({"component": about})},\n"components": [\n'
        + ",\n".join(json.dumps(component) for component in components)
        + '\n],\n"dependencies": [\n'
        + ",\n".join(json.dumps(dependency) for dependency in dependencies)
        + "\n]}\n"
    )


def _purl(pin: Pin) -> str:
    return f"pkg:pypi/{pin.name}@{pin.version}"


def faults_of_bill(pins: Mapping[str, Pin], sbom: Mapping[str, Any]) -> list[str]:
    listed = {part["name"]: part for part in sbom["components"]}
    faults = [
        f"{name}: in the bill of materials, but not in requirements.lock"
        for name in listed.keys() - pins.keys()
    ]
    for name, pin in pins.items():
        part = listed.get(name)
        hashes = () if part is None else tuple(item["content"] for item in part["hashes"])
        if not pin.hashes:
            faults.append(f"{name}: pinned without a hash; run `make lock`")
        if part is None or part["version"] != pin.version or hashes != pin.hashes:
            faults.append(
                f"{name} {pin.version}: not in the bill of materials as it is pinned; run it with --write"
            )
    return sorted(faults)


def faults_of_licences(sbom: Mapping[str, Any], policy: Mapping[str, Any]) -> list[str]:
    """A licence is allowed where all that it joins by AND, and one of what it joins by OR, is; else its package is."""
    faults = []
    for part in sbom["components"]:
        expression = part["licenses"][0]["expression"]
        excepted = policy["excepted"].get(part["name"], {}).get("licence")
        if not (allowed(expression, frozenset(policy["allowed"])) or excepted == expression):
            faults.append(f"{part['name']}: licence {expression!r} is not allowed by {POLICY.name}")
    return faults


def allowed(expression: str, licences: frozenset[str]) -> bool:
    """Of SPDX's expressions those without WITH. AND binds stronger than OR; brackets go first."""
    inner = re.search(r"\(([^()]*)\)", expression)
    if inner:
        stands_for = next(iter(sorted(licences)), "") if allowed(inner[1], licences) else "none of these"
        return allowed(expression.replace(inner[0], stands_for, 1), licences)
    return any(
        all(one.strip() in licences for one in choice.split(" AND ")) for choice in expression.split(" OR ")
    )


def faults_of_advisories(pins: Mapping[str, Pin], advisories: Iterable[Mapping[str, Any]]) -> list[str]:
    """Those that concern a pin and are not accepted; and those that are not written as they should be."""
    faults = []
    for advisory in advisories:
        name, told = canonicalize_name(str(advisory.get("package", ""))), advisory.get("id", "?")
        try:
            affected = SpecifierSet(str(advisory["affected"]))
        except (KeyError, InvalidSpecifier):
            faults.append(f"{told}: `affected` is no range of versions")
            continue
        pin = pins.get(name)
        if pin is None or not affected.contains(pin.version, prereleases=True):
            continue
        if not str(advisory.get("accepted", "")).strip():
            faults.append(
                f"{name} {pin.version}: {told}: {advisory.get('what', '')}; take a version outside {affected}"
            )
    return faults


def ask_online() -> list[dict[str, str]]:
    """What the advisory service knows of our pins. Raises RuntimeError: no answer that can be read."""
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "pip-audit"], check=True)
    asked = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "-r", str(LOCK), "-f", "json"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    try:
        told = json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError) as error:
        last = (answer.stderr.strip().splitlines() or ["nothing"])[-1]
        raise RuntimeError(f"the advisory service did not answer: {last}") from error
    if unknown := [str(one["name"]) for one in told if one.get("skip_reason")]:
        # It says "no known vulnerabilities" all the same.
        first = ", ".join(unknown[:3])
        raise RuntimeError(
            f"the advisory service knows nothing of {len(unknown)} of {len(told)} pins: {first}"
        )
    return [
        {
            "id": str(vulnerability["id"]),
            "package": str(canonicalize_name(one["name"])),
            "affected": f"=={one['version']}",
            "what": str(vulnerability.get("description", "")).split("\n")[0][:160],
        }
        for one in told
        for vulnerability in one.get("vulns", ())
    ]


def main(arguments: list[str]) -> int:
    policy = yaml.safe_load(POLICY.read_text(encoding="utf-8"))
    pins = pins_of(LOCK.read_text(encoding="utf-8"))
    if "--write" in arguments:
        found = {name: there for name, pin in pins.items() if (there := installed(pin)) is not None}
        if missing := sorted(pins.keys() - found.keys()):
            print(f"not installed as pinned: {', '.join(missing)}; run `make setup` first", file=sys.stderr)
            return 1
        SBOM.write_text(bill(pins, found, policy), encoding="utf-8")
    if "--online" in arguments:
        try:
            new = ask_online()
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            print(f"{error}; the list of {ADVISORIES.name} is as it was", file=sys.stderr)
            return 1
        _add(new)
    sbom = json.loads(SBOM.read_text(encoding="utf-8"))
    known = yaml.safe_load(ADVISORIES.read_text(encoding="utf-8"))
    advisories, source = known["advisories"], known["source"]
    faults = [
        *faults_of_bill(pins, sbom),
        *faults_of_licences(sbom, policy),
        *faults_of_advisories(pins, advisories),
    ]
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(
            f"{len(pins)} pins: in the bill of materials, licences allowed, none of {len(advisories)} advisories"
            f" ({source['kind']}, {source['date']})"
        )
    return 1 if faults else 0


def _add(new: list[dict[str, str]]) -> None:
    """At the end of the file, so that what people wrote there stays as it is."""
    text = ADVISORIES.read_text(encoding="utf-8")
    known = {(one["id"], one["package"]) for one in yaml.safe_load(text)["advisories"]}
    fresh = [one for one in new if (one["id"], one["package"]) not in known]
    if fresh:
        ADVISORIES.write_text(
            text + yaml.safe_dump(fresh, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
