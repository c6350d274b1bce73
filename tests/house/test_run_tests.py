"""Which tests failed is read from pytest's own report, so that they can be run again by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.run_tests import failed_in, parts

FILE = """
import pytest

@pytest.fixture
def broken():
    raise ValueError

def test_passes(): pass

@pytest.mark.parametrize("one", ["a/b [x]", "c"])
def test_fails(one): assert one == "c"

class TestRoom:
    def test_inside(self): assert False

def test_without_its_fixture(broken): pass
"""


def test_failed_tests_are_named_as_pytest_takes_them(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "test_some.py").write_text(FILE, encoding="utf-8")

    def pytest_on(*arguments: str) -> Path:
        report = tmp_path / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-o",
            "junit_family=xunit1",
        ]
        subprocess.run(
            [*command, f"--junitxml={report}", *arguments], cwd=tmp_path, check=False, capture_output=True
        )
        return report

    failed = failed_in(pytest_on("."))
    assert failed == [
        "sub/test_some.py::test_fails[a/b [x]]",
        "sub/test_some.py::TestRoom::test_inside",
        "sub/test_some.py::test_without_its_fixture",
    ]
    assert failed_in(pytest_on(*failed)) == failed


@pytest.mark.parametrize("marks", [(), ("real",), ("voice",), ("real", "voice"), ("real", "chaos")])
def test_every_test_is_in_one_part(marks: tuple[str, ...]) -> None:
    known = {name: name in marks for name in ("real", "voice", "chaos")}
    chosen = [part for part in parts(2) if eval(part.chosen, {"__builtins__": {}}, known)]
    assert len(chosen) == 1
    assert chosen[0].again <= bool(marks), "a test without peers fails for a reason"
