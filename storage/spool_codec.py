"""Facts as bytes for the spool, and back. Pure.

One fact is JSON: `[name of the kind, VERSION, its fields]`; an event of a journal is the row that the database takes
(`spool_rows.py`), or JSON where it makes no row. Reading JSON is lenient towards what an upgrade changes: a field that
the kind no longer has is left out, one that it has since got takes its default. A kind that is not known, a later
VERSION and fields that do not make a record are `Unreadable`: whoever reads keeps those bytes for a version that can.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final, get_args, get_type_hints

import orjson

from storage import spool_rows
from storage.records import Fact, JournalEvent

VERSION: Final = 1
_ROW: Final = bytes([spool_rows.FIRST])


class Unreadable(ValueError):
    """Says why; shows nothing of what was read."""


class Unwritable(ValueError):
    """A value in the fact is none that JSON knows: the database would refuse it as well. Says what kind of value."""


def encode(fact: Fact) -> bytes:
    """Raises Unwritable."""
    if type(fact) is JournalEvent:
        try:
            return spool_rows.row(fact)
        except spool_rows.ODD:
            pass  # the database is to say what is wrong with it
    return as_json(fact)


def as_json(fact: Fact) -> bytes:
    """For people too. Raises Unwritable."""
    kind = type(fact)
    try:
        return b"%b%b]" % (_BEGINNINGS[kind], orjson.dumps(fact))
    except TypeError:
        pass
    try:
        # Twice as slow, for the few that have keys which are no text.
        return b"%b%b]" % (_BEGINNINGS[kind], orjson.dumps(fact, option=orjson.OPT_NON_STR_KEYS))
    except TypeError as error:
        raise Unwritable(f"{kind.__name__}: {error}") from None


def decode(payload: bytes) -> Fact:
    """The fact as the database would give it back: sequences are lists. Raises Unreadable."""
    try:
        if payload[:1] == _ROW:
            return spool_rows.event(payload)
        name, version, values = orjson.loads(payload)
        kind, known, times = _KINDS[name]
        if version > VERSION:
            raise Unreadable(f"a {name} as version {version} of this format writes it")
        values = {field: value for field, value in values.items() if field in known}
        for field in times:
            if values.get(field) is not None:
                values[field] = dt.datetime.fromisoformat(values[field])
        return kind(**values)
    except KeyError as error:
        raise Unreadable(f"there are no facts of kind {error}") from None
    except (orjson.JSONDecodeError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"it does not make a fact ({type(error).__name__})") from None


def _times(kind: type[Any]) -> tuple[str, ...]:
    hints = get_type_hints(kind)
    return tuple(
        each.name
        for each in fields(kind)
        if hints[each.name] is dt.datetime or dt.datetime in get_args(hints[each.name])
    )


_KINDS: Final[dict[str, tuple[Callable[..., Fact], frozenset[str], tuple[str, ...]]]] = {
    kind.__name__: (kind, frozenset(each.name for each in fields(kind)), _times(kind))
    for kind in get_args(Fact)
}
"""Name -> the kind, all its fields, those that are times."""
_BEGINNINGS: Final[dict[type[Fact], bytes]] = {
    kind: b'["%b",%d,' % (kind.__name__.encode(), VERSION) for kind in get_args(Fact)
}
