"""Reads the settings, and says what is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from ivr.config.file import file_values, read_yaml
from ivr.config.settings import Settings
from ivr.errors import ConfigError
from ivr.outside.secrets import PREFIX as SECRET_PREFIX
from ivr.secret_files import FOLDERS

OTHER_VARIABLES = frozenset({"IVR_CACHE", "IVR_MODELS", FOLDERS})
"""Read by set-up, models and prompts, before there are settings, and by the settings themselves."""


def load_settings(path: Path | None = None, **overrides: Any) -> Settings:
    """Read the settings. `overrides` (from the command line) win over the environment and the file.

    Raises ConfigError: file missing, not YAML, unknown key, wrong value.
    """
    _refuse_unknown_variables()
    source = path or Path("hotline.yaml")
    file_values.set(read_yaml(source) if path is not None or source.exists() else {})
    try:
        return Settings(**overrides)
    except ValidationError as error:
        mend = "correct that key; docs/administrators/settings.md lists all"
        raise ConfigError(_explain(source, error), mend=mend) from error
    except SettingsError as error:
        # A variable for a list or a mapping is read as JSON; the message of the library names it.
        mend = """write lists and mappings as JSON: '["a", "b"]'"""
        raise ConfigError(f"in the environment: {error}", mend=mend) from error


def _refuse_unknown_variables() -> None:
    """A misspelt variable would silently do nothing otherwise."""
    for variable in os.environ:
        if not variable.startswith("IVR_") or variable in OTHER_VARIABLES:
            continue
        if variable.startswith(SECRET_PREFIX):
            continue
        section, _, key = variable.removeprefix("IVR_").lower().partition("__")
        field = Settings.model_fields.get(section)
        if field is not None and not key:
            continue
        annotation = None if field is None else field.annotation
        keys = (
            annotation.model_fields
            if isinstance(annotation, type) and issubclass(annotation, BaseModel)
            else {}
        )
        if key not in keys:
            raise ConfigError(
                f"unknown setting in the environment: {variable}",
                mend=f"unset {variable} or correct its name",
            )


def _explain(source: Path, error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        if not key:
            lines.append(f"{source}: {item['msg'].removeprefix('Value error, ')}")
            continue
        variable = "IVR_" + key.upper().replace(".", "__")
        lines.append(f"{source} or {variable}: `{key}`: {item['msg']}")
    return "; ".join(lines)
