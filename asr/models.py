"""The models that recognition can use: which exist, where they lie, whether they are whole, who serves a language.

Search order for each model: the operator's folder (`IVR_MODELS`), then the cache (`IVR_CACHE`/models). Getting a
missing one is `asr/model_fetch.py`'s work. A folder under `IVR_MODELS`
that `asr/own_models.py` knows is used as it is, so that a city can bring a better model than ours.

A model of ours is whole when every file named in its table has the pinned sha256. Hashing 145 MB takes 0.3 s, so a
start-up only looks at sizes (`installed`); `verify` hashes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from asr.catalogue import CATALOGUE, Engine, Model, ModelFile
from asr.own_models import what_is


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
    for path in sorted(path for path in folder.iterdir() if path.is_dir() and path.name not in known):
        found = what_is(path)
        if found is not None:
            yield Installed(path.name, found[0], found[1], path, own=True)


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


ORDER: tuple[Engine, ...] = ("sherpa", "vosk", "whisper")
"""sherpa-onnx models are only ever brought by an operator, who then means them."""

OTHERS = "*"
"""In a preference: every language that has no entry of its own."""

Preference = Mapping[str, Sequence[str]]
"""Language -> engines or names of models, the first asked first: `{"zh": ["vosk", "whisper-base"]}`. What an entry does
not name is not used; an empty one leaves the language to the keys."""


def can_run(engine: str) -> bool:
    """sherpa-onnx is an optional package."""
    return engine != "sherpa" or importlib.util.find_spec("sherpa_onnx") is not None


def choose(
    languages: Sequence[str] = (), *, tests: bool = False, preference: Preference | None = None
) -> dict[str, tuple[Installed, ...]]:
    """Which models serve each language, the preferred first, the rest as fallback.

    languages: the ones wanted; empty = all that models know. A language that nothing serves is left out.
    """
    models = [model for model in installed(tests=tests) if can_run(model.engine)]
    models.sort(key=lambda model: ORDER.index(model.engine))
    wanted = {language_tag(language) for language in languages} or {
        language for model in models for language in model.languages
    }
    chosen: dict[str, tuple[Installed, ...]] = {}
    for language in sorted(wanted):
        able = [model for model in models if language in model.languages]
        named = preferred(language, preference)
        if named is not None:
            able = list(dict.fromkeys(model for name in named for model in able if fits(model, name)))
        if able:
            chosen[language] = tuple(able)
    return chosen


def preferred(language: str, preference: Preference | None) -> Sequence[str] | None:
    """The entry for that language, None = the default order."""
    by_tag = {
        key if key == OTHERS else language_tag(key): tuple(names) for key, names in (preference or {}).items()
    }
    return by_tag.get(language_tag(language), by_tag.get(OTHERS))


def fits(model: Installed, name: str) -> bool:
    """Is it what a preference calls so: its engine or itself?"""
    return name in (model.engine, model.name)
