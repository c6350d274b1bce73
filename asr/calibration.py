"""How sure is sure: evidence -> the share of answers with such evidence that are right. Pure, the numbers are data.

Without this a confidence of 0.5 means one thing for a menu of three and another for one of ninety, and nothing at all
across engines, so that a dialogue's `accept` and `confirm` would have to be tuned for each. Each kind of evidence has
a logistic model in `calibration.json`, fitted by `scripts/calibrate_asr.py` on recordings and synthesised voices;
that file says on which, and what share of the answers was right at each confidence.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

LEAST, MOST = 0.005, 0.995
"""Nothing is surer than what a few hundred recordings can show."""


@dataclass(frozen=True, slots=True)
class Term:
    """A figure of the evidence, limited to what was seen when it was fitted, and what it weighs."""

    weight: float
    least: float
    most: float

    def of(self, figure: float) -> float:
        return self.weight * min(max(figure, self.least), self.most)


@dataclass(frozen=True, slots=True)
class Logistic:
    bias: float
    terms: Mapping[str, Term]

    def share(self, evidence: Mapping[str, float]) -> float:
        """0..1. Raises KeyError when the evidence lacks a figure that this model knows."""
        total = self.bias + sum(term.of(evidence[name]) for name, term in self.terms.items())
        return min(max(1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total)))), LEAST), MOST)


@functools.lru_cache(maxsize=1)
def _models() -> Mapping[str, Logistic]:
    stored = json.loads(files("asr").joinpath("calibration.json").read_text(encoding="utf-8"))
    return {
        kind: Logistic(model["bias"], {name: Term(*numbers) for name, numbers in model["terms"].items()})
        for kind, model in stored["models"].items()
    }


def confidence(kind: str, evidence: Mapping[str, float]) -> float:
    """kind: a model of `calibration.json`. Raises KeyError: no such model, or a figure is missing."""
    return _models()[kind].share(evidence)
