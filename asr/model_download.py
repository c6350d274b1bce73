"""One archive from its authors' site, into a file that a broken-off try goes on with. Proxies are the environment's."""

from __future__ import annotations

import errno
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asr.catalogue import Archive
from asr.models import sha256_of

Progress = Callable[[str, int, int], None]
"""(what, bytes so far, bytes in all)."""

CONNECT_TIMEOUT_S = 5.0
CHUNK = 1 << 18
AGAIN = "run the same command again: it goes on there"


class FetchError(Exception):
    """A model could not be had. `mend` says what a person can do."""

    def __init__(self, message: str, *, mend: str) -> None:
        super().__init__(message)
        self.mend = mend


class Unreachable(FetchError):
    """No connection: neither this nor anything else from outside can be had now."""


def download(archive: Archive, partial: Path, progress: Progress) -> None:
    """Into `partial`, verified. Raises Unreachable, FetchError; OSError when the file cannot be written."""
    have = partial.stat().st_size if partial.is_file() else 0
    if have > archive.size:
        partial.unlink()
        have = 0
    if have < archive.size:
        have = _go_on(archive, partial, have, progress)
    if have < archive.size:
        raise FetchError(f"{archive.url} broke off", mend=AGAIN)
    if sha256_of(partial) != archive.sha256:
        partial.unlink()
        raise FetchError(
            f"{archive.url} does not have the pinned sha256",
            mend="something on the way may have answered in its place (a proxy, a sign-in page): open the address in a "
            "browser; else tell the project",
        )


def _go_on(archive: Archive, partial: Path, have: int, progress: Progress) -> int:
    """Returns the bytes there are then."""
    name = archive.url.rsplit("/", 1)[-1]
    request = urllib.request.Request(archive.url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    with _opened(request, name) as response:
        # A server that ignores the range answers 200 with the whole: then begin anew.
        resumed = response.status == 206
        have = have if resumed else 0
        with partial.open("ab" if resumed else "wb") as file:
            while have <= archive.size and (chunk := _read(response, archive.url)):
                file.write(chunk)
                file.flush()
                have += len(chunk)
                progress(name, have, archive.size)
    return have


def _opened(request: urllib.request.Request, name: str) -> Any:
    url = request.full_url
    by_hand = f"put {name} into the IVR_MODELS folder"
    try:
        # An opener of its own: the module's keeps the proxies that it found at its first use.
        return urllib.request.build_opener().open(request, timeout=CONNECT_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        told = f"{url}: the server answers {error.code} {error.reason}"
        error.close()
        if error.code == http.client.PROXY_AUTHENTICATION_REQUIRED:
            raise Unreachable(
                told, mend=f"give the proxy its name and password in https_proxy, or {by_hand}"
            ) from None
        raise FetchError(told, mend=f"try again later, or {by_hand}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        proxies = urllib.request.getproxies()
        proxy = proxies.get(request.type) or proxies.get("all")
        through = f" through the proxy {_without_password(proxy)}" if proxy else ""
        mend = f"correct https_proxy, or {by_hand}" if proxy else by_hand
        raise Unreachable(f"{url} could not be read{through}: {reason}", mend=mend) from error


def _read(response: Any, url: str) -> bytes:
    try:
        # What has come is written at once: a kill loses none of it.
        return bytes(response.read1(CHUNK))
    except (OSError, http.client.HTTPException) as error:
        raise FetchError(f"{url} broke off: {error}", mend=AGAIN) from error


def _without_password(proxy: str) -> str:
    return proxy.rsplit("@", 1)[-1] if "@" in proxy else proxy


def cannot_write(folder: Path, error: OSError, needed_bytes: int = 0) -> FetchError:
    """The error that a person can do something about. needed_bytes: of the models, 0 = not known."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        space = f"{needed_bytes / 1e6:.0f} MB are needed there" if needed_bytes else "make room there"
        return FetchError(f"{folder}: no space left", mend=f"{space}, or name another folder in IVR_CACHE")
    return FetchError(
        f"{folder} cannot be written: {error.strerror or error}",
        mend="name a folder of your own in IVR_CACHE, or bring the models in the folder IVR_MODELS",
    )
