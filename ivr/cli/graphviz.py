"""Runs Graphviz' `dot`, which knows best where boxes and lines go."""

from __future__ import annotations

import subprocess

from ivr.errors import FlowError

TIMEOUT_S = 120.0
"""A flow of some hundred nodes takes seconds."""


class DrawingError(FlowError):
    """There is no `dot`, or it could not draw this."""


def lay_out(request: str) -> str:
    """A DOT document -> the same with positions, as JSON. Raises DrawingError."""
    try:
        done = subprocess.run(
            ["dot", "-Tjson0"],
            input=request,
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise DrawingError(
            "this needs `dot` of Graphviz, which is not installed",
            mend="apt-get install graphviz (or `make setup`); `--format mermaid` and `--format dot` do without",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise DrawingError(
            f"`dot` had not finished after {TIMEOUT_S:.0f} s",
            mend="draw one flow at a time (`--flow`), with less `--depth`",
        ) from error
    except OSError as error:
        raise DrawingError(f"`dot` cannot be run: {error}", mend="reinstall graphviz") from error
    if done.returncode != 0 or not done.stdout:
        said = next(iter(done.stderr.splitlines()), f"exit code {done.returncode}")
        raise DrawingError(f"`dot` failed: {said}", mend="try `--format mermaid`, and report this flow")
    return done.stdout
