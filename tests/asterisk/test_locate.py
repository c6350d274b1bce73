"""Which Asterisk is taken: the machine's when it is new enough and whole, else the private one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.asterisk import locate as finder
from ivr.asterisk.locate import REQUIRED_MODULES, REQUIRED_SOUNDS, cache_folder, locate
from ivr.errors import AsteriskError

LIBRARIES, LOADER = finder._architecture()


def write_program(path: Path, says: str, code: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)


def fill(modules: Path, data: Path) -> None:
    modules.mkdir(parents=True)
    for name in REQUIRED_MODULES:
        (modules / name).touch()
    for name in REQUIRED_SOUNDS:
        sound = data / "sounds/en" / f"{name}.wav"
        sound.parent.mkdir(parents=True, exist_ok=True)
        sound.touch()
    (data / "moh").mkdir()
    (data / "moh/piece.wav").touch()
    (data / "rest-api").mkdir()
    (data / "rest-api/resources.json").touch()


def install_on_machine(prefix: Path, version: str, *, whole: bool = True) -> Path:
    """An Asterisk below `prefix`, as a package would put it: the folder for PATH."""
    write_program(prefix / "sbin/asterisk", f"Asterisk {version}")
    if whole:
        fill(prefix / "lib" / LIBRARIES / "asterisk/modules", prefix / "share/asterisk")
    return prefix / "sbin"


def install_privately(cache: Path, key: str, version: str) -> Path:
    root = cache / "asterisk" / key
    fill(root / "usr/lib" / LIBRARIES / "asterisk/modules", root / "usr/share/asterisk")
    # Stands for the loader: it is what is really started.
    write_program(root / LOADER, f"Asterisk {version}")
    return root


def test_a_new_enough_one_on_path_is_taken(tmp_path: Path) -> None:
    path = install_on_machine(tmp_path / "usr", "22.10.1")
    install_privately(tmp_path, "other", "22.11.0")
    binary = locate(tmp_path, path=str(path))
    assert (binary.private, binary.version_text) == (False, "22.10.1")
    assert binary.argv == (str(path / "asterisk"),)


@pytest.mark.parametrize("version", ["22.10.0", "20.19.4", "22.9.9"])
def test_an_older_one_on_path_is_passed_over(tmp_path: Path, version: str) -> None:
    path = install_on_machine(tmp_path / "usr", version)
    root = install_privately(tmp_path, "forky", "22.10.1+dfsg+~cs6.17")
    binary = locate(tmp_path, path=str(path))
    assert binary.private
    assert binary.argv[0] == str(root / LOADER)
    assert binary.version == (22, 10, 1)


def test_one_without_prompts_is_passed_over(tmp_path: Path) -> None:
    """Without them callers would hear nothing, and every playback would still end as if they had."""
    path = install_on_machine(tmp_path / "usr", "23.0.0", whole=False)
    install_privately(tmp_path, "forky", "22.10.1")
    assert locate(tmp_path, path=str(path)).private


def test_the_newest_private_one_is_taken_and_unfinished_ones_are_not(tmp_path: Path) -> None:
    install_privately(tmp_path, "a", "22.10.1")
    newer = install_privately(tmp_path, "b", "23.1")
    install_privately(tmp_path, ".new-x", "24.0.0")
    binary = locate(tmp_path, path=str(tmp_path))
    assert binary.version == (23, 1, 0)
    assert binary.modules.is_relative_to(newer)


def test_none_at_all_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(AsteriskError, match=r"no Asterisk of version 22\.10\.1 or newer") as error:
        locate(tmp_path, path=str(tmp_path))
    assert "make setup" in error.value.mend


def test_why_each_was_not_taken_is_told(tmp_path: Path) -> None:
    path = install_on_machine(tmp_path / "usr", "20.1.0")
    broken = install_privately(tmp_path, "forky", "22.10.1")
    (broken / "usr/lib" / LIBRARIES / "asterisk/modules/chan_pjsip.so").unlink()
    with pytest.raises(AsteriskError, match=r"is 20\.1\.0; .*lacks .*chan_pjsip\.so"):
        locate(tmp_path, path=str(path))


def test_one_that_is_too_old_in_the_cache_is_told(tmp_path: Path) -> None:
    install_privately(tmp_path, "old", "22.8.2")
    with pytest.raises(AsteriskError, match=r"the private one is 22\.8\.2"):
        locate(tmp_path, path=str(tmp_path))


def test_one_that_does_not_say_its_version_is_told(tmp_path: Path) -> None:
    path = install_on_machine(tmp_path / "usr", "oops")
    with pytest.raises(AsteriskError, match="does not say its version: 'Asterisk oops'"):
        locate(tmp_path, path=str(path))


def test_an_unknown_machine_is_told_to_bring_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_privately(tmp_path, "forky", "22.10.1")
    monkeypatch.setattr(finder.platform, "machine", lambda: "pdp11")
    with pytest.raises(AsteriskError, match="pdp11"):
        locate(tmp_path, path=str(tmp_path))


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"IVR_CACHE": "/a/b", "XDG_CACHE_HOME": "/c"}, Path("/a/b")),
        ({"XDG_CACHE_HOME": "/c"}, Path("/c/open-hotline")),
        ({"IVR_CACHE": ""}, Path.home() / ".cache/open-hotline"),
        ({}, Path.home() / ".cache/open-hotline"),
    ],
)
def test_the_cache_is_where_the_environment_says(environment: dict[str, str], folder: Path) -> None:
    assert cache_folder(environment) == folder
