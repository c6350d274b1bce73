"""Which of Debian's packages the project needs, and which of them this machine lacks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PACKAGES = {
    # Debian's package -> what shows that it is there: a program on PATH, or a pattern of files
    "openssl": "openssl",
    "util-linux": "setpriv",
    "espeak-ng": "espeak-ng",
    "libsndfile1": "/usr/lib/*/libsndfile.so.1",
    "sox": "sox",
    "ffmpeg": "ffmpeg",
    "mmdebstrap": "mmdebstrap",
    "sip-tester": "sipp",
    "baresip-core": "baresip",
    "postgresql": "/usr/lib/postgresql/*/bin/postgres",
    "iproute2": "ss",
    "chromium": "chromium",
    "graphviz": "dot",
}
ONLY_FOR_TESTS = frozenset(
    {"sip-tester", "baresip-core", "postgresql", "iproute2", "chromium", "sox", "ffmpeg", "graphviz"}
)
"""Without these the hotline runs; tests and benchmarks do not, and `ivr graph` has no pictures."""

APT = ["apt-get", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300"]


def missing() -> list[str]:
    return [name for name, shown_by in PACKAGES.items() if not _is_there(shown_by)]


def _is_there(shown_by: str) -> bool:
    if shown_by.startswith("/"):
        return any(Path("/").glob(shown_by[1:]))
    return shutil.which(shown_by) is not None


def can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None
