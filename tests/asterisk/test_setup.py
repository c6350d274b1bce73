"""The set-up scripts: atomic, told apart, and clear when something fails. Nothing here downloads anything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.asterisk import locate as finder
from ivr.errors import AsteriskError
from scripts import install_asterisk, wheelhouse
from tests.asterisk.test_locate import LIBRARIES, LOADER, fill, install_privately

REPOSITORY = Path(__file__).resolve().parents[2]

UNPACKED = """\
import os, sys
from pathlib import Path
sys.path.insert(0, {repository!r})
from tests.asterisk.test_locate import LIBRARIES, LOADER, fill, write_program
root = Path(sys.argv[-1])
fill(root / "usr/lib" / LIBRARIES / "asterisk/modules", root / "usr/share/asterisk")
sounds = root / "usr/share/asterisk/sounds"
(sounds / "en").rename(sounds / "en_US_f_Allison")
(sounds / "custom").symlink_to("/nowhere/at/all")
(root / "usr/share/doc/asterisk").mkdir(parents=True)
(root / "var/lib/apt/lists").mkdir(parents=True)
write_program(root / LOADER, "Asterisk 22.10.1+dfsg")
"""
"""Stands for mmdebstrap: leaves what the packages hold, their own scripts not run."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of this test's own, and a machine without Asterisk and mmdebstrap."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "env", "cat"):
        (programs / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"


def be_mmdebstrap(cache: Path, script: str) -> Path:
    """Puts a stand-in for mmdebstrap on PATH, which counts its runs."""
    runs = cache.parent / "runs"
    program = cache.parent / "programs/mmdebstrap"
    body = cache.parent / "mmdebstrap.py"
    body.write_text(script.format(repository=str(REPOSITORY)))
    program.write_text(f'#!/bin/sh\necho run >> {runs}\nexec {sys.executable} {body} "$@"\n')
    program.chmod(0o755)
    return runs


def test_it_unpacks_makes_usable_and_prunes(cache: Path) -> None:
    runs = be_mmdebstrap(cache, UNPACKED)
    binary = install_asterisk.ensure(quiet=True)
    root = cache / "asterisk" / install_asterisk.KEY
    assert binary.private
    assert binary.argv[0] == str(root / LOADER)
    assert (root / "usr/share/asterisk/sounds/en").readlink() == Path("en_US_f_Allison")
    assert not (root / "usr/share/asterisk/sounds/custom").is_symlink()
    assert not (root / "usr/share/doc").exists()
    assert not (root / "var").exists()
    assert sorted(path.name for path in (cache / "asterisk").iterdir()) == [
        ".lock", install_asterisk.KEY, "install.log",
    ]  # fmt: skip
    # The second time nothing is run; anew when asked for.
    assert install_asterisk.ensure(quiet=True) == binary
    assert runs.read_text().count("run") == 1
    assert install_asterisk.ensure(force=True, quiet=True) == binary
    assert runs.read_text().count("run") == 2


def test_a_download_that_breaks_off_is_tried_again(cache: Path) -> None:
    flag = cache.parent / "failed-once"
    once = f"""\
import sys
from pathlib import Path
if not Path({str(flag)!r}).exists():
    Path({str(flag)!r}).touch()
    Path(sys.argv[-1], "half").mkdir(parents=True)
    sys.exit(1)
"""
    runs = be_mmdebstrap(cache, once + UNPACKED)
    assert install_asterisk.ensure(quiet=True).private
    assert runs.read_text().count("run") == 2
    assert not (cache / "asterisk" / install_asterisk.KEY / "half").exists()


def test_when_it_fails_for_good_nothing_half_done_is_left(cache: Path) -> None:
    runs = be_mmdebstrap(cache, "import sys\nprint('no route to the mirror')\nsys.exit(25)\n")
    with pytest.raises(AsteriskError, match="no route to the mirror") as error:
        install_asterisk.ensure(quiet=True)
    assert "install.log" in error.value.mend
    assert runs.read_text().count("run") == install_asterisk.ATTEMPTS
    assert sorted(path.name for path in (cache / "asterisk").iterdir()) == [".lock", "install.log"]


def test_what_is_not_whole_never_gets_its_final_place(cache: Path) -> None:
    be_mmdebstrap(
        cache, UNPACKED + "(root / 'usr/lib' / LIBRARIES / 'asterisk/modules/chan_pjsip.so').unlink()\n"
    )
    with pytest.raises(AsteriskError, match=r"lacks .*chan_pjsip\.so"):
        install_asterisk.ensure(quiet=True)
    assert not (cache / "asterisk" / install_asterisk.KEY).exists()


def test_what_a_killed_one_left_is_removed(cache: Path) -> None:
    be_mmdebstrap(cache, UNPACKED)
    leftover = cache / "asterisk/.new-killed/root"
    leftover.mkdir(parents=True)
    install_asterisk.ensure(quiet=True)
    assert not leftover.parent.exists()


def test_two_at_once_unpack_once(cache: Path) -> None:
    runs = be_mmdebstrap(cache, UNPACKED)
    script = [sys.executable, str(REPOSITORY / "scripts/install_asterisk.py"), "--quiet"]
    both = [subprocess.Popen(script) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert runs.read_text().count("run") == 1


def test_without_mmdebstrap_and_root_it_says_what_to_install(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install_asterisk.os, "geteuid", lambda: 1000)
    with pytest.raises(AsteriskError, match="mmdebstrap is not installed") as error:
        install_asterisk.ensure(quiet=True)
    assert "sudo apt-get install" in error.value.mend


def test_one_that_is_there_needs_no_program_at_all(cache: Path) -> None:
    root = install_privately(cache, "forky", "22.10.1")
    assert install_asterisk.ensure(quiet=True).modules.is_relative_to(root)
    assert not (cache / "asterisk/.lock").exists()


def test_pruning_keeps_what_is_required(tmp_path: Path) -> None:
    root = tmp_path / "root"
    fill(root / "usr/lib" / LIBRARIES / "asterisk/modules", root / "usr/share/asterisk")
    install_asterisk._prune(root)
    modules, data = root / "usr/lib" / LIBRARIES / "asterisk/modules", root / "usr/share/asterisk"
    assert finder.missing_parts(modules, data) == []


LOCK = """\
one==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
# a comment
two==2.0 ; python_version < "3.12" \\
    --hash=sha256:bb

three==3.0 \\
    --hash=sha256:cc
"""


def test_a_split_lock_has_every_requirement_once_with_its_hashes() -> None:
    parts = wheelhouse.split_lock(LOCK, 2)
    assert parts == [
        "one==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\nthree==3.0 \\\n    --hash=sha256:cc\n",
        'two==2.0 ; python_version < "3.12" \\\n    --hash=sha256:bb\n',
    ]
    assert len(wheelhouse.split_lock(LOCK, 9)) == 3
    ours = (REPOSITORY / "requirements.lock").read_text()
    assert sum(part.count("--hash=") for part in wheelhouse.split_lock(ours, 3)) == ours.count("--hash=")


def test_both_locks_pin_every_file() -> None:
    for name in ("requirements.lock", "scripts/build.lock"):
        for block in wheelhouse.split_lock((REPOSITORY / name).read_text(), 1000):
            assert "==" in block.splitlines()[0], block
            assert "--hash=sha256:" in block, block


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of the project as the set-up reads, without an environment."""
    folder = tmp_path / "checkout"
    for name in ("scripts", "ivr/asterisk", "asr"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("ivr/__init__.py", "ivr/errors.py", "pyproject.toml", "requirements.lock"):
        shutil.copy(REPOSITORY / name, folder / name)
    return folder


def run_setup(checkout: Path, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "IVR_CACHE": str(cache)}
    command = [sys.executable, str(checkout / "scripts/setup.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_commands_that_prepare_are_there() -> None:
    """A step whose command has moved would be taken for done in silence, and the first start would do its work."""
    named = re.findall(r'"(ivr/[a-z_/]+\.py)"', (REPOSITORY / "scripts/setup.py").read_text())
    assert len(named) >= 3
    assert all((REPOSITORY / name).is_file() for name in named), named


def test_check_says_what_is_missing_and_changes_nothing(checkout: Path, tmp_path: Path) -> None:
    result = run_setup(checkout, tmp_path / "cache", "--check")
    assert result.returncode == 1
    assert "Asterisk is missing" in result.stdout
    assert "Python packages is missing" in result.stdout
    assert not (tmp_path / "cache").exists()
    assert not (checkout / ".venv").exists()


def test_what_is_stamped_is_not_looked_at_again_until_it_changes(checkout: Path, tmp_path: Path) -> None:
    """A finished set-up as it would have left it; then the lock changes."""
    programs = checkout / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("python", "ivr"):
        (programs / name).touch()
    root = install_privately(tmp_path / "cache", "forky", "22.10.1")
    stamping = (
        "import sys; sys.path.insert(0, sys.argv[1] + '/scripts'); import setup\n"
        "setup._stamp('Python packages', setup._python_key())\n"
        "setup._stamp('Asterisk', setup._asterisk_key() + ' ' + sys.argv[2])\n"
    )
    subprocess.run(
        [sys.executable, "-c", stamping, str(checkout), str(root / LOADER)], check=True, timeout=60
    )
    before = run_setup(checkout, tmp_path / "cache", "--check")
    assert "Asterisk is missing" not in before.stdout
    assert "Python packages is missing" not in before.stdout
    lock = checkout / "requirements.lock"
    lock.write_text(lock.read_text() + "\n")
    after = run_setup(checkout, tmp_path / "cache", "--check")
    assert after.returncode == 1
    assert "Python packages is missing" in after.stdout
    shutil.rmtree(root)
    assert "Asterisk is missing" in run_setup(checkout, tmp_path / "cache", "--check").stdout
