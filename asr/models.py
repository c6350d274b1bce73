"""The models that recognition can use: which exist, where they lie, whether they are whole.

Search order for each model: the operator's folder (`IVR_MODELS`), then the cache (`IVR_CACHE`/models). Getting a
missing one is `asr/model_fetch.py`'s work. A folder under `IVR_MODELS` named `vosk-model-...` is used as it is, so
that a city can bring a bigger model than ours; it then wins over the small one.

A model of ours is whole when every file named in its table has the pinned sha256. Hashing 145 MB takes 0.3 s, so a
start-up only looks at sizes (`installed`); `verify` hashes.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from asr.catalogue import CATALOGUE, WHISPER_LANGUAGES, Engine, Model, ModelFile

_VOSK_LANGUAGES: Mapping[str, str] = {
    "cn": "zh",
    "ua": "uk",
    "tl-ph": "tl",
    "kz": "kk",
    "vn": "vi",
    "gr": "el",
}
"""Names of Vosk's models that are not the language's ISO 639-1 code; all others are (`en-us` -> `en`)."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that can be loaded. own: brought by the operator, so neither pinned nor ours to remove."""

    name: str
    engine: Engine
    languages: frozenset[str]
    folder: Path
    own: bool = False
    tests_only: bool = False


def cache_folder() -> Path:
    """`$IVR_CACHE/models`, else `${XDG_CACHE_HOME:-~/.cache}/open-hotline/models`. Need not exist."""
    if named := os.environ.get("IVR_CACHE"):
        return Path(named).expanduser() / "models"
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "open-hotline" / "models"


def own_folder() -> Path | None:
    """The operator's folder of models or of their archives (an offline mirror), or None."""
    named = os.environ.get("IVR_MODELS")
    return Path(named).expanduser() if named else None


def by_name(name: str) -> Model:
    """Raises KeyError with the names there are."""
    for model in CATALOGUE:
        if model.name == name:
            return model
    raise KeyError(f"no model is called {name!r}; there are: {', '.join(m.name for m in CATALOGUE)}")


def language_tag(language: str) -> str:
    """The tag that engines go by: the primary subtag in lower case (`zh-CN`, `zh_Hans`, `cmn` -> `zh`)."""
    primary = re.split(r"[-_]", language.strip().lower(), maxsplit=1)[0]
    return {"cmn": "zh", "jv": "jw", "nb": "no"}.get(primary, primary)


def installed(*, tests: bool = False) -> tuple[Installed, ...]:
    """Models that can be loaded now, the preferred first. tests: the ones for tests only as well."""
    found: list[Installed] = []
    own, cache = own_folder(), cache_folder()
    if own is not None and own.is_dir():
        found.extend(_operators_models(own))
    for model in CATALOGUE:
        if model.tests_only and not tests:
            continue
        for base in (own, cache):
            if base is not None and looks_whole(model, base / model.name):
                found.append(
                    Installed(
                        model.name,
                        model.engine,
                        model.languages,
                        base / model.name,
                        own=base is own,
                        tests_only=model.tests_only,
                    )
                )
                break
    return tuple(found)


def _operators_models(folder: Path) -> Iterator[Installed]:
    known = {model.name for model in CATALOGUE}
    candidates = sorted(path for path in folder.iterdir() if path.is_dir() and path.name not in known)
    for path in candidates:
        vosk = re.fullmatch(r"vosk-model-(?:small-)?([a-z]{2}(?:-[a-z]{2})?)-.+", path.name)
        if vosk and (path / "am" / "final.mdl").is_file():
            region = vosk[1]
            language = _VOSK_LANGUAGES.get(region, region.split("-", 1)[0])
            yield Installed(path.name, "vosk", frozenset({language}), path, own=True)
        elif (path / "model.bin").is_file() and (path / "tokenizer.json").is_file():
            yield Installed(path.name, "whisper", WHISPER_LANGUAGES, path, own=True)


def looks_whole(model: Model, folder: Path) -> bool:
    """Every file there with the right size (an archive's: the list written when it was unpacked). No hashing."""
    expected = model.files or tuple(read_list(folder))
    return bool(expected) and all(_size(folder / file.path) == file.size for file in expected)


def verify(model: Model, folder: Path) -> str:
    """Hash every file. "" when whole, else what is wrong. Raises nothing for a missing file."""
    expected = model.files or tuple(read_list(folder))
    if not expected:
        return "not there" if not folder.is_dir() else "no list of its files: fetch it again"
    for file in expected:
        path = folder / file.path
        if not path.is_file():
            return f"{file.path} is missing"
        if sha256_of(path) != file.sha256:
            return f"{file.path} is not what its authors published"
    return ""


LIST_NAME = "files.sha256"
"""Written into an unpacked archive: `sha256  size  path` a line."""


def read_list(folder: Path) -> Iterator[ModelFile]:
    try:
        lines = (folder / LIST_NAME).read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        digest, size, path = line.split("  ", 2)
        yield ModelFile(path, int(size), digest)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def choose(languages: Sequence[str] = (), *, tests: bool = False) -> dict[str, tuple[Installed, ...]]:
    """Which models serve each language, the preferred first, the rest as fallback: Vosk before Whisper.

    languages: the ones wanted; empty = every language that some model knows.
    """
    models = installed(tests=tests)
    wanted = {language_tag(language) for language in languages} or {
        language for model in models for language in model.languages
    }
    ranked = sorted(models, key=lambda model: model.engine != "vosk")
    chosen = {
        language: tuple(model for model in ranked if language in model.languages)
        for language in sorted(wanted)
    }
    return {language: served for language, served in chosen.items() if served}


def report(languages: Sequence[str] = ("zh", "en")) -> list[tuple[str, bool, str, str]]:
    """For `ivr doctor`: (name, ok, detail, how to mend) for each language of the hotline."""
    chosen = choose(languages)
    rows: list[tuple[str, bool, str, str]] = []
    for language in dict.fromkeys(language_tag(language) for language in languages):
        served = chosen.get(language, ())
        if served:
            first, *rest = served
            detail = f"{first.engine}: {first.name} in {first.folder.parent}"
            if rest:
                detail += f"; then {', '.join(model.name for model in rest)}"
            rows.append((f"speech model {language}", True, detail, ""))
        else:
            rows.append(
                (
                    f"speech model {language}",
                    False,
                    "none at hand: this language is served by keys only",
                    "run `ivr models fetch`, or put a model into the folder that IVR_MODELS names",
                )
            )
    return rows
