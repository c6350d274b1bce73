"""The formats that a `collect` can ask for, by name: `make_format("phone", country="us")`. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from ivr.flow.findings import did_you_mean
from ivr.flow.refused import words_of
from ivr.flow.values.amounts import AMOUNT, NUMBER
from ivr.flow.values.format import FAULTS as FAULTS
from ivr.flow.values.format import Format as Format
from ivr.flow.values.format import FormatError as FormatError
from ivr.flow.values.format import FormatInfo as FormatInfo
from ivr.flow.values.identity import ID_CARD
from ivr.flow.values.moments import DATE, TIME, YEAR
from ivr.flow.values.phone import PHONE
from ivr.flow.values.references import DIGITS, EXTENSION, POSTCODE, TICKET

FORMATS: Mapping[str, FormatInfo] = {
    info.name: info
    for info in (DIGITS, NUMBER, AMOUNT, PHONE, ID_CARD, DATE, TIME, YEAR, TICKET, POSTCODE, EXTENSION)
}


def make_format(name: str, **options: object) -> Format:
    """Raises FormatError, with what an author can do about it."""
    info = FORMATS.get(name)
    if info is None:
        raise FormatError(
            f"unknown format `{name}`",
            mend=did_you_mean(name, FORMATS) or f"one of {', '.join(FORMATS)}",
        )
    known = info.options.model_fields
    for option in options:
        if option not in known:
            raise FormatError(
                f"format `{name}` has no option `{option}`",
                mend=did_you_mean(option, known)
                or (f"it has {', '.join(known)}" if known else "it has none"),
                option=option,
            )
    try:
        return info.make(info.options.model_validate(options))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = str(first["loc"][0]) if first["loc"] else ""
        cause = words_of(first)[0]
        where = f"format `{name}`, option `{option}`: " if option else f"format `{name}`: "
        described = known[option].description if option in known else None
        mend = f"{option}: {described}" if described else f"it has {', '.join(known)}"
        raise FormatError(where + cause, mend=mend, option=option) from error
