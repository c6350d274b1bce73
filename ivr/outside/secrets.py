"""Secrets by name, read when they are used, so that they can be changed without a restart."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from ivr.errors import HotlineError
from ivr.flow.inputs import JsonValue

PREFIX = "IVR_SECRET_"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_MOST_BYTES = 16_384


class SecretMissing(HotlineError):
    """Names the secret, never its value."""


class Secrets:
    """folders: a file a secret, named as it; systemd's credentials folder is one of them where there is one."""

    def __init__(self, folders: tuple[Path, ...] = (), environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        credentials = self._environment.get("CREDENTIALS_DIRECTORY", "")
        self._folders = (*folders, Path(credentials)) if credentials else folders

    def get(self, name: str) -> str:
        """The environment's `IVR_SECRET_<NAME>`, else the first file of that name. Raises SecretMissing."""
        if not _NAME.fullmatch(name):
            raise SecretMissing("a secret's name has only letters, digits and _")
        value = self._environment.get(PREFIX + name.upper()) or self._from_file(name)
        if not value:
            variable = PREFIX + name.upper()
            raise SecretMissing(
                f"there is no secret {name}",
                mend=f"set {variable}, or put a file {name} into the secrets folder",
            )
        if not value.isprintable():
            raise SecretMissing(f"the secret {name} has characters that no header may have")
        return value

    def header(self, value: JsonValue) -> str:
        """A header's value as an author wrote it: a text, or `{secret: NAME, prefix: "Bearer "}`.

        Raises SecretMissing, and ValueError for anything else.
        """
        if isinstance(value, dict):
            name, prefix = value.get("secret"), value.get("prefix", "")
            if (
                not isinstance(name, str)
                or not isinstance(prefix, str)
                or value.keys() - {"secret", "prefix"}
            ):
                raise ValueError("write {secret: NAME} or {secret: NAME, prefix: 'Bearer '}")
            return prefix + self.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("neither a text nor {secret: NAME}")
        return str(value)

    def _from_file(self, name: str) -> str:
        for folder in self._folders:
            try:
                with (folder / name).open("rb") as file:
                    return file.read(_MOST_BYTES).decode("utf-8").strip()
            except (OSError, UnicodeDecodeError):
                continue
        return ""


def is_secret(value: JsonValue) -> bool:
    return isinstance(value, dict)
