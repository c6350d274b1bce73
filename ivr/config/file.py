"""The file of settings, before its keys are looked at."""

from __future__ import annotations

import contextvars
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ivr.errors import ConfigError

file_values: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("file_values")
"""Of the file that is being loaded (`loading.load_settings`)."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Raises ConfigError."""
    try:
        data = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: there is no such file", mend="name an existing file with --config"
        ) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}", mend="correct the file") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(
            f"{path}: expected keys and values at the top", mend="see docs/administrators/settings.md"
        )
    return data
