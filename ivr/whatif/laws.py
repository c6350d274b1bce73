"""Laws of probability: how long a talk, a wrap-up, a caller's patience is. As written, and as numbers. Pure.

A law is a time (always that) or a mapping with one of the forms of `Law`. Random numbers come from a stream of the
caller's choice, so that the n-th call of a type is the same call in every variant of a scenario.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ivr.whatif.quantities import Longer, Rate, Share, Time

Floats: TypeAlias = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

NEVER: Final = math.inf


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MeanOrRate(Strict):
    mean: Longer | None = None
    rate: Rate | None = Field(None, description="instead of the mean: 0.5/min")

    @model_validator(mode="after")
    def _one(self) -> MeanOrRate:
        if (self.mean is None) == (self.rate is None) or self.rate == 0:
            raise ValueError("either `mean` or a `rate` above 0 is expected")
        return self

    @property
    def mean_s(self) -> float:
        if self.mean is not None:
            return self.mean
        assert self.rate
        return 1 / self.rate


class Spread(Strict):
    """The mean, and how far values lie around it: cv (standard deviation / mean), sd, or the form's own `shape`."""

    mean: Longer
    cv: Annotated[float, Field(ge=0, le=100)] | None = None
    sd: Time | None = None
    shape: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Spread:
        if [self.cv, self.sd, self.shape].count(None) != 2:
            raise ValueError("besides `mean`, one of `cv`, `sd` and `shape` is expected")
        return self

    def cv_of(self) -> float | None:
        return self.sd / self.mean if self.sd is not None else self.cv


class ErlangLaw(Strict):
    mean: Longer
    k: Annotated[int, Field(ge=1, le=10_000)]


class CsvColumn(Strict):
    """A column of a CSV file beside the scenario, each value as likely as another. unit_s: what a 1 there means."""

    file: str
    column: str
    unit_s: Annotated[float, Field(gt=0)] = 1.0
    where: dict[str, str] = Field(
        default_factory=dict, description="only rows whose columns have these values"
    )


class Part(Strict):
    share: Share
    law: Written


def _written(value: object) -> object:
    if value is None or value == "never":
        return {"never": True}
    return {"constant": value} if isinstance(value, int | float | str) else value


def _mean(value: object) -> object:
    return {"mean": value} if isinstance(value, int | float | str) else value


class Law(Strict):
    """Exactly one form. at_least, at_most: values beyond are cut off there."""

    constant: Time | None = None
    never: bool | None = Field(None, description="of patience: a caller who never hangs up")
    exponential: (
        Annotated[MeanOrRate, BeforeValidator(_mean, json_schema_input_type=MeanOrRate | float | str)] | None
    ) = None
    lognormal: Spread | None = None
    gamma: Spread | None = None
    erlang: ErlangLaw | None = None
    weibull: Spread | None = None
    hyperexponential: Spread | None = Field(None, description="two exponentials with balanced means; cv >= 1")
    uniform: tuple[Time, Time] | None = None
    triangular: tuple[Time, Time, Time] | None = Field(None, description="least, most likely, greatest")
    values: Annotated[list[Time], Field(min_length=1)] | None = Field(
        None, description="each as likely as another"
    )
    csv: CsvColumn | None = None
    mixture: Annotated[list[Part], Field(min_length=1)] | None = None
    by_period: Annotated[list[Written], Field(min_length=1)] | None = Field(
        None, description="a law for each period, by when the caller comes; the last one holds on"
    )
    at_least: Time = 0.0
    at_most: Time | None = None

    @model_validator(mode="after")
    def _one(self) -> Law:
        forms = [name for name in FORMS if getattr(self, name) is not None]
        if len(forms) != 1:
            known = ", ".join(FORMS)
            raise ValueError(
                f"exactly one form is expected: {known}" + (f"; not {' and '.join(forms)}" * bool(forms))
            )
        spread = getattr(self, forms[0])
        if isinstance(spread, Spread):
            _check(forms[0], spread)
        if self.uniform is not None and self.uniform[0] > self.uniform[1]:
            raise ValueError("`uniform` is [least, greatest]")
        if self.triangular is not None and sorted(self.triangular) != list(self.triangular):
            raise ValueError("`triangular` is [least, most likely, greatest]")
        if self.mixture is not None and not math.isclose(
            sum(part.share for part in self.mixture), 1, abs_tol=1e-6
        ):
            raise ValueError("the shares of a mixture make 1 together")
        return self


Written = Annotated[Law, BeforeValidator(_written, json_schema_input_type=Law | float | str | None)]
FORMS: Final = tuple(name for name in Law.model_fields if not name.startswith("at_"))


def _check(form: str, spread: Spread) -> None:
    if spread.shape is not None and form in ("lognormal", "hyperexponential"):
        raise ValueError(f"`{form}` has no shape: say `cv` or `sd`")
    if spread.shape is None and form == "weibull":
        raise ValueError("`weibull` needs its `shape`")
    cv = spread.cv_of()
    if form == "hyperexponential" and cv is not None and cv < 1:
        raise ValueError("a hyperexponential has a cv of 1 at least")


