"""The audit: what is pinned is listed, licensed and without a known advisory; what is not fails."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from scripts import audit_dependencies as audit
from scripts.audit_dependencies import Installed, Pin

LOCK = f"""\
one==1.0 \\
    --hash=sha256:{"a" * 64} \\
    --hash=sha256:{"b" * 64}
two.three==2.0.post1 ; python_version < '4' \\
    --hash=sha256:{"c" * 64}
"""
POLICY = {
    "allowed": ["MIT", "BSD-3-Clause"],
    "spelled": {"MIT License": "MIT"},
    "stated": {},
    "excepted": {"two-three": {"licence": "GPL-3.0-or-later", "why": "a tool"}},
}
FOUND = {
    "one": Installed("MIT License", ("two-three", "elsewhere")),
    "two-three": Installed("GPL-3.0-or-later", ()),
}


@pytest.fixture
def pins() -> dict[str, Pin]:
    return audit.pins_of(LOCK)


def test_this_checkout_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main([]) == 0, capsys.readouterr().err


def test_the_bill_names_no_place() -> None:
    """Neither a registry nor this machine: only names, versions, licences and what files must hash to."""
    text = audit.SBOM.read_text(encoding="utf-8")
    assert not re.search(r'https?://|file:|"/', text)
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    refs = [part["bom-ref"] for part in bill["components"]]
    assert len(set(refs)) == len(refs)
    assert {ref for one in bill["dependencies"] for ref in (one["ref"], *one["dependsOn"])} == set(refs)


def test_pins_with_their_hashes(pins: dict[str, Pin]) -> None:
    assert pins["one"] == Pin("one", "1.0", ("a" * 64, "b" * 64))
    assert pins["two-three"].version == "2.0.post1"


@pytest.mark.parametrize("line", ["one>=1.0", "git+https://somewhere/one", "-e ."])
def test_what_is_no_pin_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no pins"):
        audit.pins_of(LOCK + line + "\n")


def test_the_bill_of_a_lock_has_no_fault(pins: dict[str, Pin]) -> None:
    sbom = json.loads(audit.bill(pins, FOUND, POLICY))
    assert audit.faults_of_bill(pins, sbom) == []
    assert audit.faults_of_licences(sbom, POLICY) == []
    assert sbom["dependencies"][0]["dependsOn"] == ["pkg:pypi/two-three@2.0.post1"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("one==1.0", "one==1.1"), ("a" * 64, "d" * 64), ("one==1.0", "another==1.0")],
)
def test_a_pin_that_changed_is_missed_in_the_bill(pins: dict[str, Pin], old: str, new: str) -> None:
    sbom = json.loads(audit.bill(pins, FOUND, POLICY))
    assert audit.faults_of_bill(audit.pins_of(LOCK.replace(old, new)), sbom)


def test_a_pin_without_a_hash_fails(pins: dict[str, Pin]) -> None:
    bare = {**pins, "one": Pin("one", "1.0", ())}
    sbom = json.loads(audit.bill(bare, FOUND, POLICY))
    assert [fault for fault in audit.faults_of_bill(bare, sbom) if "without a hash" in fault]


@pytest.mark.parametrize("licence", ["GPL-3.0-or-later", "", "Proprietary", "MIT AND AGPL-3.0-only"])
def test_a_licence_that_nobody_allowed_fails(pins: dict[str, Pin], licence: str) -> None:
    sbom = json.loads(audit.bill(pins, {**FOUND, "one": Installed(licence, ())}, POLICY))
    (fault,) = audit.faults_of_licences(sbom, POLICY)
    assert fault.startswith("one:")


@pytest.mark.parametrize(
    ("expression", "is_allowed"),
    [
        ("MIT", True),
        ("MIT AND BSD-3-Clause", True),
        ("MIT AND GPL-2.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("MIT AND (GPL-2.0-only OR BSD-3-Clause)", True),
        ("MIT AND (GPL-2.0-only OR AGPL-3.0-only)", False),
        ("", False),
    ],
)
def test_expressions_of_licences(expression: str, is_allowed: bool) -> None:
    assert audit.allowed(expression, frozenset({"MIT", "BSD-3-Clause"})) is is_allowed


def test_an_advisory_fails_its_versions_only_and_unless_accepted(pins: dict[str, Pin]) -> None:
    advisory = {"id": "CVE-1", "package": "Two_Three", "affected": "<2.1", "what": "bad"}
    (fault,) = audit.faults_of_advisories(pins, [advisory])
    assert "two-three 2.0.post1: CVE-1: bad" in fault
    assert audit.faults_of_advisories(pins, [advisory | {"affected": ">=2.1"}]) == []
    assert audit.faults_of_advisories(pins, [advisory | {"accepted": "that part is not used"}]) == []
    assert audit.faults_of_advisories(pins, [advisory | {"accepted": " "}])
    assert audit.faults_of_advisories(pins, [advisory | {"affected": "all"}])


def test_every_exception_has_its_reason_and_is_needed() -> None:
    policy = yaml.safe_load(audit.POLICY.read_text(encoding="utf-8"))
    licences = {
        part["name"]: part["licenses"][0]["expression"]
        for part in json.loads(audit.SBOM.read_text())["components"]
    }
    for name, exception in policy["excepted"].items():
        assert exception["why"]
        assert licences[name] == exception["licence"]
    assert all(entry["why"] and name in licences for name, entry in policy["stated"].items())


def test_what_the_service_tells_is_added_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    listed = tmp_path / "advisories.yaml"
    listed.write_text("# ours\nadvisories:\n- {id: A, package: one, affected: '<1'}\n", encoding="utf-8")
    monkeypatch.setattr(audit, "ADVISORIES", listed)
    for _ in range(2):
        audit._add(
            [
                {"id": "A", "package": "one", "affected": "==1.0"},
                {"id": "B", "package": "one", "affected": "==1.0"},
            ]
        )
    text = listed.read_text(encoding="utf-8")
    assert text.startswith("# ours")
    assert [one["id"] for one in yaml.safe_load(text)["advisories"]] == ["A", "B"]


def test_a_service_that_knows_nothing_is_not_taken_for_one_that_finds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen with an index that has no advisories: pip-audit skips each pin and says that none is vulnerable."""
    answer = {"dependencies": [{"name": "one", "skip_reason": "not found"}], "fixes": []}

    def run(command: list[str], **_more: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, stdout=json.dumps(answer), stderr="")

    monkeypatch.setattr(audit.subprocess, "run", run)
    with pytest.raises(RuntimeError, match="knows nothing of 1 of 1 pins: one"):
        audit.ask_online()
