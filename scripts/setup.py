"""Installs everything the project needs: `make setup`. Needs only Python; the second time it is done at once.

    python3 scripts/setup.py            install what is missing
    python3 scripts/setup.py --check    only say what is missing (exit code 1 if anything is)
    python3 scripts/setup.py --service  for a machine that only runs it: nothing that only tests need (`make service`)
    python3 scripts/setup.py --service --without voices    nor what renders prompts (the container)

Two lines of work run side by side: system packages and then Asterisk; the virtual environment and then the
speech models and prompts. What is downloaded is kept in the cache outside the checkout (`IVR_CACHE`), so that a
second clone is quick and needs no network. Logs: `var/setup/*.log`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

if sys.hexversion < 0x030B0000:
    sys.exit("setup: Python 3.11 or newer is needed, for example: make setup PYTHON=python3.11")

# Runs before the project is installed anywhere, so its packages are found beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import system_packages
import wheelhouse

from ivr.asterisk.locate import cache_folder, locate
from ivr.errors import AsteriskError

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOGS = ROOT / "var" / "setup"
STAMPS = VENV / ".setup-stamps.json"
"""In the virtual environment: whoever removes that also wants everything looked at again."""


left_out: set[str] = set()
"""Extras of pyproject.toml that this machine is to do without; "test" stands for Debian's packages for tests too."""


