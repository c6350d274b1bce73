"""Codes of countries and of their parts, as the package `holidays` knows them, with suggestions."""

from __future__ import annotations

import difflib
import functools

from ivr.flow.calendars.faults import Faults, Path
from ivr.flow.findings import did_you_mean


def read_country(written: str, path: Path, faults: Faults) -> str:
    """`CN`, `CHN` -> `CN`; "" with a fault when there is no such country."""
    codes, names = _codes(), _names()
    if written in codes:
        return codes[written]
    plain = written.strip().casefold().replace("_", " ")
    by_name = names.get(plain)
    by_code = codes.get(written.strip().upper())
    near = difflib.get_close_matches(plain, names, n=1, cutoff=0.7)
    if by_code or by_name:
        hint = f"did you mean `{by_code or by_name}`?"
    elif near:
        hint = f"did you mean `{names[near[0]]}`, {near[0].title()}?"
    else:
        hint = "a code of ISO 3166, as CN or US"
    faults.add(path, f"no holidays are known of a country `{written}`", hint)
    return ""


@functools.cache
def _codes() -> dict[str, str]:
    """`CN`, `CHN` -> `CN`."""
    from holidays.registry import COUNTRIES

    return {alias: codes[0] for _, *codes in COUNTRIES.values() for alias in codes}


@functools.cache
def _names() -> dict[str, str]:
    """`united states` -> `US`."""
    from holidays.registry import COUNTRIES

    return {name.replace("_", " "): codes[0] for name, (_, *codes) in COUNTRIES.items()}


def read_subdivision(written: str, country: str, path: Path, faults: Faults) -> str:
    """`CA`, `California` -> `CA`; "" with a fault when the country has no such part."""
    import holidays

    known = holidays.country_holidays(country)
    aliases: dict[str, str] = dict(getattr(known, "subdivisions_aliases", None) or {})
    if written in known.subdivisions:
        return written
    if written in aliases:
        return aliases[written]
    plain = {each.casefold(): each for each in (*known.subdivisions, *aliases)}
    same = plain.get(written.casefold())
    hint = f"did you mean `{same}`?" if same else did_you_mean(written, plain.values())
    if not hint:
        hint = f"one of {', '.join(known.subdivisions[:60])}" if plain else "leave it out"
    faults.add(path, f"`{country}` has no part `{written}`", hint)
    return ""
