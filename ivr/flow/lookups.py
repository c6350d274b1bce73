"""A `lookup` without its I/O: rows of a table, the request that a web service is asked by, what its answer says. Pure.

The simulator and scenarios answer tables with `from_table`; the shells of `ivr.outside` do the rest.
"""

from __future__ import annotations

from urllib.parse import quote

from ivr.flow.actions import Lookup, Request
from ivr.flow.hosts import encoded, fill, places
from ivr.flow.inputs import JsonValue, LookupEnded, RequestEnded
from ivr.flow.sources import LookupSource

NOTHING_THERE = 404
MOST_ROWS = 50
"""Of a table with `many`: more are more than anybody would listen to."""


def from_table(source: LookupSource, wanted: Lookup) -> LookupEnded:
    """The first row that fits, or all of them where the table says `many`."""
    table = source.table
    if table is None:
        return LookupEnded(wanted.op, "failed", detail=f"`{source.name}` has no table")
    unknown = [column for column in wanted.by if column not in table.columns]
    if unknown or not wanted.by:
        what = f"has no column `{unknown[0]}`" if unknown else "was asked without a value to look for"
        return LookupEnded(wanted.op, "failed", detail=f"{table.file} {what}")
    rows = table.find(wanted.by)
    if not rows:
        return LookupEnded(wanted.op, "none")
    value: JsonValue = [dict(row) for row in rows[:MOST_ROWS]] if table.many else dict(rows[0])
    return LookupEnded(wanted.op, "found", value)


def request_for(source: LookupSource, wanted: Lookup) -> Request:
    """What the web service is asked. Values that the address does not name go into its query.

    Raises HostError: a value that does not fit into an address. A GET that failed is tried once more.
    """
    url = fill(source.url.partition("#")[0], dict(wanted.by))
    named = places(source.url)
    rest = [
        f"{quote(name, safe='')}={encoded(value, name)}"
        for name, value in wanted.by.items()
        if name not in named
    ]
    if rest:
        url += ("&" if "?" in url else "?") + "&".join(rest)
    return Request(
        op=wanted.op, method="GET", url=url, headers=source.headers, timeout_s=wanted.timeout_s, retries=1
    )


def from_answer(source: LookupSource, wanted: Lookup, ended: RequestEnded) -> LookupEnded:
    """What the web service's answer means: 404, an empty answer, and nothing at `pick` are `none`."""
    if ended.outcome == "timeout":
        return LookupEnded(wanted.op, "timeout", detail=ended.detail)
    if ended.outcome == "status" and ended.status == NOTHING_THERE:
        return LookupEnded(wanted.op, "none")
    if ended.outcome != "ok":
        status = f"status {ended.status}" if ended.outcome == "status" else ended.outcome
        return LookupEnded(
            wanted.op, "failed", detail=": ".join(part for part in (status, ended.detail) if part)
        )
    value = picked(ended.body, source.pick)
    if value is None or value in ("", [], {}):
        return LookupEnded(wanted.op, "none")
    return LookupEnded(wanted.op, "found", value)


def picked(value: JsonValue, path: str) -> JsonValue:
    """`data.items.0` within a JSON value; None where there is nothing. "" = the value itself."""
    for name in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
