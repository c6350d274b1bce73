"""The bytes of an answer as a value. Pure."""

from __future__ import annotations

import codecs
from typing import Final

import orjson

from ivr.flow.inputs import JsonValue

MAX_DEPTH: Final = 32
REPLACED: Final = "\ufffd"
"""For what cannot be read, and for NUL, which Postgres cannot store."""
_CODECS: Final = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5",
    "iso8859-1": "latin-1",
    "cp1252": "cp1252",
}
"""Charset, as Python calls it -> what reads it: the widest of a family, since services send more than they say.
Any other is read as UTF-8: some of Python's codecs are no charsets, or take very long."""


class BodyError(ValueError):
    """It says that it is JSON and is none, or is nested beyond use."""


def decode(body: bytes, content_type: str, charset: str | None) -> JsonValue:
    """JSON where the type says so (`application/json`, `text/json`, `application/problem+json`), else text.

    content_type: without parameters. Nothing at all is null. Bytes that the charset does not know become U+FFFD in a
    text, and so does NUL. Raises BodyError.
    """
    kind = content_type.lower()
    as_json = kind in ("application/json", "text/json") or kind.endswith("+json")
    if not body.strip():
        return None
    if not as_json:
        return body.decode(_codec(charset), "replace").replace("\0", REPLACED)
    try:
        text = body.decode(_codec(charset))
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BodyError(f"no JSON: {error.msg} (character {error.pos})") from error
    except UnicodeDecodeError as error:
        raise BodyError(f"no JSON: byte {error.start} is not {charset or 'UTF-8'}") from error
    if _depth(value) > MAX_DEPTH:
        raise BodyError(f"JSON nested more than {MAX_DEPTH} deep")
    return _without_nul(value) if "\\u0000" in text else value


def _codec(charset: str | None) -> str:
    try:
        return _CODECS.get(codecs.lookup(charset or "utf-8").name, "utf-8-sig")
    except LookupError:
        return "utf-8-sig"


def _without_nul(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return value.replace("\0", REPLACED)
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {name.replace("\0", REPLACED): _without_nul(item) for name, item in value.items()}
    return value


def _depth(value: JsonValue) -> int:
    """Without recursion; stops looking beyond MAX_DEPTH."""
    depth = 0
    level: list[JsonValue] = [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        inner: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level = inner
    return depth
