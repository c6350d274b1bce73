"""An evaluation as a page of its own: tables and plots in one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import jinja2

from asr.evaluation.rejection import Point
from asr.evaluation.summary import Evaluation

LEFT, RIGHT = 180.0, 740.0
"""Of the bars, in units of the plot."""

_STEPS = (0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
TICKS = 6


def page(evaluation: Evaluation) -> str:
    """HTML. Texts of recordings are escaped."""
    most = max([*(group.high for group in evaluation.groups), *(group.rate for group in evaluation.groups)])
    step = next((each for each in _STEPS if each * TICKS >= most), most / TICKS)
    ticks = [round(step * number, 3) for number in range(TICKS + 1)]
    character = evaluation.groups[0].measure == "CER"
    template = jinja2.Environment(
        autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    ).from_string(files("asr.evaluation").joinpath("page.html.j2").read_text("utf-8"))
    return template.render(
        e=evaluation,
        measure=evaluation.groups[0].measure,
        unit_en="characters" if character else "words",
        unit_zh="字" if character else "词",
        worst=sorted(evaluation.rows, key=lambda row: (row.right is not False, -row.rate)),
        ticks=ticks,
        x=lambda share: round(LEFT + (RIGHT - LEFT) * share / ticks[-1], 1),
        percent=lambda share: f"{100 * share:.1f} %".replace(".0 %", " %"),
        up=_up,
        across=_across,
        line=_line,
    )


def _up(share: float) -> float:
    return round(166.0 - 156.0 * share, 1)


def _across(threshold: float) -> float:
    return round(44.0 + 266.0 * threshold, 1)


def _line(points: Sequence[Point], field: str) -> str:
    """The path of one of a curve's shares."""
    return "M" + " L".join(f"{_across(point.threshold)} {_up(getattr(point, field))}" for point in points)
