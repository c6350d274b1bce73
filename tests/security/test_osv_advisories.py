"""A copy of an OSV database becomes the list that the audit looks at."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import osv_advisories as osv
from scripts.audit_dependencies import faults_of_advisories, pins_of

PINS = pins_of(f"two-three==2.0 \\\n    --hash=sha256:{'a' * 64}\n")


def record(**changed: Any) -> dict[str, Any]:
    """As the PyPA writes them: a range of commits beside that of versions."""
    affected = {
        "package": {"ecosystem": "PyPI", "name": "Two.Three"},
        "ranges": [
            {"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "1c3359"}]},
            {
                "type": "ECOSYSTEM",
                "events": [
                    {"introduced": "0"},
                    {"fixed": "1.4"},
                    {"introduced": "2.0"},
                    {"last_affected": "2.1"},
                ],
            },
        ],
        "versions": ["1.3", "2.0"],
    }
    plain = {
        "id": "PYSEC-2026-1",
        "aliases": ["GHSA-x", "CVE-2026-1"],
        "modified": "2026-11-20T10:00:00Z",
        "details": "It leaks. Much more\nis said.",
        "affected": [affected],
    }
    return plain | changed


def test_each_range_of_versions_is_an_entry() -> None:
    assert [(one["id"], one["package"], one["affected"]) for one in osv.told_by(record(), PINS)] == [
        ("CVE-2026-1", "two-three", "<1.4"),
        ("CVE-2026-1", "two-three", ">=2.0,<=2.1"),
    ]
    assert osv.told_by(record(), PINS)[0]["what"] == "It leaks"
    assert len(faults_of_advisories(PINS, osv.told_by(record(), PINS))) == 1


@pytest.mark.parametrize(
    ("affected", "told"),
    [
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}, [">=0"]),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.9"}]}]}, [">=1.9"]),
        ({"versions": ["1.9", "2.0"]}, ["==1.9", "==2.0"]),
        ({"package": {"ecosystem": "npm", "name": "two-three"}, "versions": ["2.0"]}, []),
        ({"package": {"ecosystem": "PyPI", "name": "four"}, "versions": ["2.0"]}, []),
    ],
)
def test_what_has_no_end_or_only_versions_or_is_not_ours(affected: dict[str, Any], told: list[str]) -> None:
    package = {"package": {"ecosystem": "PyPI", "name": "two-three"}}
    found = osv.told_by(record(affected=[package | affected]), PINS)
    assert [one["affected"] for one in found] == told


def test_a_withdrawn_record_tells_nothing() -> None:
    assert osv.told_by(record(withdrawn="2026-11-21T00:00:00Z"), PINS) == []


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's two files; the list has an accepted advisory and one that no record knows."""
    (tmp_path / "requirements.lock").write_text(f"two-three==2.0 \\\n    --hash=sha256:{'a' * 64}\n")
    (tmp_path / "advisories.yaml").write_text(
        "# ours\nsource: {kind: by hand}\nadvisories:\n"
        "- {id: CVE-2026-1, package: two-three, affected: '<3', what: x, accepted: not used}\n"
        "- {id: CVE-2000-1, package: two-three, affected: '<1', what: old}\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(osv, "ADVISORIES", tmp_path / "advisories.yaml")
    monkeypatch.setattr(osv, "LOCK", tmp_path / "requirements.lock")
    return tmp_path


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_the_list_is_written_anew_and_keeps_what_people_decided(house: Path, kind: str) -> None:
    copy = house / ("copy.zip" if kind == "zip" else "copy")
    if kind == "zip":
        with zipfile.ZipFile(copy, "w") as archive:
            archive.writestr("PYSEC-2026-1.json", json.dumps(record()))
            archive.writestr("README.md", "no record")
    else:
        (copy / "vulns").mkdir(parents=True)
        (copy / "vulns" / "PYSEC-2026-1.yaml").write_text(yaml.safe_dump(record()), encoding="utf-8")
    for _ in range(2):
        assert osv.main([str(copy)]) == 0
    text = (house / "advisories.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ours\nsource: ")
    found = yaml.safe_load(text)
    assert (found["source"]["kind"], found["source"]["newest"]) == ("OSV records", "2026-11-20")
    assert [(one["affected"], one.get("accepted")) for one in found["advisories"]] == [
        ("<1", None),
        ("<1.4", "not used"),
        (">=2.0,<=2.1", "not used"),
    ]


def test_what_is_no_copy_changes_nothing(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (house / "advisories.yaml").read_text(encoding="utf-8")
    (house / "empty").mkdir()
    (house / "broken").mkdir()
    (house / "broken" / "one.json").write_text("{")
    for path in (house / "empty", house / "broken", house / "nowhere"):
        assert osv.main([str(path)]) == 1
    assert "one.json cannot be read" in capsys.readouterr().err
    assert (house / "advisories.yaml").read_text(encoding="utf-8") == before
