"""Every code of `ivr check` is explained, with an example that gives just that code, and with the same put right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from asr.vocabulary import Vocabulary
from ivr.cli.check import report_of
from ivr.flow.codes import CODES
from ivr.flow.explained import EXPLAINED, explanation
from ivr.flow.explained.example import files_of
from ivr.flow.findings import Finding

FAR = dt.datetime(2050, 6, 1, tzinfo=dt.UTC)
"""No holidays that somebody has to announce are known so long before."""


def findings(folder: Path, files: dict[str, bytes], code: str, *, audio: bool = False) -> tuple[Finding, ...]:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    hints = code in ("unused-flow", "unused-parameter", "unused-prompt", "unused-variable")
    hearing = _all_but_etc if code == "unheard-phrase" else None
    return report_of(folder, FAR, hints=hints, audio=audio, hearing=hearing).findings


def _all_but_etc(languages: Sequence[str]) -> dict[str, Vocabulary]:
    """A model of all words of one character, and of those of letters but one."""
    return {
        "zh": Vocabulary(
            "a-model", "zh", lambda word: word.lower() != "etc" and (len(word) == 1 or word.isascii())
        )
    }


def test_all_codes_are_explained() -> None:
    assert set(EXPLAINED) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_wrong_example_gives_the_code(code: str, tmp_path: Path) -> None:
    one = EXPLAINED[code]
    files = one.made() if one.made is not None else files_of(one.bad)
    found = findings(tmp_path, files, code, audio=code == "missing-audio")
    codes = {finding.code for finding in found}
    if code == "too-many-errors":  # which comes with the others
        assert code in codes
    else:
        assert codes == {code}, "\n".join(map(str, found))


@pytest.mark.parametrize("code", CODES)
def test_the_right_example_gives_none(code: str, tmp_path: Path) -> None:
    found = findings(tmp_path, files_of(EXPLAINED[code].good), code)
    assert not found, "\n".join(map(str, found))


def test_an_explanation_is_read_in_a_terminal() -> None:
    text = explanation("unknown-target")
    assert text is not None
    assert text.startswith("unknown-target: no node and no flow has this name\n")
    assert "\nWrong:\n    hello: {kind: say, prompt: bye, next: ende}\n" in text
    assert max(len(line) for line in text.splitlines()) <= 110
    assert explanation("no-such-code") is None
