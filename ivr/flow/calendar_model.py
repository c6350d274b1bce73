"""A calendar as an author writes it: `calendars` in `hotline.yaml`. `calendars/reading.py` makes a calendar of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class _Strict(BaseModel):
    # As in schema.py, which imports this file.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class HolidaysModel(_Strict):
    """The public holidays of a country. `holidays: CN` is short for `{country: CN}`."""

    country: str = Field(
        description="code of ISO 3166: `CN`, `US`, with its part `US-CA`; `none`: not those of the `base`"
    )
    subdivision: str | None = Field(None, description="a part of the country: `CA`, `California`")
    hours: Any = Field("closed", description="hours of a holiday: `closed`, `09:00-12:00`, a list of those")
    makeup: Any = Field(
        "mon",
        description="hours of a working day on a weekend (China's 调休): those of a weekday (`mon`), `09:00-17:00`, or "
        "`ignore`",
    )
    without: list[str] = Field(
        default_factory=list,
        alias="except",
        description="holidays that do not count, by name in any language",
    )
    also: dict[str, Any] = Field(
        default_factory=dict,
        description="further holidays: `12-24: {zh: 平安夜, en: Christmas Eve}`; keys as under `dates`",
    )


def _short(value: object) -> object:
    return {"country": value} if isinstance(value, str) else value


class CalendarModel(_Strict):
    """When somebody is there. `dates` go before `holidays`, and these before the week."""

    base: str | None = Field(
        None, description="another calendar, of which this one changes only what is written here"
    )
    timezone: str | None = Field(
        None, description="name of the IANA database (default: the base's, or Asia/Shanghai)"
    )
    weekly: dict[str, Any] | None = Field(
        None,
        description="`mon`..`sun`, `mon-fri`, `mon, wed` or `daily` -> `08:00-20:00`, a list of those, `open` or "
        "`closed`; `22:00-06:00` goes on into the next day",
    )
    always: Literal["open", "closed"] | None = Field(
        None, description="instead of `weekly`: open day and night, or only on `dates`"
    )
    holidays: Annotated[
        HolidaysModel | None, BeforeValidator(_short, json_schema_input_type=HolidaysModel | str | None)
    ] = Field(None, description="`CN`, `US-CA`, or a mapping")
    dates: dict[str, Any] = Field(
        default_factory=dict,
        description="`2026-10-01`, `2026-10-01..2026-10-07`, `12-24` or `12-24..01-02` (every year) -> hours as above, "
        "or `{hours: closed, why: {zh: 国庆节, en: National Day}}`",
    )