class SetupFailed(Exception):
    """A step failed; the text says what and how to mend it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say what is missing")
    parser.add_argument("--service", action="store_true", help="leave out what only tests need")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="EXTRA",
        help="leave out this extra of pyproject.toml too",
    )
    options = parser.parse_args()
    left_out.update(options.without, ["test"] if options.service else [])
    started = time.monotonic()
    stamps = _load_stamps()
    waiting = [name for name, (is_done, _) in STEPS.items() if not is_done(stamps)]
    if options.check:
        print("\n".join(f"setup: {name} is missing" for name in waiting) or "setup: everything is there")
        return 1 if waiting else 0
    if not waiting:
        print("setup: everything is there")
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    failures: list[str] = []
    lines = [
        threading.Thread(target=_run_line, args=([name for name in line if name in waiting], failures))
        for line in LINES
    ]
    for thread in lines:
        thread.start()
    for thread in lines:
        thread.join()
    for failure in failures:
        print(f"setup: {failure}", file=sys.stderr)
    if not failures:
        print(f"setup: done in {time.monotonic() - started:.0f} s")
    return 1 if failures else 0


def _run_line(names: Sequence[str], failures: list[str]) -> None:
    """Runs steps one after the other; a failed one ends its line, as the rest builds on it."""
    for name in names:
        started = time.monotonic()
        print(f"setup: {name} ...", flush=True)
        try:
            STEPS[name][1]()
        except (SetupFailed, wheelhouse.InstallFailed) as error:
            failures.append(f"{name}: {error}")
            return
        print(f"setup: {name}: {time.monotonic() - started:.0f} s", flush=True)


# --- system packages ---------------------------------------------------------------------------------------------


def _missing_packages() -> list[str]:
    needless = system_packages.ONLY_FOR_TESTS if "test" in left_out else frozenset()
    return [name for name in system_packages.missing() if name not in needless]


def _system_is_done(stamps: dict[str, str]) -> bool:
    missing = _missing_packages()
    return not missing or (
        not system_packages.can_install() and set(missing) <= system_packages.ONLY_FOR_TESTS | {"mmdebstrap"}
    )


def _install_system() -> None:
    missing = _missing_packages()
    command = f"apt-get install --no-install-recommends {' '.join(missing)}"
    if not system_packages.can_install():
        needed = [name for name in missing if name not in system_packages.ONLY_FOR_TESTS]
        print(f"setup: please install: sudo {command}", flush=True)
        if needed:
            raise SetupFailed(
                f"the hotline needs {', '.join(needed)}; install them and run `make setup` again"
            )
        return
    print(f"setup: {command}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run([*system_packages.APT, "update"], "system", environment=environment)
    _run(
        [*system_packages.APT, "install", "-y", "--no-install-recommends", *missing],
        "system",
        environment=environment,
    )


# --- Asterisk ----------------------------------------------------------------------------------------------------


def _asterisk_key() -> str:
    return _digest_of(ROOT / "scripts/install_asterisk.py", ROOT / "ivr/asterisk/locate.py")


def _asterisk_is_done(stamps: dict[str, str]) -> bool:
    """Known by the stamp and its program, without running it."""
    key, _, program = stamps.get("Asterisk", "").partition(" ")
    return key == _asterisk_key() and Path(program).is_file()


def _install_asterisk() -> None:
    _run([sys.executable, str(ROOT / "scripts/install_asterisk.py")], "asterisk")
    try:
        binary = locate()
    except AsteriskError as error:
        raise SetupFailed(f"{error} ({error.mend})") from error
    _stamp("Asterisk", f"{_asterisk_key()} {binary.argv[-1]}")


# --- Python ------------------------------------------------------------------------------------------------------


def _python_key() -> str:
    import tomllib  # only Python >= 3.11 has it, which is known by now

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    relevant = {name: settings.get(name) for name in ("build-system", "project")}
    relevant["packages"] = settings.get("tool", {}).get("setuptools")
    text = json.dumps([relevant, sys.version, str(ROOT), *sorted(left_out)], sort_keys=True)
    return _digest_of(ROOT / "requirements.lock", ROOT / "scripts/build.lock", text=text)


def _python_is_done(stamps: dict[str, str]) -> bool:
    programs = (VENV / "bin/python", VENV / "bin/ivr")
    return stamps.get("Python packages") == _python_key() and all(path.exists() for path in programs)


def _install_python() -> None:
    key = _python_key()
    if not (VENV / "bin/python").exists():
        _make_venv()
    wheelhouse.install(
        python=VENV / "bin/python",
        build_lock=ROOT / "scripts/build.lock",
        lock=ROOT / "requirements.lock",
        project=ROOT,
        house=cache_folder() / "wheels" / f"{sys.implementation.cache_tag}-{platform.machine()}",
        log=LOGS / "python.log",
    )
    if left_out:
        _remove_needless()
    _stamp("Python packages", key)


def _remove_needless() -> None:
    """The lock has all extras, and only what is installed tells what it needs."""
    python = str(VENV / "bin/python")
    asked = subprocess.run(
        [python, str(ROOT / "scripts/needless.py"), *sorted(left_out)],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0:
        raise SetupFailed(f"what is not needed could not be told: {asked.stderr.strip()}")
    if names := asked.stdout.split():
        _run([python, "-m", "pip", "uninstall", "--yes", "--quiet", *names], "needless")


def _make_venv() -> None:
    command = [sys.executable, "-m", "venv", str(VENV)]
    log = LOGS / "venv.log"
    with log.open("wb") as output:
        made = subprocess.run(command, stdout=output, stderr=output, check=False).returncode == 0
    if made:
        return
    # Debian keeps `ensurepip` in a package of its own; a half-made environment would look whole next time.
    shutil.rmtree(VENV, ignore_errors=True)
    package = f"python3.{sys.version_info.minor}-venv"
    if not system_packages.can_install() or "ensurepip" not in log.read_text(errors="replace"):
        raise SetupFailed(f"no virtual environment could be made (sudo apt-get install {package}); see {log}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run([*system_packages.APT, "update"], "venv", environment=environment)
    _run(
        [*system_packages.APT, "install", "-y", "--no-install-recommends", package],
        "venv",
        environment=environment,
    )
    _run(command, "venv")


# --- models and prompts ------------------------------------------------------------------------------------------


def _models_key() -> str:
    chosen = f"{os.environ.get('IVR_MODELS', '')} {cache_folder()}"
    return _digest_of(*sorted((ROOT / "asr").glob("model*.py")), text=chosen)


def _prompts_key() -> str:
    folders = ("prompts", "audio", "recordings")
    sources = [path for name in folders for path in (ROOT / "flows" / name).rglob("*") if path.is_file()]
    return _digest_of(*sorted(sources), text=str(cache_folder()))


def _command_is_done(step: str, file: str, key: Callable[[], str]) -> Callable[[dict[str, str]], bool]:
    """Done when stamped with the key of now, or when the command does not exist in this checkout."""

    def is_done(stamps: dict[str, str]) -> bool:
        if not (ROOT / "ivr/__main__.py").exists() or not (ROOT / file).exists():
            return True
        return stamps.get(step) == key() and cache_folder().exists()

    return is_done


def _command(step: str, key: Callable[[], str], *arguments: str, without: str) -> Callable[[], None]:
    """Runs a command of `ivr`. The hotline can do without what it prepares, so a failure is said, not fatal."""

    def run() -> None:
        # Taken before: what is changed meanwhile is then looked at again.
        now = key()
        try:
            _run([str(VENV / "bin/ivr"), *arguments], arguments[0])
        except SetupFailed as error:
            print(f"setup: {step}: {error}\nsetup: {without}; `make setup` tries again", flush=True)
            return
        _stamp(step, now)

    return run


# --- helpers -----------------------------------------------------------------------------------------------------


def _run(command: list[str], name: str, *, environment: dict[str, str] | None = None) -> None:
    """Runs a command, its output in the step's log. Raises SetupFailed with the log's last lines."""
    log = LOGS / f"{name}.log"
    with log.open("ab") as output:
        output.write(f"\n$ {' '.join(command)}\n".encode())
        output.flush()
        code = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd=ROOT,
            check=False,
        ).returncode
    if code != 0:
        last = "\n  ".join(log.read_text(errors="replace").splitlines()[-8:])
        raise SetupFailed(f"`{' '.join(command)}` failed (code {code}); the log is {log}:\n  {last}")


def _digest_of(*files: Path, text: str = "") -> str:
    digest = hashlib.sha256(text.encode())
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:24]


_stamp_lock = threading.Lock()


def _load_stamps() -> dict[str, str]:
    try:
        found = json.loads(STAMPS.read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(key) for name, key in found.items()} if isinstance(found, dict) else {}


_early: dict[str, str] = {}
"""Stamps of steps that were done before the virtual environment was."""


def _stamp(step: str, key: str) -> None:
    with _stamp_lock:
        _early[step] = key
        # The environment may not exist yet, or may just be being made: its programs come last.
        if (VENV / "bin/python").exists():
            beside = STAMPS.with_suffix(".new")
            beside.write_text(json.dumps({**_load_stamps(), **_early}, indent=2) + "\n")
            beside.replace(STAMPS)


STEPS: dict[str, tuple[Callable[[dict[str, str]], bool], Callable[[], None]]] = {
    # step -> (is it done?, do it)
    "system packages": (_system_is_done, _install_system),
    "Asterisk": (_asterisk_is_done, _install_asterisk),
    "Python packages": (_python_is_done, _install_python),
    "speech models": (
        _command_is_done("speech models", "ivr/cli/models.py", _models_key),
        _command(
            "speech models", _models_key, "models", "fetch", without="callers are understood by keys only"
        ),
    ),
    "prompts": (
        _command_is_done("prompts", "ivr/cli/prompts/__init__.py", _prompts_key),
        _command(
            "prompts",
            _prompts_key,
            "prompts",
            "prepare",
            without="prompts without audio are rendered when run",
        ),
    ),
}
LINES = (("system packages", "Asterisk"), ("Python packages", "speech models", "prompts"))
"""Run side by side; within a line, one after the other."""


if __name__ == "__main__":
    sys.exit(main())
