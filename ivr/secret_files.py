"""Settings that are secrets, each read from a file of its own: in an environment other processes may see them.

A folder holds one file a setting, named as its variable without `IVR_`, in small letters: `web__token`,
`asterisk__password`, `database_password`. Folders: those of `IVR_SECRETS_DIR` (`:` between them), then systemd's
(`LoadCredential=`). Files of other names are somebody else's (the secrets of requests lie there too).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, SecretStr

from ivr.errors import ConfigError

FOLDERS: Final = "IVR_SECRETS_DIR"
ALSO: Final = frozenset({"database_url"})
"""May hold a password, so it may be in a file though it is a text like others."""
MOST_BYTES: Final = 16_384


def secret_values(settings: type[BaseModel], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What is given by files, nested as the settings are. Raises ConfigError: a file that cannot be read."""
    environment = os.environ if environment is None else environment
    folders = [Path(text) for text in environment.get(FOLDERS, "").split(":") if text]
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"{FOLDERS} names {folder}, which is no folder", mend="correct it, or unset it")
    if credentials := environment.get("CREDENTIALS_DIRECTORY", ""):
        folders.append(Path(credentials))
    values: dict[str, Any] = {}
    for path, whole in secret_settings(settings):
        for folder in folders:
            text = _read(folder / "__".join(path))
            if text is None:
                continue
            inner = values
            for name in path[:-1]:
                inner = inner.setdefault(name, {})
            inner[path[-1]] = text if whole else _mapping(folder / "__".join(path), text)
            break
    return values


def secret_settings(
    model: type[BaseModel], before: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """(path of a secret setting, whether its value is one text; else a mapping to texts, as JSON)."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from secret_settings(kind, (*before, name))
        elif kind is SecretStr or (not before and name in ALSO):
            yield (*before, name), True
        elif SecretStr in get_args(kind):
            yield (*before, name), False


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        text = raw.decode().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError(
            f"the secret {path} cannot be read: {reason}", mend="a file of one line, readable by this user"
        ) from None
    if len(raw) > MOST_BYTES:
        raise ConfigError(f"the secret {path} is too long", mend=f"at most {MOST_BYTES} bytes")
    return text


def _mapping(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        # Without the library's own words: they quote the text.
        raise ConfigError(f"the secret {path} is not JSON", mend='write {"name": "secret"}') from None
