"""Known advisories about our pins out of a copy of an OSV database, for machines that reach no advisory service.

    python -m scripts.osv_advisories PATH      (`make advisories FROM=PATH`)

PATH: a folder or a .zip of OSV records (JSON or YAML, one a file), as osv.dev's PyPI/all.zip or a checkout of the
PyPA's advisory-database, brought from a machine that reaches it. Writes deploy/advisories.yaml anew: what the records
say of packages of requirements.lock, in any version; what people accepted, and what no record knows, stays. The file
says how it was made, on which day, and of which day the newest record is.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from scripts.audit_dependencies import ADVISORIES, LOCK, pins_of

ENDINGS = (".json", ".yaml", ".yml")
LONGEST_WHAT = 160


def records_in(path: Path) -> Iterator[Mapping[str, Any]]:
    """Raises ValueError: a file that is no record."""
    for name, text in _texts(path):
        try:
            found = json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
        except (ValueError, yaml.YAMLError) as error:
            raise ValueError(f"{name} cannot be read: {error}") from error
        if isinstance(found, dict) and "affected" in found and "id" in found:
            yield found


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    if path.is_dir():
        for file in sorted(each for each in path.rglob("*") if each.suffix in ENDINGS and each.is_file()):
            yield file.name, file.read_text(encoding="utf-8")
        return
    with zipfile.ZipFile(path) as archive:
        for name in sorted(each for each in archive.namelist() if each.endswith(ENDINGS)):
            yield name, archive.read(name).decode()


def told_by(record: Mapping[str, Any], names: Collection[str]) -> list[dict[str, str]]:
    """One entry for each range of versions of a package among `names`. Withdrawn records tell nothing."""
    if record.get("withdrawn"):
        return []
    aliases = [str(each) for each in record.get("aliases", ())]
    identity = next((each for each in aliases if each.startswith("CVE-")), str(record["id"]))
    said = str(record.get("summary") or record.get("details") or "").strip()
    what = " ".join(said.split(". ")[0].split())[:LONGEST_WHAT]
    found = []
    for affected in record["affected"]:
        package = affected.get("package", {})
        name = canonicalize_name(str(package.get("name", "")))
        if package.get("ecosystem") != "PyPI" or name not in names:
            continue
        ranges = list(_ranges(affected)) or [f"=={version}" for version in affected.get("versions", ())]
        found += [{"id": identity, "package": name, "affected": each, "what": what} for each in ranges]
    return found


def _ranges(affected: Mapping[str, Any]) -> Iterator[str]:
    """As in requirements, such as `>=1.0,<1.2`. A range of commits is none of ours."""
    for one in affected.get("ranges", ()):
        if one.get("type") != "ECOSYSTEM":
            continue
        since, is_open = "", False
        for event in one.get("events", ()):
            ((kind, version),) = ((str(kind), str(version)) for kind, version in event.items())
            if kind == "introduced":
                since, is_open = ("" if version == "0" else f">={version}"), True
            elif is_open and kind in ("fixed", "last_affected"):
                until = f"<{version}" if kind == "fixed" else f"<={version}"
                yield f"{since},{until}" if since else until
                is_open = False
        if is_open:
            yield since or ">=0"


def merged(before: Sequence[Mapping[str, str]], told: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """By package and id. What was accepted stays so; what nobody tells of any more stays as it was."""
    accepted = {(one["id"], one["package"]): one["accepted"] for one in before if one.get("accepted")}
    entries = {}
    for one in told:
        try:
            SpecifierSet(one["affected"])
        except InvalidSpecifier:
            continue
        key = (one["id"], one["package"])
        entries[*key, one["affected"]] = dict(one) | ({"accepted": accepted[key]} if key in accepted else {})
    known = {key[:2] for key in entries}
    kept = [dict(one) for one in before if (one["id"], one["package"]) not in known]
    return sorted([*kept, *entries.values()], key=lambda one: (one["package"], one["id"], one["affected"]))


def written(head: str, source: Mapping[str, str], entries: Iterable[Mapping[str, str]]) -> str:
    """The file: its comment, how it was made, one advisory a line."""
    lines = (
        yaml.safe_dump(dict(one), default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
        for one in entries
    )
    made = yaml.safe_dump(
        dict(source), default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True
    )
    return f"{head}source: {made}advisories:\n" + "".join(f"- {line}" for line in lines)


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).exists():
        print("name a folder or a .zip of OSV records: make advisories FROM=PATH", file=sys.stderr)
        return 1
    text = ADVISORIES.read_text(encoding="utf-8")
    names = pins_of(LOCK.read_text(encoding="utf-8")).keys()
    told, newest, count = [], "", 0
    try:
        for record in records_in(Path(arguments[0])):
            told += told_by(record, names)
            newest, count = max(newest, str(record.get("modified", ""))[:10]), count + 1
    except (ValueError, zipfile.BadZipFile) as error:
        print(error, file=sys.stderr)
        return 1
    if not count:
        print("no OSV record is there; the list is as it was", file=sys.stderr)
        return 1
    entries = merged(yaml.safe_load(text)["advisories"], told)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    source = {"kind": "OSV records", "date": today, "newest": newest}
    head = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    ADVISORIES.write_text(written(head, source, entries), encoding="utf-8")
    print(
        f"{count} records, the newest of {newest}: {len(entries)} lines about our pins; now run `make audit`"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
