"""Writing without giving up the interpreter lock: as `os.pwrite` does it, and by it where that does not work."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage import spool_write


@pytest.mark.parametrize("where", [0, 5, 2**31 - 1, 2**31, 2**33 + 1])
def test_what_is_written_lies_where_it_should(tmp_path: Path, where: int) -> None:
    """Also beyond what C's `int` can say: a segment grows where the folder takes no new file."""
    with (tmp_path / "file").open("w+b") as file:
        assert spool_write.write(file.fileno(), b"\xffab\0c", where) == 5
        assert os.pread(file.fileno(), 9, where) == b"\xffab\0c"
        assert os.fstat(file.fileno()).st_size == where + 5


def test_what_cannot_be_written_says_why() -> None:
    with Path("/dev/full").open("wb", buffering=0) as file, pytest.raises(OSError, match="space") as caught:
        spool_write.write(file.fileno(), b"x", 0)
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(OSError, match="descriptor"):
        spool_write.write(2**20, b"x", 0)


@pytest.mark.parametrize(
    "pwrite",
    [lambda file, what, size, where: size, lambda file, what, size, where: os.pwrite(file, what, 0)],
    ids=["writes nothing", "writes elsewhere"],
)
def test_a_machine_where_numbers_arrive_otherwise_gets_the_plain_write(
    monkeypatch: pytest.MonkeyPatch, pwrite: Callable[..., int]
) -> None:
    class Library:
        def __init__(self, name: Any) -> None:
            self.pwrite = pwrite

    assert spool_write._keeping_the_lock() is not os.pwrite
    monkeypatch.setattr(ctypes, "PyDLL", Library)
    assert spool_write._keeping_the_lock() is os.pwrite
