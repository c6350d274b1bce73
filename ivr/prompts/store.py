"""Folders of audio on disk: the shelf that ships (`flows/audio`), and the cache outside the checkout."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def cache_folder() -> Path:
    """`$IVR_CACHE`, else `open-hotline` in the user's cache folder. Not made here."""
    own = os.environ.get("IVR_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "open-hotline"


def speech_folder(cache: Path) -> Path:
    """Where what is rendered on this machine is kept, as `<key>.opus`."""
    return cache / "speech"


def spoken_folder(cache: Path) -> Path:
    """Where free texts that calls needed are kept, in the forms that Asterisk plays."""
    return cache / "spoken"


def write_whole(path: Path, data: bytes) -> None:
    """Readers see the old file or the whole new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