Part.model_rebuild()
Law.model_rebuild()


def columns_of(law: Law | None) -> list[CsvColumn]:
    """What has to be read from files before the law can be drawn from."""
    if law is None:
        return []
    inner = [*(part.law for part in law.mixture or ()), *(law.by_period or ())]
    return [*([law.csv] if law.csv else []), *(each for one in inner for each in columns_of(one))]


def key_of(column: CsvColumn) -> str:
    """Names its values in what `draw` is given."""
    return column.model_dump_json()


def draw(
    law: Law, random: np.random.Generator, periods: NDArray[np.int64], columns: Mapping[str, Floats]
) -> Floats:
    """One value for each call, in s; infinite = never. periods: in which period each call comes.

    columns: `key_of` -> the values of a CSV's column.
    """
    count = len(periods)
    if law.by_period is not None:
        values = np.zeros(count)
        # Each law has a stream of its own, so that a change of one leaves the others' numbers alone.
        for index, (own, each) in enumerate(
            zip(random.spawn(len(law.by_period)), law.by_period, strict=True)
        ):
            last = index == len(law.by_period) - 1
            here = periods >= index if last else periods == index
            values[here] = draw(each, own, periods, columns)[here]
    elif law.mixture is not None:
        streams = random.spawn(len(law.mixture))
        chosen = np.searchsorted(
            np.cumsum([part.share for part in law.mixture]), random.random(count), "right"
        )
        values = np.zeros(count)
        for index, part in enumerate(law.mixture):
            here = np.minimum(chosen, len(law.mixture) - 1) == index
            values[here] = draw(part.law, streams[index], periods, columns)[here]
    else:
        values = _plain(law, random, count, columns)
    return np.clip(values, law.at_least, NEVER if law.at_most is None else law.at_most)


def _plain(law: Law, random: np.random.Generator, count: int, columns: Mapping[str, Floats]) -> Floats:
    if law.exponential is not None:
        return random.exponential(law.exponential.mean_s, count)
    if law.constant is not None:
        return np.full(count, law.constant)
    if law.never is not None:
        return np.full(count, NEVER)
    if law.lognormal is not None:
        cv = law.lognormal.cv_of() or 0.0
        variance = math.log1p(cv * cv)
        return random.lognormal(math.log(law.lognormal.mean) - variance / 2, math.sqrt(variance), count)
    if law.gamma is not None:
        return _gamma(law.gamma, random, count)
    if law.erlang is not None:
        return random.gamma(law.erlang.k, law.erlang.mean / law.erlang.k, count)
    if law.weibull is not None:
        shape = law.weibull.shape or 1.0
        return random.weibull(shape, count) * (law.weibull.mean / math.gamma(1 + 1 / shape))
    if law.hyperexponential is not None:
        return _hyperexponential(law.hyperexponential, random, count)
    if law.uniform is not None:
        return random.uniform(*law.uniform, count)
    if law.triangular is not None:
        least, likely, greatest = law.triangular
        return (
            np.full(count, least) if least == greatest else random.triangular(least, likely, greatest, count)
        )
    known: Sequence[float] | Floats = law.values if law.values is not None else columns[key_of(_csv(law))]
    return random.choice(np.asarray(known, dtype=np.float64), count)


def _csv(law: Law) -> CsvColumn:
    assert law.csv is not None
    return law.csv


def _gamma(spread: Spread, random: np.random.Generator, count: int) -> Floats:
    cv = spread.cv_of()
    shape = spread.shape if cv is None else (1 / cv**2 if cv else None)
    return np.full(count, spread.mean) if shape is None else random.gamma(shape, spread.mean / shape, count)


def _hyperexponential(spread: Spread, random: np.random.Generator, count: int) -> Floats:
    cv = spread.cv_of() or 1.0
    first = (1 + math.sqrt((cv**2 - 1) / (cv**2 + 1))) / 2
    of_first = random.random(count) < first
    means = np.where(of_first, spread.mean / (2 * first), spread.mean / (2 * (1 - first)))
    return random.exponential(1.0, count) * means


def mean_of(law: Law, columns: Mapping[str, Any]) -> float:
    """The law's mean in s without its cuts, infinite for never; of `by_period` that of the first period."""
    if law.constant is not None:
        return law.constant
    if law.never is not None:
        return NEVER
    if law.exponential is not None:
        return law.exponential.mean_s
    for spread in (law.lognormal, law.gamma, law.weibull, law.hyperexponential, law.erlang):
        if spread is not None:
            return spread.mean
    if law.uniform is not None:
        return sum(law.uniform) / 2
    if law.triangular is not None:
        return sum(law.triangular) / 3
    if law.mixture is not None:
        return sum(part.share * mean_of(part.law, columns) for part in law.mixture if part.share)
    if law.by_period is not None:
        return mean_of(law.by_period[0], columns)
    values = law.values if law.values is not None else columns[key_of(_csv(law))]
    return float(np.mean(values))
