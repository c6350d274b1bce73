"""The agents' first secrets are shown to a person at a terminal, and kept in no log."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from ivr.cli import introducing


@pytest.mark.parametrize(
    ("terminal", "known", "shown"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_a_secret_is_for_eyes_only(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, known: bool, shown: bool
) -> None:
    """Seen in a container, whose log is whatever is printed."""
    monkeypatch.setattr(introducing, "console", Console(force_terminal=terminal))
    monkeypatch.setattr(introducing, "fits", lambda *_given: known)
    account = SimpleNamespace(username="a1001", sha256="", realm="")
    book = SimpleNamespace(accounts_of=lambda _agent: [account])
    hotline: Any = SimpleNamespace(telephony=SimpleNamespace(book=book))
    rendered: Any = SimpleNamespace(accounts=[SimpleNamespace(name="a1001", password="first-secret")])
    (said,) = introducing._accounts(hotline, rendered, "a1001")
    assert "a1001" in said
    assert ("first-secret" in said) is shown
