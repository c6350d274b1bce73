"""Which model serves each language, told to people: for `ivr doctor` and `ivr models list`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from asr.catalogue import Engine
from asr.models import (
    Installed,
    Preference,
    can_run,
    choose,
    fits,
    installed,
    language_tag,
    own_folder,
    preferred,
)


def report(
    languages: Sequence[str] = ("zh", "en"), preference: Preference | None = None
) -> list[tuple[str, bool, str, str]]:
    """(name, ok, detail, how to mend): a row for each language of the hotline, and for what cannot be used."""
    chosen = choose(languages, preference=preference)
    rows: list[tuple[str, bool, str, str]] = []
    for language in dict.fromkeys(language_tag(language) for language in languages):
        rows.append(_row(language, chosen.get(language, ()), preference))
    own = own_folder()
    if own is not None and not own.is_dir():
        rows.append(("IVR_MODELS", False, f"{own}: there is no such folder", "correct or unset IVR_MODELS"))
    unusable = [model for model in installed() if not can_run(model.engine)]
    for model in unusable:
        rows.append(
            (
                f"speech model {model.name}",
                False,
                "the package sherpa-onnx is not installed, so it is not used",
                "pip install 'open-hotline[sherpa]'",
            )
        )
    return rows


def _row(
    language: str, served: Sequence[Installed], preference: Preference | None
) -> tuple[str, bool, str, str]:
    name = f"speech model {language}"
    named = preferred(language, preference)
    if named is not None and not named:
        return name, True, "keys only, as the settings say", ""
    missing = _missing(language, preference)
    lack = f"; the settings name {', '.join(missing)}, not here for {language}" if missing else ""
    if not served:
        return (
            name,
            False,
            f"none at hand: this language is served by keys only{lack}",
            "run `ivr models fetch`, or put a model into the folder that IVR_MODELS names",
        )
    first, *rest = served
    detail = f"{first.engine}: {first.name} in {first.folder.parent}"
    if rest:
        detail += f"; then {', '.join(f'{model.engine} ({model.name})' for model in rest)}"
    mend = f"known: {', '.join(get_args(Engine))}, and the names of `ivr models list`" if missing else ""
    return name, not missing, detail + lack, mend


def _missing(language: str, preference: Preference | None) -> tuple[str, ...]:
    """What the entry for that language names that is not here to serve it."""
    served = choose([language], preference=preference).get(language_tag(language), ())
    named = preferred(language, preference) or ()
    return tuple(name for name in named if not any(fits(model, name) for model in served))
