"""An operator's own recordings: `<folder>/<language>/<prompt id>.<wav, flac, ogg or opus>`. They win over synthesis."""

from __future__ import annotations

from pathlib import Path

EXTENSIONS = (".wav", ".flac", ".ogg", ".opus")
"""Where a prompt has several, the first of these wins."""


def find_recordings(folder: Path) -> dict[tuple[str, str], Path]:
    """(language, prompt id) -> file. Empty where there is no folder."""
    found: dict[tuple[str, str], Path] = {}
    for extension in reversed(EXTENSIONS):
        for path in sorted(folder.glob(f"*/*{extension}")):
            found[path.parent.name, path.name.removesuffix(extension)] = path
    return found
